internal import Memory

/// Searches for the end of a head that arrives in pieces, without reading any byte twice.
///
/// A head that is not complete in its first read is not parsed again with every byte that follows: a caller that sends
/// one byte at a time would make that quadratic. It is parsed once more when its end has arrived.
@usableFromInline package struct HeadScanner: Sendable {
  /// Bytes searched so far.
  private var scanned = 0
  /// Offset of the line that is being searched.
  private var lineStart = 0
  /// Empty lines before the request line; nil once that has begun.
  private var leadingLines: Int? = 0

  package init() {}

  /// Starts over: the next bytes begin a request's head.
  @usableFromInline mutating func beginAnew() { self = HeadScanner() }

  /// For a head whose start line must be the first line: an answer's.
  package init(behindLeadingLines: Bool) { leadingLines = behindLeadingLines ? nil : 0 }

  /// Whether `bytes`, all that has arrived of the head, hold its closing empty line.
  ///
  /// - Throws: `.bareLineFeed` for a line that ends in LF alone, which would never end, and
  ///   `.leadingWhitespace` for more empty lines before the request line than its parser takes.
  package mutating func findsEnd(in bytes: RawSpan) throws(RequestFault) -> Bool {
    while true {
      let feed = bytes.firstIndex(of: UInt8(ascii: "\n"), from: scanned)
      guard feed < bytes.byteCount else {
        scanned = bytes.byteCount
        return false
      }
      guard feed > lineStart, bytes[feed &- 1] == UInt8(ascii: "\r") else { throw .bareLineFeed }
      let isEmpty = feed &- lineStart == 1
      scanned = feed &+ 1
      lineStart = scanned
      if let lines = leadingLines {
        // An empty line before the request line does not end the head: wait for one that follows other lines.
        leadingLines = isEmpty ? lines &+ 1 : nil
        if isEmpty, lines >= RequestHeadParser.leadingEmptyLines { throw .leadingWhitespace }
      } else if isEmpty {
        return true
      }
    }
  }
}
