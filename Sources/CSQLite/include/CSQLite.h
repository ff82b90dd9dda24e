// SQLite's C interface, and the few calls Swift cannot make itself.
#ifndef SCORM_GATEWAY_CSQLITE_H
#define SCORM_GATEWAY_CSQLITE_H

#include <sqlite3.h>

/// `sqlite3_bind_text` with a copy made of the text: `SQLITE_TRANSIENT` is a cast pointer, which Swift does
/// not import.
static inline int csq_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
  return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}

#endif
