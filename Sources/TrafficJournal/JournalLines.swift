internal import Memory

/// All lines of a journal, for processing the whole of it.
extension JournalReader {
  /// Lends every line to `body`, block by block, starting with the block that has the earliest call. Within a block,
  /// lines are in the order in which calls ended.
  ///
  /// Only the list of blocks is read in one state of the file, so a gateway that writes the journal meanwhile can move
  /// its write-ahead log. Lines that it writes from then on are missing, and so are blocks that it removes as too old.
  package func readLines(_ body: (_ line: RawSpan) -> Void) throws(JournalError) {
    do throws(DatabaseError) {
      let waiting = try recent()
      let rows = try everyBlock()
      try database.run("COMMIT")
      let contents = try database.prepare("SELECT bytes FROM contents WHERE id = ?1")
      var block = OpenBlock()
      for row in rows {
        guard try openIfThere(row, from: contents, into: &block) else { continue }
        for entry in block.entries { body(block.bytes(entry)) }
      }
      for entry in waiting.entries { body(waiting.bytes(entry)) }
    } catch {
      throw JournalError("the journal cannot be read: \(error.message)")
    }
  }

  private func everyBlock() throws(DatabaseError) -> [BlockSearch.Row] {
    var result: [BlockSearch.Row] = []
    let rows = try database.prepare("SELECT id, line, count, size FROM blocks ORDER BY first")
    while try rows.step() {
      result.append(
        BlockSearch.Row(
          id: rows.integer(0), line: rows.integer(1), count: Int(clamping: rows.integer(2)),
          size: Int(clamping: rows.integer(3))))
    }
    return result
  }
}
