#include "CExpat.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

struct cex_reader {
  XML_Parser parser;
  uint8_t *records;
  size_t count, capacity, room;
  int depth, deepest, fault;
};

static void stop(cex_reader *r, int fault) {
  if (!r->fault) r->fault = fault;
  XML_StopParser(r->parser, XML_FALSE);
}

static void put(cex_reader *r, int kind, const char *text, size_t length) {
  if (r->fault) return;
  if (length > r->room || r->count + 5 > r->room - length) return stop(r, cex_too_much);
  size_t needed = r->count + 5 + length;
  if (needed > r->capacity) {
    size_t capacity = needed < 4096 ? 8192 : needed * 2;
    uint8_t *records = (uint8_t *)realloc(r->records, capacity);
    if (!records) return stop(r, cex_no_memory);
    r->records = records;
    r->capacity = capacity;
  }
  uint8_t *to = r->records + r->count;
  to[0] = (uint8_t)kind;
  for (int i = 0; i < 4; i++) to[1 + i] = (uint8_t)(length >> (8 * i));
  if (length) memcpy(to + 5, text, length);
  r->count = needed;
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes) {
  cex_reader *r = (cex_reader *)user;
  if (++r->depth > r->deepest) return stop(r, cex_too_much);
  put(r, cex_start, name, strlen(name));
  for (; attributes[0]; attributes += 2) {
    put(r, cex_attribute, attributes[0], strlen(attributes[0]));
    put(r, cex_value, attributes[1], strlen(attributes[1]));
  }
}

static void XMLCALL on_end(void *user, const XML_Char *name) {
  (void)name;
  cex_reader *r = (cex_reader *)user;
  r->depth--;
  put(r, cex_end, "", 0);
}

static void XMLCALL on_text(void *user, const XML_Char *text, int length) {
  put((cex_reader *)user, cex_text, text, (size_t)length);
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *system,
                               const XML_Char *publisher, int has_internal_subset) {
  (void)name, (void)system, (void)publisher;
  // Entities are declared in the brackets after a DOCTYPE.
  if (has_internal_subset) stop((cex_reader *)user, cex_entities);
}

static void XMLCALL on_entity(void *user, const XML_Char *name, int is_parameter, const XML_Char *value,
                              int length, const XML_Char *base, const XML_Char *system,
                              const XML_Char *publisher, const XML_Char *notation) {
  (void)name, (void)is_parameter, (void)value, (void)length, (void)base, (void)system;
  (void)publisher, (void)notation;
  stop((cex_reader *)user, cex_entities);
}

cex_reader *cex_open(size_t room, int depth) {
  cex_reader *r = (cex_reader *)calloc(1, sizeof *r);
  if (!r) return NULL;
  r->room = room < 5 ? 5 : room;
  r->deepest = depth;
  r->parser = XML_ParserCreate(NULL);
  if (!r->parser) {
    free(r);
    return NULL;
  }
  XML_SetUserData(r->parser, r);
  XML_SetElementHandler(r->parser, on_start, on_end);
  XML_SetCharacterDataHandler(r->parser, on_text);
  XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
  XML_SetEntityDeclHandler(r->parser, on_entity);
  return r;
}

int cex_feed(cex_reader *r, const void *bytes, size_t count, int is_last) {
  if (r->fault) return r->fault;
  if (XML_Parse(r->parser, (const char *)bytes, (int)count, is_last) != XML_STATUS_OK && !r->fault)
    r->fault = XML_GetErrorCode(r->parser) == XML_ERROR_NO_MEMORY ? cex_no_memory : cex_malformed;
  return r->fault;
}

const uint8_t *cex_records(const cex_reader *r, size_t *count) {
  *count = r->count;
  return r->records;
}

const char *cex_message(const cex_reader *r) {
  const char *text = XML_ErrorString(XML_GetErrorCode(r->parser));
  return text ? text : "";
}

int64_t cex_line(const cex_reader *r) { return (int64_t)XML_GetCurrentLineNumber(r->parser); }

void cex_close(cex_reader *r) {
  if (!r) return;
  XML_ParserFree(r->parser);
  free(r->records);
  free(r);
}
