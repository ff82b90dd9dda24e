internal import JSONText
internal import Memory
internal import TrafficLog

/// Decides from a line alone whether it matches the query.
extension TrafficQuery {
  /// Whether `line` meets all conditions.
  package func matches(_ line: [UInt8]) -> Bool {
    guard let fields = LineFields(line.span.bytesOfElements) else { return false }
    if let since, fields.microsecond < since { return false }
    if let until, fields.microsecond >= until { return false }
    guard hasStatus(fields.status) else { return false }
    if let slower, fields.duration <= slower { return false }
    for (wanted, bounds) in [
      (caller, fields.caller), (app, fields.app), (operation, fields.operation),
    ] {
      guard let wanted else { continue }
      guard let bounds, TrafficQuery.plain(line.span.bytesOfElements, bounds) == wanted else {
        return false
      }
    }
    return hasText(fields, of: line.span.bytesOfElements)
  }

  /// Whether `status` is one of those in the query.
  func hasStatus(_ status: Int64) -> Bool {
    statuses?.contains { $0.contains(status) } ?? true
  }

  /// Whether path and error contain all words, and method and request id are those of the query.
  func hasText(of line: RawSpan) -> Bool {
    guard mayHaveRequestID(line), let fields = LineFields(line) else { return false }
    return hasText(fields, of: line)
  }

  /// Whether `line` may contain the request id, decided without reading its members. A search for one call compares
  /// every line of some blocks. A line with an escape may contain any id.
  private func mayHaveRequestID(_ line: RawSpan) -> Bool {
    guard let requestID else { return true }
    return line.contains(requestID.utf8.span.bytesOfElements)
      || line.firstIndex(of: UInt8(ascii: "\\"), from: 0) < line.byteCount
  }

  private func hasText(_ fields: LineFields, of line: RawSpan) -> Bool {
    if let requestID {
      guard let bounds = fields.requestID,
        TrafficQuery.plain(line, bounds) == requestID
      else { return false }
    }
    if let method {
      guard let bounds = fields.method, TrafficQuery.plain(line, bounds) == method
      else { return false }
    }
    guard let text else { return true }
    if let terms = WordTerms(text) {
      var words = ByteBuffer()
      WordText.put(fields, of: line, into: &words)
      guard terms.match(wordsOf: words.bytes) else { return false }
    }
    var searched = ""
    if let path = fields.path { searched = TrafficQuery.plain(line, path).asciiLowercased }
    if let error = fields.error { searched += " " + TrafficQuery.plain(line, error) }
    let haystack = Array(searched.utf8)
    return text.asciiLowercased.utf8.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
      .allSatisfy { haystack.contains(bytes: Array($0)) }
  }

  /// The text in `bounds`, with its escapes decoded.
  static func plain(_ line: RawSpan, _ bounds: Range<Int>) -> String {
    String(
      decoding: JSONString.text(of: line.slice(bounds.lowerBound, bounds.upperBound)), as: UTF8.self
    )
  }
}

extension String {
  /// The text with `A`–`Z` replaced by `a`–`z`, as the index compares.
  fileprivate var asciiLowercased: String {
    String(decoding: utf8.map(\.asciiLowercased), as: UTF8.self)
  }
}

extension Array where Element == UInt8 {
  fileprivate func contains(bytes: [UInt8]) -> Bool {
    guard !bytes.isEmpty, bytes.count <= count else { return bytes.isEmpty }
    return (0...count - bytes.count).contains { start in
      self[start..<start + bytes.count].elementsEqual(bytes)
    }
  }
}

extension RawSpan {
  /// Whether `bytes` occur in it.
  fileprivate func contains(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 0 else { return true }
    let length = bytes.byteCount
    let last = bytes[length - 1]
    var start = firstIndex(of: bytes[0], from: 0)
    while start + length <= byteCount {
      // Comparing the last byte first rules out most other text.
      if self[start + length - 1] == last,
        slice(start, start + length).hasSameBytes(as: bytes)
      {
        return true
      }
      start = firstIndex(of: bytes[0], from: start + 1)
    }
    return false
  }
}
