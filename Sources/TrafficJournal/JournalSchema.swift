/// The journal's tables.
///
/// | table | a row is | ordered by |
/// |---|---|---|
/// | `names` | a caller, app, operation or error, written once | |
/// | `calls` | a call: numbers only, so that statistics and filters read little | when it began |
/// | `lines` | a call's line of the traffic log, as it is | when it was written |
/// | `words` | full text over path, error and request id | when it began |
///
/// A call's `id` is the microsecond in which it began, times 4096, and a counter: it orders calls by time, so
/// that every index is one by its column **and** time, and none is needed for time itself.
///
/// `words` keeps neither text nor positions. It is a log-structured index, so that request ids, which are
/// random, cost no random writes; a B-tree over them would dirty a page a record.
enum JournalSchema {
  /// `SGTJ`: says whose file it is.
  static let applicationID: Int64 = 0x5347_544A
  /// Bits of an id below the microsecond.
  static let counterBits: Int64 = 12
  /// Microseconds from which on a call is in the index of slow ones.
  static let slowThreshold: Int64 = 1_000_000

  /// What brings a file from each version to the next; the number of steps is the version.
  static let migrations: [String] = [
    """
    CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE calls (
      id INTEGER PRIMARY KEY,
      line INTEGER NOT NULL,
      caller INTEGER,
      app INTEGER,
      operation INTEGER,
      error INTEGER,
      status INTEGER NOT NULL,
      class INTEGER NOT NULL,
      duration INTEGER NOT NULL,
      queue_wait INTEGER NOT NULL,
      token_wait INTEGER NOT NULL,
      sent INTEGER NOT NULL,
      received INTEGER NOT NULL);
    CREATE INDEX calls_caller ON calls (caller);
    CREATE INDEX calls_app ON calls (app);
    CREATE INDEX calls_operation ON calls (operation);
    CREATE INDEX calls_failed ON calls (class) WHERE class <> 2;
    CREATE INDEX calls_slow ON calls (id) WHERE duration >= \(slowThreshold);
    CREATE TABLE lines (id INTEGER PRIMARY KEY, line TEXT NOT NULL);
    CREATE VIRTUAL TABLE words USING fts5 (
      text, content='', columnsize=0, detail=none, tokenize='ascii');
    """
  ]

  static var version: Int64 { Int64(migrations.count) }
}
