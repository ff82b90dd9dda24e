/// The journal's tables, version 2.
///
/// | table | a row is | ordered by |
/// |---|---|---|
/// | `names` | a caller, app, operation or error, stored once | |
/// | `recent` | lines that do not make a block yet, not packed | when they were written |
/// | `blocks` | some hundred calls: their statistics, and what lets a search skip them | when they were written |
/// | `contents` | a block's calls and lines, packed | the same |
/// | `request_ids` | which ids of a quarter of all a block may have (``RequestIDFilters``) | quarter, then the same |
/// | `words` | which words of paths and errors a block may have | the same |
/// | `state` | a persistent number | |
///
/// A record costs a hundredth of a row: its line goes into `recent` with those written at the same time, and from
/// there, packed, into a block. A search reads a few hundred bytes of each block, and these lie together.
enum JournalSchema {
  /// `SGTJ`: identifies the file as a journal.
  static let applicationID: Int64 = 0x5347_544A
  static let version: Int64 = 2
  /// The low bits of a call's number, below its microsecond.
  static let counterBits: Int64 = 12

  static let tables = """
    CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE state (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);
    CREATE TABLE recent (
      id INTEGER PRIMARY KEY, count INTEGER NOT NULL, last INTEGER NOT NULL, lines BLOB NOT NULL);
    CREATE TABLE blocks (
      id INTEGER PRIMARY KEY,
      line INTEGER NOT NULL,
      count INTEGER NOT NULL,
      first INTEGER NOT NULL,
      last INTEGER NOT NULL,
      slowest INTEGER NOT NULL,
      classes INTEGER NOT NULL,
      size INTEGER NOT NULL,
      names BLOB NOT NULL,
      groups BLOB NOT NULL);
    CREATE TABLE contents (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
    CREATE TABLE request_ids (id INTEGER PRIMARY KEY, filter BLOB NOT NULL);
    CREATE TABLE words (id INTEGER PRIMARY KEY, filter BLOB NOT NULL);
    """

  /// For searches in a time range. The index includes `first`, so that blocks of other times are skipped without
  /// reading their rows. Created when a file is opened for writing, because some files have an older index.
  static let indexes = """
    CREATE INDEX IF NOT EXISTS blocks_time ON blocks (last, first);
    DROP INDEX IF EXISTS blocks_last;
    """

  /// Rows of `state`. All others are writers, each with the number of records that it has written.
  static let nextLine: Int64 = 0
  /// Progress of the conversion of an earlier version's journal: the number of the last line converted, counting down.
  static let converted: Int64 = -1
  /// Maximum number of writers kept.
  static let writerLimit = 64
}
