internal import Memory
package import System

/// Reads a journal: one connection for one query, on any thread, while the gateway writes the journal.
package struct JournalReader: ~Copyable {
  /// Maximum size of the records in one answer, in bytes.
  static let answerBytes = 768 * 1024

  let database: Database
  /// Monotonic nanoseconds at which a query is interrupted.
  let deadline: Int64
  let clock: TimeSource
  private let codec = BlockCodec()

  /// Opens the journal at `path`.
  ///
  /// - Parameter seconds: time after which a query is interrupted.
  package init(path: String, seconds: Double, clock: TimeSource = .system) throws(JournalError) {
    self.clock = clock
    let end = clock.monotonic + Int64(max(0, min(seconds, 3_600)) * 1_000_000_000)
    deadline = end
    do throws(DatabaseError) {
      database = try JournalReader.open(path, until: end, of: clock)
    } catch {
      throw JournalError(
        FileFacts.size(path) == nil
          ? "no journal exists at \(path)"
          : "the journal \(path) cannot be read: \(error.message)")
    }
  }

  private static func open(
    _ path: String, until end: Int64, of clock: TimeSource
  ) throws(DatabaseError) -> Database {
    let database = try open(path)
    database.interrupt(at: end, of: clock)
    // All statements of a query see the same state, in which calls that are not in a block are in `recent`.
    try database.run("BEGIN")
    return database
  }

  private static func open(_ path: String) throws(DatabaseError) -> Database {
    let database: Database
    do throws(DatabaseError) {
      database = try checked(Database(path: path, mode: .readOnly))
    } catch {
      // The folder is read-only. Without a log next to it, the file is complete and not being written.
      guard error.kind == .storage, FileFacts.size(path + "-wal") == nil else { throw error }
      return try checked(Database(path: path, mode: .immutable))
    }
    return database
  }

  private static func checked(_ database: Database) throws(DatabaseError) -> Database {
    try database.run("PRAGMA busy_timeout = 2000; PRAGMA cache_size = -512")
    guard try database.integer("PRAGMA application_id") == JournalSchema.applicationID else {
      throw DatabaseError(
        code: DatabaseError.corrupt, message: "it is not a journal of this gateway")
    }
    let version = try database.integer("PRAGMA user_version")
    guard version == JournalSchema.version else {
      throw DatabaseError(
        code: DatabaseError.corrupt,
        message: version < JournalSchema.version
          ? "an earlier version of the gateway wrote it; run `serve` once with this version to convert it"
          : "a later version of the gateway wrote it")
    }
    return database
  }

  /// The number of `name` in the file; nil if no record has that name.
  func number(of name: String) throws(DatabaseError) -> Int64? {
    let statement = try database.prepare("SELECT id FROM names WHERE name = ?1")
    try statement.bind(1, text: name)
    return try statement.step() ? statement.integer(0) : nil
  }

  /// All names, by number.
  func names() throws(DatabaseError) -> [Int64: String] {
    let statement = try database.prepare("SELECT id, name FROM names")
    var result: [Int64: String] = [:]
    while try statement.step() {
      result[statement.integer(0)] = String(decoding: statement.text(1), as: UTF8.self)
    }
    return result
  }
}

/// The records of one answer.
package struct TrafficPage: Sendable {
  /// Lines as in the traffic log, without line feeds; the newest first, or the oldest first when following.
  package var lines: [[UInt8]] = []
  /// The value of `before` or `after` for the next query; nil if there is no more.
  package var next: Int64?
  /// False if the time limit expired before the whole journal was searched; a query with `next` continues.
  package var isComplete = true
  /// Bytes of the lines.
  var bytes = 0
}

extension JournalReader {
  /// The records that match, up to the query's limit and the size of an answer.
  package func search(_ query: TrafficQuery) throws(JournalError) -> TrafficPage {
    do throws(DatabaseError) {
      return try query.after == nil ? newest(query) : following(query)
    } catch {
      throw JournalError("the journal cannot be searched: \(error.message)")
    }
  }

  private func newest(_ query: TrafficQuery) throws(DatabaseError) -> TrafficPage {
    guard
      let search = try BlockSearch(
        query, number: { name throws(DatabaseError) in try number(of: name) })
    else { return TrafficPage() }
    var found = NewestCalls(limit: query.limit, bytes: JournalReader.answerBytes)
    try take(try recent(), search, into: &found)
    var block = OpenBlock()
    // All matches later than this were found.
    var boundary = search.ids.last
    do throws(DatabaseError) {
      let rows = try search.rows(of: database)
      let contents = try database.prepare("SELECT bytes FROM contents WHERE id = ?1")
      while try rows.step() {
        let row = search.row(rows)
        boundary = min(boundary, CallID.last(microsecond: row.last))
        if found.isComplete(from: boundary) { return found.page() }
        guard clock.monotonic < deadline else { return found.page(cutAt: boundary) }
        guard try search.mayMatch(rows) else { continue }
        try open(row, from: contents, into: &block)
        try take(block, search, into: &found)
      }
    } catch {
      guard error.kind == .interrupted else { throw error }
      return found.page(cutAt: boundary)
    }
    return found.page()
  }

  private func take(
    _ block: borrowing OpenBlock, _ search: BlockSearch, into found: inout NewestCalls
  ) throws(DatabaseError) {
    for entry in block.entries where search.matches(entry) && found.wants(entry.id) {
      guard !search.comparesText || search.query.hasText(of: block.bytes(entry)) else { continue }
      found.add(entry.id, block.line(entry))
    }
  }

  /// Unpacks a block.
  func open(
    _ row: BlockSearch.Row, from contents: Statement, into block: inout OpenBlock
  ) throws(DatabaseError) {
    guard try openIfThere(row, from: contents, into: &block) else { throw BlockCodec.damaged }
  }

  /// Unpacks a block. Returns false if it no longer exists.
  func openIfThere(
    _ row: BlockSearch.Row, from contents: Statement, into block: inout OpenBlock
  ) throws(DatabaseError) -> Bool {
    defer { contents.reset() }
    try contents.bind(1, row.id)
    guard try contents.step() else { return false }
    try contents.withBlob(0) { (bytes) throws(DatabaseError) in
      try block.open(
        bytes, count: row.count, size: row.size, firstLine: row.line, with: codec)
    }
    return true
  }

  /// The calls that are not in a block yet.
  func recent() throws(DatabaseError) -> OpenBlock {
    var block = OpenBlock()
    let rows = try database.prepare("SELECT id, lines FROM recent ORDER BY id")
    var numbers: [String: Int64]?
    while try rows.step() {
      let names = if let numbers { numbers } else { try numbersOfNames() }
      numbers = names
      let firstLine = rows.integer(0)
      try rows.withBlob(1) { (lines) throws(DatabaseError) in
        block.add(lines, firstLine: firstLine, names: names)
      }
    }
    return block
  }

  private func numbersOfNames() throws(DatabaseError) -> [String: Int64] {
    Dictionary(try names().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The lines written after line `after`, in that order: the order in which calls ended, not began.
  private func following(_ query: TrafficQuery) throws(DatabaseError) -> TrafficPage {
    var page = TrafficPage()
    let newest =
      try database.integer("SELECT value FROM state WHERE id = \(JournalSchema.nextLine)") - 1
    // `after` is beyond the last line: following has just begun, or the journal was created again.
    guard let after = query.after, after <= newest else {
      page.next = max(0, newest)
      return page
    }
    page.next = after
    do throws(DatabaseError) {
      var block = OpenBlock()
      let rows = try database.prepare(
        "SELECT id, line, count, size FROM blocks WHERE line > 0 AND line + count > ?1 ORDER BY id")
      try rows.bind(1, after + 1)
      let contents = try database.prepare("SELECT bytes FROM contents WHERE id = ?1")
      while try rows.step() {
        let row = BlockSearch.Row(
          id: rows.integer(0), line: rows.integer(1), count: Int(clamping: rows.integer(2)),
          size: Int(clamping: rows.integer(3)))
        try open(row, from: contents, into: &block)
        guard append(block, firstLine: row.line, query, to: &page) else { return page }
      }
      let lines = try database.prepare("SELECT id, count, lines FROM recent ORDER BY id")
      while try lines.step() {
        let (first, count) = (lines.integer(0), lines.integer(1))
        guard first + count - 1 > after else { continue }
        var part = OpenBlock()
        try lines.withBlob(2) { (bytes) throws(DatabaseError) in
          part.add(bytes, firstLine: first, names: [:])
        }
        guard append(part, firstLine: first, query, to: &page) else { return page }
      }
    } catch {
      guard error.kind == .interrupted else { throw error }
      page.isComplete = false
    }
    return page
  }

  /// Appends the calls of a block that match and come after the page's last line. Returns false if the page is full.
  private func append(
    _ block: borrowing OpenBlock, firstLine: Int64, _ query: TrafficQuery,
    to page: inout TrafficPage
  ) -> Bool {
    for (number, entry) in block.entries.enumerated() {
      let place = firstLine + Int64(number)
      guard place > page.next ?? 0 else { continue }
      page.next = place
      let line = block.line(entry)
      guard query.matches(line) else { continue }
      page.lines.append(line)
      page.bytes += line.count
      if page.lines.count >= query.limit || page.bytes >= JournalReader.answerBytes { return false }
    }
    return true
  }
}
