internal import CSQLite
internal import System

/// One connection to an SQLite file, for one thread.
@safe final class Database {
  enum Mode {
    /// Created if it does not exist.
    case readWrite
    case readOnly
    /// No process writes the file meanwhile, and no file next to it is needed. For a folder without write
    /// permission.
    case immutable
  }

  private let handle: OpaquePointer

  init(path: String, mode: Mode) throws(DatabaseError) {
    let flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI
      | (mode == .readWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY)
    let name = Database.uri(path) + (mode == .immutable ? "?immutable=1" : "")
    var opened: OpaquePointer?
    // Proof: both pointers are valid during the call. SQLite returns a handle even if it fails.
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
    // Proof: the connection was just opened, and this object owns it.
    unsafe sqlite3_extended_result_codes(handle, 1)
    _ = unsafe csq_harden(handle)
  }

  // Proof: this object is the only owner and closes it once. Statements hold this object, so all are finalized by then.
  deinit { _ = unsafe sqlite3_close_v2(handle) }

  /// A path as an SQLite URI, so that no part of it is read as a parameter.
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

  /// Number of rows that the last statement inserted or deleted.
  // Proof: the connection is open as long as self exists. Here and below, only one thread uses it.
  var changes: Int { Int(unsafe sqlite3_changes(handle)) }

  /// Runs statements that return no rows, or whose rows are not needed.
  func run(_ sql: String) throws(DatabaseError) {
    // Proof: the connection is open, and the text is a C string during the call.
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
    // Proof: not null, made for this connection, and not shared.
    return unsafe Statement(owning: statement, of: self)
  }

  /// The first column of a statement's first row; 0 if there is no row or the column is NULL.
  func integer(_ sql: String) throws(DatabaseError) -> Int64 {
    let statement = try prepare(sql)
    return try statement.step() ? statement.integer(0) : 0
  }

  /// Moves the contents of the write-ahead log into the file and truncates the log. If a reader needs the log, this
  /// waits for it as long as a statement would. After that it moves what the reader allows, and the log keeps its
  /// length.
  func checkpoint() throws(DatabaseError) {
    // Proof: the connection is open. Null means all databases, and that no counts are returned.
    let status = unsafe sqlite3_wal_checkpoint_v2(
      handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    guard status == SQLITE_OK || status & 0xFF == SQLITE_BUSY else {
      throw unsafe Database.error(handle, status)
    }
  }

  /// Interrupts all later statements once `clock` reaches `deadline` (monotonic nanoseconds).
  func interrupt(at deadline: Int64, of clock: TimeSource) {
    let time = Deadline(deadline, clock)
    self.deadline = time
    // Proof: this object keeps the context alive, and closes the connection when it is deinitialized.
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
  // Proof: the connection is open as long as self exists.
  func error(_ status: Int32) -> DatabaseError { unsafe Database.error(handle, status) }

  private static func error(_ handle: OpaquePointer, _ status: Int32) -> DatabaseError {
    // Proof: the caller's connection is open. The message is copied before another call can change it.
    let extended = unsafe sqlite3_extended_errcode(handle)
    let code = extended & 0xFF == status & 0xFF ? extended : status
    return unsafe DatabaseError(code: code, message: String(cString: sqlite3_errmsg(handle)))
  }
}
