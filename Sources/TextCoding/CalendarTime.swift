package import Memory

/// A moment of wall-clock time, split into its parts in UTC, in the proleptic Gregorian calendar. Only this type
/// converts between days and dates, with Howard Hinnant's `civil_from_days` and `days_from_civil`.
package struct CalendarTime: Sendable {
  package let year: Int, month: Int, day: Int
  package let hour: Int, minute: Int, second: Int
  /// 0 is Sunday.
  package let weekday: Int

  private static let secondsOfDay = 86_400
  /// Days from 0000-03-01 to 1970-01-01. In years that begin in March, the leap day is the last day.
  private static let daysTo1970 = 719_468
  /// The calendar repeats after 400 years.
  private static let daysOfEra = 146_097

  /// The moment `seconds` after 1970-01-01T00:00:00Z; before it if negative.
  package init(secondsSince1970 seconds: Int) {
    let (days, rest) = CalendarTime.divide(seconds, by: CalendarTime.secondsOfDay)
    hour = rest / 3600
    minute = rest / 60 % 60
    second = rest % 60
    weekday = CalendarTime.divide(days + 4, by: 7).rest
    let (era, dayOfEra) = CalendarTime.divide(
      days + CalendarTime.daysTo1970, by: CalendarTime.daysOfEra)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// Seconds from 1970-01-01T00:00:00Z to a date and a time of day. Nothing is checked: a day after the month's end
  /// counts into the next month, and a month beyond 12 into the next year.
  ///
  /// - Parameter month: from 1.
  package static func secondsSince1970(
    year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0
  ) -> Int {
    let (years, monthFromMarch) = divide(month - 3, by: 12)
    let (era, yearOfEra) = divide(year + years, by: 400)
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * daysOfEra + dayOfEra - daysTo1970
    return days * secondsOfDay + hour * 3600 + minute * 60 + second
  }

  /// The number of days of a month. Months are counted from 1.
  package static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Division that rounds down, so that the remainder is never negative.
  private static func divide(_ value: Int, by divisor: Int) -> (quotient: Int, rest: Int) {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
  }
}

/// Texts as in RFC 3339, which is ISO 8601 without its many choices.
extension CalendarTime {
  /// `2026-11-24T06:21:47`, without a zone.
  package var stamp: String {
    var text = ByteBuffer(capacity: 32)
    putStamp(into: &text)
    return text.bytes.text
  }

  /// Appends `2026-11-24T06:21:47`, without a zone.
  package func putStamp(into out: inout ByteBuffer) {
    putDate(into: &out)
    out.put(UInt8(ascii: "T"))
    putClock(into: &out)
  }

  /// Appends `2026-11-24`.
  package func putDate(into out: inout ByteBuffer) {
    if 0...9999 ~= year { out.put(decimal: year, width: 4) } else { out.put(decimal: year) }
    out.put(UInt8(ascii: "-"))
    out.put(decimal: month, width: 2)
    out.put(UInt8(ascii: "-"))
    out.put(decimal: day, width: 2)
  }

  /// Appends `06:21:47`.
  package func putClock(into out: inout ByteBuffer) {
    out.put(decimal: hour, width: 2)
    out.put(UInt8(ascii: ":"))
    out.put(decimal: minute, width: 2)
    out.put(UInt8(ascii: ":"))
    out.put(decimal: second, width: 2)
  }
}
