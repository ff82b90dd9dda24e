internal import JSONText
internal import Memory
internal import TrafficLog

/// The text of a call that is searched for words: path and error.
///
/// It is split at everything that is not a letter, a digit or a byte beyond ASCII, and compared without case. The
/// prefix that all paths share is left out.
enum WordText {
  private static let commonPrefix: StaticString = "/api/v2"
  /// Lengths of the prefixes of each word that a block's filter contains.
  static let beginnings = [16, 8, 4]

  /// Replaces the contents of `out` with the text of the call in `line`.
  static func put(_ fields: LineFields, of line: RawSpan, into out: inout ByteBuffer) {
    out.removeAll()
    if let path = fields.path {
      var text = line.slice(path.lowerBound, path.upperBound)
      let prefix = commonPrefix.utf8CodeUnitCount
      if text.byteCount >= prefix, text.slice(0, prefix).equals(commonPrefix) {
        text = text.slice(prefix, text.byteCount)
      }
      putPlain(text, into: &out)
    }
    if let error = fields.error {
      out.put(UInt8(ascii: " "))
      out.put(line.slice(error.lowerBound, error.upperBound))
    }
  }

  private static func putPlain(_ inside: RawSpan, into out: inout ByteBuffer) {
    if inside.firstIndex(of: UInt8(ascii: "\\"), from: 0) == inside.byteCount {
      out.put(inside)
    } else {
      JSONString.putText(of: inside, into: &out)
    }
  }

  /// Adds every word of `text` and its prefixes to `filter`.
  static func add(wordsOf text: RawSpan, to filter: inout MemberFilter) {
    var next = 0
    while let word = nextWord(of: text, from: &next) {
      filter.add(MemberFilter.hash(text.slice(word.lowerBound, word.upperBound)))
      for length in beginnings where length < word.count {
        filter.add(MemberFilter.hash(text.slice(word.lowerBound, word.lowerBound + length)))
      }
    }
  }

  /// The first word at or after `place`; nil if there is none. Moves `place` past it.
  static func nextWord(of text: RawSpan, from place: inout Int) -> Range<Int>? {
    while place < text.byteCount, !isOfWord(text[place]) { place += 1 }
    let start = place
    while place < text.byteCount, isOfWord(text[place]) { place += 1 }
    return place > start ? start..<place : nil
  }

  static func isOfWord(_ byte: UInt8) -> Bool {
    byte.asciiLowercased &- 0x61 < 26 || byte &- 0x30 < 10 || byte >= 0x80
  }
}

/// The words that a call must match: all words of a search. The last word of each part between blanks may be only the
/// beginning of a word.
struct WordTerms: Sendable {
  fileprivate struct Term: Sendable {
    let bytes: [UInt8]
    let mayBeCutShort: Bool
    /// The hash of the term, or of its longest prefix that filters contain; nil if the term is too short for that.
    let hash: UInt64?
  }

  /// Maximum number of words compared as words; further ones are compared only as part of the text.
  private static let limit = 16

  private var terms: [Term] = []

  /// Nil if `text` has no letter or digit.
  init?(_ text: String) {
    for part in text.utf8.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }) {
      let words = part.split(whereSeparator: { !WordText.isOfWord($0) })
      for (number, word) in words.enumerated() where terms.count < WordTerms.limit {
        let isLast = number == words.count - 1 && word.endIndex == part.endIndex
        terms.append(WordTerms.term(word.map(\.asciiLowercased), mayBeCutShort: isLast))
      }
    }
    if terms.isEmpty { return nil }
  }

  private static func term(_ bytes: [UInt8], mayBeCutShort: Bool) -> Term {
    let known =
      mayBeCutShort
      ? WordText.beginnings.first { $0 <= bytes.count }.map { Array(bytes.prefix($0)) } : bytes
    return Term(
      bytes: bytes, mayBeCutShort: mayBeCutShort,
      hash: known.map { MemberFilter.hash($0.span.bytesOfElements) })
  }

  /// Whether a block with this filter may contain a call that matches.
  func mayMatch(in filter: RawSpan) -> Bool {
    for term in terms {
      if let hash = term.hash, !MemberFilter.mayHave(hash, in: filter) { return false }
    }
    return true
  }

  /// Whether each term is a word of `text`, or the beginning of one.
  func match(wordsOf text: RawSpan) -> Bool {
    for term in terms {
      var place = 0
      var isFound = false
      while !isFound, let word = WordText.nextWord(of: text, from: &place) {
        isFound = term.isWord(text, word)
      }
      if !isFound { return false }
    }
    return true
  }
}

extension WordTerms.Term {
  fileprivate func isWord(_ text: RawSpan, _ word: Range<Int>) -> Bool {
    guard mayBeCutShort ? word.count >= bytes.count : word.count == bytes.count else {
      return false
    }
    for i in bytes.indices where text[word.lowerBound + i].asciiLowercased != bytes[i] {
      return false
    }
    return true
  }
}
