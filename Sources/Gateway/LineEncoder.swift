internal import Memory

/// Turns lines of the traffic log into bodies for a collector.
///
/// The lines are those of the log, so what is masked there is masked here.
protocol LineEncoder: ~Copyable {
  /// Makes a body of the lines from `start` on, `limit` at most, and lends it to `send`; not if there is nothing in it.
  ///
  /// - Returns: where the next line begins, and how many lines were read.
  mutating func encode(
    _ lines: RawSpan, from start: Int, limit: Int, send: (RawSpan) -> Void
  ) -> (next: Int, count: Int)
}

extension LineEncoder where Self: ~Copyable {
  /// Gives `put` the lines from `start` on, without their line feeds, `limit` at most.
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
