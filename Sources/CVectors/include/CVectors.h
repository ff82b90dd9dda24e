// Operations on sixteen bytes in parallel. Swift compiles them to some fifteen instructions per byte, C to one for all
// sixteen. Values in, values out: nothing here touches memory.
#ifndef SCORM_GATEWAY_CVECTORS_H
#define SCORM_GATEWAY_CVECTORS_H

#include <stdint.h>

/// `SIMD16<UInt8>` in Swift.
typedef uint8_t cv_bytes __attribute__((ext_vector_type(16)));

/// 0xFF where a byte is `byte`, 0 elsewhere.
static inline cv_bytes cv_equal(cv_bytes bytes, uint8_t byte) { return (cv_bytes)(bytes == byte); }

/// 0xFF where a byte is below `limit`, 0 elsewhere.
static inline cv_bytes cv_below(cv_bytes bytes, uint8_t limit) { return (cv_bytes)(bytes < limit); }

/// The top bit of each byte, that of the first byte lowest.
static inline uint64_t cv_top_bits(cv_bytes bytes) {
#ifdef __SSE2__
  typedef char sse_bytes __attribute__((__vector_size__(16)));
  return (uint32_t)__builtin_ia32_pmovmskb128((sse_bytes)bytes);
#else
  // The product moves the lowest bit of byte i to bit 56 + i; no two of its terms meet, so nothing is carried.
  typedef uint64_t halves __attribute__((ext_vector_type(2)));
  halves bits = (halves)bytes >> 7 & 0x0101010101010101;
  bits = bits * 0x0102040810204080 >> 56;
  return bits.x | bits.y << 8;
#endif
}

#endif
