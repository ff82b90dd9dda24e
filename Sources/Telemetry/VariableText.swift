internal import Memory
internal import TextCoding

/// Parses the texts in OpenTelemetry's variables.
enum VariableText {
  /// A value as messages show it: unchanged if it is a word, but never what may be anything else.
  static func shown(_ text: String) -> String {
    let isWord = text.utf8.count <= 32 && text.utf8.allSatisfy { isWordByte($0) }
    return isWord ? text : "its value"
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte || "_-/.".utf8.contains(byte)
  }

  /// The words of a list, in lower case.
  static func words(_ list: String) -> [String] {
    list.lowercased().split(separator: ",").map(trimmed)
  }

  /// Why a list of pairs cannot be read. Quotes nothing, because a value may be a credential.
  struct Malformed: Error, CustomStringConvertible {
    let description = "it must be name=value,name=value with percent-encoded values"
  }

  /// Reads `name=value,name=value`, percent-encoded: the form of W3C Baggage.
  static func pairs(_ text: String?) throws(Malformed) -> [ExportSettings.Attribute] {
    guard let text else { return [] }
    var pairs: [ExportSettings.Attribute] = []
    for entry in text.split(separator: ",") {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts.first.map { trimmed($0) } ?? ""
      guard parts.count == 2, !name.isEmpty, let value = decoded(trimmed(parts[1])) else {
        throw Malformed()
      }
      pairs.append(ExportSettings.Attribute(name: name, value: value))
    }
    return pairs
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text)
  }

  private static func decoded(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    var plain = ByteBuffer()
    guard PercentCoding.decode(bytes.span.bytesOfElements, plusIsBlank: false, into: &plain),
      // A line break would end a header field early.
      plain.bytes.firstControl(from: 0) == plain.count
    else { return nil }
    return plain.bytes.text
  }
}
