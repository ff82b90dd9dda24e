// SQLite's C interface, and the few calls that Swift cannot make itself.
#ifndef SCORM_GATEWAY_CSQLITE_H
#define SCORM_GATEWAY_CSQLITE_H

#include <sqlite3.h>

/// Calls `sqlite3_bind_text` and has the text copied: `SQLITE_TRANSIENT` is a cast pointer, which Swift does not
/// import.
static inline int csq_bind_text(sqlite3_stmt *statement, int index, const void *text, int count) {
  return sqlite3_bind_text(statement, index, (const char *)text, count, SQLITE_TRANSIENT);
}

/// Calls `sqlite3_bind_blob` and has the bytes copied, for the same reason.
static inline int csq_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
  return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

/// Makes a database harmless that another program may have written: SQL cannot write to the schema, and views and
/// triggers can call only innocuous functions. The calls are variadic, which Swift does not import.
static inline int csq_harden(sqlite3 *database) {
  int status = sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
  return status != SQLITE_OK
             ? status
             : sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
}

#endif
