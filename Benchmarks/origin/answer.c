// Finds the end of an answer: by Content-Length or chunked. Reports any status but 200.
#include "rig.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void note_tail(struct answer *answer, const unsigned char *bytes, size_t count) {
  size_t kept = sizeof answer->tail;
  if (count >= kept) {
    memcpy(answer->tail, bytes + count - kept, kept);
  } else {
    memmove(answer->tail, answer->tail + count, kept - count);
    memcpy(answer->tail + kept - count, bytes, count);
  }
}

enum answer_state answer_take(struct answer *answer, unsigned char *bytes, size_t left) {
  bytes[left] = 0;
  if (answer->framing == HEAD_NEXT) {
    unsigned char *end = memmem(bytes, left, "\r\n\r\n", 4);
    if (!end || left < 12) return ANSWER_BROKEN;  // no proxy here splits such a small head
    answer->is_200 = memcmp(bytes + 9, "200", 3) == 0;
    end[2] = 0;
    const char *length = strcasestr((char *)bytes, "\ncontent-length:");
    if (length) {
      answer->framing = BY_LENGTH;
      answer->remaining = atoll(length + 16);
    } else if (strcasestr((char *)bytes, "\ntransfer-encoding:")) {
      answer->framing = BY_CHUNKS;
      memset(answer->tail, 0, sizeof answer->tail);
    } else {
      return ANSWER_BROKEN;
    }
    end += 4;
    left -= (size_t)(end - bytes);
    bytes = end;
  }
  if (answer->framing == BY_LENGTH) {
    answer->remaining -= (int64_t)left;
    if (answer->remaining < 0) return ANSWER_BROKEN;  // more than one answer to a request
    if (answer->remaining > 0) return ANSWER_MORE;
  } else {
    note_tail(answer, bytes, left);
    if (memcmp(answer->tail, "0\r\n\r\n", 5) != 0) return ANSWER_MORE;
  }
  return answer->is_200 ? ANSWER_WHOLE : ANSWER_NOT_200;
}
