internal import Memory

/// Encodes lines of the traffic log as request bodies for a collector.
///
/// The lines are those of the log, so everything masked there is masked here too.
protocol LineEncoder: ~Copyable {
  /// Encodes at most `limit` lines from `start` on as a body and passes it to `send`, unless the body would be empty.
  ///
  /// - Returns: where the next line begins, and how many lines were read.
  mutating func encode(
    _ lines: RawSpan, from start: Int, limit: Int, send: (RawSpan) -> Void
  ) -> (next: Int, count: Int)
}

extension LineEncoder where Self: ~Copyable {
  /// Passes at most `limit` lines from `start` on to `put`, without their line feeds.
  ///
  /// - Returns: where the next line begins, and how many lines were read.
  static func read(
    _ lines: RawSpan, from start: Int, limit: Int, _ put: (RawSpan) -> Void
  ) -> (next: Int, count: Int) {
    var at = start
    var count = 0
    while at < lines.byteCount, count < limit {
      let end = lines.firstIndex(of: UInt8(ascii: "\n"), from: at)
      put(lines.slice(at, end))
      at = end + 1
      count += 1
    }
    return (at, count)
  }
}
