package import Memory
internal import TextCoding

/// The current second, as texts that many messages need. They are made once a second.
package struct DateTexts: ~Copyable {
  /// The second that the texts show; none at first.
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

  /// Appends date and time up to and including the dot before the fraction.
  package func putStampPrefix(into out: inout ByteBuffer) { out.put(stamp) }

  private mutating func render(_ now: Int) {
    second = now
    let time = CalendarTime(secondsSince1970: max(0, now))
    field.removeAll()
    field.put("Date: ")
    field.put(HTTPDate.days[time.weekday])
    field.put(", ")
    field.put(decimal: time.day, width: 2)
    field.put(UInt8(ascii: " "))
    field.put(HTTPDate.months[time.month - 1])
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
