internal import Memory

/// What the journal keeps.
package struct JournalLimits: Sendable {
  /// Microseconds; calls that began earlier are removed.
  package var maxAge: Int64
  /// Bytes of the file and its write-ahead log together.
  package var maxSize: Int64

  package init(maxAge: Int64, maxSize: Int64) {
    self.maxAge = maxAge
    self.maxSize = maxSize
  }

  /// Bytes of ``maxSize`` that the write-ahead log may take. When a reader that holds on to an old state of the
  /// journal makes it grow, nothing more is written before it is as long as this.
  var logBytes: Int64 { max(512 * 1024, min(maxSize / 4, 256 * 1024 * 1024)) }
  /// Bytes that are left for the file. What one transaction adds is removed after it, so room is left for it.
  var fileBytes: Int64 { maxSize - logBytes - maxSize / 16 - 2 * Int64(transactionBytes) }
  /// Length of the write-ahead log above which it is moved into the file.
  var checkpointBytes: Int64 { min(16 << 20, logBytes / 3) }
  /// Length of the write-ahead log above which nothing is added to it. The other half is for the transaction
  /// that passes it: its lines are a twelfth of the log, and what the indexes add to them comes to as much again.
  var fullLogBytes: Int64 { logBytes / 2 }
  /// Bytes of lines that one transaction writes.
  var transactionBytes: Int { Int(min(4 << 20, logBytes / 12)) }
  /// Records removed in one transaction.
  var trimStep: Int64 { max(64, min(1_024, logBytes / 8_192)) }
}

/// Statements that remove the oldest calls.
struct RetentionStatements {
  let oldest: Statement
  let removeWords: Statement
  let removeLine: Statement
  let removeCall: Statement

  init(_ database: Database) throws(DatabaseError) {
    oldest = try database.prepare(
      """
      SELECT calls.id, calls.line, lines.line FROM calls LEFT JOIN lines ON lines.id = calls.line
      WHERE calls.id < ?1 ORDER BY calls.id LIMIT ?2
      """)
    removeWords = try database.prepare(
      "INSERT INTO words (words, rowid, text) VALUES ('delete', ?1, ?2)")
    removeLine = try database.prepare("DELETE FROM lines WHERE id = ?1")
    removeCall = try database.prepare("DELETE FROM calls WHERE id = ?1")
  }
}

/// Age and size. Records are removed in small steps, between which others are written.
extension JournalFile {
  /// Steps in a row.
  private static let stepsAtOnce = 8

  /// Removes what is too old or too much, a few steps at most.
  ///
  /// - Parameter now: microseconds since 1970.
  /// - Returns: how many records went, and whether more must go.
  func trim(now: Int64) throws(DatabaseError) -> (removed: Int, more: Bool) {
    var removed = 0
    for _ in 0..<JournalFile.stepsAtOnce {
      let isTooLarge = try usedBytes() > limits.fileBytes
      let before = isTooLarge ? Int64.max : CallID.first(microsecond: now - limits.maxAge)
      let count = try removeOldest(before: before)
      removed += count
      if count < limits.trimStep {
        return (removed, try giveBack())
      }
    }
    return (removed, true)
  }

  /// Bytes of pages that are in use.
  private func usedBytes() throws(DatabaseError) -> Int64 {
    try (database.integer("PRAGMA page_count") - database.integer("PRAGMA freelist_count"))
      * JournalFile.pageBytes
  }

  /// Free pages are used again by what is written next, so the file is made shorter only when it is longer
  /// than it may be: after the configuration was changed. Returns whether more is to be given back.
  private func giveBack() throws(DatabaseError) -> Bool {
    guard try database.integer("PRAGMA page_count") * JournalFile.pageBytes > limits.fileBytes,
      try database.integer("PRAGMA freelist_count") > 0
    else { return false }
    try makeRoomInLog()
    try database.run("PRAGMA incremental_vacuum(\(limits.trimStep))")
    // Only then is the file shorter.
    try database.checkpoint()
    return true
  }

  private func removeOldest(before: Int64) throws(DatabaseError) -> Int {
    var rows: [(id: Int64, line: Int64, text: [UInt8])] = []
    do {
      defer { retention.oldest.reset() }
      try retention.oldest.bind(1, before)
      try retention.oldest.bind(2, limits.trimStep)
      while try retention.oldest.step() {
        rows.append(
          (retention.oldest.integer(0), retention.oldest.integer(1), retention.oldest.text(2)))
      }
    }
    guard !rows.isEmpty else { return 0 }
    var words = ByteBuffer(capacity: 4_096)
    try transaction { () throws(DatabaseError) in
      for row in rows {
        let line = row.text.span.bytesOfElements
        if let fields = LineFields(line) {
          WordText.put(fields, of: line, into: &words)
          try retention.removeWords.bind(1, row.id)
          try retention.removeWords.bind(2, text: words.bytes)
          try retention.removeWords.runOnce()
        }
        try retention.removeLine.bind(1, row.line)
        try retention.removeLine.runOnce()
        try retention.removeCall.bind(1, row.id)
        try retention.removeCall.runOnce()
      }
    }
    return rows.count
  }
}
