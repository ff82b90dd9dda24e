// Zstandard's C interface. libcurl brings the library into the process already.
#ifndef SCORM_GATEWAY_CZSTD_H
#define SCORM_GATEWAY_CZSTD_H

#include <zstd.h>

#endif
