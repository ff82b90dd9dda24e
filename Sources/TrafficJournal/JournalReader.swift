internal import EventLoop
internal import Memory

/// Reads a journal: one connection for one question, on any thread, beside the gateway that writes it.
package struct JournalReader: ~Copyable {
  /// Bytes of records in one answer.
  static let answerBytes = 768 * 1024

  let database: Database

  /// Opens the journal at `path`.
  ///
  /// - Parameter seconds: after which a question is cut short.
  package init(path: String, seconds: Double) throws(JournalError) {
    do throws(DatabaseError) {
      database = try JournalReader.open(path)
      database.interrupt(
        at: SystemClock.monotonic + Int64(max(0, min(seconds, 3_600)) * 1_000_000_000))
    } catch {
      throw JournalError(
        FileFacts.size(path) == nil
          ? "there is no journal at \(path)"
          : "the journal \(path) cannot be read: \(error.message)")
    }
  }

  private static func open(_ path: String) throws(DatabaseError) -> Database {
    let database: Database
    do throws(DatabaseError) {
      database = try checked(Database(path: path, mode: .readOnly))
    } catch {
      // Read-only folders: without a log beside it the file is complete and at rest.
      guard error.kind == .storage, FileFacts.size(path + "-wal") == nil else { throw error }
      return try checked(Database(path: path, mode: .immutable))
    }
    return database
  }

  private static func checked(_ database: Database) throws(DatabaseError) -> Database {
    try database.run("PRAGMA busy_timeout = 2000; PRAGMA cache_size = -8192")
    guard try database.integer("PRAGMA application_id") == JournalSchema.applicationID,
      try database.integer("PRAGMA user_version") == JournalSchema.version
    else {
      throw DatabaseError(
        code: DatabaseError.corrupt, message: "it is no journal of this version")
    }
    return database
  }

  /// The number under which `name` stands; nil when no record has it.
  func number(of name: String) throws(DatabaseError) -> Int64? {
    let statement = try database.prepare("SELECT id FROM names WHERE name = ?1")
    try statement.bind(1, text: name)
    return try statement.step() ? statement.integer(0) : nil
  }

  /// All names by their number.
  func names() throws(DatabaseError) -> [Int64: String] {
    let statement = try database.prepare("SELECT id, name FROM names")
    var result: [Int64: String] = [:]
    while try statement.step() {
      result[statement.integer(0)] = String(decoding: statement.text(1), as: UTF8.self)
    }
    return result
  }
}

/// Records of one answer.
package struct TrafficPage: Sendable {
  /// Lines of the traffic log as they are, without line feeds; the newest first, or the oldest for following.
  package var lines: [[UInt8]] = []
  /// What to ask for next, as `before` or `after`; nil when there is no more.
  package var next: Int64?
  /// False: the time was up before the whole journal was searched; `next` goes on.
  package var isComplete = true
}

extension JournalReader {
  /// The records that match, as many as are wanted and an answer holds.
  package func search(_ query: TrafficQuery) throws(JournalError) -> TrafficPage {
    do throws(DatabaseError) {
      return try query.after == nil ? newest(query) : following(query)
    } catch {
      throw JournalError("the journal cannot be searched: \(error.message)")
    }
  }

  private func newest(_ query: TrafficQuery) throws(DatabaseError) -> TrafficPage {
    var page = TrafficPage()
    guard
      let plan = try SearchPlan(
        query, columns: "calls.id, lines.line", joinsLines: true,
        number: { name throws(DatabaseError) in try number(of: name) })
    else { return page }
    let rows = try plan.prepare(database)
    var bytes = 0
    var last: Int64?
    do throws(DatabaseError) {
      while try rows.step() {
        last = rows.integer(0)
        let line = rows.text(1)
        guard !plan.comparesText || query.hasText(of: line) else { continue }
        page.lines.append(line)
        bytes += line.count
        if page.lines.count == query.limit || bytes >= JournalReader.answerBytes {
          page.next = last
          break
        }
      }
    } catch {
      guard error.kind == .interrupted else { throw error }
      page.isComplete = false
      page.next = last
    }
    return page
  }

  /// What was written behind line `after`, in that order: the ends of calls, not their beginnings.
  private func following(_ query: TrafficQuery) throws(DatabaseError) -> TrafficPage {
    var page = TrafficPage()
    let newest = try database.integer("SELECT max(id) FROM lines")
    // Behind the end: it began, or the journal was begun anew.
    guard let after = query.after, after <= newest else {
      page.next = newest
      return page
    }
    let rows = try database.prepare("SELECT id, line FROM lines WHERE id > ?1 ORDER BY id")
    try rows.bind(1, after)
    page.next = after
    var bytes = 0
    do throws(DatabaseError) {
      while page.lines.count < query.limit, bytes < JournalReader.answerBytes, try rows.step() {
        page.next = rows.integer(0)
        let line = rows.text(1)
        guard query.matches(line) else { continue }
        page.lines.append(line)
        bytes += line.count
      }
    } catch {
      guard error.kind == .interrupted else { throw error }
      page.isComplete = false
    }
    return page
  }
}
