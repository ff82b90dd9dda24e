internal import EventLoop
internal import Memory

/// The journal's file, open for writing on the journal's thread.
///
/// `JournalFile+Opening.swift` opens it, `JournalFile+Retention.swift` keeps it within age and size.
final class JournalFile {
  /// Records of one transaction.
  static let recordsPerTransaction = 4_096
  static let pageBytes: Int64 = 4_096

  let path: String
  let limits: JournalLimits
  let database: Database
  private let names: NameTable
  private let begin: Statement
  private let commit: Statement
  private let rollback: Statement
  private let newest: Statement
  private let addCall: Statement
  private let findLine: Statement
  private let addLine: Statement
  private let addWords: Statement
  let retention: RetentionStatements
  /// The number of the last line.
  private var lastLine: Int64 = 0
  private var words = ByteBuffer(capacity: 4_096)

  init(path: String, limits: JournalLimits, database: Database) throws(DatabaseError) {
    self.path = path
    self.limits = limits
    self.database = database
    names = try NameTable(database)
    begin = try database.prepare("BEGIN IMMEDIATE")
    commit = try database.prepare("COMMIT")
    rollback = try database.prepare("ROLLBACK")
    newest = try database.prepare("SELECT max(id) FROM lines")
    addCall = try database.prepare(
      """
      INSERT OR IGNORE INTO calls (id, line, caller, app, operation, error, status, class, duration,
        queue_wait, token_wait, sent, received)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
      """)
    findLine = try database.prepare(
      "SELECT lines.line FROM calls JOIN lines ON lines.id = calls.line WHERE calls.id = ?1")
    addLine = try database.prepare("INSERT INTO lines (id, line) VALUES (?1, ?2)")
    addWords = try database.prepare("INSERT INTO words (rowid, text) VALUES (?1, ?2)")
    retention = try RetentionStatements(database)
  }

  /// What became of a batch.
  struct Insertion: Sendable {
    var written = 0
    /// Lines that are none of the traffic log.
    var malformed = 0
    /// Bytes of the batch that are dealt with.
    var bytes = 0
  }

  /// Writes the first lines of `batch`, as many as make a transaction: all of them or none.
  ///
  /// - Parameter counter: tells calls of the same microsecond apart; the same one for the same batch.
  func insert(_ batch: RawSpan, counter: Int64) throws(DatabaseError) -> Insertion {
    var result = Insertion()
    var records: [(id: Int64, line: Range<Int>, fields: LineFields)] = []
    records.reserveCapacity(256)
    while result.bytes < min(batch.byteCount, limits.transactionBytes),
      records.count < JournalFile.recordsPerTransaction
    {
      let end = batch.firstIndex(of: UInt8(ascii: "\n"), from: result.bytes)
      if let fields = LineFields(batch.slice(result.bytes, end)) {
        let id = CallID.make(
          microsecond: fields.microsecond, counter: counter + Int64(records.count))
        records.append((id, result.bytes..<end, fields))
      } else {
        result.malformed += 1
      }
      result.bytes = min(end + 1, batch.byteCount)
    }
    guard !records.isEmpty else { return result }
    // The nearer to the tables' ends rows are added, the fewer pages are split.
    records.sort { $0.id < $1.id }
    try beginTransaction()
    do throws(DatabaseError) {
      for record in records {
        let line = batch.slice(record.line.lowerBound, record.line.upperBound)
        try insert(line, record.fields, id: record.id)
      }
      try commit.runOnce()
    } catch {
      undo()
      throw error
    }
    result.written = records.count
    return result
  }

  private func insert(
    _ line: RawSpan, _ fields: LineFields, id wanted: Int64
  ) throws(DatabaseError) {
    var id = wanted
    try addCall.bind(2, lastLine + 1)
    try addCall.bind(3, optional: names.number(fields.caller, of: line))
    try addCall.bind(4, optional: names.number(fields.app, of: line))
    try addCall.bind(5, optional: names.number(fields.operation, of: line))
    try addCall.bind(6, optional: names.number(fields.error, of: line))
    try addCall.bind(7, fields.status)
    try addCall.bind(8, fields.status / 100)
    try addCall.bind(9, fields.duration)
    try addCall.bind(10, fields.queueWait)
    try addCall.bind(11, fields.tokenWait)
    try addCall.bind(12, fields.sent)
    try addCall.bind(13, fields.received)
    while true {
      try addCall.bind(1, id)
      try addCall.runOnce()
      if database.changes == 1 { break }
      // Taken: by the same record, when a transaction that seemed to fail had been done, or by another one.
      if try holds(line, at: id) { return }
      id += 1
    }
    lastLine += 1
    try addLine.bind(1, lastLine)
    try addLine.bind(2, text: line)
    try addLine.runOnce()
    WordText.put(fields, of: line, into: &words)
    try addWords.bind(1, id)
    try addWords.bind(2, buffer: words)
    try addWords.runOnce()
  }

  /// Whether the call of this number has this line.
  private func holds(_ line: RawSpan, at id: Int64) throws(DatabaseError) -> Bool {
    defer { findLine.reset() }
    try findLine.bind(1, id)
    guard try findLine.step() else { return false }
    return findLine.text(0).span.bytesOfElements.hasSameBytes(as: line)
  }

  /// Runs `body` in a transaction, which is undone when anything fails.
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
    defer { newest.reset() }
    do throws(DatabaseError) {
      // Another gateway may write to the same file.
      lastLine = max(lastLine, try newest.step() ? newest.integer(0) : 0)
    } catch {
      undo()
      throw error
    }
  }

  private func undo() {
    newest.reset()
    // SQLite may have undone it already.
    try? rollback.runOnce()
    names.forget()
  }

  /// Moves the write-ahead log into the file when it has grown, before anything is added to it.
  ///
  /// What counts is the length of its file. SQLite's own checkpoints keep it as long as it ever was, and its
  /// number of frames says nothing of a log that readers keep from being used again.
  ///
  /// - Throws: `busy` when a reader keeps the log so long that one more transaction might pass its bound.
  func makeRoomInLog() throws(DatabaseError) {
    guard logSize > limits.checkpointBytes else { return }
    try database.checkpoint()
    guard logSize > limits.fullLogBytes else { return }
    throw DatabaseError(
      code: DatabaseError.busy,
      message: "a reader of the journal, another program perhaps, holds on to an old state of it")
  }

  /// Moves what little there is while nothing else is to be done.
  func settle() throws(DatabaseError) {
    if logSize > 0 { try database.checkpoint() }
  }

  private var logSize: Int64 { FileFacts.size(path + "-wal") ?? 0 }

  /// Bytes of the file and of its write-ahead log on disk.
  var sizes: (file: Int64, log: Int64) {
    (FileFacts.size(path) ?? 0, logSize)
  }
}
