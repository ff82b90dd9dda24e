#ifndef SCORM_GATEWAY_CLIBCURL_H
#define SCORM_GATEWAY_CLIBCURL_H
#include <curl/curl.h>
#endif
