internal import Memory

/// An identifier that callers choose for a course, registration, learner …: any text of up to 255 characters.
///
/// Identifiers are compared byte for byte. `String` treats `é` and `e´` as equal, which would hide an intermediary
/// that normalises paths.
struct Identifier: Hashable, Sendable, CustomStringConvertible {
  /// Longest identifier that SCORM Cloud accepts, in characters.
  static let maximumLength = 255

  let text: String

  init(_ text: String) { self.text = text }

  /// Nil if `text` is missing, empty or too long.
  init?(checking text: String?) {
    guard let text, !text.isEmpty, text.count <= Identifier.maximumLength else { return nil }
    self.text = text
  }

  var description: String { text }

  static func == (left: Identifier, right: Identifier) -> Bool {
    let (one, other) = (left.text.utf8Span.span, right.text.utf8Span.span)
    guard one.count == other.count else { return false }
    for index in one.indices where one[index] != other[index] { return false }
    return true
  }

  func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
    hasher.combine(0xFF as UInt8)
  }

  /// An identifier in the form of a UUID (RFC 9562, version 4), from 122 of the given bits.
  init(uuid first: UInt64, _ second: UInt64) {
    let high = first & ~0xF000 | 0x4000
    let low = second >> 2 | 1 << 63
    func digits(_ value: UInt64, _ count: Int) -> String {
      let text = String(value, radix: 16)
      return String(repeating: "0", count: count - text.count) + text
    }
    self.init(
      digits(high >> 32, 8) + "-" + digits(high >> 16 & 0xFFFF, 4) + "-"
        + digits(high & 0xFFFF, 4) + "-" + digits(low >> 48, 4) + "-"
        + digits(low & 0xFFFF_FFFF_FFFF, 12))
  }

  /// Whether `text` has the form of a UUID.
  static func isUUID(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    return parts.map(\.utf8.count) == [8, 4, 4, 4, 12]
      && parts.allSatisfy { $0.utf8.allSatisfy { $0.hexadecimalValue != nil } }
  }
}
