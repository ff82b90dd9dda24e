package import Memory

/// Receives finished lines of traffic in addition to the log, as the journal does.
package protocol LineSink: Sendable {
  /// Takes over `lines`, which are whole lines, on an event loop's thread. Must not block: lines that exceed the
  /// available space are dropped and counted.
  func write(_ lines: borrowing ByteBuffer)
}
