public import CVectors

/// Sixteen bytes, checked in parallel.
///
/// A match is marked by its byte's top bit: by arithmetic, which in a vector never carries into the next byte, or by
/// ``equals(_:)``.
extension RawSpan {
  /// Whether there are sixteen bytes at offset `i`. ``vector(at:)`` makes the same comparison, which the optimizer
  /// omits after this one.
  @inlinable @inline(__always)
  package func hasVector(at i: Int) -> Bool {
    byteCount >= 16 && UInt(bitPattern: i) <= UInt(bitPattern: byteCount &- 16)
  }

  /// The sixteen bytes at offset `i`. Traps unless all are in bounds.
  @inlinable @inline(__always)
  package func vector(at i: Int) -> SIMD16<UInt8> {
    precondition(hasVector(at: i))
    // Proof: 0 <= i and i + 16 <= byteCount were just checked, and any sixteen bytes are a valid vector.
    return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: i, as: SIMD16<UInt8>.self)
  }
}

extension SIMD16<UInt8> {
  /// The top bit of each byte, that of the first byte lowest.
  @inlinable @inline(__always)
  package var topBits: UInt64 { cv_top_bits(self) }

  /// The place of the first byte whose top bit is set; 16 when there is none.
  @inlinable @inline(__always)
  package var firstMarked: Int { (topBits | 0x1_0000).trailingZeroBitCount }

  /// Marks the bytes that are `byte`, and no others.
  @inlinable @inline(__always)
  package func equals(_ byte: UInt8) -> SIMD16<UInt8> { cv_equal(self, byte) }

  /// The place of the first byte whose top bit is not set; 16 when there is none.
  @inlinable @inline(__always)
  package var firstUnmarked: Int { (topBits ^ 0x1_FFFF).trailingZeroBitCount }

  /// Marks the bytes below `limit`, and no others.
  @inlinable @inline(__always)
  package func isBelow(_ limit: UInt8) -> SIMD16<UInt8> { cv_below(self, limit) }

  /// Marks bytes below 0x20 and 0x7F. Bytes of 0x80 and above are not marked.
  @inlinable @inline(__always)
  var controls: SIMD16<UInt8> { isBelow(0x20) | equals(0x7F) }

  /// Marks ASCII letters.
  @inlinable @inline(__always)
  package var letters: SIMD16<UInt8> {
    // Letters become 0...25, and no other byte does.
    let places: SIMD16<UInt8> =
      (self | SIMD16<UInt8>(repeating: 0x20)) &- SIMD16<UInt8>(repeating: 0x61)
    return places.isBelow(26)
  }

  /// Marks bytes that are not plain ASCII text in a JSON string: backslashes, bytes below 0x20, and bytes of 0x80 and
  /// above.
  @inlinable @inline(__always)
  package var notPlain: SIMD16<UInt8> {
    // This also marks some bytes of 0x80 and above, which are marked anyway, and no others.
    let low: SIMD16<UInt8> = self &- SIMD16<UInt8>(repeating: 0x20)
    return equals(0x5C) | low | self
  }

  /// The same, and quotation marks.
  @inlinable @inline(__always)
  package var marksInASCIIString: SIMD16<UInt8> { equals(0x22) | notPlain }
}
