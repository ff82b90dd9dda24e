// The files of the admin page as constants of the binary.
#ifndef SCORM_GATEWAY_CPAGE_H
#define SCORM_GATEWAY_CPAGE_H

#include <stddef.h>

typedef struct {
  const unsigned char *bytes;
  size_t count;
} page_content;

/// The file with this number, in the order of `PageFiles.types`; empty when there is none.
page_content page_file(size_t number);

#endif
