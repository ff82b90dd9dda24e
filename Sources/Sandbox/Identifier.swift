/// A caller-made name of a course, registration, learner …: any text of up to 255 characters.
///
/// Compared byte for byte, unlike `String`, which takes `é` and `e´` for the same: an intermediary that
/// normalises a path must not go unnoticed.
struct Identifier: Hashable, Sendable, CustomStringConvertible {
  /// Longest identifier that SCORM Cloud takes, in characters.
  static let maximumLength = 255

  let text: String

  init(_ text: String) { self.text = text }

  /// Nil when `text` is missing, empty or too long.
  init?(checking text: String?) {
    guard let text, !text.isEmpty, text.count <= Identifier.maximumLength else { return nil }
    self.text = text
  }

  var description: String { text }

  static func == (left: Identifier, right: Identifier) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
    hasher.combine(0xFF as UInt8)
  }

  /// A random identifier in the form of a UUID (RFC 9562, version 4).
  static func random() -> Identifier {
    let high = UInt64.random(in: 0 ... .max) & ~0xF000 | 0x4000
    let low = UInt64.random(in: 0 ... .max) >> 2 | 1 << 63
    func digits(_ value: UInt64, _ count: Int) -> String {
      let text = String(value, radix: 16)
      return String(repeating: "0", count: count - text.count) + text
    }
    return Identifier(
      digits(high >> 32, 8) + "-" + digits(high >> 16 & 0xFFFF, 4) + "-"
        + digits(high & 0xFFFF, 4) + "-" + digits(low >> 48, 4) + "-"
        + digits(low & 0xFFFF_FFFF_FFFF, 12))
  }
}
