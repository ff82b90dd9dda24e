package import Memory
internal import TextCoding

/// Finds a credential in bytes from someone who has seen it, without examining every byte.
///
/// It knows the eight-byte words at the first ``span`` offsets of every text it searches for. On any grid with a step
/// of `span` bytes, one position of an occurrence has one of those words. So it is enough to look up the words at these
/// positions: a few loads for each kilobyte, while a comparison would need one for each byte. (Wu and Manber, A fast
/// algorithm for multi-pattern searching, 1994, with blocks of eight bytes.)
///
/// Everything that could reveal the credential is in memory that is kept out of dumps.
package final class CredentialSearch: Sendable {
  /// Shorter texts are not searched for: they would be found by chance.
  package static let leastLength = 8

  private static let bits: UInt64 = 10
  private static let heads = 1 << Int(bits)
  /// The most offsets that are known of a text. Longer steps would need larger tables.
  private static let spanLimit = 512

  /// Size of the filter, in bytes: enough bits that only about one in twenty is set, and few enough that the credential
  /// cannot be reconstructed from them.
  static let filterBytes = RawSpan.filterBytes
  /// The span of a search without a text.
  static let noSpan = Int.max / 4

  /// The memory has four parts. First the filter, with a bit for each hash of a word of a text. Then the table: for
  /// each hash of a word the number of an entry, from 1, or 0. Then, for each entry, the number of the next one with
  /// the same hash. Numbers have two bytes, low byte first. Last the texts.
  ///
  /// The entry of a text's offset has the number `text * span + offset + 1`.
  private let memory: SecretBytes
  /// The distance between the positions that are examined; without a text, none is.
  let span: Int
  /// Where the texts begin in ``memory``, followed by the end of the last one.
  private let texts: [Int]
  /// The bytes that occur in the texts, one bit for each value.
  private let alphabet: (UInt64, UInt64, UInt64, UInt64)

  /// - Parameter texts: What to search for. Texts that are too short are left out.
  package init(_ texts: [SecretBytes]) {
    let texts = texts.filter { $0.count >= CredentialSearch.leastLength }
    let shortest = texts.map(\.count).min() ?? 0
    let span = min(CredentialSearch.spanLimit, shortest - 7)
    self.span = texts.isEmpty ? CredentialSearch.noSpan : span
    let entries = texts.isEmpty ? 0 : texts.count * span
    var table = [UInt16](repeating: 0, count: CredentialSearch.heads + entries)
    var filter = [UInt8](repeating: 0, count: CredentialSearch.filterBytes)
    var letters: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    for (number, text) in texts.enumerated() {
      for offset in 0..<span {
        let entry = number * span + offset
        let bit = RawSpan.filterBit(of: text.bytes.word(at: offset))
        filter[bit >> 3] |= 1 << UInt8(bit & 7)
        let head = CredentialSearch.hash(text.bytes.word(at: offset))
        table[CredentialSearch.heads + entry] = table[head]
        table[head] = UInt16(entry + 1)
      }
      for i in 0..<text.count {
        let byte = text.bytes[i]
        let bit: UInt64 = 1 &<< UInt64(byte & 63)
        switch byte >> 6 {
        case 0: letters.0 |= bit
        case 1: letters.1 |= bit
        case 2: letters.2 |= bit
        default: letters.3 |= bit
        }
      }
    }
    alphabet = letters
    // Reserved at full size, because a growing buffer leaves copies behind.
    var room = ByteBuffer(
      capacity: filter.count + table.count * 2 + texts.reduce(0) { $0 + $1.count })
    room.put(contentsOf: filter)
    for number in table { room.put(word: UInt64(number), count: 2) }
    var places: [Int] = []
    for text in texts {
      places.append(room.count)
      room.put(text.bytes)
    }
    places.append(room.count)
    self.texts = places
    memory = SecretBytes(copying: room.bytes)
    room.overwriteWithZeros()
    for i in table.indices { table[i] = 0 }
    for i in filter.indices { filter[i] = 0 }
  }

  /// Searches for the credential of each `Authorization: Basic …` line, and for the secret key in it.
  package convenience init(basicLines lines: [SecretBytes]) {
    var texts: [SecretBytes] = []
    for line in lines {
      let start = min(BasicCredential.credentialStart, line.count)
      let credential = line.bytes.slice(start, max(start, line.count - 2))
      var pair = ByteBuffer(capacity: line.count)
      if Base64.standard.decode(credential, into: &pair) {
        let secretStart = min(pair.count, pair.bytes.firstIndex(of: UInt8(ascii: ":"), from: 0) + 1)
        texts.append(SecretBytes(copying: pair.bytes.slice(secretStart, pair.count)))
      }
      pair.overwriteWithZeros()
      texts.append(SecretBytes(copying: credential))
    }
    self.init(texts)
  }

  private static func hash(_ word: UInt64) -> Int {
    Int(truncatingIfNeeded: (word &* 0x9E37_79B9_7F4A_7C15) &>> (64 - bits))
  }

  /// Appends the filter. If a bit is not set, no text has a word with that hash.
  func putFilter(into out: inout ByteBuffer) {
    let memory = memory
    out.put(memory.bytes.slice(0, CredentialSearch.filterBytes))
  }

  /// Whether `bytes` contains one of the texts completely.
  package func occurs(in bytes: RawSpan) -> Bool {
    var place = span - 1
    while place <= bytes.byteCount - 8 {
      if occurs(in: bytes, around: place) { return true }
      place += span
    }
    return false
  }

  /// Whether `bytes` contains a text that has the word at `place` among its known words.
  func occurs(in bytes: RawSpan, around place: Int) -> Bool {
    let memory = memory
    let word = bytes.word(at: place)
    let head = CredentialSearch.filterBytes + CredentialSearch.hash(word) * 2
    let entry = UInt16(truncatingIfNeeded: memory.bytes.word(at: head))
    return entry != 0 && confirms(word, place, in: bytes, Int(entry))
  }

  /// Whether a text surrounds the word at `place`, checking the entries from `first` on.
  private func confirms(_ word: UInt64, _ place: Int, in bytes: RawSpan, _ first: Int) -> Bool {
    let memory = memory
    let bytesOfAll = memory.bytes
    var entry = first
    while entry != 0 {
      let (text, offset) = (entry - 1).quotientAndRemainder(dividingBy: span)
      let start = place - offset
      if bytesOfAll.word(at: texts[text] + offset) == word, start >= 0,
        isText(text, at: start, in: bytes)
      {
        return true
      }
      let next = CredentialSearch.filterBytes + (CredentialSearch.heads + entry - 1) * 2
      entry = Int(bytesOfAll[next]) | Int(bytesOfAll[next + 1]) << 8
    }
    return false
  }

  private func isText(_ text: Int, at start: Int, in bytes: RawSpan) -> Bool {
    let length = texts[text + 1] - texts[text]
    guard start <= bytes.byteCount - length else { return false }
    return isEqual(text, upTo: length, at: start, in: bytes)
  }

  /// Whether the first `length` bytes of the text are at `start`.
  private func isEqual(_ text: Int, upTo length: Int, at start: Int, in bytes: RawSpan) -> Bool {
    let memory = memory
    let known = memory.bytes.slice(texts[text], texts[text] + length)
    var i = 0
    while i <= length - 8 {
      guard known.word(at: i) == bytes.word(at: start + i) else { return false }
      i += 8
    }
    while i < length {
      guard known[i] == bytes[start + i] else { return false }
      i += 1
    }
    return true
  }

  /// The length of the longest text at `start`; 0 for none.
  package func length(at start: Int, in bytes: RawSpan) -> Int {
    var longest = 0
    for text in 0..<texts.count - 1 {
      let length = texts[text + 1] - texts[text]
      if length > longest, isText(text, at: start, in: bytes) { longest = length }
    }
    return longest
  }

  /// The most bytes at the end of `bytes` that could be the beginning of a text which continues after it.
  package func beginning(atEndOf bytes: RawSpan) -> Int {
    guard bytes.byteCount > 0, has(bytes[bytes.byteCount - 1]) else { return 0 }
    let memory = memory
    let known = memory.bytes
    var longest = 0
    for text in 0..<texts.count - 1 {
      let length = texts[text + 1] - texts[text]
      let first = known[texts[text]]
      var start = max(0, bytes.byteCount - (length - 1))
      while bytes.byteCount - start > longest {
        start = bytes.firstIndex(of: first, from: start)
        let rest = bytes.byteCount - start
        guard rest > longest else { break }
        if isEqual(text, upTo: rest, at: start, in: bytes) { longest = rest }
        start += 1
      }
    }
    return longest
  }

  /// Whether some text has this byte.
  private func has(_ byte: UInt8) -> Bool {
    let word =
      switch byte >> 6 {
      case 0: alphabet.0
      case 1: alphabet.1
      case 2: alphabet.2
      default: alphabet.3
      }
    return word &>> UInt64(byte & 63) & 1 != 0
  }
}
