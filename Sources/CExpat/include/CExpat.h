// Expat in a few calls: a document becomes a flat sequence of records, so that Swift needs no callbacks and no borrowed
// texts.
#ifndef SCORM_GATEWAY_CEXPAT_H
#define SCORM_GATEWAY_CEXPAT_H

#include <stddef.h>
#include <stdint.h>

/// The first byte of a record. It is followed by the length of the record's text in four bytes, least significant
/// first, and the text in UTF-8. A value follows the name of its attribute. An end has no text.
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
  /// The document declares entities. Nothing here needs them, and they can be used to blow it up or to read files.
  cex_entities,
  /// The document has more content, or is nested deeper, than was allowed.
  cex_too_much,
  cex_no_memory,
};

typedef struct cex_reader cex_reader;

/// `room`: the most bytes of records. `depth`: the most levels. Null when memory is short.
cex_reader *cex_open(size_t room, int depth);
/// Reads a piece of the document. `is_last` marks the last one.
int cex_feed(cex_reader *reader, const void *bytes, size_t count, int is_last);
/// The records so far, valid until the reader is fed again or closed.
const uint8_t *cex_records(const cex_reader *reader, size_t *count);
const char *cex_message(const cex_reader *reader);
int64_t cex_line(const cex_reader *reader);
void cex_close(cex_reader *reader);

#endif
