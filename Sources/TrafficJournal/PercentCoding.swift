/// Percent-encoding of a query's values: RFC 3986 section 2.1.
package enum PercentCoding {
  /// The text that `value` stands for; nil for a broken escape or what is no UTF-8.
  ///
  /// - Parameter plusIsBlank: in queries, as forms write them; not in paths.
  package static func decode(_ value: some StringProtocol, plusIsBlank: Bool = true) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(value.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+") where plusIsBlank: bytes.append(0x20)
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit)
        else { return nil }
        bytes.append(high << 4 | low)
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// `text` with everything escaped but letters, digits and `-._~`.
  package static func encode(_ text: String) -> String {
    escape(text.utf8) { byte in
      (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || "-._~".utf8.contains(byte)
    }
  }

  /// A logged path or query as part of a URL: what may not stand there as it is gets escaped, `%` is left.
  static func target(_ text: [UInt8]) -> String {
    escape(text) { byte in
      byte > 0x20 && byte < 0x7F && !"\"<>\\^`{|}#".utf8.contains(byte)
    }
  }

  private static func escape(
    _ bytes: some Sequence<UInt8>, unless isPlain: (UInt8) -> Bool
  ) -> String {
    var result = ""
    for byte in bytes {
      if isPlain(byte) {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
      }
    }
    return result
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
