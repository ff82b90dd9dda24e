// OpenSSL 3: TLS and SHA-256, with functions for what its headers offer only as macros.
#ifndef SCORM_GATEWAY_COPENSSL_H
#define SCORM_GATEWAY_COPENSSL_H

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/// Trusts only the certificates in `ca_file` (PEM), or the system's store, which SSL_CERT_FILE and SSL_CERT_DIR
/// override if set. Null on failure; the reason is in OpenSSL's error queue.
static inline X509_STORE *co_trust(const char *ca_file) {
  X509_STORE *s = X509_STORE_new();
  if (!s) return 0;
  int ok = ca_file ? X509_STORE_load_file(s, ca_file) : X509_STORE_set_default_paths(s);
  // As libcurl does by default: every certificate in the store is trusted, whether it is a root or not.
  ok = ok == 1 && X509_STORE_set_flags(s, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN) == 1;
  if (!ok) {
    X509_STORE_free(s);
    return 0;
  }
  return s;
}

/// Whether the system's store has a file with certificates, in addition to its folders.
static inline int co_has_default_file(void) {
  X509_STORE *s = co_trust(0);
  int count = s ? sk_X509_OBJECT_num(X509_STORE_get0_objects(s)) : 0;
  X509_STORE_free(s);
  ERR_clear_error();
  return count > 0;
}

/// Accepts only names in the subject alternative names, with wildcards only for a whole label. `host` is a DNS name or,
/// when `is_address`, a numeric address.
static inline int co_expect_peer(X509_VERIFY_PARAM *p, const char *host, int is_address) {
  X509_VERIFY_PARAM_set_hostflags(
      p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return is_address ? X509_VERIFY_PARAM_set1_ip_asc(p, host) : X509_VERIFY_PARAM_set1_host(p, host, 0);
}

/// Makes the sessions of `c` trust `s` and, if `host` is given, accept only a certificate for it. 1 on success.
static inline int co_trust_in(SSL_CTX *c, X509_STORE *s, const char *host, int is_address) {
  SSL_CTX_set1_cert_store(c, s);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER, 0);
  return host ? co_expect_peer(SSL_CTX_get0_param(c), host, is_address) : 1;
}

/// A client context: TLS 1.2 or newer, chain verified. `co_trust_in` sets what it trusts. Null on failure; the reason
/// is in OpenSSL's error queue.
static inline SSL_CTX *co_client_context(void) {
  SSL_CTX *c = SSL_CTX_new(TLS_client_method());
  if (!c) return 0;
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                          SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_read_ahead(c, 1);
  SSL_CTX_set_default_read_buffer_len(c, 16384 + 512);
  return c;
}

/// The last state of the socket under a TLS session.
typedef struct co_wire {
  int fd;
  /// The last read returned less than requested: the socket is empty until the next edge.
  int drained;
  /// The first byte that arrived; -1 before that.
  int first;
} co_wire;

static inline int co_wire_read(BIO *b, char *out, int count) {
  co_wire *w = (co_wire *)BIO_get_data(b);
  ssize_t n;
  BIO_clear_retry_flags(b);
  do n = recv(w->fd, out, (size_t)count, 0);
  while (n < 0 && errno == EINTR);
  w->drained = n < count;
  if (w->first < 0 && n > 0) w->first = (unsigned char)*out;
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) BIO_set_retry_read(b);
  return (int)n;
}

static inline int co_wire_write(BIO *b, const char *bytes, int count) {
  co_wire *w = (co_wire *)BIO_get_data(b);
  ssize_t n;
  BIO_clear_retry_flags(b);
  do n = send(w->fd, bytes, (size_t)count, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) BIO_set_retry_write(b);
  return (int)n;
}

static inline long co_wire_control(BIO *b, int command, long number, void *pointer) {
  (void)b;
  (void)number;
  (void)pointer;
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static inline int co_wire_destroy(BIO *b) {
  free(BIO_get_data(b));
  BIO_set_data(b, 0);
  return 1;
}

/// The method table of our socket BIO, made once by `co_wire_setup`.
extern BIO_METHOD *co_wire_method;
/// Makes the method table; 1 on success. To be called once before any session.
int co_wire_setup(void);

/// Makes the session read and write `fd`. 1 on success.
static inline int co_attach(SSL *s, int fd) {
  co_wire *w = (co_wire *)calloc(1, sizeof *w);
  BIO *b = co_wire_method ? BIO_new(co_wire_method) : 0;
  if (!w || !b) {
    BIO_free(b);
    free(w);
    return 0;
  }
  w->fd = fd;
  w->first = -1;
  BIO_set_data(b, w);
  BIO_set_init(b, 1);
  SSL_set_bio(s, b, b);
  return 1;
}

/// A client session on `fd` that accepts only a certificate for `host`, a DNS name or, when `is_address`, a numeric
/// address. Common names do not count (RFC 9110 section 4.3.4).
static inline SSL *co_client_session(SSL_CTX *c, int fd, const char *host, int is_address) {
  SSL *s = SSL_new(c);
  if (!s) return 0;
  if ((is_address || SSL_set_tlsext_host_name(s, host) == 1) &&
      co_expect_peer(SSL_get0_param(s), host, is_address) == 1 && co_attach(s, fd)) {
    SSL_set_connect_state(s);
    return s;
  }
  SSL_free(s);
  return 0;
}

/// Whether nothing more can be read now: no byte is buffered, the socket was drained, and there is no close_notify that
/// was read with earlier bytes and still has to be reported.
static inline int co_is_drained(const SSL *s) {
  const co_wire *w = (const co_wire *)BIO_get_data(SSL_get_rbio(s));
  return w->drained && !SSL_has_pending(s) && !(SSL_get_shutdown(s) & SSL_RECEIVED_SHUTDOWN);
}

/// Whether the first error in this thread's queue is an alert that the peer sent.
static inline int co_is_alert(void) {
  unsigned long e = ERR_peek_error();
  return ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) > SSL_AD_REASON_OFFSET;
}

/// To be called before each operation, because SSL_get_error reads OpenSSL's queue and errno. Clearing the queue costs
/// 800 instructions even if it is empty; checking first costs 100.
static inline void co_clear_errors(void) {
  if (ERR_peek_error()) ERR_clear_error();
  errno = 0;
}

/// Writes the first error in this thread's queue as text, empty when there is none, and empties the queue.
static inline void co_take_error(char *out, size_t size) {
  unsigned long e = ERR_get_error();
  out[0] = 0;
  if (e) {
    const char *reason = ERR_reason_error_string(e);
    if (reason) {
      size_t i = 0;
      for (; reason[i] && i + 1 < size; i++) out[i] = reason[i];
      out[i] = 0;
    } else {
      ERR_error_string_n(e, out, size);
    }
  }
  ERR_clear_error();
}

/// Why the chain or the name of the peer's certificate was refused (static text); null if it was not.
static inline const char *co_verify_failure(const SSL *s) {
  long r = SSL_get_verify_result(s);
  return r == X509_V_OK ? 0 : X509_verify_cert_error_string(r);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/// Writes the SHA-256 of `count` bytes to the 32 bytes at `out`; 1 on success.
///
/// It uses functions that OpenSSL 3 deprecates because they bypass providers. A fingerprint needs no provider, and the
/// first use of EVP makes a process look up every algorithm: three million instructions at its start.
static inline int co_sha256(const void *bytes, size_t count, unsigned char *out) {
  SHA256_CTX context;
  int ok = SHA256_Init(&context) == 1 && SHA256_Update(&context, bytes, count) == 1 &&
           SHA256_Final(out, &context) == 1;
  OPENSSL_cleanse(&context, sizeof context);
  return ok;
}
#pragma GCC diagnostic pop

/// Writes the HMAC-SHA-256 of `count` bytes under `key` to the 32 bytes at `out`; 1 on success.
static inline int co_hmac_sha256(const void *key, size_t key_count, const void *bytes, size_t count,
                                 unsigned char *out) {
  unsigned int length = 0;
  return HMAC(EVP_sha256(), key, (int)key_count, (const unsigned char *)bytes, count, out, &length) != 0 &&
         length == 32;
}

/// Seals `count` bytes with AES-256-GCM (NIST SP 800-38D) into as many at `out`, and 16 at `tag`. `key` has 32 bytes.
/// `nonce` has 12, which must never be used twice with one key. `bound` must be the same for co_open. 1 on success.
static inline int co_seal(const void *key, const unsigned char *nonce, const void *bound, size_t bound_count,
                          const void *bytes, size_t count, unsigned char *out, unsigned char *tag) {
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  int length = 0;
  int ok = c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), 0, (const unsigned char *)key, nonce) == 1 &&
           EVP_EncryptUpdate(c, 0, &length, (const unsigned char *)bound, (int)bound_count) == 1 &&
           EVP_EncryptUpdate(c, out, &length, (const unsigned char *)bytes, (int)count) == 1 &&
           (size_t)length == count && EVP_EncryptFinal_ex(c, out + count, &length) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, tag) == 1;
  EVP_CIPHER_CTX_free(c);
  return ok;
}

/// Opens what co_seal made. 1 if nothing of it was changed; only then may `out` be used.
static inline int co_open(const void *key, const unsigned char *nonce, const void *bound, size_t bound_count,
                          const void *bytes, size_t count, unsigned char *out, const unsigned char *tag) {
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  int length = 0;
  int ok = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), 0, (const unsigned char *)key, nonce) == 1 &&
           EVP_DecryptUpdate(c, 0, &length, (const unsigned char *)bound, (int)bound_count) == 1 &&
           EVP_DecryptUpdate(c, out, &length, (const unsigned char *)bytes, (int)count) == 1 &&
           (size_t)length == count &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, 16, (void *)tag) == 1 &&
           EVP_DecryptFinal_ex(c, out + count, &length) == 1;
  EVP_CIPHER_CTX_free(c);
  if (!ok) OPENSSL_cleanse(out, count);
  ERR_clear_error();
  return ok;
}

#include "COpenSSLServer.h"

#endif
