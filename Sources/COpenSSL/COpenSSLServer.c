#include "COpenSSL.h"

#include <string.h>
#include <time.h>

#include <openssl/pem.h>

static BIO *reading(co_text text) {
  return BIO_new_mem_buf(text.bytes ? text.bytes : "", (int)text.count);
}

/// Whether reading PEM ended because there is no more of it.
static int is_at_end(void) {
  unsigned long e = ERR_peek_last_error();
  int end = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
  if (end) ERR_clear_error();
  return end;
}

static STACK_OF(X509) *certificates(co_text text, int *defect) {
  STACK_OF(X509) *all = sk_X509_new_null();
  BIO *b = reading(text);
  X509 *one;
  *defect = CO_DEFECT_OTHER;
  while (all && b && (one = PEM_read_bio_X509(b, 0, 0, 0)))
    if (!sk_X509_push(all, one)) X509_free(one);
  BIO_free(b);
  if (all && is_at_end()) {
    if (sk_X509_num(all) > 0) return all;
    *defect = CO_DEFECT_NOTHING_IN_IT;
  }
  sk_X509_pop_free(all, X509_free);
  return 0;
}

static int refuse_password(char *out, int size, int writing, void *asked) {
  (void)out;
  (void)size;
  (void)writing;
  *(int *)asked = 1;
  return -1;
}

/// Whether the text contains a private key in PEM, valid or not.
static int names_key(co_text text) {
  static const char label[] = "PRIVATE KEY-----";
  const size_t length = sizeof label - 1;
  for (size_t i = 0; i + length <= text.count; i++)
    if (memcmp((const char *)text.bytes + i, label, length) == 0) return 1;
  return 0;
}

static int use_key(SSL_CTX *c, co_text text, int *defect) {
  int asked = 0;
  BIO *b = reading(text);
  EVP_PKEY *key = b ? PEM_read_bio_PrivateKey(b, 0, refuse_password, &asked) : 0;
  BIO_free(b);
  *defect = CO_DEFECT_OTHER;
  if (!key) {
    if (asked) *defect = CO_DEFECT_ENCRYPTED;
    else if (!names_key(text)) *defect = CO_DEFECT_NOTHING_IN_IT;
    return 0;
  }
  int fits = X509_check_private_key(SSL_CTX_get0_certificate(c), key) == 1;
  int used = fits && SSL_CTX_use_PrivateKey(c, key) == 1;
  EVP_PKEY_free(key);
  if (!fits) *defect = CO_DEFECT_OTHER_KEY;
  return used;
}

static int use_certificate(SSL_CTX *c, co_text text, int *defect) {
  STACK_OF(X509) *all = certificates(text, defect);
  if (!all) return 0;
  int ok = SSL_CTX_use_certificate(c, sk_X509_value(all, 0)) == 1;
  for (int i = 1; ok && i < sk_X509_num(all); i++)
    ok = SSL_CTX_add1_chain_cert(c, sk_X509_value(all, i)) == 1;
  sk_X509_pop_free(all, X509_free);
  *defect = CO_DEFECT_OTHER;
  return ok;
}

/// Accepts an anchor without a revocation list: it is trusted because it is configured.
static int excuse_anchor(int ok, X509_STORE_CTX *x) {
  int error = X509_STORE_CTX_get_error(x);
  int depth = X509_STORE_CTX_get_error_depth(x);
  if (ok || depth == 0 || depth != sk_X509_num(X509_STORE_CTX_get0_chain(x)) - 1) return ok;
  if (error != X509_V_ERR_UNABLE_TO_GET_CRL && error != X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER) return ok;
  X509_STORE_CTX_set_error(x, X509_V_OK);
  return 1;
}

static int trust_clients(SSL_CTX *c, co_text text, int *defect) {
  STACK_OF(X509) *all = certificates(text, defect);
  if (!all) return 0;
  X509_STORE *store = X509_STORE_new();
  int ok = store && X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN) == 1;
  for (int i = 0; ok && i < sk_X509_num(all); i++)
    ok = X509_STORE_add_cert(store, sk_X509_value(all, i)) == 1 &&
         SSL_CTX_add_client_CA(c, sk_X509_value(all, i)) == 1;
  sk_X509_pop_free(all, X509_free);
  if (ok) SSL_CTX_set_cert_store(c, store);
  else X509_STORE_free(store);
  *defect = CO_DEFECT_OTHER;
  return ok;
}

static int revoke(SSL_CTX *c, co_text text, int *defect) {
  X509_STORE *store = SSL_CTX_get_cert_store(c);
  BIO *b = reading(text);
  X509_CRL *one;
  int count = 0, ok = b != 0;
  while (ok && (one = PEM_read_bio_X509_CRL(b, 0, 0, 0))) {
    ok = X509_STORE_add_crl(store, one) == 1;
    X509_CRL_free(one);
    count++;
  }
  BIO_free(b);
  *defect = CO_DEFECT_OTHER;
  if (!ok || !is_at_end()) return 0;
  if (count == 0) {
    *defect = CO_DEFECT_NOTHING_IN_IT;
    return 0;
  }
  X509_STORE_set_verify_cb(store, excuse_anchor);
  return X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

/// Selects HTTP/1.1, the only supported protocol: RFC 7301. Not called for a peer that offers no protocols.
static int choose_protocol(SSL *s, const unsigned char **out, unsigned char *out_count,
                           const unsigned char *offered, unsigned int count, void *unused) {
  static const unsigned char ours[] = "http/1.1";
  (void)s;
  (void)unused;
  for (unsigned int i = 0; i < count && i + 1u + offered[i] <= count; i += 1u + offered[i]) {
    if (offered[i] == sizeof ours - 1 && memcmp(offered + i + 1, ours, sizeof ours - 1) == 0) {
      *out = offered + i + 1;
      *out_count = offered[i];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Verifies a client. A ticket holds the client's certificate, but not the further certificates that it sent: a resumed
/// session could not be verified again under other authorities. So a client that sends more than its own certificate
/// gets no ticket.
static int verify_client(X509_STORE_CTX *x, void *unused) {
  (void)unused;
  SSL *s = (SSL *)X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
  if (s && sk_X509_num(X509_STORE_CTX_get0_untrusted(x)) > 1) SSL_set_num_tickets(s, 0);
  return X509_verify_cert(x);
}

/// Suppresses tickets for TLS 1.2, which promises a ticket before it sees the client's certificate.
static int look_at_hello(SSL *s, int *alert, void *unused) {
  (void)alert;
  (void)unused;
  const unsigned char *bytes;
  size_t count;
  if (!SSL_client_hello_get0_ext(s, TLSEXT_TYPE_supported_versions, &bytes, &count))
    SSL_set_options(s, SSL_OP_NO_TICKET);
  return SSL_CLIENT_HELLO_SUCCESS;
}

SSL_CTX *co_server_context(const co_server_settings *t, int *part, int *defect) {
  SSL_CTX *c = SSL_CTX_new(TLS_server_method());
  *part = CO_PART_CONTEXT;
  *defect = CO_DEFECT_OTHER;
  if (!c) return 0;
  SSL_CTX_set_min_proto_version(c, t->minimum);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                          SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                             SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                             // A client that closes its direction without a close_notify is answered anyway: HTTP's
                             // framing shows what was cut off.
                             SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_read_ahead(c, 1);
  SSL_CTX_set_default_read_buffer_len(c, 16384 + 512);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(c, 1);
  SSL_CTX_set_alpn_select_cb(c, choose_protocol, 0);
  unsigned char keys[CO_TICKET_KEY_BYTES];
  memcpy(keys, t->ticket_keys, sizeof keys);
  // Forward secrecy and authenticated encryption only, RFC 9325 section 4.2.
  int ok = SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
           SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                       "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set_session_id_context(c, t->session_context, 32) == 1 &&
           SSL_CTX_set_tlsext_ticket_keys(c, keys, sizeof keys) == 1;
  OPENSSL_cleanse(keys, sizeof keys);
  if (!ok) goto fail;
  *part = CO_PART_CERTIFICATE;
  if (!use_certificate(c, t->certificate, defect)) goto fail;
  *part = CO_PART_KEY;
  if (!use_key(c, t->key, defect)) goto fail;
  if (t->client) {
    *part = CO_PART_CLIENT_CA;
    if (!trust_clients(c, t->client_ca, defect)) goto fail;
    *part = CO_PART_CLIENT_CRL;
    if (t->client_crl.bytes && !revoke(c, t->client_crl, defect)) goto fail;
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | (t->client > 1 ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), 0);
    SSL_CTX_set_cert_verify_callback(c, verify_client, 0);
    SSL_CTX_set_client_hello_cb(c, look_at_hello, 0);
  }
  ERR_clear_error();
  return c;
fail:
  SSL_CTX_free(c);
  return 0;
}

SSL *co_server_session(SSL_CTX *c, int fd) {
  SSL *s = SSL_new(c);
  if (s && co_attach(s, fd)) {
    SSL_set_accept_state(s);
    return s;
  }
  SSL_free(s);
  return 0;
}

int co_verify_peer_again(const SSL *s, SSL_CTX *c) {
  X509 *own = SSL_get0_peer_certificate(s);
  if (!own) return X509_V_OK;
  X509_STORE_CTX *x = X509_STORE_CTX_new();
  int result = X509_V_ERR_OUT_OF_MEM;
  if (x && X509_STORE_CTX_init(x, SSL_CTX_get_cert_store(c), own, SSL_get_peer_cert_chain(s)) == 1 &&
      X509_STORE_CTX_set_default(x, "ssl_client") == 1)
    result = X509_verify_cert(x) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(x);
  // Never valid by accident.
  else result = X509_V_ERR_OUT_OF_MEM;
  X509_STORE_CTX_free(x);
  ERR_clear_error();
  return result;
}

static int64_t seconds_of(const ASN1_TIME *time) {
  struct tm parts;
  return time && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

int64_t co_not_after(const X509 *certificate) { return seconds_of(X509_get0_notAfter(certificate)); }

int64_t co_next_update(co_text crl) {
  int64_t first = INT64_MAX;
  BIO *b = reading(crl);
  X509_CRL *one;
  while (b && (one = PEM_read_bio_X509_CRL(b, 0, 0, 0))) {
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(one);
    if (next && seconds_of(next) < first) first = seconds_of(next);
    X509_CRL_free(one);
  }
  BIO_free(b);
  ERR_clear_error();
  return first;
}

void co_serial(const X509 *certificate, char *out, size_t size) {
  BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), 0);
  char *text = number ? BN_bn2hex(number) : 0;
  out[0] = 0;
  if (text && strlen(text) < size) strcpy(out, text);
  OPENSSL_free(text);
  BN_free(number);
}

void co_issuer(const X509 *certificate, char *out, size_t size) {
  BIO *b = BIO_new(BIO_s_mem());
  int count = 0;
  if (b && X509_NAME_print_ex(b, X509_get_issuer_name(certificate), 0, XN_FLAG_RFC2253) >= 0)
    count = BIO_read(b, out, (int)size - 1);
  out[count > 0 ? count : 0] = 0;
  BIO_free(b);
}

int co_name(const GENERAL_NAMES *names, int index, co_text *text) {
  const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
  const ASN1_IA5STRING *string;
  int kind;
  if (name->type == GEN_DNS) {
    kind = CO_NAME_DNS;
    string = name->d.dNSName;
  } else if (name->type == GEN_URI) {
    kind = CO_NAME_URI;
    string = name->d.uniformResourceIdentifier;
  } else {
    return CO_NAME_OTHER;
  }
  text->bytes = ASN1_STRING_get0_data(string);
  text->count = (size_t)ASN1_STRING_length(string);
  return kind;
}
