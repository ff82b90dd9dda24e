internal import Memory

// Numbers in as few bytes as they need (LEB128): seven bits per byte, the lowest first. The eighth bit means that more
// follow.

extension ByteBuffer {
  mutating func put(varint value: Int64) {
    var rest = UInt64(bitPattern: value)
    while rest >= 0x80 {
      put(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest &>>= 7
    }
    put(UInt8(truncatingIfNeeded: rest))
  }

  /// Small negative numbers are short too.
  mutating func put(zigzag value: Int64) { put(varint: value &<< 1 ^ value &>> 63) }
}

/// Reads numbers one after the other. Damaged bytes give zeros and set ``isDamaged``.
struct VarintReader: ~Copyable, ~Escapable {
  private let bytes: RawSpan
  private(set) var offset: Int
  /// Whether a number was read that does not exist or is invalid.
  private(set) var isDamaged = false

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, from start: Int = 0) {
    self.bytes = bytes
    offset = start
  }

  var isAtEnd: Bool { offset >= bytes.byteCount }

  @_lifetime(self: copy self)
  mutating func next() -> Int64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < bytes.byteCount, shift < 64 {
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 { return Int64(bitPattern: value) }
      shift += 7
    }
    isDamaged = true
    return 0
  }

  @_lifetime(self: copy self)
  mutating func nextZigzag() -> Int64 {
    let value = UInt64(bitPattern: next())
    return Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// A count of items that take at least a byte each: never more than the remaining bytes.
  @_lifetime(self: copy self)
  mutating func nextCount() -> Int {
    let count = next()
    guard count >= 0, count <= bytes.byteCount - offset else {
      isDamaged = true
      return 0
    }
    return Int(count)
  }
}
