package import Memory

/// A point of wall-clock time taken apart in UTC, proleptic Gregorian calendar.
package struct CalendarTime: Sendable {
  package let year: Int, month: Int, day: Int
  package let hour: Int, minute: Int, second: Int
  /// 0 is Sunday.
  package let weekday: Int

  /// `seconds` since 1970-01-01T00:00:00Z, not negative.
  package init(secondsSince1970 seconds: Int) {
    let days = seconds / 86400
    let rest = seconds % 86400
    hour = rest / 3600
    minute = rest / 60 % 60
    second = rest % 60
    weekday = (days + 4) % 7
    // Days since 0000-03-01, in eras of 400 years: the year begins in March, so leap days come last.
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// `2026-11-24T06:21:47`: RFC 3339 up to the fraction.
  package var stamp: String {
    var text = ByteBuffer(capacity: 32)
    putStamp(into: &text)
    return text.bytes.text
  }

  func putStamp(into out: inout ByteBuffer) {
    out.put(decimal: year, width: 4)
    out.put(UInt8(ascii: "-"))
    out.put(decimal: month, width: 2)
    out.put(UInt8(ascii: "-"))
    out.put(decimal: day, width: 2)
    out.put(UInt8(ascii: "T"))
    putClock(into: &out)
  }

  /// `06:21:47`.
  func putClock(into out: inout ByteBuffer) {
    out.put(decimal: hour, width: 2)
    out.put(UInt8(ascii: ":"))
    out.put(decimal: minute, width: 2)
    out.put(UInt8(ascii: ":"))
    out.put(decimal: second, width: 2)
  }
}

/// The current second as texts that many messages need, made once a second.
package struct DateTexts: ~Copyable {
  /// The second the texts are of; none at first.
  private var second = Int.min
  /// `Date: Tue, 24 Nov 2026 06:21:47 GMT` with CRLF: RFC 9110 section 5.6.7.
  private var field = ByteBuffer(capacity: 64)
  /// `2026-11-24T06:21:47.`: RFC 3339 up to the fraction.
  private var stamp = ByteBuffer(capacity: 32)

  package init() {}

  /// Brings the texts up to date with `wallTime`, nanoseconds since 1970.
  package mutating func update(wallTime: Int64) {
    let now = Int(wallTime / 1_000_000_000)
    if now != second { render(now) }
  }

  /// Appends the Date field line with its CRLF.
  package func putFieldLine(into out: inout ByteBuffer) { out.put(field) }

  /// Appends date and time up to the point before the fraction.
  package func putStampPrefix(into out: inout ByteBuffer) { out.put(stamp) }

  private mutating func render(_ now: Int) {
    second = now
    let time = CalendarTime(secondsSince1970: max(0, now))
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    field.removeAll()
    field.put("Date: ")
    field.put(text: days[time.weekday])
    field.put(", ")
    field.put(decimal: time.day, width: 2)
    field.put(UInt8(ascii: " "))
    field.put(text: months[time.month - 1])
    field.put(UInt8(ascii: " "))
    field.put(decimal: time.year, width: 4)
    field.put(UInt8(ascii: " "))
    time.putClock(into: &field)
    field.put(" GMT\r\n")
    stamp.removeAll()
    time.putStamp(into: &stamp)
    stamp.put(UInt8(ascii: "."))
  }
}
