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
  /// Blocks removed in one transaction. Each dirties some pages, which go through the write-ahead log.
  var trimStep: Int64 { max(4, min(64, logBytes / (256 * 1024))) }
  /// Pages given back to the file system in one transaction.
  var vacuumPages: Int64 { max(64, min(1_024, logBytes / 8_192)) }
  /// Microseconds between the beginnings of a block's calls, at most: a call stays this much longer than
  /// ``maxAge``.
  var blockSpan: Int64 { max(60_000_000, maxAge / 32) }
}

/// Statements that remove the oldest blocks.
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

/// Age and size. Blocks are removed in small steps, between which others are written. A block goes when its latest
/// call may: no block spans more than a small part of the age, see ``JournalLimits/blockSpan``.
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
      let before = isTooLarge ? Int64.max : now &- limits.maxAge
      let (records, blocks) = try removeOldest(before: before, now: now)
      removed += records
      if blocks < limits.trimStep { return (removed, try giveBack()) }
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
    try database.run("PRAGMA incremental_vacuum(\(limits.vacuumPages))")
    // Only then is the file shorter.
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
