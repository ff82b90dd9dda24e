/// A moment in whole seconds since 1970 UTC, written as ISO 8601.
struct Timestamp: Equatable, Comparable, Sendable {
  /// Seconds since 1970-01-01T00:00:00Z.
  var seconds: Int

  static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }

  /// As SCORM Cloud writes it: `2026-03-01T12:00:00.000Z`.
  var text: String {
    // Days to a date after Howard Hinnant's `civil_from_days`: years begin in March.
    let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    let second = seconds - day * 86_400
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let dayOfMonth = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(year)-\(two(month))-\(two(dayOfMonth))T\(two(second / 3600)):"
      + "\(two(second / 60 % 60)):\(two(second % 60)).000Z"
  }

  init(seconds: Int) { self.seconds = seconds }

  /// Reads `2026-03-01`, or `2026-03-01T12:00:00` with an optional fraction and `Z` or `+hh:mm`.
  /// Without a zone it is UTC. Nil for anything else.
  init?(_ text: String) {
    let bytes = Array(text.utf8)
    func number(_ start: Int, _ count: Int) -> Int? {
      guard start + count <= bytes.count else { return nil }
      var value = 0
      for byte in bytes[start..<start + count] {
        guard byte.isDigit else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      return value
    }
    func isAt(_ position: Int, _ character: Unicode.Scalar) -> Bool {
      position < bytes.count && bytes[position] == UInt8(ascii: character)
    }
    guard let year = number(0, 4), isAt(4, "-"), let month = number(5, 2), isAt(7, "-"),
      let day = number(8, 2), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    let marchYear = month <= 2 ? year - 1 : year
    let era = marchYear / 400
    let yearOfEra = marchYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    seconds = (era * 146_097 + dayOfEra - 719_468) * 86_400
    if bytes.count == 10 { return }
    guard isAt(10, "T"), let hour = number(11, 2), isAt(13, ":"), let minute = number(14, 2),
      isAt(16, ":"), let second = number(17, 2), hour < 24, minute < 60, second <= 60
    else { return nil }
    seconds += hour * 3600 + minute * 60 + second
    var at = 19
    if isAt(at, ".") {
      at += 1
      let fraction = at
      while at < bytes.count && bytes[at].isDigit { at += 1 }
      guard at > fraction else { return nil }
    }
    if at == bytes.count { return }
    if isAt(at, "Z") && at + 1 == bytes.count { return }
    guard isAt(at, "+") || isAt(at, "-"), let zoneHour = number(at + 1, 2), isAt(at + 3, ":"),
      let zoneMinute = number(at + 4, 2), at + 6 == bytes.count, zoneHour < 24, zoneMinute < 60
    else { return nil }
    let offset = zoneHour * 3600 + zoneMinute * 60
    seconds += isAt(at, "+") ? -offset : offset
  }
}
