internal import Memory

/// The value of a Content-Length: RFC 9110 section 8.6.
enum ContentLength {
  /// Reads 1–18 decimal digits without a leading zero (unless it is the only digit); nil for anything else. The
  /// grammar allows leading zeros, but parsers disagree about them, so they are refused.
  static func parse(_ value: RawSpan) -> Int? {
    let count = value.byteCount
    guard count > 0, count <= 18 else { return nil }
    var result = 0
    for i in 0..<count {
      let digit = value[i] &- 0x30
      guard digit < 10 else { return nil }
      result = result &* 10 &+ Int(digit)
    }
    return count > 1 && value[0] == 0x30 ? nil : result
  }
}

/// The value of a Transfer-Encoding: RFC 9112 section 6.1.
enum TransferCoding {
  case chunked
  /// Well-formed, with a coding other than chunked.
  case unknown
  case malformed

  static func parse(_ value: RawSpan) -> TransferCoding {
    if value.equalsIgnoringCase("chunked") { return .chunked }
    return listed(value)
  }

  /// Reads a list. It is merely unknown if it consists of plain tokens with another coding first and one `chunked` at
  /// its end. Everything else is an attack or a mistake.
  @inline(never)
  private static func listed(_ value: RawSpan) -> TransferCoding {
    var at = 0
    var codings = 0
    var lastIsChunked = false
    while at <= value.byteCount {
      var end = value.firstIndex(of: UInt8(ascii: ","), from: at)
      let next = end + 1
      while at < end, value[at].isOptionalWhitespace { at += 1 }
      while end > at, value[end - 1].isOptionalWhitespace { end -= 1 }
      guard value.slice(at, end).isToken(0, end - at) else { return .malformed }
      if lastIsChunked { return .malformed }
      lastIsChunked = value.slice(at, end).equalsIgnoringCase("chunked")
      codings += 1
      at = next
    }
    return lastIsChunked && codings > 1 ? .unknown : .malformed
  }
}
