internal import Memory
internal import TextCoding

/// A moment in whole seconds since 1970 UTC, written as ISO 8601.
struct Timestamp: Equatable, Comparable, Sendable {
  /// Seconds since 1970-01-01T00:00:00Z.
  var seconds: Int

  static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }

  /// The form that SCORM Cloud writes: `2026-03-01T12:00:00.000Z`.
  var text: String { CalendarTime(secondsSince1970: seconds).stamp + ".000Z" }

  init(seconds: Int) { self.seconds = seconds }

  /// Reads `2026-03-01`, or `2026-03-01T12:00:00` with an optional fraction, which is dropped, and an optional `Z` or
  /// `+hh:mm`. Without a zone, the time is UTC. Nil for anything else.
  init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard let moment = MomentText(bytes.span.bytesOfElements) else { return nil }
    seconds = moment.seconds
  }
}
