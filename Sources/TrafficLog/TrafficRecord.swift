internal import JSONText
internal import Memory

/// What one line of the traffic log says about a call: the part that a replay needs.
package struct TrafficRecord: Sendable, Equatable {
  /// Nanoseconds since 1970.
  package var timestamp: Int64 = 0
  package var caller: String?
  /// Nil: it was refused before an app was chosen. One that has an app may be refused too: see `termination`.
  package var app: String?
  /// Nil: a path in no catalogue.
  package var operation: String?
  /// GET or HEAD.
  package var isRead = false
  /// Nanoseconds.
  package var duration: Int64 = 0
  package var queueWait: Int64 = 0
  /// Which party and phase ended it, as in `gateway/quota`.
  package var termination = ""

  /// Reads `line`, without its line feed; nil when it is not a line of ours.
  package init?(line: RawSpan) {
    var hasTimestamp = false
    do throws(JSONDefect) {
      var cursor = JSONCursor(line, depthLimit: LineFields.depthLimit)
      try cursor.beginObject()
      while let name = try cursor.nextMember() {
        let value = try cursor.value()
        guard take(cursor.slice(name), value, of: line, &hasTimestamp) else { return nil }
        try cursor.skip(value)
      }
      try cursor.end()
    } catch { return nil }
    guard hasTimestamp else { return nil }
  }

  /// Takes a member; false when its value is not what the log writes.
  private mutating func take(
    _ name: RawSpan, _ value: JSONEvent, of line: RawSpan, _ hasTimestamp: inout Bool
  ) -> Bool {
    let bytes = line.slice(value.start, value.end)
    if name.equals("timestamp") {
      guard value.kind == .string, let time = TrafficRecord.time(bytes) else { return false }
      timestamp = time
      hasTimestamp = true
    } else if name.equals("caller") {
      caller = TrafficRecord.plainText(value, bytes)
      return caller != nil
    } else if name.equals("app") {
      app = TrafficRecord.plainText(value, bytes)
      return app != nil
    } else if name.equals("operation") {
      operation = TrafficRecord.plainText(value, bytes)
      return operation != nil
    } else if name.equals("termination") {
      guard let text = TrafficRecord.plainText(value, bytes) else { return false }
      termination = text
    } else if name.equals("http.request.method") {
      guard value.kind == .string else { return false }
      isRead = bytes.equals("GET") || bytes.equals("HEAD")
    } else if name.equals("duration") {
      guard value.kind == .number, let time = bytes.nanosecondsOfSeconds else { return false }
      duration = time
    } else if name.equals("queue_wait") {
      guard value.kind == .number, let time = bytes.nanosecondsOfSeconds else { return false }
      queueWait = time
    }
    return true
  }

  /// A string without escapes: a configured or catalogued name.
  private static func plainText(_ value: JSONEvent, _ bytes: RawSpan) -> String? {
    guard value.kind == .string,
      bytes.firstIndex(of: UInt8(ascii: "\\"), from: 0) == bytes.byteCount
    else { return nil }
    return bytes.text
  }

  /// `2026-11-24T07:01:33.579950Z`, up to nine digits behind the point or none; nil for anything else.
  package static func time(_ text: RawSpan) -> Int64? {
    let count = text.byteCount
    guard count >= 20, count <= 30, text[count - 1] == UInt8(ascii: "Z"),
      let year = number(text, 0, 4), text[4] == UInt8(ascii: "-"),
      let month = number(text, 5, 7), text[7] == UInt8(ascii: "-"),
      let day = number(text, 8, 10), text[10] == UInt8(ascii: "T"),
      let hour = number(text, 11, 13), text[13] == UInt8(ascii: ":"),
      let minute = number(text, 14, 16), text[16] == UInt8(ascii: ":"),
      let second = number(text, 17, 19),
      1970...2200 ~= year, 1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60, second <= 60
    else { return nil }
    var fraction: Int64 = 0
    if count > 20 {
      guard text[19] == UInt8(ascii: "."), let digits = number(text, 20, count - 1) else {
        return nil
      }
      fraction = Int64(digits)
      for _ in (count - 21)..<9 { fraction *= 10 }
    }
    // Days since 1970-01-01; the year begins in March, so that leap days come last.
    let shifted = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    return Int64(seconds) * 1_000_000_000 + fraction
  }

  /// The decimal number in all of `start..<end`, at most nine digits.
  private static func number(_ text: RawSpan, _ start: Int, _ end: Int) -> Int? {
    guard start < end, end - start <= 9 else { return nil }
    var value = 0
    for i in start..<end {
      let digit = text[i] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }
}
