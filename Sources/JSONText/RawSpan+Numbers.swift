internal import Memory

/// Parses a span that is a single number in JSON's form.
extension RawSpan {
  /// A nonnegative whole number of up to eighteen digits; nil for anything else.
  package var wholeNumber: Int64? { digits(0, byteCount, atMost: 18) }

  /// A nonnegative number of seconds, with up to nine digits on each side of the point, in nanoseconds. Nil for
  /// anything else.
  package var nanosecondsOfSeconds: Int64? {
    let point = firstIndex(of: UInt8(ascii: "."), from: 0)
    guard let whole = digits(0, point, atMost: 9) else { return nil }
    guard point < byteCount else { return whole * 1_000_000_000 }
    guard var part = digits(point + 1, byteCount, atMost: 9) else { return nil }
    for _ in byteCount - point - 1..<9 { part *= 10 }
    return whole * 1_000_000_000 + part
  }

  private func digits(_ start: Int, _ end: Int, atMost limit: Int) -> Int64? {
    guard start < end, end - start <= limit else { return nil }
    var value: Int64 = 0
    for i in start..<end {
      let digit = self[i] &- 0x30
      guard digit < 10 else { return nil }
      value = value * 10 + Int64(digit)
    }
    return value
  }
}
