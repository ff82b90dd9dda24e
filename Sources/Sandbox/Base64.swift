/// Base64 (RFC 4648): the standard alphabet with padding, and the URL-safe one without.
struct Base64 {
  /// For `Basic` credentials and `more` tokens, whose `+`, `/` and `=` must survive a query.
  static let standard = Base64(last: ("+", "/"), isPadded: true)
  /// For access tokens.
  static let urlSafe = Base64(last: ("-", "_"), isPadded: false)

  private let alphabet: [UInt8]
  private let isPadded: Bool

  private init(last: (String, String), isPadded: Bool) {
    alphabet = Array(
      ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + last.0 + last.1).utf8)
    self.isPadded = isPadded
  }

  func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    var pending: UInt32 = 0
    var bits: UInt32 = 0
    for byte in bytes {
      pending = pending << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        text.append(alphabet[Int(pending >> bits & 63)])
      }
      pending &= (1 << bits) - 1
    }
    if bits > 0 { text.append(alphabet[Int(pending << (6 - bits) & 63)]) }
    while isPadded && text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes that `text` encodes; nil unless `text` is exactly what ``encode(_:)`` makes of them.
  func decode(_ text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    var pending: UInt32 = 0
    var bits: UInt32 = 0
    for character in text.utf8 {
      if character == UInt8(ascii: "=") && isPadded { continue }
      guard let digit = alphabet.firstIndex(of: character) else { return nil }
      pending = pending << 6 | UInt32(digit)
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: pending >> bits))
      }
      pending &= (1 << bits) - 1
    }
    return encode(bytes) == String(text) ? bytes : nil
  }
}
