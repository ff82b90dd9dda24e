internal import Memory

/// What a `Retry-After` field says (RFC 9110 section 10.2.3).
package enum RetryAfter {
  /// The most seconds that a field can ask for, ten years: enough for any use, and far from overflow.
  static let longest = 315_360_000

  /// Nanoseconds from now for which `value` asks to wait; 0 when its date has passed; nil when it is neither a number
  /// of seconds nor a date.
  ///
  /// - Parameter wallTime: nanoseconds since 1970.
  package static func delay(_ value: RawSpan, wallTime: Int64) -> Int64? {
    let text = trimmed(value)
    guard text.byteCount > 0 else { return nil }
    if let seconds = deltaSeconds(text) { return Int64(seconds) * 1_000_000_000 }
    let now = Int(wallTime / 1_000_000_000)
    guard let date = HTTPDate.secondsSince1970(text, now: now) else { return nil }
    let seconds = min(max(0, date - now), RetryAfter.longest)
    // Until the date itself, not a fraction of a second later: `now` is rounded down.
    return max(0, Int64(seconds) * 1_000_000_000 - wallTime % 1_000_000_000)
  }

  /// The number in `text`; nil when it has anything but digits.
  private static func deltaSeconds(_ text: RawSpan) -> Int? {
    var seconds = 0
    for i in 0..<text.byteCount {
      let digit = text[i] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      seconds = min(RetryAfter.longest, seconds * 10 + Int(digit))
    }
    return seconds
  }

  /// `value` without whitespace at its ends.
  @_lifetime(copy value)
  private static func trimmed(_ value: RawSpan) -> RawSpan {
    var start = 0
    var end = value.byteCount
    while start < end, isBlank(value[start]) { start += 1 }
    while end > start, isBlank(value[end - 1]) { end -= 1 }
    return value.slice(start, end)
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }
}
