// Minizip over a part of an open file, entry by entry.
#ifndef SCORM_GATEWAY_CMINIZIP_H
#define SCORM_GATEWAY_CMINIZIP_H

#include <stddef.h>
#include <stdint.h>

typedef struct cmz_archive cmz_archive;

typedef struct cmz_entry {
  uint64_t size, packed;
  /// The length of the whole name. `name` holds as much of it as fits, and ends with a zero byte.
  size_t name_length;
  int is_encrypted;
  /// As in zip files (MS-DOS): the date in the upper two bytes, the time in the lower two.
  uint32_t modified;
  char name[1025];
} cmz_entry;

/// Opens `length` bytes at `start` of the file `fd`, which must stay open until the archive is closed. Null when they
/// are not a zip archive, or memory is short.
cmz_archive *cmz_open(int fd, uint64_t start, uint64_t length);
/// The number of entries that the archive claims to have.
uint64_t cmz_count(const cmz_archive *archive);
/// Goes to the first entry, or to the next one. 1 if there is one, 0 after the last, -1 when it cannot be read.
int cmz_first(cmz_archive *archive);
int cmz_next(cmz_archive *archive);
/// Describes the current entry; 0 when it cannot be read.
int cmz_describe(cmz_archive *archive, cmz_entry *out);
/// Begins to unpack the current entry; 0 when that is not possible.
int cmz_begin(cmz_archive *archive);
/// Unpacks up to `count` bytes. Returns 0 at the end, and a negative number when the entry is broken.
int64_t cmz_read(cmz_archive *archive, void *bytes, size_t count);
/// Ends the current entry. Returns 0 when it was read to its end and its checksum is wrong.
int cmz_end(cmz_archive *archive);
void cmz_close(cmz_archive *archive);

#endif
