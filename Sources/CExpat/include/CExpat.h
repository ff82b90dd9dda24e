// Expat behind four calls: a document becomes a flat record of what it says, so that Swift has no callbacks
// and no borrowed texts.
#ifndef SCORM_GATEWAY_CEXPAT_H
#define SCORM_GATEWAY_CEXPAT_H

#include <stddef.h>
#include <stdint.h>

/// What a record begins with, followed by the length of its text in four bytes, least significant first, and
/// the text in UTF-8. A value follows the name of its attribute. An end has no text.
enum {
  cex_start = 1,
  cex_attribute,
  cex_value,
  cex_text,
  cex_end,
};

enum {
  cex_ok = 0,
  /// The document is not well-formed; `cex_message` says why.
  cex_malformed,
  /// It declares entities: nothing that is needed here, and a way to blow it up or to read files.
  cex_entities,
  /// It says more, or is nested deeper, than was allowed.
  cex_too_much,
  cex_no_memory,
};

typedef struct cex_reader cex_reader;

/// `room`: most bytes of records. `depth`: most levels. Null without memory.
cex_reader *cex_open(size_t room, int depth);
/// Reads a piece of the document; the last one says so.
int cex_feed(cex_reader *reader, const void *bytes, size_t count, int is_last);
/// The records so far, which live until the reader is fed again or closed.
const uint8_t *cex_records(const cex_reader *reader, size_t *count);
const char *cex_message(const cex_reader *reader);
int64_t cex_line(const cex_reader *reader);
void cex_close(cex_reader *reader);

#endif
