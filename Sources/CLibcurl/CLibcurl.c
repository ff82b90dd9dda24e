// What needs _GNU_SOURCE, which the header must not define.
#define _GNU_SOURCE
#include "CLibcurl.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void free_cleared(void *p) {
  if (!p) return;
  explicit_bzero(p, malloc_usable_size(p));
  free(p);
}

// Not realloc: that may move the bytes and leave the old ones behind.
static void *realloc_cleared(void *p, size_t size) {
  void *moved = malloc(size);
  if (!moved || !p) return moved;
  size_t old = malloc_usable_size(p);
  memcpy(moved, p, old < size ? old : size);
  free_cleared(p);
  return moved;
}

CURLcode cc_global_init(void) {
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, free_cleared, realloc_cleared, strdup, calloc);
}

void cc_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

// pthread_clockjoin_np would be simpler, but ThreadSanitizer does not know it and loses count of threads.
// So: joins by the wall clock, in slices too short for a jump of it to matter.
int cc_join_thread(pthread_t thread, long milliseconds) {
  const long slice = 50;
  struct timespec start, now, until;
  clock_gettime(CLOCK_MONOTONIC, &start);
  do {
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += slice * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int failure = pthread_timedjoin_np(thread, 0, &until);
    if (failure == 0) return 0;
    if (failure != ETIMEDOUT) break;
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < milliseconds);
  pthread_detach(thread);
  return -1;
}
