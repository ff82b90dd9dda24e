internal import CSQLite

/// An SQLite error, with its extended result code.
struct DatabaseError: Error, Sendable, CustomStringConvertible {
  /// How to handle the error.
  enum Kind: Sendable {
    /// Another connection has the database locked, and will release it.
    case busy
    /// The file is damaged or not a database.
    case corrupt
    /// The disk is full or fails, or the file cannot be opened. This can recover.
    case storage
    /// Anything else: a new attempt fails the same way.
    case other
    /// The time limit of a search expired.
    case interrupted
  }

  static let corrupt = SQLITE_CORRUPT
  static let cannotOpen = SQLITE_CANTOPEN
  static let busy = SQLITE_BUSY
  static let noMemory = SQLITE_NOMEM

  let code: Int32
  let message: String

  var kind: Kind {
    switch code & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED: .busy
    case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
    case SQLITE_INTERRUPT: .interrupted
    case SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_NOMEM,
      SQLITE_PROTOCOL, SQLITE_AUTH:
      .storage
    default: .other
    }
  }

  /// Whether the disk fails or is full. It could have happened later just as well, so the configuration is not at
  /// fault.
  var isOfTheDisk: Bool { code & 0xFF == SQLITE_IOERR || code & 0xFF == SQLITE_FULL }

  var description: String { "\(message) (SQLite \(code))" }
}
