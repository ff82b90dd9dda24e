#define _FILE_OFFSET_BITS 64
#include "CMinizip.h"

#include <errno.h>
#include <minizip/unzip.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cmz_archive {
  unzFile zip;
  int fd;
  uint64_t start, length, at, count;
};

static voidpf open_part(voidpf opaque, const void *name, int mode) {
  (void)name, (void)mode;
  return opaque;
}

static uLong read_part(voidpf opaque, voidpf stream, void *bytes, uLong wanted) {
  (void)stream;
  cmz_archive *a = (cmz_archive *)opaque;
  uint64_t left = a->at < a->length ? a->length - a->at : 0;
  if (wanted > left) wanted = (uLong)left;
  uLong got = 0;
  while (got < wanted) {
    ssize_t n = pread(a->fd, (char *)bytes + got, wanted - got, (off_t)(a->start + a->at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += (uLong)n;
    a->at += (uint64_t)n;
  }
  return got;
}

static uLong write_part(voidpf opaque, voidpf stream, const void *bytes, uLong count) {
  (void)opaque, (void)stream, (void)bytes, (void)count;
  return 0;
}

static ZPOS64_T tell_part(voidpf opaque, voidpf stream) {
  (void)stream;
  return ((cmz_archive *)opaque)->at;
}

static long seek_part(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin) {
  (void)stream;
  cmz_archive *a = (cmz_archive *)opaque;
  uint64_t base = origin == ZLIB_FILEFUNC_SEEK_CUR ? a->at
                  : origin == ZLIB_FILEFUNC_SEEK_END ? a->length
                                                     : 0;
  if (offset > a->length || base > a->length - offset) return -1;
  a->at = base + offset;
  return 0;
}

static int close_part(voidpf opaque, voidpf stream) {
  (void)opaque, (void)stream;
  return 0;
}

static int error_part(voidpf opaque, voidpf stream) {
  (void)opaque, (void)stream;
  return 0;
}

cmz_archive *cmz_open(int fd, uint64_t start, uint64_t length) {
  cmz_archive *a = (cmz_archive *)calloc(1, sizeof *a);
  if (!a) return NULL;
  a->fd = fd;
  a->start = start;
  a->length = length;
  zlib_filefunc64_def functions = {open_part, read_part, write_part, tell_part,
                                   seek_part, close_part, error_part, a};
  unz_global_info64 info;
  a->zip = unzOpen2_64("", &functions);
  if (!a->zip || unzGetGlobalInfo64(a->zip, &info) != UNZ_OK) {
    cmz_close(a);
    return NULL;
  }
  a->count = info.number_entry;
  return a;
}

uint64_t cmz_count(const cmz_archive *a) { return a->count; }

static int found(int status) {
  return status == UNZ_OK ? 1 : status == UNZ_END_OF_LIST_OF_FILE ? 0 : -1;
}

int cmz_first(cmz_archive *a) { return a->count ? found(unzGoToFirstFile(a->zip)) : 0; }

int cmz_next(cmz_archive *a) { return found(unzGoToNextFile(a->zip)); }

int cmz_describe(cmz_archive *a, cmz_entry *out) {
  unz_file_info64 info;
  memset(out, 0, sizeof *out);
  if (unzGetCurrentFileInfo64(a->zip, &info, out->name, sizeof out->name - 1, NULL, 0, NULL, 0) != UNZ_OK)
    return 0;
  out->size = info.uncompressed_size;
  out->packed = info.compressed_size;
  out->name_length = info.size_filename;
  out->is_encrypted = (info.flag & 1) != 0;
  out->modified = (uint32_t)info.dosDate;
  return 1;
}

int cmz_begin(cmz_archive *a) { return unzOpenCurrentFile(a->zip) == UNZ_OK; }

int64_t cmz_read(cmz_archive *a, void *bytes, size_t count) {
  return unzReadCurrentFile(a->zip, bytes, (unsigned)count);
}

int cmz_end(cmz_archive *a) { return unzCloseCurrentFile(a->zip) == UNZ_OK; }

void cmz_close(cmz_archive *a) {
  if (!a) return;
  if (a->zip) unzClose(a->zip);
  free(a);
}
