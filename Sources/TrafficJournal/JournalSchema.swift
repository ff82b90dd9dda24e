/// The journal's tables, version 2.
///
/// | table | a row is | ordered by |
/// |---|---|---|
/// | `names` | a caller, app, operation or error, written once | |
/// | `recent` | lines that do not make a block yet, as they are | when they were written |
/// | `blocks` | some hundred calls: what tells a search whether it must open them, and their statistics | when they were written |
/// | `contents` | a block's calls and lines, packed | the same |
/// | `request_ids` | which of a quarter of all request ids a block may have (``RequestIDFilters``) | quarter, and the same |
/// | `words` | which words of paths and errors a block may have | the same |
/// | `state` | a number that lasts | |
///
/// A record costs a hundredth of a row: its line goes into `recent` with those that came with it, and from there
/// into a block, packed. What a search reads of each block is a few hundred bytes that lie together.
enum JournalSchema {
  /// `SGTJ`: says whose file it is.
  static let applicationID: Int64 = 0x5347_544A
  static let version: Int64 = 2
  /// Bits of a call's number below the microsecond.
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

  /// For searches in a part of the time. It has `first` too, so that blocks of other times are passed over without
  /// their rows being read. Made when a file is opened for writing, as some files have an older one.
  static let indexes = """
    CREATE INDEX IF NOT EXISTS blocks_time ON blocks (last, first);
    DROP INDEX IF EXISTS blocks_last;
    """

  /// Rows of `state`. The others are writers, each with how many records it has written.
  static let nextLine: Int64 = 0
  /// How far the journal of an earlier version has been converted: the number of the last line done, downwards.
  static let converted: Int64 = -1
  /// Writers that are remembered.
  static let writerLimit = 64
}
