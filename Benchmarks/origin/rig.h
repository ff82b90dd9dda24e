// Shared by the parts of the origin process: one epoll loop, and its watchers.
//
// Origin and load generator deliberately run in one process. On loopback an ordinary load tool and an ordinary origin
// use more CPU per request than the proxies measured here, so on one core they would starve the proxy. One shared loop
// halves the wake-ups, so a proxy on the other core is saturated. CPU per request can be compared only in that state.
#ifndef SCORM_GATEWAY_RIG_H
#define SCORM_GATEWAY_RIG_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The first member of everything registered with epoll. `ready` gets the epoll event bits.
struct watcher {
  void (*ready)(struct watcher *self, uint32_t events);
  int fd;
};

enum { SCRATCH_BYTES = 64 * 1024 };
extern unsigned char scratch[SCRATCH_BYTES + 1];  // the bytes of one read, valid during one callback

void loop_add(struct watcher *watcher, uint32_t events);
void loop_change(struct watcher *watcher, uint32_t events);
int64_t now_ns(void);
_Noreturn void die(const char *what);

// origin.c
void origin_start(SSL_CTX *tls, int *plain_port, int *tls_port);

// answer.c
enum framing { HEAD_NEXT, BY_LENGTH, BY_CHUNKS };
enum answer_state { ANSWER_MORE, ANSWER_WHOLE, ANSWER_NOT_200, ANSWER_BROKEN };
struct answer {
  enum framing framing;
  bool is_200;
  int64_t remaining;      // of the body, if BY_LENGTH
  unsigned char tail[5];  // the last bytes seen, if BY_CHUNKS
};
// Reads `left` bytes of an answer. One more byte after them must be writable.
enum answer_state answer_take(struct answer *answer, unsigned char *bytes, size_t left);

// load.c
struct load_order {
  int port, connections;
  double seconds;
  long body_bytes;  // 0: GET; otherwise POST with a body of that size
  int sources;      // the number of source addresses, used in turn, from 127.1.0.1 on; 0: 127.0.0.1
  char path[1024];
};
void load_start(const struct load_order *order);
bool load_running(void);
void load_tick(void);  // ends the run when its time is up, and prints the result
char *request_text(const struct load_order *order, size_t *bytes);

// paced.c: requests at a fixed rate, timed
void paced_start(const struct load_order *order, int rate);
bool paced_running(void);
void paced_tick(void);

// secured.c: callers with TLS 1.3 and a client certificate
enum secured_kind {
  KEPT,  // one connection per caller
  FRESH,  // a new connection, without a ticket, for each request
  IDLE,  // one request each, then they wait until `drop`
};
struct secured_order {
  enum secured_kind kind;
  struct load_order load;
};
void secured_use(const char *certificate, const char *key);
void secured_start(const struct secured_order *order);
bool secured_running(void);
void secured_tick(void);
void secured_drop(void);

#endif
