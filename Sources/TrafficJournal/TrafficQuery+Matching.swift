internal import JSONText
internal import Memory
internal import TrafficLog

/// Whether a line is one that is asked for, told from the line alone.
extension TrafficQuery {
  /// Whether all conditions hold for `line`.
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

  /// Whether `status` is one of those that are asked for.
  func hasStatus(_ status: Int64) -> Bool {
    statuses?.contains { $0.contains(status) } ?? true
  }

  /// Whether path and error have each of the words, and method and request id are those wanted.
  func hasText(of line: RawSpan) -> Bool {
    guard mayHaveRequestID(line), let fields = LineFields(line) else { return false }
    return hasText(fields, of: line)
  }

  /// Whether the request id may be in `line`, without reading its members: a search for one call looks at every
  /// line of some blocks. What has an escape in it may have anything.
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

  /// The text that stands in `bounds`, its escapes undone.
  static func plain(_ line: RawSpan, _ bounds: Range<Int>) -> String {
    String(
      decoding: JSONString.text(of: line.slice(bounds.lowerBound, bounds.upperBound)), as: UTF8.self
    )
  }
}

extension String {
  /// With `A`–`Z` turned into `a`–`z`, as the index compares.
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
  /// Whether `bytes`, one at least, stand somewhere in it.
  fileprivate func contains(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 0 else { return true }
    let length = bytes.byteCount
    let last = bytes[length - 1]
    var start = firstIndex(of: bytes[0], from: 0)
    while start + length <= byteCount {
      // Its last byte tells most of what is something else.
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
