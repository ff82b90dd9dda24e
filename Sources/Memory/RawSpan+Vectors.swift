public import CVectors

/// Sixteen bytes looked at side by side.
///
/// A byte that is looked for is given its top bit by arithmetic, which in a vector never carries into the next byte,
/// or by ``equals(_:)``.
extension RawSpan {
  /// Whether sixteen bytes stand at offset `i`. The same comparison as ``vector(at:)``'s, which is left out behind it.
  @inlinable @inline(__always)
  package func hasVector(at i: Int) -> Bool {
    byteCount >= 16 && UInt(bitPattern: i) <= UInt(bitPattern: byteCount &- 16)
  }

  /// The sixteen bytes at offset `i`. Traps unless all are in bounds.
  @inlinable @inline(__always)
  package func vector(at i: Int) -> SIMD16<UInt8> {
    precondition(hasVector(at: i))
    // Proof: 0 <= i and i + 16 <= byteCount were just checked, and every sixteen bytes are such a vector.
    return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: i, as: SIMD16<UInt8>.self)
  }
}

extension SIMD16<UInt8> {
  /// The top bit of each byte, the first one's lowest.
  @inlinable @inline(__always)
  package var topBits: UInt64 { cv_top_bits(self) }

  /// The place of the first byte whose top bit is set; 16 when there is none.
  @inlinable @inline(__always)
  package var firstMarked: Int { (topBits | 0x1_0000).trailingZeroBitCount }

  /// Marks bytes that are `byte`, and no other.
  @inlinable @inline(__always)
  package func equals(_ byte: UInt8) -> SIMD16<UInt8> { cv_equal(self, byte) }

  /// The place of the first byte whose top bit is not set; 16 when there is none.
  @inlinable @inline(__always)
  package var firstUnmarked: Int { (topBits ^ 0x1_FFFF).trailingZeroBitCount }

  /// Marks bytes below `limit`, and no other.
  @inlinable @inline(__always)
  package func isBelow(_ limit: UInt8) -> SIMD16<UInt8> { cv_below(self, limit) }

  /// Marks bytes below 0x20 and 0x7F. Bytes of 0x80 and above are not marked.
  @inlinable @inline(__always)
  var controls: SIMD16<UInt8> { isBelow(0x20) | equals(0x7F) }

  /// Marks letters of ASCII.
  @inlinable @inline(__always)
  package var letters: SIMD16<UInt8> {
    // 0...25 for letters, and no other byte is.
    let places: SIMD16<UInt8> =
      (self | SIMD16<UInt8>(repeating: 0x20)) &- SIMD16<UInt8>(repeating: 0x61)
    return places.isBelow(26)
  }

  /// Marks what is no plain text of ASCII in a JSON string: backslashes, bytes below 0x20, and bytes of 0x80 and
  /// above.
  @inlinable @inline(__always)
  package var notPlain: SIMD16<UInt8> {
    // This also marks some bytes of 0x80 and above, which are marked anyway, and no other.
    let low: SIMD16<UInt8> = self &- SIMD16<UInt8>(repeating: 0x20)
    return equals(0x5C) | low | self
  }

  /// The same, and quotation marks.
  @inlinable @inline(__always)
  package var marksInASCIIString: SIMD16<UInt8> { equals(0x22) | notPlain }
}
