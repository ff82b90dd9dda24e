internal import CSQLite
internal import Memory

/// A prepared statement of one connection. Values are bound as parameters, and never become part of the SQL text.
@safe final class Statement {
  private let handle: OpaquePointer
  /// Keeps the connection open as long as its statements exist.
  private let database: Database

  init(owning handle: OpaquePointer, of database: Database) {
    // Proof: the caller hands over a statement of `database` that it does not finalize, and no other object does.
    unsafe self.handle = handle
    self.database = database
  }

  // Proof: this object is the only owner and finalizes it once. It releases the connection only after that.
  deinit { _ = unsafe sqlite3_finalize(handle) }

  /// Binds `value` to the parameter with this number, from 1.
  func bind(_ index: Int32, _ value: Int64) throws(DatabaseError) {
    // Proof: this object owns the statement. SQLite refuses an index that the statement does not have.
    try check(unsafe sqlite3_bind_int64(handle, index, value))
  }

  /// Binds an integer, or NULL.
  func bind(_ index: Int32, optional value: Int64?) throws(DatabaseError) {
    if let value {
      try bind(index, value)
    } else {
      // Proof: as above.
      try check(unsafe sqlite3_bind_null(handle, index))
    }
  }

  /// Binds text in UTF-8; SQLite copies it.
  func bind(_ index: Int32, text: RawSpan) throws(DatabaseError) {
    // Proof: the bytes are borrowed for the call, which copies them.
    let status = unsafe text.withUnsafeBytes { bytes in
      // A nil pointer would bind NULL.
      if let base = bytes.baseAddress {
        return unsafe csq_bind_text(handle, index, base, Int32(clamping: bytes.count))
      }
      return unsafe csq_bind_text(handle, index, "", 0)
    }
    try check(status)
  }

  /// Binds bytes; SQLite copies them.
  func bind(_ index: Int32, blob bytes: RawSpan) throws(DatabaseError) {
    // Proof: the bytes are borrowed for the call, which copies them.
    let status = unsafe bytes.withUnsafeBytes { bytes in
      // A nil pointer would bind NULL.
      if let base = bytes.baseAddress {
        return unsafe csq_bind_blob(handle, index, base, Int32(clamping: bytes.count))
      }
      return unsafe csq_bind_blob(handle, index, "", 0)
    }
    try check(status)
  }

  func bind(_ index: Int32, buffer: borrowing ByteBuffer) throws(DatabaseError) {
    try bind(index, text: buffer.bytes)
  }

  func bind(_ index: Int32, text: String) throws(DatabaseError) {
    try bind(index, text: text.utf8.span.bytesOfElements)
  }

  /// Steps to the next row. Returns whether there is one.
  func step() throws(DatabaseError) -> Bool {
    // Proof: this object owns the statement, and its connection is open.
    let status = unsafe sqlite3_step(handle)
    switch status {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw database.error(status)
    }
  }

  /// Runs the statement to its end, and resets it for the next values.
  func runOnce() throws(DatabaseError) {
    defer { reset() }
    while try step() {}
  }

  /// Resets the statement so it can run again. Bound values stay.
  // Proof: this object owns the statement, and its connection is open.
  func reset() { _ = unsafe sqlite3_reset(handle) }

  /// The integer in a column of the row, from 0; 0 for NULL.
  // Proof: this object owns the statement. For a column that it does not have, SQLite returns 0.
  func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

  func isNull(_ column: Int32) -> Bool {
    // Proof: this object owns the statement. A column that it does not have is NULL.
    unsafe sqlite3_column_type(handle, column) == SQLITE_NULL
  }

  /// A copy of the text in a column of the row.
  func text(_ column: Int32) -> [UInt8] {
    // Proof: the pointer is valid until the next step, and points to as many bytes as SQLite says.
    guard let start = unsafe sqlite3_column_text(handle, column) else { return [] }
    let count = Int(unsafe sqlite3_column_bytes(handle, column))
    return unsafe Array(UnsafeBufferPointer(start: start, count: count))
  }

  /// Calls `body` with the bytes in a column of the row.
  func withBlob<R>(
    _ column: Int32, _ body: (RawSpan) throws(DatabaseError) -> R
  ) throws(DatabaseError) -> R {
    // Proof: the pointer is valid until the next step, and points to as many bytes as SQLite says. `body` returns
    // before that.
    guard let start = unsafe sqlite3_column_blob(handle, column) else {
      return try body(RawSpan())
    }
    let count = Int(unsafe sqlite3_column_bytes(handle, column))
    return try unsafe body(RawSpan(_unsafeStart: start, byteCount: count))
  }

  /// A copy of the bytes in a column of the row.
  func blob(_ column: Int32) throws(DatabaseError) -> [UInt8] {
    try withBlob(column) { $0.copied() }
  }

  private func check(_ status: Int32) throws(DatabaseError) {
    guard status == SQLITE_OK else { throw database.error(status) }
  }
}
