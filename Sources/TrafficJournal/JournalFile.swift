internal import Memory
internal import System

/// The journal's file, open for writing on the journal's thread.
///
/// `JournalFile+Opening.swift` opens it, `JournalFile+Retention.swift` limits its age and size.
final class JournalFile {
  /// Maximum number of records in one transaction.
  static let recordsPerTransaction = 4_096
  static let pageBytes: Int64 = 4_096

  let path: String
  /// Applied from the next transaction on.
  var limits: JournalLimits
  let database: Database
  private let names: NameTable
  private let begin: Statement
  private let commit: Statement
  private let rollback: Statement
  private let readState: Statement
  private let writeState: Statement
  private let readRecent: Statement
  private let addRecent: Statement
  private let clearRecent: Statement
  private let addBlock: Statement
  private let addContents: Statement
  private let addRequestIDs: Statement
  private let addWords: Statement
  let retention: RetentionStatements
  private let codec = BlockCodec()
  /// The calls in `recent`, until they become a block.
  private var tail = BlockBuilder()
  // Buffers whose memory is reused. New ones of these sizes would come from the system each time, page by page.
  private var recent = ByteBuffer()
  private var scratch = ByteBuffer()
  private var packed = ByteBuffer()
  /// The number of the next line, as this connection last read or wrote it. `tail` is valid for that state.
  private var nextLine: Int64 = -1

  init(path: String, limits: JournalLimits, database: Database) throws(DatabaseError) {
    self.path = path
    self.limits = limits
    self.database = database
    names = try NameTable(database)
    begin = try database.prepare("BEGIN IMMEDIATE")
    commit = try database.prepare("COMMIT")
    rollback = try database.prepare("ROLLBACK")
    readState = try database.prepare("SELECT value FROM state WHERE id = ?1")
    writeState = try database.prepare("INSERT OR REPLACE INTO state (id, value) VALUES (?1, ?2)")
    readRecent = try database.prepare("SELECT id, lines FROM recent ORDER BY id")
    addRecent = try database.prepare(
      "INSERT INTO recent (id, count, last, lines) VALUES (?1, ?2, ?3, ?4)")
    clearRecent = try database.prepare("DELETE FROM recent")
    addBlock = try database.prepare(
      """
      INSERT INTO blocks (line, count, first, last, slowest, classes, size, names, groups)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id
      """)
    addContents = try database.prepare("INSERT INTO contents (id, bytes) VALUES (?1, ?2)")
    addRequestIDs = try database.prepare("INSERT INTO request_ids (id, filter) VALUES (?1, ?2)")
    addWords = try database.prepare("INSERT INTO words (id, filter) VALUES (?1, ?2)")
    retention = try RetentionStatements(database)
  }

  /// What was done with a batch.
  struct Insertion: Sendable {
    var written = 0
    /// Lines that are not from the traffic log.
    var malformed = 0
    /// Bytes of the batch that are done.
    var bytes = 0
  }

  /// Writes the first lines of `batch`, as many as fit in a transaction: all of them or none.
  ///
  /// - Parameters:
  ///   - writer: identifies the writer; any number above 0 that stays the same for one writer.
  ///   - counter: how many records this writer has written. It shows, when a transaction that seemed to fail is tried
  ///     again, that it had been committed.
  func insert(
    _ batch: RawSpan, writer: Int64, counter: Int64
  ) throws(DatabaseError) -> Insertion {
    var result = Insertion()
    var records: [(line: Range<Int>, fields: LineFields)] = []
    records.reserveCapacity(256)
    while result.bytes < min(batch.byteCount, limits.transactionBytes),
      records.count < JournalFile.recordsPerTransaction
    {
      let end = batch.firstIndex(of: UInt8(ascii: "\n"), from: result.bytes)
      if let fields = LineFields(batch.slice(result.bytes, end)) {
        records.append((result.bytes..<end, fields))
      } else {
        result.malformed += 1
      }
      result.bytes = min(end + 1, batch.byteCount)
    }
    result.written = records.count
    guard !records.isEmpty else { return result }
    try transaction { () throws(DatabaseError) in
      guard try state(writer) ?? 0 < counter + Int64(records.count) else { return }
      try add(records, of: batch)
      try setState(writer, counter + Int64(records.count))
    }
    return result
  }

  private func add(
    _ records: [(line: Range<Int>, fields: LineFields)], of batch: RawSpan
  ) throws(DatabaseError) {
    var kept = ByteBuffer()
    swap(&kept, &recent)
    defer { JournalFile.keep(&kept, in: &recent) }
    var keptFrom = nextLine
    var keptLast = Int64.min
    for (line, fields) in records {
      let bytes = batch.slice(line.lowerBound, line.upperBound)
      if tail.span(with: fields.microsecond) > limits.blockSpan {
        try sealTail()
        kept.removeAll()
        (keptFrom, keptLast) = (nextLine, .min)
      }
      try addToTail(bytes, fields)
      kept.put(bytes)
      kept.put(UInt8(ascii: "\n"))
      keptLast = max(keptLast, fields.microsecond)
      nextLine += 1
      if tail.isFull {
        try sealTail()
        kept.removeAll()
        (keptFrom, keptLast) = (nextLine, .min)
      }
    }
    if !kept.isEmpty {
      try addRecent.bind(1, keptFrom)
      try addRecent.bind(2, nextLine - keptFrom)
      try addRecent.bind(3, keptLast)
      try addRecent.bind(4, blob: kept.bytes)
      try addRecent.runOnce()
    }
    try setState(JournalSchema.nextLine, nextLine)
  }

  /// Largest buffer that is kept, in bytes. Captured bodies can make one much larger than others.
  private static let largestKept = 1024 * 1024

  /// Keeps a buffer's memory for the next use, unless it is unusually large.
  private static func keep(_ buffer: inout ByteBuffer, in place: inout ByteBuffer) {
    if buffer.allocatedBytes > largestKept { buffer.release() }
    buffer.removeAll()
    swap(&buffer, &place)
  }

  private func addToTail(_ line: RawSpan, _ fields: LineFields) throws(DatabaseError) {
    tail.add(try call(of: line, fields), line, fields, number: nextLine)
  }

  /// The values of a call that a block contains, with its names as numbers.
  private func call(
    of line: RawSpan, _ fields: LineFields
  ) throws(DatabaseError) -> BlockCall {
    var call = BlockCall()
    call.microsecond = fields.microsecond
    call.caller = try names.number(fields.caller, of: line) ?? 0
    call.app = try names.number(fields.app, of: line) ?? 0
    call.operation = try names.number(fields.operation, of: line) ?? 0
    call.error = try names.number(fields.error, of: line) ?? 0
    call.status = fields.status
    call.duration = fields.duration
    call.waited = fields.queueWait &+ fields.tokenWait
    call.sent = fields.sent
    call.received = fields.received
    call.lineBytes = line.byteCount
    return call
  }

  /// Makes a block of the calls collected so far, within the current transaction.
  private func sealTail() throws(DatabaseError) {
    guard !tail.isEmpty else { return }
    try write(tail)
    try clearRecent.runOnce()
    tail.removeAll()
  }

  /// Writes one block, within the current transaction.
  private func write(_ block: borrowing BlockBuilder) throws(DatabaseError) {
    var scratch = ByteBuffer()
    var packed = ByteBuffer()
    swap(&scratch, &self.scratch)
    swap(&packed, &self.packed)
    defer {
      JournalFile.keep(&scratch, in: &self.scratch)
      JournalFile.keep(&packed, in: &self.packed)
    }
    scratch.put(block.calls)
    scratch.put(block.lines)
    let size = scratch.count
    try codec.pack(scratch.bytes, into: &packed)
    try addBlock.bind(1, block.firstLine)
    try addBlock.bind(2, Int64(block.count))
    try addBlock.bind(3, block.first)
    try addBlock.bind(4, block.last)
    try addBlock.bind(5, block.slowest)
    try addBlock.bind(6, block.classes)
    try addBlock.bind(7, Int64(size))
    scratch.removeAll()
    block.putNames(into: &scratch)
    try addBlock.bind(8, blob: scratch.bytes)
    scratch.removeAll()
    block.putGroups(into: &scratch)
    try addBlock.bind(9, blob: scratch.bytes)
    _ = try addBlock.step()
    let id = addBlock.integer(0)
    // Runs to the end, because `RETURNING` gives the row before the statement is done.
    while try addBlock.step() {}
    addBlock.reset()
    try store(packed.bytes, of: id, addContents)
    for quarter in 0..<RequestIDFilters.quarters {
      scratch.removeAll()
      block.requestIDs.put(quarter: quarter, into: &scratch)
      let key = RequestIDFilters.key(quarter: quarter, block: id)
      try store(scratch.bytes, of: key, addRequestIDs)
    }
    scratch.removeAll()
    block.words.put(into: &scratch)
    try store(scratch.bytes, of: id, addWords)
  }

  private func store(
    _ bytes: RawSpan, of id: Int64, _ statement: Statement
  ) throws(DatabaseError) {
    try statement.bind(1, id)
    try statement.bind(2, blob: bytes)
    try statement.runOnce()
  }

  /// Collects the calls in `recent` again: after the start, after a failure, or when another gateway has written.
  private func reloadTail(_ next: Int64) throws(DatabaseError) {
    tail.removeAll()
    defer { readRecent.reset() }
    while try readRecent.step() {
      nextLine = readRecent.integer(0)
      let lines = try readRecent.blob(1)
      let bytes = lines.span.bytesOfElements
      var start = 0
      while start < bytes.byteCount {
        let end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: start)
        let line = bytes.slice(start, end)
        if let fields = LineFields(line) { try addToTail(line, fields) }
        nextLine += 1
        start = end + 1
      }
    }
    nextLine = next
  }

  /// Writes lines of an earlier version's journal as blocks. These lines have no numbers, so they cannot be followed.
  func insertConverted(_ lines: [[UInt8]], doneTo place: Int64) throws(DatabaseError) {
    var block = BlockBuilder()
    try transaction { () throws(DatabaseError) in
      for text in lines {
        let line = text.span.bytesOfElements
        guard let fields = LineFields(line) else { continue }
        if block.isFull || block.span(with: fields.microsecond) > limits.blockSpan {
          try write(block)
          block.removeAll()
        }
        block.add(try call(of: line, fields), line, fields, number: 0)
      }
      if !block.isEmpty { try write(block) }
      try setState(JournalSchema.converted, place)
    }
  }

  /// A persistent number; nil if it was never set.
  func state(_ id: Int64) throws(DatabaseError) -> Int64? {
    defer { readState.reset() }
    try readState.bind(1, id)
    return try readState.step() ? readState.integer(0) : nil
  }

  func setState(_ id: Int64, _ value: Int64) throws(DatabaseError) {
    try writeState.bind(1, id)
    try writeState.bind(2, value)
    try writeState.runOnce()
  }

  /// Loads the calls that wait for a block. After a start, nothing may be written for a long time.
  func loadTail() throws(DatabaseError) {
    if nextLine < 0 { try transaction { () throws(DatabaseError) in } }
  }

  /// Whether there are calls that wait for a block, and all of them began before `time` (microseconds since 1970).
  func hasTail(before time: Int64) -> Bool { !tail.isEmpty && tail.last < time }

  /// Removes the calls that wait for a block if all of them began before `time` (microseconds since 1970).
  func removeTail(before time: Int64) throws(DatabaseError) -> Int {
    guard hasTail(before: time) else { return 0 }
    let count = tail.count
    try clearRecent.runOnce()
    tail.removeAll()
    return count
  }

  /// Runs `body` in a transaction, which is rolled back on any failure.
  func transaction(_ body: () throws(DatabaseError) -> Void) throws(DatabaseError) {
    try beginTransaction()
    do throws(DatabaseError) {
      try body()
      try commit.runOnce()
    } catch {
      undo()
      throw error
    }
  }

  private func beginTransaction() throws(DatabaseError) {
    try makeRoomInLog()
    try begin.runOnce()
    do throws(DatabaseError) {
      // Another gateway may write to the same file.
      let next = try state(JournalSchema.nextLine) ?? 1
      if next != nextLine { try reloadTail(next) }
    } catch {
      undo()
      throw error
    }
  }

  private func undo() {
    // SQLite may have rolled it back already.
    try? rollback.runOnce()
    names.forget()
    nextLine = -1
  }

  /// Moves the write-ahead log into the file, if the log has grown, before anything is added to it.
  ///
  /// The length of the log's file is what counts. SQLite's automatic checkpoints never shorten it, and its number of
  /// frames does not show that readers prevent the log from being reused.
  ///
  /// - Throws: `busy` if a reader keeps the log so long that one more transaction might exceed its limit.
  func makeRoomInLog() throws(DatabaseError) {
    guard logSize > limits.checkpointBytes else { return }
    try database.checkpoint()
    guard logSize > limits.fullLogBytes else { return }
    throw DatabaseError(
      code: DatabaseError.busy,
      message: "a reader of the journal, perhaps another program, holds on to an old state")
  }

  /// Moves the rest of the log into the file while there is nothing else to do.
  func settle() throws(DatabaseError) {
    if logSize > 0 { try database.checkpoint() }
  }

  private var logSize: Int64 { FileFacts.size(path + "-wal") ?? 0 }

  /// Bytes of the file and of its write-ahead log on disk.
  var sizes: (file: Int64, log: Int64) {
    (FileFacts.size(path) ?? 0, logSize)
  }
}
