/// A strict reader of JSON (RFC 8259) in valid UTF-8. It judges what the gateway writes as JSON, and what it accepts as
/// JSON.
enum PlainJSON: Equatable {
  case null, bool
  case number(String)
  /// The bytes of the string, with escapes resolved.
  case string([UInt8])
  case array([PlainJSON])
  case object([Member])

  struct Member: Equatable {
    let name: [UInt8]
    let value: PlainJSON
  }

  /// The value that `bytes` consist of; nil unless they are exactly one value.
  ///
  /// - Parameter depth: the maximum nesting of arrays and objects.
  static func read(_ bytes: [UInt8], depth: Int = 16) -> PlainJSON? {
    guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
    var reader = Reader(rest: bytes[...])
    guard let value = reader.value(depth: depth) else { return nil }
    reader.skipBlanks()
    return reader.rest.isEmpty ? value : nil
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    private static func isBlank(_ byte: UInt8) -> Bool {
      byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    mutating func skipBlanks() {
      while let byte = rest.first, Self.isBlank(byte) { rest.removeFirst() }
    }

    mutating func take(_ text: String) -> Bool {
      skipBlanks()
      guard rest.starts(with: text.utf8) else { return false }
      rest = rest.dropFirst(text.utf8.count)
      return true
    }

    mutating func value(depth: Int) -> PlainJSON? {
      if take("null") { return .null }
      if take("true") || take("false") { return .bool }
      if take("[") { return depth > 0 ? array(depth: depth) : nil }
      if take("{") { return depth > 0 ? object(depth: depth) : nil }
      return rest.first == 0x22 ? string().map { .string($0) } : number()
    }

    private mutating func array(depth: Int) -> PlainJSON? {
      var elements: [PlainJSON] = []
      if take("]") { return .array(elements) }
      repeat {
        guard let element = value(depth: depth - 1) else { return nil }
        elements.append(element)
      } while take(",")
      return take("]") ? .array(elements) : nil
    }

    private mutating func object(depth: Int) -> PlainJSON? {
      var members: [Member] = []
      if take("}") { return .object(members) }
      repeat {
        skipBlanks()
        guard let name = string(), take(":"), let value = value(depth: depth - 1) else {
          return nil
        }
        members.append(Member(name: name, value: value))
      } while take(",")
      return take("}") ? .object(members) : nil
    }

    private mutating func number() -> PlainJSON? {
      let start = rest
      _ = rest.first == 0x2D && rest.popFirst() != nil
      let firstDigit = rest.first
      guard let digits = digits(), digits == 1 || firstDigit != 0x30 else { return nil }
      if rest.first == 0x2E {
        rest.removeFirst()
        guard self.digits() != nil else { return nil }
      }
      if rest.first == 0x65 || rest.first == 0x45 {
        rest.removeFirst()
        if rest.first == 0x2B || rest.first == 0x2D { rest.removeFirst() }
        guard self.digits() != nil else { return nil }
      }
      return .number(String(decoding: start.prefix(start.count - rest.count), as: UTF8.self))
    }

    /// The number of digits here; nil for none.
    private mutating func digits() -> Int? {
      let count = rest.prefix { (0x30...0x39).contains($0) }.count
      rest = rest.dropFirst(count)
      return count > 0 ? count : nil
    }

    private mutating func string() -> [UInt8]? {
      guard rest.popFirst() == 0x22 else { return nil }
      var text: [UInt8] = []
      while let byte = rest.popFirst() {
        if byte == 0x22 { return text }
        if byte < 0x20 { return nil }
        guard byte == 0x5C else {
          text.append(byte)
          continue
        }
        switch rest.popFirst() {
        case 0x22: text.append(0x22)
        case 0x5C: text.append(0x5C)
        case 0x2F: text.append(0x2F)
        case 0x62: text.append(0x08)
        case 0x66: text.append(0x0C)
        case 0x6E: text.append(0x0A)
        case 0x72: text.append(0x0D)
        case 0x74: text.append(0x09)
        case 0x75:
          guard let scalar = scalar() else { return nil }
          text += Array(String(scalar).utf8)
        default: return nil
        }
      }
      return nil
    }

    /// The scalar of an escape after `\u`, including a second escape if UTF-16 needs two.
    private mutating func scalar() -> Unicode.Scalar? {
      guard let unit = fourDigits() else { return nil }
      guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) }
      guard rest.popFirst() == 0x5C, rest.popFirst() == 0x75, let low = fourDigits(),
        (0xDC00..<0xE000).contains(low)
      else { return nil }
      return Unicode.Scalar(0x10000 + (unit - 0xD800) * 0x400 + low - 0xDC00)
    }

    private mutating func fourDigits() -> UInt32? {
      let digits = rest.prefix(4)
      rest = rest.dropFirst(4)
      guard digits.count == 4,
        digits.allSatisfy({ Array("0123456789abcdefABCDEF".utf8).contains($0) })
      else { return nil }
      return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }
  }
}
