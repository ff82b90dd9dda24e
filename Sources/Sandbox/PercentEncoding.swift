/// Percent-decoding (RFC 3986 section 2.1) and forms (`application/x-www-form-urlencoded`).
enum PercentEncoding {
  /// The text that `raw` encodes; nil for a broken escape or bytes that are no UTF-8.
  ///
  /// - Parameter plusIsSpace: as in queries and forms; in a path a `+` is a plus.
  static func decode(_ raw: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    let bytes = Array(raw.utf8)
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var i = 0
    while i < bytes.count {
      switch bytes[i] {
      case UInt8(ascii: "%"):
        guard i + 2 < bytes.count, let high = bytes[i + 1].hexDigit,
          let low = bytes[i + 2].hexDigit
        else { return nil }
        decoded.append(high << 4 | low)
        i += 2
      case UInt8(ascii: "+") where plusIsSpace: decoded.append(0x20)
      case let byte: decoded.append(byte)
      }
      i += 1
    }
    return String(validating: decoded, as: UTF8.self)
  }

  /// `text` as a form writes it: letters, digits and `-._*` as they are, a space as `+`.
  static func encodeForm(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".unicodeScalars)
    var encoded = ""
    for byte in text.utf8 {
      let scalar = Unicode.Scalar(byte)
      switch byte {
      case 0x20: encoded += "+"
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x2A:
        encoded.unicodeScalars.append(scalar)
      default:
        encoded += "%"
        encoded.unicodeScalars.append(digits[Int(byte >> 4)])
        encoded.unicodeScalars.append(digits[Int(byte & 15)])
      }
    }
    return encoded
  }
}

/// The `name=value` pairs of a query or a form, decoded, in order.
struct FormFields {
  /// More pairs than this are not looked at: no operation takes more than 14 parameters.
  static let maximumPairs = 64

  private(set) var pairs: [(name: String, value: String)] = []
  /// Whether a pair was left out because it could not be decoded.
  private(set) var isBroken = false

  init(_ raw: some StringProtocol) {
    let split = raw.split(separator: "&", maxSplits: FormFields.maximumPairs)
    for pair in split.prefix(FormFields.maximumPairs) {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = PercentEncoding.decode(sides[0], plusIsSpace: true),
        let value = PercentEncoding.decode(sides.count > 1 ? sides[1] : "", plusIsSpace: true)
      else {
        isBroken = true
        continue
      }
      pairs.append((name: name, value: value))
    }
  }

  /// The value of the first pair called `name`.
  subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

  /// Whether `name` is there and says true. Clients write `true` and `True`.
  func isTrue(_ name: String) -> Bool { self[name]?.lowercased() == "true" }
}

extension UInt8 {
  var isDigit: Bool { self &- 0x30 < 10 }

  /// The value of an ASCII hexadecimal digit.
  var hexDigit: UInt8? {
    switch self {
    case 0x30...0x39: self - 0x30
    case 0x41...0x46: self - 0x37
    case 0x61...0x66: self - 0x57
    default: nil
    }
  }
}
