// Minizip over a part of an open file, entry by entry.
#ifndef SCORM_GATEWAY_CMINIZIP_H
#define SCORM_GATEWAY_CMINIZIP_H

#include <stddef.h>
#include <stdint.h>

typedef struct cmz_archive cmz_archive;

typedef struct cmz_entry {
  uint64_t size, packed;
  /// The whole name's length; `name` holds no more than fits, and ends with a zero byte.
  size_t name_length;
  int is_encrypted;
  /// As zip writes them (MS-DOS): the date in the upper two bytes, the time in the lower.
  uint32_t modified;
  char name[1025];
} cmz_entry;

/// Opens `length` bytes at `start` of the file that `fd` stands for, which must stay open until the archive is
/// closed. Null when that is no zip, or there is no memory.
cmz_archive *cmz_open(int fd, uint64_t start, uint64_t length);
/// Entries that the archive says it has.
uint64_t cmz_count(const cmz_archive *archive);
/// Goes to the first entry, or the next one. 1 when it is there, 0 behind the last, -1 when it cannot be read.
int cmz_first(cmz_archive *archive);
int cmz_next(cmz_archive *archive);
/// What the current entry is; 0 when that cannot be read.
int cmz_describe(cmz_archive *archive, cmz_entry *out);
/// Begins to unpack the current entry; 0 when that cannot be done.
int cmz_begin(cmz_archive *archive);
/// Unpacks up to `count` bytes; 0 at the end, less than that when the entry is broken.
int64_t cmz_read(cmz_archive *archive, void *bytes, size_t count);
/// Ends with the current entry; 0 when what was read to its end does not have its checksum.
int cmz_end(cmz_archive *archive);
void cmz_close(cmz_archive *archive);

#endif
