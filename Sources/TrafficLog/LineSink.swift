package import Memory

/// Takes finished lines of traffic besides the log: the journal.
package protocol LineSink: Sendable {
  /// Takes over `lines`, whole ones only, on an event loop's thread. Must not block: what there is no room for
  /// is dropped and counted.
  func write(_ lines: borrowing ByteBuffer)
}
