// The part of zlib that is used: gzip in one step. libcurl already brings the library into the process.
#ifndef SCORM_GATEWAY_CZLIB_H
#define SCORM_GATEWAY_CZLIB_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

// The most room that `count` bytes take when compressed.
static inline size_t cz_gzip_room(size_t count) {
  // compressBound is for zlib's own format; gzip's header and trailer are 12 bytes longer.
  return compressBound(count) + 12;
}

// Writes `count` bytes as one gzip member (RFC 1952) and returns its length; 0 when there is not enough memory or room.
static inline size_t cz_gzip(void *target, size_t room, const void *source, size_t count) {
  z_stream stream = {0};
  if (room > UINT_MAX || count > UINT_MAX) return 0;
  // 31: the largest window, in gzip's format.
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
  stream.next_in = (Bytef *)source;
  stream.avail_in = (uInt)count;
  stream.next_out = (Bytef *)target;
  stream.avail_out = (uInt)room;
  int result = deflate(&stream, Z_FINISH);
  size_t length = stream.total_out;
  deflateEnd(&stream);
  return result == Z_STREAM_END ? length : 0;
}

#endif
