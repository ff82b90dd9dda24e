internal import CSQLite

/// What SQLite refused, with its extended result code.
struct DatabaseError: Error, Sendable, CustomStringConvertible {
  /// What is to be done about it.
  enum Kind: Sendable {
    /// Another connection holds the database; it will come free.
    case busy
    /// The file is damaged, or no database.
    case corrupt
    /// The disk is full or fails, or the file cannot be opened: may get better.
    case storage
    /// Anything else: trying the same again brings the same.
    case other
    /// The time for a search was up.
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

  /// The disk fails or is full. It might as well have happened later: nothing in the configuration is wrong.
  var isOfTheDisk: Bool { code & 0xFF == SQLITE_IOERR || code & 0xFF == SQLITE_FULL }

  var description: String { "\(message) (SQLite \(code))" }
}
