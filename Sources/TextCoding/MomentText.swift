internal import Memory

/// A moment in the format of ISO 8601 and RFC 3339 section 5.6: `2026-11-24` or `2026-11-24T07:01:33`, with or without
/// a fraction, and with a zone: `Z`, `+01:00` or none, which means UTC.
///
/// Callers that accept only some of these forms check the parts.
package struct MomentText: Sendable, Equatable {
  package enum Zone: Sendable, Equatable {
    case none
    /// `Z`
    case utc
    /// `+01:00`, which has been subtracted from ``seconds``.
    case offset
  }

  /// Seconds since 1970-01-01T00:00:00Z, without the fraction.
  package private(set) var seconds: Int
  /// The year as it is written.
  package let year: Int
  /// How many digits the fraction has.
  package private(set) var fractionDigits = 0
  /// The fraction in nanoseconds. Digits after the ninth are ignored.
  package private(set) var nanoseconds = 0
  package private(set) var zone = Zone.none

  /// Reads `text`; nil unless all of it is such a moment. Any month may have up to 31 days: days after its end count
  /// into the next month.
  package init?(_ text: RawSpan) {
    guard let year = text.number(0, 4), text.has("-", at: 4), let month = text.number(5, 7),
      text.has("-", at: 7), let day = text.number(8, 10), 1...12 ~= month, 1...31 ~= day
    else { return nil }
    self.year = year
    seconds = CalendarTime.secondsSince1970(year: year, month: month, day: day)
    if text.byteCount == 10 { return }
    guard text.has("T", at: 10), let hour = text.number(11, 13), text.has(":", at: 13),
      let minute = text.number(14, 16), text.has(":", at: 16), let second = text.number(17, 19),
      // 60 is a leap second.
      hour < 24, minute < 60, second <= 60
    else { return nil }
    seconds += hour * 3600 + minute * 60 + second
    var at = 19
    if text.has(".", at: at) {
      at = readFraction(of: text, from: at + 1)
      guard fractionDigits > 0 else { return nil }
    }
    guard readZone(of: text, at: at) else { return nil }
  }

  private mutating func readFraction(of text: RawSpan, from start: Int) -> Int {
    var at = start
    while at < text.byteCount, let digit = text.digit(at) {
      at += 1
      fractionDigits += 1
      if fractionDigits <= 9 { nanoseconds = nanoseconds * 10 + digit }
    }
    for _ in min(fractionDigits, 9)..<9 { nanoseconds *= 10 }
    return at
  }

  private mutating func readZone(of text: RawSpan, at start: Int) -> Bool {
    let rest = text.byteCount - start
    if rest == 0 { return true }
    if rest == 1, text.has("Z", at: start) {
      zone = .utc
      return true
    }
    guard rest == 6, text.has("+", at: start) || text.has("-", at: start),
      let hour = text.number(start + 1, start + 3), text.has(":", at: start + 3),
      let minute = text.number(start + 4, start + 6), hour < 24, minute < 60
    else { return false }
    zone = .offset
    let offset = hour * 3600 + minute * 60
    seconds += text.has("+", at: start) ? -offset : offset
    return true
  }
}

extension RawSpan {
  fileprivate func has(_ character: Unicode.Scalar, at i: Int) -> Bool {
    has(i) && self[i] == UInt8(ascii: character)
  }

  fileprivate func digit(_ i: Int) -> Int? {
    let digit = self[i] &- UInt8(ascii: "0")
    return digit < 10 ? Int(digit) : nil
  }

  /// The decimal number that fills `start..<end`; nil if there is none.
  fileprivate func number(_ start: Int, _ end: Int) -> Int? {
    guard end <= byteCount else { return nil }
    var value = 0
    for i in start..<end {
      guard let digit = digit(i) else { return nil }
      value = value * 10 + digit
    }
    return value
  }
}
