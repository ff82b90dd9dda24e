/// Checked reads of borrowed bytes, eight at a time where it pays.
///
/// Every parser of this project reads through these few members, so that the unsafe loads are all in one file, each
/// after its bounds check. They are inlined into their callers' modules: one call per byte across a module boundary
/// would cost more than the work itself.
extension RawSpan {
  /// The byte at offset `i`. Traps when `i` is out of bounds.
  @inlinable @inline(__always)
  package subscript(i: Int) -> UInt8 {
    precondition(UInt(bitPattern: i) < UInt(bitPattern: byteCount))
    // Proof: 0 <= i < byteCount was just checked.
    return unsafe unsafeLoad(fromUncheckedByteOffset: i, as: UInt8.self)
  }

  /// Whether there is a byte at offset `i`. The subscript makes the same comparison, which the optimizer omits after
  /// this one.
  @inlinable @inline(__always)
  package func has(_ i: Int) -> Bool { UInt(bitPattern: i) < UInt(bitPattern: byteCount) }

  /// The eight bytes at offset `i`, first byte lowest. Traps unless all eight are in bounds.
  @inlinable @inline(__always)
  package func word(at i: Int) -> UInt64 {
    precondition(i >= 0 && i <= byteCount &- 8)
    // Proof: 0 <= i and i + 8 <= byteCount were just checked.
    return unsafe UInt64(
      littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: i, as: UInt64.self))
  }

  /// The bytes `start..<end`, at most eight, as a word: the first one lowest, zeros after the last. Traps unless all
  /// are in bounds.
  @inlinable @inline(__always)
  package func word(from start: Int, to end: Int) -> UInt64 {
    let count = end &- start
    precondition(count >= 0 && count <= 8 && start >= 0 && end <= byteCount)
    guard start <= byteCount &- 8 else {
      return end >= 8 && count > 0
        ? word(at: end &- 8) &>> UInt64((8 &- count) &* 8) : wordNearEnd(start, end)
    }
    let word = word(at: start)
    return count == 8 ? word : word & ((1 as UInt64) &<< UInt64(count &* 8) &- 1)
  }

  /// The four bytes at offset `i`, first byte lowest. Traps unless all four are in bounds.
  @inlinable @inline(__always)
  func halfWord(at i: Int) -> UInt64 {
    precondition(i >= 0 && i <= byteCount &- 4)
    // Proof: 0 <= i and i + 4 <= byteCount were just checked.
    return unsafe UInt64(
      UInt32(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: i, as: UInt32.self)))
  }

  /// Like ``word(from:to:)``, if there are fewer than eight bytes from `start` on, and before `end`.
  @usableFromInline
  func wordNearEnd(_ start: Int, _ end: Int) -> UInt64 {
    let count = end &- start
    if count == 0 { return 0 }
    // Two halves that overlap, or first, middle and last byte. Where they overlap, both have the same bits.
    if count >= 4 {
      return halfWord(at: start) | halfWord(at: end &- 4) &<< UInt64((count &- 4) &* 8)
    }
    let middle = count &>> 1
    return UInt64(self[start]) | UInt64(self[start &+ middle]) &<< UInt64(middle &* 8)
      | UInt64(self[end &- 1]) &<< UInt64((count &- 1) &* 8)
  }

  /// The first of the offsets `start`, `start + step`, … at which there are eight bytes whose bit in `filter` is set;
  /// ``filterBit(of:)`` gives the bit. `byteCount` when there is none. `filter` has ``filterBytes`` bytes.
  @inlinable @inline(__always)
  package func firstFiltered(from start: Int, step: Int, by filter: RawSpan) -> Int {
    precondition(start >= 0 && step > 0 && filter.byteCount == RawSpan.filterBytes)
    var place = start
    while place <= byteCount &- 8 {
      // Proof: 0 <= place and place + 8 <= byteCount in this loop: steps are positive, and the loop ends at a sum that
      // overflows.
      let word = unsafe UInt64(
        littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt64.self))
      let bit = RawSpan.filterBit(of: word)
      // Proof: a bit's number is below 8 * filterBytes, and the filter has filterBytes bytes.
      let marks = unsafe filter.unsafeLoad(fromUncheckedByteOffset: bit &>> 3, as: UInt8.self)
      if marks &>> UInt8(truncatingIfNeeded: bit & 7) & 1 != 0 { return place }
      let next = place.addingReportingOverflow(step)
      if next.overflow { break }
      place = next.partialValue
    }
    return byteCount
  }

  /// Bytes of a filter: few enough to stay in the cache, and enough that nearly all other words are ruled out when it
  /// holds a few hundred.
  @inlinable package static var filterBytes: Int { 1024 }

  /// The bit of a filter for `word`: its multiplicative hash (Knuth, volume 3, section 6.4).
  @inlinable @inline(__always)
  package static func filterBit(of word: UInt64) -> Int {
    Int(truncatingIfNeeded: (word &* 0x9E37_79B9_7F4A_7C15) &>> (64 - 13))
  }

  /// The bytes `start..<end`. Traps when they are out of bounds.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  package func slice(_ start: Int, _ end: Int) -> RawSpan {
    extracting(start..<end)
  }

  /// The offset of the first byte at or after `start` that is below 0x20, or 0x7F; `byteCount` when there is none.
  ///
  /// It checks sixteen bytes at a time, then eight. Words are tested with the classic "has a byte less than n" trick
  /// (Anderson, Bit Twiddling Hacks). Bytes of 0x80 and above are not control bytes and do not stop the scan.
  @inlinable @inline(__always)
  package func firstControl(from start: Int) -> Int {
    precondition(start >= 0)
    var i = start
    while hasVector(at: i) {
      let place = vector(at: i).controls.firstMarked
      if place < 16 { return i &+ place }
      i &+= 16
    }
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    while i <= byteCount &- 8 {
      // Proof: i >= 0 and i + 8 <= byteCount in this loop; the sum is not computed, so it cannot wrap.
      let w = unsafe UInt64(
        littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: i, as: UInt64.self))
      let below = (w &- (ones &* 0x20)) & ~w
      let del = w ^ (ones &* 0x7f)
      let isDel = (del &- ones) & ~del
      let hit = (below | isDel) & highs
      if hit != 0 { return i &+ (hit.trailingZeroBitCount >> 3) }
      i &+= 8
    }
    while i < byteCount {
      // Proof: 0 <= i < byteCount in this loop.
      let byte = unsafe unsafeLoad(fromUncheckedByteOffset: i, as: UInt8.self)
      if byte < 0x20 || byte == 0x7f { return i }
      i &+= 1
    }
    return byteCount
  }

  /// The offset of the first byte at or after `start` that ends a run of plain text in a JSON string: a quotation
  /// mark, a backslash or a control byte. `byteCount` when there is none.
  @inlinable
  package func firstMarkInJSONString(from start: Int) -> Int {
    firstMarkInJSONString(from: start, orWide: 0)
  }

  /// The same, but a byte of 0x80 or above ends the run too: for ASCII text without escapes.
  @inlinable @inline(__always)
  package func firstMarkInASCIIString(from start: Int) -> Int {
    precondition(start >= 0)
    var i = start
    while hasVector(at: i) {
      let place = vector(at: i).marksInASCIIString.firstMarked
      if place < 16 { return i &+ place }
      i &+= 16
    }
    return firstMarkInJSONString(from: i, orWide: 0x8080_8080_8080_8080)
  }

  @inlinable @inline(__always)
  func firstMarkInJSONString(from start: Int, orWide wide: UInt64) -> Int {
    precondition(start >= 0)
    var i = start
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    while i <= byteCount &- 8 {
      let w = word(at: i)
      let quote = w ^ (ones &* 0x22)
      let backslash = w ^ (ones &* 0x5C)
      // A borrow can mark a byte wrongly, but never one before the first that is marked rightly.
      let hit =
        ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (w &- (ones &* 0x20)) & ~w)
        & highs | w & wide
      if hit != 0 { return i &+ (hit.trailingZeroBitCount >> 3) }
      i &+= 8
    }
    while i < byteCount {
      let byte = self[i]
      if byte == 0x22 || byte == 0x5C || byte < 0x20 || UInt64(byte) & wide & 0x80 != 0 { return i }
      i &+= 1
    }
    return byteCount
  }

  /// The offset of the first `byte` at or after `start`; `byteCount` when there is none.
  @inlinable
  package func firstIndex(of byte: UInt8, from start: Int) -> Int {
    precondition(start >= 0)
    var i = start
    let ones: UInt64 = 0x0101_0101_0101_0101
    let pattern = ones &* UInt64(byte)
    while i <= byteCount &- 8 {
      // Proof: i >= 0 and i + 8 <= byteCount in this loop; the sum is not computed, so it cannot wrap.
      let w =
        unsafe UInt64(
          littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: i, as: UInt64.self)) ^ pattern
      let hit = (w &- ones) & ~w & 0x8080_8080_8080_8080
      if hit != 0 { return i &+ (hit.trailingZeroBitCount >> 3) }
      i &+= 8
    }
    while i < byteCount {
      // Proof: 0 <= i < byteCount in this loop.
      if unsafe unsafeLoad(fromUncheckedByteOffset: i, as: UInt8.self) == byte { return i }
      i &+= 1
    }
    return byteCount
  }

  /// The offset of the first byte at or after `start` that is `byte`, or `byte` without `bit`, which must be set in it;
  /// `byteCount` when there is none.
  @inlinable
  package func firstIndex(of byte: UInt8, withOrWithout bit: UInt8, from start: Int) -> Int {
    precondition(start >= 0)
    var i = start
    let ones: UInt64 = 0x0101_0101_0101_0101
    let pattern = ones &* UInt64(byte)
    let either = ones &* UInt64(bit)
    while i <= byteCount &- 8 {
      // Proof: i >= 0 and i + 8 <= byteCount in this loop; the sum is not computed, so it cannot wrap.
      let w =
        (unsafe UInt64(
          littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: i, as: UInt64.self)) | either)
        ^ pattern
      let hit = (w &- ones) & ~w & 0x8080_8080_8080_8080
      if hit != 0 { return i &+ (hit.trailingZeroBitCount >> 3) }
      i &+= 8
    }
    while i < byteCount {
      // Proof: 0 <= i < byteCount in this loop.
      if unsafe unsafeLoad(fromUncheckedByteOffset: i, as: UInt8.self) | bit == byte { return i }
      i &+= 1
    }
    return byteCount
  }

  /// Whether these bytes are exactly those of `other`.
  @inlinable
  package func hasSameBytes(as other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    var i = 0
    while i &+ 8 <= byteCount {
      if word(at: i) != other.word(at: i) { return false }
      i &+= 8
    }
    // The last eight bytes, some of which were compared already, take one comparison.
    if byteCount >= 8 { return word(at: byteCount &- 8) == other.word(at: byteCount &- 8) }
    while i < byteCount {
      if self[i] != other[i] { return false }
      i &+= 1
    }
    return true
  }

  /// Whether these bytes are exactly those of `literal`.
  @inlinable @inline(__always)
  package func equals(_ literal: StaticString) -> Bool {
    guard byteCount == literal.utf8CodeUnitCount else { return false }
    // Proof: a string literal is kept as UTF-8 for the whole process, and it is read only below its length.
    let p = unsafe literal.utf8Start
    var i = 0
    while i < byteCount {
      // Proof: both sequences hold byteCount bytes.
      if self[i] != (unsafe p[i]) { return false }
      i &+= 1
    }
    return true
  }

  /// Whether these bytes are those of `literal`, ignoring the case of ASCII letters. `literal` must be in lower case.
  @inlinable
  package func equalsIgnoringCase(_ literal: StaticString) -> Bool {
    guard byteCount == literal.utf8CodeUnitCount else { return false }
    // Proof: a string literal is kept as UTF-8 for the whole process, and it is read only below its length.
    let p = unsafe literal.utf8Start
    var i = 0
    while i < byteCount {
      // Proof: both sequences hold byteCount bytes.
      if self[i].asciiLowercased != (unsafe p[i]) { return false }
      i &+= 1
    }
    return true
  }

  /// A copy of the bytes, for slow paths and tests.
  package func copied() -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(byteCount)
    for i in 0..<byteCount { result.append(self[i]) }
    return result
  }

  /// The bytes as text, with invalid UTF-8 repaired. Only for error texts and tests, never for comparisons.
  package var text: String { String(decoding: copied(), as: UTF8.self) }
}

extension UInt8 {
  /// The byte with `A`–`Z` turned into `a`–`z`; every other byte unchanged.
  @inlinable @inline(__always)
  package var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

  /// The value of a hexadecimal digit in either case; nil for any other byte.
  @inlinable @inline(__always)
  package var hexadecimalValue: UInt8? {
    switch self {
    case 0x30...0x39: self &- 0x30
    case 0x41...0x46: self &- 0x37
    case 0x61...0x66: self &- 0x57
    default: nil
    }
  }
}
