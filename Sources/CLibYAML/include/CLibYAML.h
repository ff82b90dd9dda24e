// libyaml's event parser in a few calls, so that Swift needs no unions and no borrowed input. Everything is `static
// inline`: there is no code here to link.
#ifndef SCORM_GATEWAY_CLIBYAML_H
#define SCORM_GATEWAY_CLIBYAML_H

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/// What `cly_next` found. The other stream events need no names.
enum {
  cly_other = 0,
  cly_stream_end,
  cly_document_start,
  cly_alias,
  cly_scalar,
  cly_sequence_start,
  cly_sequence_end,
  cly_mapping_start,
  cly_mapping_end,
};

/// One event. `text` belongs to the parser and is valid until the next call of `cly_next`.
typedef struct cly_event {
  int kind;
  /// Where it starts, both counted from 1; the column counts characters.
  size_t line, column;
  const unsigned char *text;
  size_t length;
  /// Whether a scalar has no quotes, so that `null` and `true` mean more than their letters.
  int plain;
  int has_anchor, has_tag;
} cly_event;

/// A parser with its own copy of the input.
typedef struct cly_parser {
  yaml_parser_t parser;
  yaml_event_t event;
  int holds_event;
  unsigned char *input;
} cly_parser;

static inline void cly_close(cly_parser *p) {
  if (!p) return;
  if (p->holds_event) yaml_event_delete(&p->event);
  yaml_parser_delete(&p->parser);
  free(p->input);
  free(p);
}

/// Starts on a copy of `count` bytes, read as UTF-8 whatever their byte order mark says; null when memory is short.
static inline cly_parser *cly_open(const unsigned char *bytes, size_t count) {
  cly_parser *p = (cly_parser *)calloc(1, sizeof *p);
  if (!p) return NULL;
  if (!yaml_parser_initialize(&p->parser)) {
    free(p);
    return NULL;
  }
  p->input = (unsigned char *)malloc(count ? count : 1);
  if (!p->input) {
    cly_close(p);
    return NULL;
  }
  if (count) memcpy(p->input, bytes, count);
  yaml_parser_set_input_string(&p->parser, p->input, count);
  yaml_parser_set_encoding(&p->parser, YAML_UTF8_ENCODING);
  return p;
}

/// Reads the next event into `out`; 0 when the text is not YAML (see `cly_problem`).
static inline int cly_next(cly_parser *p, cly_event *out) {
  memset(out, 0, sizeof *out);
  if (p->holds_event) {
    yaml_event_delete(&p->event);
    p->holds_event = 0;
  }
  if (!yaml_parser_parse(&p->parser, &p->event)) return 0;
  p->holds_event = 1;
  out->line = p->event.start_mark.line + 1;
  out->column = p->event.start_mark.column + 1;
  switch (p->event.type) {
    case YAML_STREAM_END_EVENT: out->kind = cly_stream_end; break;
    case YAML_DOCUMENT_START_EVENT: out->kind = cly_document_start; break;
    case YAML_ALIAS_EVENT: out->kind = cly_alias; break;
    case YAML_SCALAR_EVENT:
      out->kind = cly_scalar;
      out->text = p->event.data.scalar.value;
      out->length = p->event.data.scalar.length;
      out->plain = p->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
      out->has_anchor = p->event.data.scalar.anchor != NULL;
      out->has_tag = p->event.data.scalar.tag != NULL;
      break;
    case YAML_SEQUENCE_START_EVENT:
      out->kind = cly_sequence_start;
      out->has_anchor = p->event.data.sequence_start.anchor != NULL;
      out->has_tag = p->event.data.sequence_start.tag != NULL;
      break;
    case YAML_SEQUENCE_END_EVENT: out->kind = cly_sequence_end; break;
    case YAML_MAPPING_START_EVENT:
      out->kind = cly_mapping_start;
      out->has_anchor = p->event.data.mapping_start.anchor != NULL;
      out->has_tag = p->event.data.mapping_start.tag != NULL;
      break;
    case YAML_MAPPING_END_EVENT: out->kind = cly_mapping_end; break;
    default: out->kind = cly_other;
  }
  return 1;
}

/// libyaml's text for the last failure: fixed English texts that quote nothing of the input.
static inline const char *cly_problem(const cly_parser *p) {
  return p->parser.problem ? p->parser.problem : "not readable as YAML";
}

static inline const char *cly_problem_context(const cly_parser *p) {
  return p->parser.context ? p->parser.context : "";
}

/// Where the last failure is, counted from 1. Failures of the reader have no position: see `cly_problem_offset`.
static inline size_t cly_problem_line(const cly_parser *p) { return p->parser.problem_mark.line + 1; }
static inline size_t cly_problem_column(const cly_parser *p) { return p->parser.problem_mark.column + 1; }

/// The byte at which the reader failed (for example at a control character); -1 when it was not the reader.
static inline long cly_problem_offset(const cly_parser *p) {
  return p->parser.error == YAML_READER_ERROR ? (long)p->parser.problem_offset : -1;
}

#endif
