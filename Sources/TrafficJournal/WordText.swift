internal import JSONText
internal import Memory
internal import TrafficLog

/// The text of a call that is searched for words: path and error.
///
/// It is split at everything that is no letter, digit or byte beyond ASCII, and compared without case. The
/// beginning that all paths share is left out.
enum WordText {
  private static let commonPrefix: StaticString = "/api/v2"
  /// Lengths of the beginnings that a block's filter knows of each word.
  static let beginnings = [16, 8, 4]

  /// Writes the text of the call that `line` tells of into `out`, in place of what is there.
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

  /// Adds every word of `text` and its beginnings to `filter`.
  static func add(wordsOf text: RawSpan, to filter: inout MemberFilter) {
    var next = 0
    while let word = nextWord(of: text, from: &next) {
      filter.add(MemberFilter.hash(text.slice(word.lowerBound, word.upperBound)))
      for length in beginnings where length < word.count {
        filter.add(MemberFilter.hash(text.slice(word.lowerBound, word.lowerBound + length)))
      }
    }
  }

  /// The first word at or behind `place`, which goes behind it; nil when there is none.
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

/// What a call's words must match: all words of a search, the last one of each part between blanks possibly
/// cut short.
struct WordTerms: Sendable {
  fileprivate struct Term: Sendable {
    let bytes: [UInt8]
    let mayBeCutShort: Bool
    /// Of the term, or of the longest of its beginnings that filters know; nil when it is too short for that.
    let hash: UInt64?
  }

  /// Words that are looked at; the others are compared as part of the text only.
  private static let limit = 16

  private var terms: [Term] = []

  /// Nil when `text` has no letter or digit.
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

  /// Whether a block with this filter may have a call that matches.
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
