import Memory

@testable import HTTPMessages

/// Promises about any value of a `Retry-After` field, and about any date in one of the three forms of RFC 9110 section
/// 5.6.7.
enum RetryAfterPromises {
  private static let second: Int64 = 1_000_000_000

  /// The promise that `bytes` break; nil if all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    brokenByValue(bytes) ?? brokenByDate(bytes)
  }

  private static func brokenByValue(_ bytes: [UInt8]) -> String? {
    let span = bytes.span.bytesOfElements
    // The epoch, just before a leap second, 2030, and the last instant that 64 bits can represent.
    for wallTime in [0, 1_483_228_799 * second + 999_999_999, 1_893_456_000 * second, .max] {
      guard let delay = RetryAfter.delay(span, wallTime: wallTime) else { continue }
      if !(0...Int64(RetryAfter.longest) * second).contains(delay) {
        return "a wait is 0 to ten years: \(delay)"
      }
      let text = String(decoding: bytes, as: UTF8.self)
      if let seconds = Int64(text), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        delay != min(seconds, Int64(RetryAfter.longest)) * second
      {
        return "seconds are seconds: \(text)"
      }
    }
    return nil
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
  private static let days = [
    "Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday",
  ]

  /// Interprets the first bytes as an instant in the years 1970 to 2069, writes it in all three forms, counting years
  /// and months one by one, and reads it back.
  private static func brokenByDate(_ bytes: [UInt8]) -> String? {
    guard bytes.count >= 5 else { return nil }
    let instant = bytes.prefix(5).reduce(0) { $0 << 8 | Int($1) } % (100 * 365 * 86_400)
    var (day, year, month) = (instant / 86_400, 1970, 0)
    func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
    while day >= (isLeap(year) ? 366 : 365) {
      day -= isLeap(year) ? 366 : 365
      year += 1
    }
    func length(_ month: Int) -> Int {
      [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month]
    }
    while day >= length(month) {
      day -= length(month)
      month += 1
    }
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let clock = [instant / 3600 % 24, instant / 60 % 60, instant % 60].map(two)
      .joined(separator: ":")
    let name = days[instant / 86_400 % 7]
    let date = two(day + 1)
    let forms = [
      "\(name.prefix(3)), \(date) \(months[month]) \(year) \(clock) GMT",
      "\(name), \(date)-\(months[month])-\(two(year % 100)) \(clock) GMT",
      "\(name.prefix(3)) \(months[month]) \(day + 1 < 10 ? " \(day + 1)" : date) \(clock) \(year)",
    ]
    // 2019-12-31: all these years are within 50 years of it.
    let now = 1_577_750_400
    for form in forms {
      let read = HTTPDate.secondsSince1970(Array(form.utf8).span.bytesOfElements, now: now)
      if read != instant { return "a date is read as it was written: \(form), \(instant)" }
    }
    return nil
  }
}
