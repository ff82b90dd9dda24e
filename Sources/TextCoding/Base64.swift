package import Memory

/// Base 64 (RFC 4648): the standard alphabet with padding, and the URL-safe one without.
///
/// Digits are computed, not looked up in a table: an attacker could measure which cache lines of a table a secret
/// loads.
package struct Base64: Sendable {
  /// Section 4: `+` and `/`, with `=` as padding.
  package static let standard = Base64(last: (UInt8(ascii: "+"), UInt8(ascii: "/")), isPadded: true)
  /// Section 5: `-` and `_`, without padding.
  package static let urlSafe = Base64(last: (UInt8(ascii: "-"), UInt8(ascii: "_")), isPadded: false)

  private static let padding = UInt8(ascii: "=")

  /// The digits for 62 and 63.
  private let last: (UInt8, UInt8)
  private let isPadded: Bool

  /// How many characters `count` bytes become.
  package func length(of count: Int) -> Int {
    isPadded ? (count + 2) / 3 * 4 : (count * 4 + 2) / 3
  }

  /// Appends the encoding of `bytes`. All the memory is reserved at once, so that a secret leaves no copy behind.
  package func put(_ bytes: RawSpan, into out: inout ByteBuffer) {
    out.reserve(length(of: bytes.byteCount))
    var at = 0
    while at < bytes.byteCount {
      let rest = bytes.byteCount - at
      let group =
        UInt32(bytes[at]) << 16 | (rest > 1 ? UInt32(bytes[at + 1]) << 8 : 0)
        | (rest > 2 ? UInt32(bytes[at + 2]) : 0)
      out.put(digit(group >> 18))
      out.put(digit(group >> 12))
      if rest > 1 { out.put(digit(group >> 6)) } else if isPadded { out.put(Base64.padding) }
      if rest > 2 { out.put(digit(group)) } else if isPadded { out.put(Base64.padding) }
      at += 3
    }
  }

  /// The encoding of `bytes` as text.
  package func encode(_ bytes: some Sequence<UInt8>) -> String {
    var out = ByteBuffer()
    put(Array(bytes).span.bytesOfElements, into: &out)
    return out.bytes.text
  }

  /// The bytes that `text` encodes; nil unless `text` is exactly what ``encode(_:)`` makes of them.
  package func decode(_ text: some StringProtocol) -> [UInt8]? {
    var bytes = ByteBuffer()
    return decode(Array(text.utf8).span.bytesOfElements, into: &bytes) ? bytes.bytes.copied() : nil
  }

  /// Appends the bytes that `text` encodes. All the memory is reserved at once, so that a secret leaves no copy behind.
  /// False unless `text` is exactly what ``put(_:into:)`` makes of them; some bytes may have been appended then.
  package func decode(_ text: RawSpan, into out: inout ByteBuffer) -> Bool {
    var end = text.byteCount
    while isPadded, end > 0, text[end - 1] == Base64.padding { end -= 1 }
    // A single remaining digit does not make a byte.
    let odd = end % 4
    guard odd != 1, text.byteCount - end == (isPadded ? (4 - odd) % 4 : 0) else { return false }
    out.reserve(end / 4 * 3 + 2)
    var pending: UInt32 = 0
    var bits: UInt32 = 0
    for i in 0..<end {
      guard let value = value(of: text[i]) else { return false }
      pending = pending << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        out.put(UInt8(truncatingIfNeeded: pending >> bits))
        pending &= (1 << bits) - 1
      }
    }
    // The bits of the last digit that belong to no byte must be zero (RFC 4648 section 3.5).
    return pending == 0
  }

  /// The digit for the low six bits.
  private func digit(_ group: UInt32) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: group & 63)
    switch value {
    case 0..<26: return value + UInt8(ascii: "A")
    case 26..<52: return value - 26 + UInt8(ascii: "a")
    case 52..<62: return value - 52 + UInt8(ascii: "0")
    case 62: return last.0
    default: return last.1
    }
  }

  private func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
    case last.0: 62
    case last.1: 63
    default: nil
    }
  }
}
