internal import Memory
internal import TrafficLog

/// The text of a call that full-text search looks into: path, error and request id.
///
/// The index splits it at everything that is no letter, digit or byte beyond ASCII, and compares without
/// case. The beginning that all paths share is left out; a request id is one word, its separators left out.
enum WordText {
  private static let commonPrefix: StaticString = "/api/v2"

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
    if let id = fields.requestID {
      out.put(UInt8(ascii: " "))
      putWord(ofRequestID: line.slice(id.lowerBound, id.upperBound), into: &out)
    }
  }

  private static func putPlain(_ inside: RawSpan, into out: inout ByteBuffer) {
    if inside.firstIndex(of: UInt8(ascii: "\\"), from: 0) == inside.byteCount {
      out.put(inside)
    } else {
      out.put(contentsOf: JSONText.plain(inside))
    }
  }

  private static func putWord(ofRequestID id: RawSpan, into out: inout ByteBuffer) {
    for i in 0..<id.byteCount where isOfWord(id[i]) { out.put(id[i]) }
  }

  /// What full-text search must match for a request id; nil when it has no letter or digit.
  static func match(requestID: String) -> String? {
    let word = requestID.utf8.filter(isOfWord)
    return word.isEmpty ? nil : "\"\(String(decoding: word, as: UTF8.self))\""
  }

  /// What full-text search must match for `text`: all its words, the last one of each part between blanks
  /// possibly cut short. Nil when it has no letter or digit. Quoted, so nothing in it is an operator.
  static func match(text: String) -> String? {
    var terms: [String] = []
    for part in text.utf8.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }) {
      let words = part.split(whereSeparator: { !isOfWord($0) })
      for (number, word) in words.enumerated() where terms.count < termLimit {
        let isLast = number == words.count - 1 && word.endIndex == part.endIndex
        terms.append("\"\(String(decoding: word, as: UTF8.self))\"" + (isLast ? "*" : ""))
      }
    }
    return terms.isEmpty ? nil : terms.joined(separator: " ")
  }

  /// Words of a search that the index is asked for; the others are compared only.
  private static let termLimit = 16

  private static func isOfWord(_ byte: UInt8) -> Bool {
    byte.asciiLowercased &- 0x61 < 26 || byte &- 0x30 < 10 || byte >= 0x80
  }
}
