internal import Memory

/// How much the journal keeps.
package struct JournalLimits: Sendable {
  /// In microseconds; calls that began earlier are removed.
  package var maxAge: Int64
  /// Largest size of the file and its write-ahead log together, in bytes.
  package var maxSize: Int64

  package init(maxAge: Int64, maxSize: Int64) {
    self.maxAge = maxAge
    self.maxSize = maxSize
  }

  /// The part of ``maxSize`` that the write-ahead log may take, in bytes. A reader that uses an old state of the
  /// journal makes the log grow. Then writing stops before the log exceeds this size.
  var logBytes: Int64 { max(512 * 1024, min(maxSize / 4, 256 * 1024 * 1024)) }
  /// Bytes left for the file. The additions of a transaction are trimmed only after it, so there is room for them.
  var fileBytes: Int64 { maxSize - logBytes - maxSize / 16 - 2 * Int64(transactionBytes) }
  /// Length of the write-ahead log above which it is moved into the file, in bytes.
  var checkpointBytes: Int64 { min(16 << 20, logBytes / 3) }
  /// Length of the write-ahead log above which nothing is added to it, in bytes. The other half is room for the
  /// transaction that exceeds it: its lines take a twelfth of the log, and the index entries about as much again.
  var fullLogBytes: Int64 { logBytes / 2 }
  /// Bytes of lines in one transaction.
  var transactionBytes: Int { Int(min(4 << 20, logBytes / 12)) }
  /// Blocks removed in one transaction. Each changes some pages, which go through the write-ahead log.
  var trimStep: Int64 { max(4, min(64, logBytes / (256 * 1024))) }
  /// Pages returned to the file system in one transaction.
  var vacuumPages: Int64 { max(64, min(1_024, logBytes / 8_192)) }
  /// Greatest time between the starts of a block's calls, in microseconds. A call can be kept this much longer than
  /// ``maxAge``.
  var blockSpan: Int64 { max(60_000_000, maxAge / 32) }
}

/// The statements that remove the oldest blocks.
struct RetentionStatements {
  let oldest: Statement
  let removals: [Statement]
  let removeRequestIDs: Statement

  init(_ database: Database) throws(DatabaseError) {
    oldest = try database.prepare(
      "SELECT id, count FROM blocks WHERE last < ?1 ORDER BY last LIMIT ?2")
    var removals: [Statement] = []
    for table in ["blocks", "contents", "words"] {
      removals.append(try database.prepare("DELETE FROM \(table) WHERE id = ?1"))
    }
    self.removals = removals
    removeRequestIDs = try database.prepare("DELETE FROM request_ids WHERE id = ?1")
  }
}

/// Limits by age and size. Blocks are removed in small steps, between which lines are written. A block is removed once
/// its latest call may be. The calls of a block span only a small part of the maximum age, see
/// ``JournalLimits/blockSpan``.
extension JournalFile {
  /// Steps in one call of ``trim(now:)``.
  private static let stepsAtOnce = 8

  /// Removes what exceeds age or size, in a few steps at most.
  ///
  /// - Parameter now: microseconds since 1970.
  /// - Returns: how many records were removed, and whether more must be.
  func trim(now: Int64) throws(DatabaseError) -> (removed: Int, more: Bool) {
    var removed = 0
    for _ in 0..<JournalFile.stepsAtOnce {
      let isTooLarge = try usedBytes() > limits.fileBytes
      let before = isTooLarge ? Int64.max : now &- limits.maxAge
      let (records, blocks) = try removeOldest(before: before, now: now)
      removed += records
      if blocks < limits.trimStep { return (removed, try giveBack()) }
    }
    return (removed, true)
  }

  /// Bytes of the pages in use.
  private func usedBytes() throws(DatabaseError) -> Int64 {
    try (database.integer("PRAGMA page_count") - database.integer("PRAGMA freelist_count"))
      * JournalFile.pageBytes
  }

  /// Shortens the file if it is longer than permitted, which happens only after a change of configuration. Otherwise
  /// free pages are reused by later writes. Returns whether more must be returned to the file system.
  private func giveBack() throws(DatabaseError) -> Bool {
    guard try database.integer("PRAGMA page_count") * JournalFile.pageBytes > limits.fileBytes,
      try database.integer("PRAGMA freelist_count") > 0
    else { return false }
    try makeRoomInLog()
    try database.run("PRAGMA incremental_vacuum(\(limits.vacuumPages))")
    // The file becomes shorter only with a checkpoint.
    try database.checkpoint()
    return true
  }

  private func removeOldest(
    before: Int64, now: Int64
  ) throws(DatabaseError) -> (records: Int, blocks: Int64) {
    try loadTail()
    var ids: [Int64] = []
    var records = 0
    do {
      defer { retention.oldest.reset() }
      try retention.oldest.bind(1, before)
      try retention.oldest.bind(2, limits.trimStep)
      while try retention.oldest.step() {
        ids.append(retention.oldest.integer(0))
        records += Int(retention.oldest.integer(1))
      }
    }
    let isTailOld = hasTail(before: now &- limits.maxAge)
    guard !ids.isEmpty || isTailOld else { return (0, 0) }
    try transaction { () throws(DatabaseError) in
      for id in ids {
        for removal in retention.removals {
          try removal.bind(1, id)
          try removal.runOnce()
        }
        for key in RequestIDFilters.keys(block: id) {
          try retention.removeRequestIDs.bind(1, key)
          try retention.removeRequestIDs.runOnce()
        }
      }
      if isTailOld { records += try removeTail(before: now &- limits.maxAge) }
    }
    return (records, Int64(ids.count))
  }
}
