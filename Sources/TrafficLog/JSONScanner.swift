internal import Memory

/// Walks over one JSON text of the traffic log. It finds where values end, and checks no more of what it
/// skips than that.
package struct JSONScanner: ~Copyable, ~Escapable {
  /// Brackets within brackets; a line of ours has two.
  private static let depthLimit = 8

  /// Where ``nextMember()`` is in its object.
  private enum ObjectState {
    case outside, begun, inside, ended
  }

  private let bytes: RawSpan
  private var place = 0
  private var state = ObjectState.outside

  @_lifetime(copy bytes)
  package init(bytes: RawSpan) { self.bytes = bytes }

  /// Where in the bytes it is.
  var offset: Int { place }

  /// Whether nothing but blanks is left.
  package var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return place == bytes.byteCount
    }
  }

  /// Whether ``nextMember()`` came to the end of the object, and nothing follows it.
  package var hasReadObject: Bool {
    mutating get {
      guard state == .ended else { return false }
      return isAtEnd
    }
  }

  /// Walks over the object that the text is: gives the next member's name, and its value is to be taken next.
  /// Nil at the object's end, and where the text is no object; ``hasReadObject`` tells.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  package mutating func nextMember() -> RawSpan? {
    if state == .outside {
      guard take("{") else { return nil }
      state = .begun
    }
    if take("}") {
      state = .ended
      return nil
    }
    guard state == .begun || take(",") else { return nil }
    state = .inside
    guard let name = string(), take(":") else { return nil }
    return name
  }

  /// Takes one byte of punctuation, if it comes next.
  @_lifetime(self: copy self)
  @inline(__always)
  package mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard place < bytes.byteCount, bytes[place] == UInt8(ascii: byte) else { return false }
    place += 1
    return true
  }

  /// Takes a string, and gives what stands between its quotes, escapes as they are.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  package mutating func string() -> RawSpan? {
    guard take("\"") else { return nil }
    let start = place
    while true {
      place = bytes.firstMarkInJSONString(from: place)
      guard place < bytes.byteCount else { return nil }
      switch bytes[place] {
      case UInt8(ascii: "\""):
        place += 1
        return bytes.slice(start, place - 1)
      case UInt8(ascii: "\\"): place += 2
      default: return nil
      }
    }
  }

  /// Takes a string, and gives where what stands between its quotes begins and ends.
  @_lifetime(self: copy self)
  package mutating func stringBounds() -> Range<Int>? {
    guard let text = string() else { return nil }
    return place - 1 - text.byteCount..<place - 1
  }

  /// Takes a value, and gives where it begins and ends.
  @_lifetime(self: copy self)
  package mutating func valueBounds() -> Range<Int>? {
    skipBlanks()
    let start = place
    return skipValue() ? start..<place : nil
  }

  /// Takes a whole number, not negative, of up to eighteen digits.
  @_lifetime(self: copy self)
  package mutating func integer() -> Int64? {
    skipBlanks()
    var value: Int64 = 0
    let start = place
    while place < bytes.byteCount {
      let digit = bytes[place] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      guard place - start < 18 else { return nil }
      value = value * 10 + Int64(digit)
      place += 1
    }
    return place == start ? nil : value
  }

  /// Takes a string without escapes: a configured or catalogued name.
  @_lifetime(self: copy self)
  package mutating func plainText() -> String? {
    guard let text = string() else { return nil }
    let escape = text.firstIndex(of: UInt8(ascii: "\\"), from: 0)
    return escape == text.byteCount ? text.text : nil
  }

  /// Takes a number of seconds, not negative, up to nine digits on each side of the point; in nanoseconds.
  @_lifetime(self: copy self)
  package mutating func seconds() -> Int64? {
    skipBlanks()
    guard let whole = digits() else { return nil }
    var value = whole.value * 1_000_000_000
    if place < bytes.byteCount, bytes[place] == UInt8(ascii: ".") {
      place += 1
      guard let part = digits() else { return nil }
      var nanoseconds = part.value
      for _ in part.count..<9 { nanoseconds *= 10 }
      value += nanoseconds
    }
    return value
  }

  @_lifetime(self: copy self)
  private mutating func digits() -> (value: Int64, count: Int)? {
    var value: Int64 = 0
    var count = 0
    while place < bytes.byteCount {
      let digit = bytes[place] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      guard count < 9 else { return nil }
      value = value * 10 + Int64(digit)
      count += 1
      place += 1
    }
    return count == 0 ? nil : (value, count)
  }

  /// Takes any value. Returns whether there was one.
  @_lifetime(self: copy self)
  package mutating func skipValue() -> Bool {
    var depth = 0
    repeat {
      skipBlanks()
      guard place < bytes.byteCount else { return false }
      switch bytes[place] {
      case UInt8(ascii: "\""):
        if string() == nil { return false }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        place += 1
        if depth > JSONScanner.depthLimit { return false }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        place += 1
        if depth < 0 { return false }
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        if depth == 0 { return false }
        place += 1
      default:
        let start = place
        while place < bytes.byteCount, JSONScanner.isOfWord(bytes[place]) { place += 1 }
        if place == start { return false }
      }
    } while depth > 0
    return true
  }

  /// Letters, digits and signs: `true`, `null`, `-1.5e9`.
  private static func isOfWord(_ byte: UInt8) -> Bool {
    byte.asciiLowercased &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
  }

  @_lifetime(self: copy self)
  @inline(__always)
  private mutating func skipBlanks() {
    while place < bytes.byteCount,
      bytes[place] == 0x20 || bytes[place] == 0x09 || bytes[place] == 0x0D
    {
      place += 1
    }
  }
}
