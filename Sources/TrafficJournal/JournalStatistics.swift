/// Figures of the journal since the start, for metrics and readers.
package struct JournalStatistics: Sendable, Equatable {
  /// Records written to the file.
  package var written = 0
  /// Lost because the queue was full.
  package var droppedQueueFull = 0
  /// Lost because they are not lines of the traffic log. There should be none.
  package var droppedMalformed = 0
  /// Lost because SQLite refused them with a permanent error.
  package var droppedRefused = 0
  /// Lost because the gateway stopped before the file could be written.
  package var droppedAtStop = 0
  /// Removed from the file because they exceeded age or size.
  package var removed = 0
  /// Bytes that wait to be written.
  package var waitingBytes = 0
  /// Bytes of the file and its write-ahead log.
  package var fileBytes = 0
  package var logBytes = 0
  /// Transactions that wrote records, and their total time in nanoseconds.
  package var transactions = 0
  package var transactionTime: Int64 = 0
  /// Nanoseconds of the longest one.
  package var longestTransaction: Int64 = 0
  /// Attempts to write that failed or had to wait for another program.
  package var failures = 0
  /// Files set aside because they were damaged.
  package var setAside = 0
  /// Whether the last attempt to write succeeded.
  package var isWell = true
  /// The last failure; nil if there was none.
  package var lastError: String?

  package init() {}

  /// Records lost, for any reason.
  package var dropped: Int {
    droppedQueueFull + droppedMalformed + droppedRefused + droppedAtStop
  }
}

extension JournalStatistics {
  /// Counts an attempt that failed.
  mutating func note(_ error: DatabaseError) {
    failures += 1
    isWell = false
    lastError = error.description
  }
}
