import JSONText
import Memory

/// Promises about any sequence of bytes that is read as JSON.
enum JSONPromises {
  private static let depth = 16

  /// The promise that `bytes` break; nil if all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    let whole = RecordedEvents(bytes, pieces: [bytes.count])
    if whole.hasStrayParts { return "parts of a token follow each other" }
    for pieces in [[1], [2], [3, 1], [7, 1, 2], [8], [64, 5]] {
      let cut = RecordedEvents(bytes, pieces: pieces)
      if cut.hasStrayParts { return "parts of a token follow each other in pieces of \(pieces)" }
      if cut.withoutRest != whole.withoutRest { return "pieces of \(pieces) change nothing" }
    }
    let plain = PlainJSON.read(bytes, depth: depth)
    guard (plain == nil) == (whole.defect != nil) else {
      return "what a plain reader takes for JSON is JSON, and nothing else"
    }
    if let broken = brokenQuietly(bytes, whole) { return broken }
    if (try? value(bytes)) != plain { return "values are those of a plain reader" }
    return brokenEscaping(bytes)
  }

  /// Reading with only some of the events reported.
  private static func brokenQuietly(_ bytes: [UInt8], _ whole: RecordedEvents) -> String? {
    for depth in 0...2 {
      for pieces in [[bytes.count], [1]] {
        let quiet = RecordedEvents(bytes, pieces: pieces, reportedDepth: depth)
        if quiet.defect != whole.defect { return "what is not reported is checked all the same" }
      }
    }
    let lenient = RecordedEvents(bytes, pieces: [3], allowsLoneSurrogates: true)
    if whole.defect == nil, lenient != whole { return "leniency takes nothing away" }
    if lenient.defect == nil, let defect = whole.defect, defect.expected != .surrogatePair {
      return "leniency is for halves of pairs alone"
    }
    return nil
  }

  /// Writes any bytes as the content of a string, and reads it back.
  private static func brokenEscaping(_ bytes: [UInt8]) -> String? {
    var out = ByteBuffer()
    out.put(escapingForJSON: bytes.span.bytesOfElements)
    let inside = out.bytes.copied()
    let quoted = [0x22] + inside + [0x22]
    guard RecordedEvents(quoted, pieces: [5]).tokens.first?.text == inside else {
      return "any bytes can be the inside of a string"
    }
    let text = Array(String(decoding: bytes, as: UTF8.self).utf8)
    let isText = String(validating: bytes, as: UTF8.self) != nil
    guard case .string(let back)? = PlainJSON.read(quoted) else { return "it is JSON" }
    if JSONString.text(of: out.bytes) != back { return "escapes stand for what they stand for" }
    return !isText || back == text ? nil : "text comes back as it was"
  }

  /// The value that a cursor reads, in the form of the plain reader.
  static func value(_ bytes: [UInt8]) throws(JSONDefect) -> PlainJSON {
    var cursor = JSONCursor(bytes.span.bytesOfElements, depthLimit: depth)
    let value = try value(cursor.value(), &cursor)
    try cursor.end()
    return value
  }

  private static func value(
    _ event: JSONEvent, _ cursor: inout JSONCursor
  ) throws(JSONDefect) -> PlainJSON {
    switch event.kind {
    case .objectStart:
      var members: [PlainJSON.Member] = []
      while let name = try cursor.nextMember() {
        let text = JSONString.text(of: cursor.slice(name))
        members.append(.init(name: text, value: try value(cursor.value(), &cursor)))
      }
      return .object(members)
    case .arrayStart:
      var elements: [PlainJSON] = []
      while let element = try cursor.nextElement() { elements.append(try value(element, &cursor)) }
      return .array(elements)
    case .string: return .string(JSONString.text(of: cursor.slice(event.range)))
    case .number: return .number(cursor.slice(event.range).text)
    case .isTrue, .isFalse: return .bool
    case .null, .name, .objectEnd, .arrayEnd: return .null
    }
  }
}
