internal import Memory

/// Looks for the end of a head that arrives in pieces, without looking at any byte twice.
///
/// A head that is not complete in its first read is not parsed again with every byte that follows: a caller
/// who sends one byte at a time would make that quadratic. It is parsed once more when its end is there.
package struct HeadScanner: Sendable {
  /// Bytes looked at so far.
  private var scanned = 0

  package init() {}

  /// Whether `bytes`, all that has arrived of the head, hold its closing empty line.
  ///
  /// - Throws: `.bareLineFeed` for a line that ends in LF alone, which would never end.
  package mutating func findsEnd(in bytes: RawSpan) throws(RequestFault) -> Bool {
    var at = scanned
    while true {
      let feed = bytes.firstIndex(of: UInt8(ascii: "\n"), from: at)
      guard feed < bytes.byteCount else {
        scanned = bytes.byteCount
        return false
      }
      guard feed > 0, bytes[feed &- 1] == UInt8(ascii: "\r") else { throw .bareLineFeed }
      if feed >= 3, bytes[feed &- 2] == UInt8(ascii: "\n"), bytes[feed &- 3] == UInt8(ascii: "\r") {
        // An empty line before the request line ends nothing: wait for one with something above it.
        if !isLeading(bytes, upTo: feed &- 1) { return true }
      }
      at = feed &+ 1
      scanned = at
    }
  }

  private func isLeading(_ bytes: RawSpan, upTo end: Int) -> Bool {
    for i in 0..<end where bytes[i] != UInt8(ascii: "\r") && bytes[i] != UInt8(ascii: "\n") {
      return false
    }
    return true
  }
}
