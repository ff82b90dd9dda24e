// The server's side of TLS: a listener's context, and what its peers prove. Included by COpenSSL.h.
#ifndef SCORM_GATEWAY_COPENSSL_SERVER_H
#define SCORM_GATEWAY_COPENSSL_SERVER_H

#include <stdint.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/// A file in memory.
typedef struct co_text {
  const void *bytes;
  size_t count;
} co_text;

/// What a context is made from. `client_ca` and `client_crl` may be empty.
typedef struct co_server_settings {
  co_text certificate, key, client_ca, client_crl;
  /// 0: clients are not asked for a certificate. 1: it is optional. 2: it is required.
  int client;
  /// TLS1_2_VERSION or TLS1_3_VERSION.
  int minimum;
  /// Sessions are resumed only if these 32 bytes are the same.
  const unsigned char *session_context;
  /// The CO_TICKET_KEY_BYTES with which tickets are sealed.
  const unsigned char *ticket_keys;
} co_server_settings;

enum { CO_TICKET_KEY_BYTES = 80 };

/// The file from which a context cannot be made.
enum { CO_PART_CONTEXT, CO_PART_CERTIFICATE, CO_PART_KEY, CO_PART_CLIENT_CA, CO_PART_CLIENT_CRL };
/// What is wrong with it. For CO_DEFECT_OTHER, the error queue has details.
enum { CO_DEFECT_OTHER, CO_DEFECT_NOTHING_IN_IT, CO_DEFECT_ENCRYPTED, CO_DEFECT_OTHER_KEY };

/// A listener's context. Null on failure, with `part` and `defect` set.
SSL_CTX *co_server_context(const co_server_settings *settings, int *part, int *defect);

/// The first certificate in a context, which is the server's own.
static inline X509 *co_own_certificate(SSL_CTX *c) { return SSL_CTX_get0_certificate(c); }

/// The earliest next update of the revocation lists in PEM, in seconds since 1970; INT64_MAX when none has one.
int64_t co_next_update(co_text crl);

/// A server's session on `fd`.
SSL *co_server_session(SSL_CTX *c, int fd);

/// Whether a server's peer began with a capital letter, as HTTP without TLS does and TLS never does.
static inline int co_was_sent_text(const SSL *s) {
  const co_wire *w = (const co_wire *)BIO_get_data(SSL_get_rbio(s));
  return SSL_is_server(s) && w->first >= 'A' && w->first <= 'Z';
}

/// Whether the handshake cannot go on before the peer has sent something.
static inline int co_awaits_input(const SSL *s) {
  return SSL_want_read(s) || (SSL_is_server(s) && SSL_in_before(s));
}

/// Verifies the peer's certificate with the authorities of `c`, which may differ from those under which the session
/// began. Returns an X509_V_ code; X509_V_OK also for a peer without a certificate.
int co_verify_peer_again(const SSL *s, SSL_CTX *c);

/// When a certificate expires, in seconds since 1970; 0 when that cannot be read.
int64_t co_not_after(const X509 *certificate);

/// The serial number in hexadecimal digits; empty when it does not fit.
void co_serial(const X509 *certificate, char *out, size_t size);

/// The issuer's distinguished name (RFC 2253), ASCII only, cut to fit.
void co_issuer(const X509 *certificate, char *out, size_t size);

/// The subject alternative names, to be freed with co_free_names; null when there are none.
static inline GENERAL_NAMES *co_names(const X509 *certificate) {
  return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, 0, 0);
}

static inline void co_free_names(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

static inline int co_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

enum { CO_NAME_OTHER, CO_NAME_DNS, CO_NAME_URI };

/// The kind of a name, and its bytes as in the certificate.
int co_name(const GENERAL_NAMES *names, int index, co_text *text);

#endif
