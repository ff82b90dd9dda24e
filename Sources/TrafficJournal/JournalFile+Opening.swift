internal import System

/// How the journal's file is opened, and what becomes of one that cannot be used.
extension JournalFile {
  /// Bytes up to which a file is checked page by page when it is opened; damage in a larger one is found when
  /// the damaged page is used.
  private static let checkedBytes: Int64 = 64 * 1024 * 1024
  /// Milliseconds that a statement waits for another connection. Short: what waits is in memory meanwhile.
  private static let busyTimeout = 50

  /// What opening it brought.
  struct Opened {
    let file: JournalFile
    /// What was wrong with the file that was there, and what it is called now.
    let setAside: String?
  }

  /// Opens `path` for writing, and brings its tables to the current version. A file that is damaged, or
  /// somebody else's, is renamed to `….corrupt-SECONDS` and a new one begun.
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
    // Has an effect before the first table only, and would write to the file later too.
    if try database.integer("PRAGMA page_count") == 0 {
      try database.run("PRAGMA auto_vacuum = INCREMENTAL")
    }
    try database.run("PRAGMA journal_mode = WAL")
    // The log is moved into the file by `makeRoomInLog`, which bounds it; SQLite's own way does not.
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

  /// Refuses a database that is no journal, or one of a later version.
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

  /// Makes the tables of a new file. One of an earlier version is put beside it, to be converted
  /// (``JournalConversion``).
  private static func makeTables(_ database: Database) throws(DatabaseError) {
    try database.run("BEGIN IMMEDIATE")
    do throws(DatabaseError) {
      // Another process may have done it while this one waited.
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

  /// Renames the file with what belongs to it. Returns its new name, which has `wallTime` in seconds.
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

  /// Renames a file with its log, without which it would be read in an old state.
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
