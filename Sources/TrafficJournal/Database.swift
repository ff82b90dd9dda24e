internal import CSQLite
internal import System

/// One connection to an SQLite file, for one thread.
@safe final class Database {
  enum Mode {
    /// Created if it does not exist.
    case readWrite
    case readOnly
    /// Nobody writes it meanwhile, and no file beside it is needed: for a folder one may not write to.
    case immutable
  }

  private let handle: OpaquePointer

  init(path: String, mode: Mode) throws(DatabaseError) {
    let flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI
      | (mode == .readWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY)
    let name = Database.uri(path) + (mode == .immutable ? "?immutable=1" : "")
    var opened: OpaquePointer?
    // Proof: both pointers are valid for the call; SQLite gives a handle also when it fails.
    let status = unsafe sqlite3_open_v2(name, &opened, flags, nil)
    guard let opened = unsafe opened else {
      throw DatabaseError(code: SQLITE_NOMEM, message: "out of memory")
    }
    guard status == SQLITE_OK else {
      let error = unsafe Database.error(opened, status)
      _ = unsafe sqlite3_close_v2(opened)
      throw error
    }
    unsafe handle = opened
    // Proof: the connection was just opened, and is this object's.
    unsafe sqlite3_extended_result_codes(handle, 1)
    _ = unsafe csq_harden(handle)
  }

  // Proof: the only owner closes it once. Statements hold this object, so all are finalized by then.
  deinit { _ = unsafe sqlite3_close_v2(handle) }

  /// A path as SQLite's URI, so that no part of it is taken for a parameter.
  private static func uri(_ path: String) -> String {
    let escaped = path.utf8.map { byte -> String in
      switch byte {
      case UInt8(ascii: "%"), UInt8(ascii: "?"), UInt8(ascii: "#"), 0x80...:
        "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
      default: String(Unicode.Scalar(byte))
      }
    }
    return (path.hasPrefix("/") ? "file://" : "file:") + escaped.joined()
  }

  /// Rows that the last statement inserted or deleted.
  // Proof: the connection is open as long as self is. Here and below: one thread uses it.
  var changes: Int { Int(unsafe sqlite3_changes(handle)) }

  /// Runs statements that bring no rows, or whose rows do not matter.
  func run(_ sql: String) throws(DatabaseError) {
    // Proof: the connection is open, and the text is a C string for the call.
    let status = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
    guard status == SQLITE_OK else { throw unsafe Database.error(handle, status) }
  }

  func prepare(_ sql: String) throws(DatabaseError) -> Statement {
    var statement: OpaquePointer?
    // Proof: the connection is open; SQLite copies the text, and `statement` outlives the call.
    let status = unsafe sqlite3_prepare_v3(
      handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard status == SQLITE_OK, let statement = unsafe statement else {
      throw unsafe Database.error(handle, status)
    }
    // Proof: not null, made for this connection, and given to nobody else.
    return unsafe Statement(owning: statement, of: self)
  }

  /// The first column of a statement's first row; 0 without rows.
  func integer(_ sql: String) throws(DatabaseError) -> Int64 {
    let statement = try prepare(sql)
    return try statement.step() ? statement.integer(0) : 0
  }

  /// Moves what the write-ahead log holds into the file and makes the log empty. A reader that needs the log is
  /// waited for as long as a statement waits; then what it allows is moved and the log stays as long as it is.
  func checkpoint() throws(DatabaseError) {
    // Proof: the connection is open; null means all databases, and that no counts are wanted.
    let status = unsafe sqlite3_wal_checkpoint_v2(
      handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    guard status == SQLITE_OK || status & 0xFF == SQLITE_BUSY else {
      throw unsafe Database.error(handle, status)
    }
  }

  /// Ends statements that run when `deadline` of `clock` (monotonic nanoseconds) has passed. Holds for all that
  /// follow.
  func interrupt(at deadline: Int64, of clock: TimeSource) {
    let time = Deadline(deadline, clock)
    self.deadline = time
    // Proof: the context is kept by this object, which closes the connection when it goes.
    unsafe sqlite3_progress_handler(
      handle, 2_000,
      { context in
        guard let context = unsafe context else { return 0 }
        let deadline = unsafe Unmanaged<Deadline>.fromOpaque(context).takeUnretainedValue()
        return deadline.hasPassed ? 1 : 0
      }, Unmanaged.passUnretained(time).toOpaque())
  }

  private final class Deadline {
    private let time: Int64
    private let clock: TimeSource

    init(_ time: Int64, _ clock: TimeSource) {
      self.time = time
      self.clock = clock
    }

    var hasPassed: Bool { clock.monotonic > time }
  }

  private var deadline: Deadline?

  /// The current error.
  // Proof: the connection is open as long as self is.
  func error(_ status: Int32) -> DatabaseError { unsafe Database.error(handle, status) }

  private static func error(_ handle: OpaquePointer, _ status: Int32) -> DatabaseError {
    // Proof: the caller's connection is open. The message is copied before another call could change it.
    let extended = unsafe sqlite3_extended_errcode(handle)
    let code = extended & 0xFF == status & 0xFF ? extended : status
    return unsafe DatabaseError(code: code, message: String(cString: sqlite3_errmsg(handle)))
  }
}
