/// Bounds on a message head. Anything beyond them is refused, never cut.
@usableFromInline package struct HeadLimits: Sendable {
  /// Bytes of the whole head with its closing empty line.
  package var headBytes: Int
  /// Bytes of the request target.
  package var targetBytes: Int
  /// Bytes of one field line without its CRLF.
  package var lineBytes: Int
  /// Field lines.
  package var fieldCount: Int
  /// The head is an answer's. Its lines are read as RFC 9112 section 5.1 requires of a proxy: whitespace between a
  /// field's name and its colon is removed, while a request is refused for it.
  package var isOfAnswer = false

  package init(
    headBytes: Int, targetBytes: Int, lineBytes: Int, fieldCount: Int, isOfAnswer: Bool = false
  ) {
    self.isOfAnswer = isOfAnswer
    self.headBytes = headBytes
    self.targetBytes = targetBytes
    self.lineBytes = lineBytes
    self.fieldCount = fieldCount
  }

  /// Callers: 32 KiB per head, 8 KiB per line and target (RFC 9112 section 3 recommends 8,000), 100 fields.
  package static let requests = HeadLimits(
    headBytes: 32 * 1024, targetBytes: 8 * 1024, lineBytes: 8 * 1024, fieldCount: 100)

  /// Upstream: 64 KiB per head, 200 fields.
  package static let responses = HeadLimits(
    headBytes: 64 * 1024, targetBytes: 0, lineBytes: 32 * 1024, fieldCount: 200, isOfAnswer: true)
}
