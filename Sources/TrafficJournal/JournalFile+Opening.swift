internal import System

/// How the journal's file is opened, and what happens to one that cannot be used.
extension JournalFile {
  /// Largest file, in bytes, that is checked page by page when it is opened. Damage in a larger file is found when the
  /// damaged page is used.
  private static let checkedBytes: Int64 = 64 * 1024 * 1024
  /// Milliseconds that a statement waits for another connection. Short, because lines queue in memory meanwhile.
  private static let busyTimeout = 50

  /// The result of opening the file.
  struct Opened {
    let file: JournalFile
    /// What was wrong with the previous file, and its new name; nil if it was usable.
    let setAside: String?
  }

  /// Opens `path` for writing, and brings its tables to the current version. A file that is damaged or belongs to
  /// another program is renamed to `….corrupt-SECONDS`, and a new one is created.
  static func open(
    _ path: String, _ limits: JournalLimits, _ clock: TimeSource = .system
  ) throws(DatabaseError) -> Opened {
    do throws(DatabaseError) {
      return Opened(file: try openExisting(path, limits), setAside: nil)
    } catch {
      guard error.kind == .corrupt else { throw error }
      let name = try setAside(path, because: error, at: clock.wall)
      return Opened(
        file: try openExisting(path, limits),
        setAside: "the journal \(path) cannot be used (\(error.message)); it is now \(name), "
          + "and a new one was started")
    }
  }

  private static func openExisting(
    _ path: String, _ limits: JournalLimits
  ) throws(DatabaseError) -> JournalFile {
    try JournalConversion.putAside(path)
    FileFacts.make(path)
    let database = try Database(path: path, mode: .readWrite)
    try database.run("PRAGMA busy_timeout = \(busyTimeout)")
    // This takes effect only before the first table exists, and would still write to the file later.
    if try database.integer("PRAGMA page_count") == 0 {
      try database.run("PRAGMA auto_vacuum = INCREMENTAL")
    }
    try database.run("PRAGMA journal_mode = WAL")
    // `makeRoomInLog` moves the log into the file and so bounds it; SQLite's automatic checkpoint does not bound it.
    try database.run(
      """
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA cache_size = -16384;
      PRAGMA secure_delete = FAST;
      PRAGMA temp_store = MEMORY;
      """)
    try checkOwner(database)
    if (FileFacts.size(path) ?? 0) <= checkedBytes {
      let check = try database.prepare("PRAGMA quick_check(1)")
      if try check.step(), check.text(0) != Array("ok".utf8) {
        throw DatabaseError(
          code: DatabaseError.corrupt, message: String(decoding: check.text(0), as: UTF8.self))
      }
    }
    try makeTables(database)
    return try JournalFile(path: path, limits: limits, database: database)
  }

  /// Refuses a database that is not a journal, or a journal of a later version.
  private static func checkOwner(_ database: Database) throws(DatabaseError) {
    let owner = try database.integer("PRAGMA application_id")
    let isEmpty = try database.integer("SELECT count(*) FROM sqlite_master") == 0
    guard owner == JournalSchema.applicationID || owner == 0 && isEmpty else {
      throw DatabaseError(code: DatabaseError.corrupt, message: "it is another program's database")
    }
    let version = try database.integer("PRAGMA user_version")
    guard version <= JournalSchema.version else {
      throw DatabaseError(
        code: DatabaseError.corrupt, message: "a later version of the gateway wrote it")
    }
  }

  /// Creates the tables of a new file. The caller has already renamed a file of an earlier version, so it can be
  /// converted (``JournalConversion``).
  private static func makeTables(_ database: Database) throws(DatabaseError) {
    try database.run("BEGIN IMMEDIATE")
    do throws(DatabaseError) {
      // Another process may have created them while this one waited.
      if try database.integer("PRAGMA user_version") == 0 {
        try database.run(JournalSchema.tables)
        try database.run("PRAGMA application_id = \(JournalSchema.applicationID)")
        try database.run("PRAGMA user_version = \(JournalSchema.version)")
      }
      try database.run(JournalSchema.indexes)
      try database.run(
        """
        DELETE FROM state WHERE id > 0 AND (SELECT count(*) FROM state) > \(JournalSchema.writerLimit)
        """)
      try database.run("COMMIT")
    } catch {
      try? database.run("ROLLBACK")
      throw error
    }
  }

  /// Renames the file and its log. Returns the new name, which contains `wallTime` in seconds.
  static func setAside(
    _ path: String, because error: DatabaseError, at wallTime: Int64
  ) throws(DatabaseError) -> String {
    let stamp = wallTime / 1_000_000_000
    var name = "\(path).corrupt-\(stamp)"
    var number = 1
    while FileFacts.size(name) != nil, number < 100 {
      number += 1
      name = "\(path).corrupt-\(stamp)-\(number)"
    }
    do throws(DatabaseError) {
      try rename(path, to: name)
    } catch let failure {
      throw DatabaseError(
        code: failure.code, message: "\(error.message), and \(failure.message)")
    }
    return name
  }

  /// Renames a file together with its log, without which an old state would be read.
  static func rename(_ path: String, to name: String) throws(DatabaseError) {
    for suffix in ["", "-wal", "-shm"] where suffix.isEmpty || FileFacts.size(path + suffix) != nil
    {
      guard FileFacts.rename(path + suffix, to: name + suffix) else {
        throw DatabaseError(
          code: DatabaseError.cannotOpen, message: "\(path)\(suffix) cannot be renamed")
      }
    }
  }
}
