// For functions that need _GNU_SOURCE, which the header must not define.
#define _GNU_SOURCE
#include "CLibcurl.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void free_cleared(void *p) {
  if (!p) return;
  explicit_bzero(p, malloc_usable_size(p));
  free(p);
}

// Does not use realloc, which may move the bytes and leave the old ones behind.
static void *realloc_cleared(void *p, size_t size) {
  void *moved = malloc(size);
  if (!moved || !p) return moved;
  size_t old = malloc_usable_size(p);
  memcpy(moved, p, old < size ? old : size);
  free_cleared(p);
  return moved;
}

CURLcode cc_global_init(void) {
  // libcurl would open this file here, and write the keys of every connection into it.
  if (getenv("SSLKEYLOGFILE")) unsetenv("SSLKEYLOGFILE");
  // Trust is set up for OpenSSL. A libcurl with several TLS libraries would otherwise follow CURL_SSL_BACKEND.
  CURLsslset chosen = curl_global_sslset(CURLSSLBACKEND_OPENSSL, NULL, NULL);
  if (chosen != CURLSSLSET_OK && chosen != CURLSSLSET_TOO_LATE) return CURLE_NOT_BUILT_IN;
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, free_cleared, realloc_cleared, strdup, calloc);
}
