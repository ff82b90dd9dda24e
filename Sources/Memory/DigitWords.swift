/// The digits of a number as ASCII, eight at a time in one word, with the first digit in the lowest byte.
///
/// Every digit of a line or a head is made here. Parts of a word are processed in parallel, first halves, then pairs,
/// then single digits, instead of with one division per digit.
@usableFromInline
enum DigitWords {
  @usableFromInline static var asciiZeros: UInt64 { @inlinable get { 0x3030_3030_3030_3030 } }

  /// The eight decimal digits of `value`, each 0...9, not yet ASCII. `value` is below 100,000,000.
  @inlinable @inline(__always)
  static func decimal(_ value: UInt64) -> UInt64 {
    // Four digits in each half of the word: value / 10,000 and the remainder.
    let high = value / 10_000
    let fours = high | (value &- high &* 10_000) &<< 32
    // x * 10,486 >> 20 is x / 100 for x below 10,000; x * 103 >> 10 is x / 10 for x below 100. Neither product reaches
    // into the next part, and the mask drops what the shift brings in from there.
    let hundreds = (fours &* 10_486) &>> 20 & 0x0000_007F_0000_007F
    let pairs = hundreds | (fours &- hundreds &* 100) &<< 16
    let tens = (pairs &* 103) &>> 10 & 0x000F_000F_000F_000F
    return tens | (pairs &- tens &* 10) &<< 8
  }

  /// The eight hexadecimal digits of `value` in lower case, as ASCII.
  @inlinable @inline(__always)
  static func hexadecimal(_ value: UInt32) -> UInt64 {
    // Put one byte into each 16 bits, the highest byte lowest; then one digit into each byte.
    var x = UInt64(value.byteSwapped)
    x = (x | x &<< 16) & 0x0000_FFFF_0000_FFFF
    x = (x | x &<< 8) & 0x00FF_00FF_00FF_00FF
    x = (x &>> 4 | x &<< 8) & 0x0F0F_0F0F_0F0F_0F0F
    // Each byte whose digit is a letter gets a 1.
    let letters = (x &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
    return x &+ asciiZeros &+ letters &* 0x27
  }
}
