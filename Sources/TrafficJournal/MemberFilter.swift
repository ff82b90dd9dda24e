internal import Memory

/// A Bloom filter (Burton H. Bloom, 1970): a set that may answer "perhaps" for something it does not contain, but never
/// "no" for something it contains. It shows which blocks need not be unpacked for a request id or a word.
///
/// The filter is filled at its largest size and stored as small as its members allow. Its length is a power of two, so
/// a position in the shorter filter is the position in the longer one without its upper bits.
struct MemberFilter {
  /// Bits set for each member.
  private static let marks = 6
  /// Least number of bits per member in the stored filter. One in two hundred absent members is then taken for present.
  private static let bitsForMember = 12
  private static let leastBits = 64

  private var words: [UInt64]
  private(set) var members = 0

  /// - Parameter bits: a power of two, 64 or more.
  init(bits: Int) { words = Array(repeating: 0, count: bits / 64) }

  /// Adds the member with this hash, if it is new.
  mutating func add(_ hash: UInt64) {
    var isNew = false
    for i in 0..<MemberFilter.marks {
      let place = MemberFilter.place(hash, i, mask: words.count * 64 - 1)
      let bit: UInt64 = 1 &<< UInt64(place & 63)
      if words[place >> 6] & bit == 0 {
        words[place >> 6] |= bit
        isNew = true
      }
    }
    if isNew { members += 1 }
  }

  mutating func removeAll() {
    for i in words.indices { words[i] = 0 }
    members = 0
  }

  /// Appends the filter, folded to the length that its members need.
  func put(into out: inout ByteBuffer) {
    var folded = words
    let needed = max(MemberFilter.leastBits, members * MemberFilter.bitsForMember)
    while folded.count > 1, folded.count * 32 >= needed {
      let half = folded.count / 2
      for i in 0..<half { folded[i] |= folded[i + half] }
      folded.removeLast(half)
    }
    for word in folded { out.put(word: word, count: 8) }
  }

  /// Whether a stored filter may contain the member with this hash. A damaged filter may contain anything.
  static func mayHave(_ hash: UInt64, in stored: RawSpan) -> Bool {
    let bits = stored.byteCount * 8
    guard bits >= leastBits, bits & (bits - 1) == 0 else { return true }
    for i in 0..<marks {
      let place = place(hash, i, mask: bits - 1)
      if stored[place >> 3] & 1 << UInt8(place & 7) == 0 { return false }
    }
    return true
  }

  private static func place(_ hash: UInt64, _ number: Int, mask: Int) -> Int {
    // Two hashes are enough to derive any number of them (Kirsch and Mitzenmacher, 2006).
    Int(truncatingIfNeeded: hash &+ UInt64(number) &* (hash &>> 32 | 1)) & mask
  }

  /// A hash of bytes, ignoring the case of ASCII letters: FNV-1a with its bits mixed at the end.
  static func hash(_ bytes: RawSpan) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    var i = 0
    while i < bytes.byteCount {
      hash = (hash ^ UInt64(bytes[i].asciiLowercased)) &* 0x100_0000_01B3
      i &+= 1
    }
    hash = (hash ^ hash &>> 33) &* 0xFF51_AFD7_ED55_8CCD
    hash = (hash ^ hash &>> 33) &* 0xC4CE_B9FE_1A85_EC53
    return hash ^ hash &>> 33
  }
}
