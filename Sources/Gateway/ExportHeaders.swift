internal import Memory
internal import TextCoding

/// Parses header fields for a collector from the form of OpenTelemetry's variables: `name=value,name=value`, values
/// percent-encoded, as in W3C Baggage. Values may be credentials: they are copied from one secret to another, and
/// intermediate copies are overwritten.
enum ExportHeaders {
  /// The fields of `text`; nil if it does not have that form.
  static func read(_ text: SecretBytes) -> [(name: String, value: SecretBytes)]? {
    let bytes = text.bytes
    var fields: [(name: String, value: SecretBytes)] = []
    var start = 0
    while start < bytes.byteCount {
      let end = bytes.firstIndex(of: UInt8(ascii: ","), from: start)
      defer { start = end + 1 }
      if end == start { continue }
      guard let field = field(bytes.slice(start, end)) else { return nil }
      fields.append(field)
    }
    return fields
  }

  private static func field(_ entry: RawSpan) -> (name: String, value: SecretBytes)? {
    let equals = entry.firstIndex(of: UInt8(ascii: "="), from: 0)
    guard equals < entry.byteCount else { return nil }
    let name = trimmed(entry, 0, equals)
    guard !name.isEmpty, name.allSatisfy({ isOfName(entry[$0]) }),
      let value = decoded(entry, trimmed(entry, equals + 1, entry.byteCount))
    else { return nil }
    return (entry.slice(name.lowerBound, name.upperBound).text, value)
  }

  /// The range without the blanks at its start and end.
  private static func trimmed(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Range<Int> {
    var (start, end) = (start, end)
    while start < end, isBlank(bytes[start]) { start += 1 }
    while end > start, isBlank(bytes[end - 1]) { end -= 1 }
    return start..<end
  }

  /// Decodes a percent-encoded value. Returns nil if an escape is invalid or if the value contains a control character:
  /// a line break would end a header field early.
  private static func decoded(_ bytes: RawSpan, _ range: Range<Int>) -> SecretBytes? {
    var plain = ByteBuffer()
    defer { plain.overwriteWithZeros() }
    let value = bytes.slice(range.lowerBound, range.upperBound)
    guard PercentCoding.decode(value, plusIsBlank: false, into: &plain),
      plain.bytes.firstControl(from: 0) == plain.count
    else { return nil }
    return SecretBytes(copying: plain.bytes)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private static func isOfName(_ byte: UInt8) -> Bool {
    0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
  }
}
