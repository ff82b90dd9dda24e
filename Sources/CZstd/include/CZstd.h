// Zstandard's C interface. libcurl already brings the library into the process.
#ifndef SCORM_GATEWAY_CZSTD_H
#define SCORM_GATEWAY_CZSTD_H

#include <zstd.h>

#endif
