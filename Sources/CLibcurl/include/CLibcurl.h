// libcurl without variadic calls: Swift cannot call curl_easy_setopt, and C would not check its types.
#ifndef SCORM_GATEWAY_CLIBCURL_H
#define SCORM_GATEWAY_CLIBCURL_H

// _GNU_SOURCE must not be defined here: it changes fd_set and other types of the headers that libcurl includes. They
// would then contradict Swift's Glibc module, which is built without it.
#include <curl/curl.h>
#include <string.h>

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 or newer is needed (Debian 12 and Ubuntu 24.04 have it)"
#endif

#define CC_CHECKED static inline __attribute__((warn_unused_result))

/// Initialises libcurl with OpenSSL, without a key log, and with an allocator that overwrites what it frees: libcurl
/// keeps copies of credentials and answers, and clears none of them.
__attribute__((warn_unused_result)) CURLcode cc_global_init(void);

CC_CHECKED CURLcode cc_set_long(CURL *h, CURLoption o, long v) { return curl_easy_setopt(h, o, v); }

CC_CHECKED CURLcode cc_set_size(CURL *h, CURLoption o, long long v) {
  return curl_easy_setopt(h, o, (curl_off_t)v);
}

/// libcurl copies `v`; null resets the option.
CC_CHECKED CURLcode cc_set_text(CURL *h, CURLoption o, const char *v) {
  return curl_easy_setopt(h, o, v);
}

/// `list` must live as long as the transfer.
CC_CHECKED CURLcode cc_set_headers(CURL *h, struct curl_slist *list) {
  return curl_easy_setopt(h, CURLOPT_HTTPHEADER, list);
}

/// Makes the request a POST. libcurl copies `size` bytes of `body`.
CC_CHECKED CURLcode cc_set_post(CURL *h, const void *body, long long size) {
  CURLcode c = curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
  return c != CURLE_OK ? c : curl_easy_setopt(h, CURLOPT_COPYPOSTFIELDS, body);
}

typedef size_t (*cc_sink)(char *bytes, size_t size, size_t count, void *context);

/// `context` must live as long as the transfer.
CC_CHECKED CURLcode cc_set_sink(CURL *h, cc_sink sink, void *context) {
  CURLcode c = curl_easy_setopt(h, CURLOPT_WRITEDATA, context);
  return c != CURLE_OK ? c : curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, sink);
}

/// `setup` is called with each connection's SSL_CTX before its handshake. libcurl's own authorities are not loaded.
/// `context` must live as long as the handle.
CC_CHECKED CURLcode cc_set_tls_setup(CURL *h, CURLcode (*setup)(CURL *h, void *ssl_context, void *context),
                                     void *context) {
  CURLcode c = curl_easy_setopt(h, CURLOPT_CAINFO, NULL);
  if (c == CURLE_OK) c = curl_easy_setopt(h, CURLOPT_CAPATH, NULL);
  // A store that libcurl caches would replace the one that was set up (7.88 fills it in after the call).
  if (c == CURLE_OK) c = curl_easy_setopt(h, CURLOPT_CA_CACHE_TIMEOUT, 0L);
  if (c == CURLE_OK) c = curl_easy_setopt(h, CURLOPT_SSL_CTX_DATA, context);
  return c != CURLE_OK ? c : curl_easy_setopt(h, CURLOPT_SSL_CTX_FUNCTION, setup);
}

/// `buffer` must have CURL_ERROR_SIZE bytes and live as long as the handle.
CC_CHECKED CURLcode cc_set_error_buffer(CURL *h, char *buffer) {
  return curl_easy_setopt(h, CURLOPT_ERRORBUFFER, buffer);
}

/// The status of the answer; 0 before there is one.
static inline long cc_status(CURL *h) {
  long v = 0;
  return curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &v) == CURLE_OK ? v : 0;
}

/// The answer's Retry-After in seconds, whether it is a number or a date; 0 without one.
static inline long long cc_retry_after(CURL *h) {
  curl_off_t v = 0;
  return curl_easy_getinfo(h, CURLINFO_RETRY_AFTER, &v) == CURLE_OK ? (long long)v : 0;
}

/// The address that a redirect names; null without one. Valid as long as the handle.
static inline const char *cc_redirect(CURL *h) {
  char *v = 0;
  return curl_easy_getinfo(h, CURLINFO_REDIRECT_URL, &v) == CURLE_OK ? v : 0;
}

/// The value of the answer's first field called `name`; null without one. Valid until the handle's next transfer.
static inline const char *cc_field(CURL *h, const char *name) {
  struct curl_header *found = 0;
  return curl_easy_header(h, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : 0;
}

/// The numeric address that was connected to, that of the proxy if there is one; null or empty without a connection.
/// Valid until the handle's next transfer.
static inline const char *cc_peer_address(CURL *h) {
  char *v = 0;
  return curl_easy_getinfo(h, CURLINFO_PRIMARY_IP, &v) == CURLE_OK ? v : 0;
}

/// OpenSSL's verdict on the peer's certificates, an X509_V_ code; 0 if they are valid, or there was no handshake.
static inline long cc_verify_result(CURL *h) {
  long v = 0;
  return curl_easy_getinfo(h, CURLINFO_SSL_VERIFYRESULT, &v) == CURLE_OK ? v : 0;
}

/// Whether the last transfer found an address for its host name.
static inline int cc_has_resolved(CURL *h) {
  curl_off_t v = 0;
  return curl_easy_getinfo(h, CURLINFO_NAMELOOKUP_TIME_T, &v) == CURLE_OK && v > 0;
}

/// When the first certificate of the peer's chain expires, in seconds since 1970; -1 when that is not known. Needs
/// CURLOPT_CERTINFO.
static inline long long cc_first_expiry(CURL *h) {
  struct curl_certinfo *chain = 0;
  long long first = -1;
  if (curl_easy_getinfo(h, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain) return -1;
  for (int i = 0; i < chain->num_of_certs; i++) {
    for (struct curl_slist *line = chain->certinfo[i]; line; line = line->next) {
      static const char name[] = "Expire date:";
      if (strncmp(line->data, name, sizeof name - 1) != 0) continue;
      long long end = (long long)curl_getdate(line->data + sizeof name - 1, 0);
      if (end >= 0 && (first < 0 || end < first)) first = end;
    }
  }
  return first;
}

CC_CHECKED CURLMcode cc_multi_set_long(CURLM *m, CURLMoption o, long v) {
  return curl_multi_setopt(m, o, v);
}

/// The next transfer that has ended, with its result; null when there is none.
static inline CURL *cc_next_finished(CURLM *m, CURLcode *result) {
  int left = 0;
  CURLMsg *message;
  while ((message = curl_multi_info_read(m, &left))) {
    if (message->msg == CURLMSG_DONE) {
      *result = message->data.result;
      return message->easy_handle;
    }
  }
  return 0;
}

enum {
  cc_headers_not_to_proxy = CURLHEADER_SEPARATE,
  cc_error_size = CURL_ERROR_SIZE,
  cc_http_1_1 = CURL_HTTP_VERSION_1_1,
  cc_tls_1_2_or_newer = CURL_SSLVERSION_TLSv1_2,
  cc_netrc_ignored = CURL_NETRC_IGNORED,
};

#endif
