public import CVectors

/// Sixteen bytes looked at side by side.
///
/// A byte that is looked for is given its top bit by arithmetic, which in a vector never carries into the next byte,
/// or by ``equals(_:)``.
extension RawSpan {
  /// The sixteen bytes at offset `i`. Traps unless all are in bounds.
  @inlinable @inline(__always)
  package func vector(at i: Int) -> SIMD16<UInt8> {
    precondition(i >= 0 && i <= byteCount &- 16)
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

  /// Marks bytes below 0x20 and 0x7F. Bytes of 0x80 and above are not marked.
  @inlinable @inline(__always)
  var controls: SIMD16<UInt8> {
    let low: SIMD16<UInt8> = self &- SIMD16<UInt8>(repeating: 0x20)
    let delete: SIMD16<UInt8> =
      (self ^ SIMD16<UInt8>(repeating: 0x7F)) &- SIMD16<UInt8>(repeating: 1)
    return (low | delete) & ~self
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
