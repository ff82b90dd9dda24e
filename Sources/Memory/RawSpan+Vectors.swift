/// Sixteen bytes looked at side by side.
///
/// Comparing vectors compiles to some fifteen instructions a byte, adding and masking them to one for all sixteen.
/// So a byte that is looked for is given its top bit by arithmetic, which in a vector never carries into the next
/// byte.
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
  /// The place of the first byte whose top bit is set; 16 when there is none.
  @inlinable @inline(__always)
  package var firstMarked: Int {
    // Proof: both types are sixteen bytes, and every value of them is one of the other.
    let halves = unsafe unsafeBitCast(
      self & SIMD16<UInt8>(repeating: 0x80), to: SIMD2<UInt64>.self)
    let low = UInt64(littleEndian: halves[0])
    if low != 0 { return low.trailingZeroBitCount &>> 3 }
    let high = UInt64(littleEndian: halves[1])
    return high != 0 ? 8 &+ high.trailingZeroBitCount &>> 3 : 16
  }

  /// The same without a branch, for places that differ from call to call.
  @inlinable @inline(__always)
  package var firstMarkedOfAny: Int {
    // Proof: both types are sixteen bytes, and every value of them is one of the other.
    let halves = unsafe unsafeBitCast(
      self & SIMD16<UInt8>(repeating: 0x80), to: SIMD2<UInt64>.self)
    // The product moves the lowest bit of byte i to bit 56 + i; no two of its terms meet, so nothing is carried.
    let gather: UInt64 = 0x0102_0408_1020_4080
    let low = (UInt64(littleEndian: halves[0]) &>> 7 &* gather) &>> 56
    let high = (UInt64(littleEndian: halves[1]) &>> 7 &* gather) &>> 56
    return (low | high &<< 8 | 0x1_0000).trailingZeroBitCount
  }

  /// Marks bytes below 0x20 and 0x7F. Bytes of 0x80 and above are not marked.
  @inlinable @inline(__always)
  var controls: SIMD16<UInt8> {
    let low: SIMD16<UInt8> = self &- SIMD16<UInt8>(repeating: 0x20)
    let delete: SIMD16<UInt8> =
      (self ^ SIMD16<UInt8>(repeating: 0x7F)) &- SIMD16<UInt8>(repeating: 1)
    return (low | delete) & ~self
  }

  /// Marks quotation marks, backslashes, bytes below 0x20, and bytes of 0x80 and above.
  @inlinable @inline(__always)
  package var marksInASCIIString: SIMD16<UInt8> {
    let one = SIMD16<UInt8>(repeating: 1)
    // Each of the three also marks some bytes of 0x80 and above, which are marked anyway, and no other.
    let quote: SIMD16<UInt8> = (self ^ SIMD16<UInt8>(repeating: 0x22)) &- one
    let backslash: SIMD16<UInt8> = (self ^ SIMD16<UInt8>(repeating: 0x5C)) &- one
    let low: SIMD16<UInt8> = self &- SIMD16<UInt8>(repeating: 0x20)
    return quote | backslash | low | self
  }
}
