package import Memory

/// Percent-encoding (RFC 3986 section 2.1), and forms, which write a space as `+`
/// (`application/x-www-form-urlencoded`).
///
/// It is strict: a `%` that begins no escape is an error. Paths on their way to SCORM Cloud are read by `CanonicalPath`
/// and `UpstreamReadings` instead, which must see what a lenient upstream would.
package enum PercentCoding {
  /// Appends the decoded bytes of `text`. False for a broken escape, and then only a part is appended. All the memory
  /// is reserved at once, so that a secret leaves no copy behind.
  ///
  /// - Parameter plusIsBlank: true for forms, and for queries that are made like them; in a path a `+` is a plus.
  package static func decode(
    _ text: RawSpan, plusIsBlank: Bool, into out: inout ByteBuffer
  ) -> Bool {
    out.reserve(text.byteCount)
    var at = 0
    while at < text.byteCount {
      let byte = text[at]
      at += 1
      switch byte {
      case UInt8(ascii: "+") where plusIsBlank: out.put(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard text.has(at + 1), let high = text[at].hexadecimalValue,
          let low = text[at + 1].hexadecimalValue
        else { return false }
        out.put(high << 4 | low)
        at += 2
      default: out.put(byte)
      }
    }
    return true
  }

  /// The decoded text of `text`; nil if it has a broken escape or is not UTF-8 when decoded.
  ///
  /// - Parameter plusIsBlank: true for forms, and for queries that are made like them; in a path a `+` is a plus.
  package static func decode(_ text: some StringProtocol, plusIsBlank: Bool) -> String? {
    let bytes = Array(text.utf8)
    var decoded = ByteBuffer()
    guard decode(bytes.span.bytesOfElements, plusIsBlank: plusIsBlank, into: &decoded) else {
      return nil
    }
    return String(validating: decoded.bytes.copied(), as: UTF8.self)
  }

  /// The decoded `name=value` pairs of a query or a form, in order. A pair without `=` has an empty value. `isBroken`:
  /// at least one pair was omitted because it could not be decoded.
  ///
  /// - Parameters:
  ///   - limit: the most pairs that are read.
  ///   - plusIsBlank: as for ``decode(_:plusIsBlank:)``.
  package static func pairs(
    of query: some StringProtocol, limit: Int, plusIsBlank: Bool
  ) -> (pairs: [(name: String, value: String)], isBroken: Bool) {
    var pairs: [(name: String, value: String)] = []
    var isBroken = false
    for part in query.split(separator: "&", maxSplits: limit).prefix(limit) {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = decode(sides[0], plusIsBlank: plusIsBlank),
        let value = decode(sides.count > 1 ? sides[1] : "", plusIsBlank: plusIsBlank)
      else {
        isBroken = true
        continue
      }
      pairs.append((name, value))
    }
    return (pairs, isBroken)
  }

  /// `text` with everything escaped except letters, digits and `-._~` (RFC 3986 section 2.3), for any part of a URL.
  package static func encode(_ text: String) -> String {
    escaped(text.utf8) { $0.isASCIILetterOrDigit || "-._~".utf8.contains($0) }
  }

  /// `text` in the encoding of forms: letters, digits and `-._*` stay unchanged, and a space becomes `+`.
  package static func encodeForm(_ text: String) -> String {
    var out = ByteBuffer()
    putForm(text, into: &out)
    return out.bytes.text
  }

  /// Appends `text` in the encoding of ``encodeForm(_:)``.
  package static func putForm(_ text: String, into out: inout ByteBuffer) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: " "): out.put(UInt8(ascii: "+"))
      case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "*"): out.put(byte)
      case let byte where byte.isASCIILetterOrDigit: out.put(byte)
      default: put(escaping: byte, into: &out)
      }
    }
  }

  /// `bytes` as text, with those escaped for which `isPlain` is false. It must be false for all that are not ASCII.
  package static func escaped(
    _ bytes: some Sequence<UInt8>, unless isPlain: (UInt8) -> Bool
  ) -> String {
    var out = ByteBuffer()
    for byte in bytes {
      if isPlain(byte) { out.put(byte) } else { put(escaping: byte, into: &out) }
    }
    return out.bytes.text
  }

  /// Appends an escape with digits in upper case, as RFC 3986 section 2.1 recommends.
  private static func put(escaping byte: UInt8, into out: inout ByteBuffer) {
    func digit(_ value: UInt8) -> UInt8 {
      value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "A")
    }
    out.put(UInt8(ascii: "%"))
    out.put(digit(byte >> 4))
    out.put(digit(byte & 15))
  }
}

extension UInt8 {
  fileprivate var isASCIILetterOrDigit: Bool {
    asciiLowercased &- 0x61 < 26 || self &- 0x30 < 10
  }
}
