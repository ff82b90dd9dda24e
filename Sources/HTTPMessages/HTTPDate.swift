internal import Memory
internal import TextCoding

/// A date in an HTTP field, in any of the three forms of RFC 9110 section 5.6.7.
package enum HTTPDate {
  /// The names of days as they are written, Sunday first.
  static let days: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  /// The names of months as they are written, January first.
  static let months: [StaticString] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Seconds since 1970 of the date `text`; nil when it is not a date.
  ///
  /// - Parameter now: seconds since 1970, to find the century of two-digit years: a year that seems more than 50 years
  ///   ahead is in the past.
  package static func secondsSince1970(_ text: RawSpan, now: Int) -> Int? {
    // Sun, 06 Nov 1994 08:49:37 GMT
    if text.byteCount == 29, has(text, ",", at: 3), has(text, " ", at: 4),
      has(text, " ", at: 7), has(text, " ", at: 11), has(text, " ", at: 16),
      text.slice(25, 29).equals(" GMT"), isDay(text.slice(0, 3)),
      let day = number(text, 5, 7), let month = month(text, at: 8), let year = number(text, 12, 16)
    {
      return seconds(year, month, day, clockIn: text, at: 17)
    }
    // Sun Nov  6 08:49:37 1994
    if text.byteCount == 24, has(text, " ", at: 3), has(text, " ", at: 7),
      has(text, " ", at: 10), has(text, " ", at: 19), isDay(text.slice(0, 3)),
      let month = month(text, at: 4),
      let day = text[8] == UInt8(ascii: " ") ? number(text, 9, 10) : number(text, 8, 10),
      let year = number(text, 20, 24)
    {
      return seconds(year, month, day, clockIn: text, at: 11)
    }
    return obsolete(text, now: now)
  }

  /// `Sunday, 06-Nov-94 08:49:37 GMT`
  private static func obsolete(_ text: RawSpan, now: Int) -> Int? {
    let comma = text.firstIndex(of: UInt8(ascii: ","), from: 0)
    guard text.byteCount == comma + 24, isLongDay(text.slice(0, comma)) else { return nil }
    let rest = text.slice(comma + 1, text.byteCount)
    guard has(rest, " ", at: 0), has(rest, "-", at: 3), has(rest, "-", at: 7),
      has(rest, " ", at: 10), rest.slice(19, 23).equals(" GMT"),
      let day = number(rest, 1, 3), let month = month(rest, at: 4), let short = number(rest, 8, 10)
    else { return nil }
    // 31,556,952 seconds make an average Gregorian year.
    let thisYear = 1970 + now / 31_556_952
    var year = thisYear / 100 * 100 + short
    if year > thisYear + 50 { year -= 100 }
    if year + 100 <= thisYear + 50 { year += 100 }
    return seconds(year, month, day, clockIn: rest, at: 11)
  }

  private static func has(_ text: RawSpan, _ byte: Unicode.Scalar, at i: Int) -> Bool {
    text[i] == UInt8(ascii: byte)
  }

  /// The decimal number that fills `start..<end`.
  private static func number(_ text: RawSpan, _ start: Int, _ end: Int) -> Int? {
    var value = 0
    for i in start..<end {
      let digit = text[i] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }

  /// Names are case-sensitive (RFC 9110 section 5.6.7).
  private static func month(_ text: RawSpan, at start: Int) -> Int? {
    let name = text.slice(start, start + 3)
    for (index, month) in months.enumerated() where name.equals(month) { return index + 1 }
    return nil
  }

  private static func isDay(_ name: RawSpan) -> Bool {
    for day in days where name.equals(day) { return true }
    return false
  }

  private static func isLongDay(_ name: RawSpan) -> Bool {
    let days: [StaticString] = [
      "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]
    for day in days where name.equals(day) { return true }
    return false
  }

  /// The moment of a calendar date and the `hh:mm:ss` at `start`; nil when they are not valid.
  private static func seconds(
    _ year: Int, _ month: Int, _ day: Int, clockIn text: RawSpan, at start: Int
  ) -> Int? {
    guard has(text, ":", at: start + 2), has(text, ":", at: start + 5),
      let hour = number(text, start, start + 2), let minute = number(text, start + 3, start + 5),
      let second = number(text, start + 6, start + 8),
      // 60 is a leap second.
      hour < 24, minute < 60, second <= 60, day >= 1, day <= CalendarTime.days(in: month, of: year)
    else { return nil }
    return CalendarTime.secondsSince1970(
      year: year, month: month, day: day, hour: hour, minute: minute, second: second)
  }
}
