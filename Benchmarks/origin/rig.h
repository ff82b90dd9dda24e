// What the three parts of the origin process share: one epoll loop, and watchers on it.
//
// Origin and load generator live in one process on purpose. On loopback an ordinary load tool and
// an ordinary origin cost more CPU per request than the proxies measured here, so on one core they
// starve the proxy. Sharing one loop halves the wake-ups, and a proxy on the other core runs
// saturated, which is the only state in which CPU per request can be compared.
#ifndef SCORM_GATEWAY_RIG_H
#define SCORM_GATEWAY_RIG_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// First member of everything registered with epoll; `ready` gets the epoll event bits.
struct watcher {
  void (*ready)(struct watcher *self, uint32_t events);
  int fd;
};

enum { SCRATCH_BYTES = 64 * 1024 };
extern unsigned char scratch[SCRATCH_BYTES + 1];  // one read's bytes, valid during one callback

void loop_add(struct watcher *watcher, uint32_t events);
void loop_change(struct watcher *watcher, uint32_t events);
int64_t now_ns(void);
_Noreturn void die(const char *what);

// origin.c
void origin_start(SSL_CTX *tls, int *plain_port, int *tls_port);

// load.c
struct load_order {
  int port, connections;
  double seconds;
  long body_bytes;  // 0: GET; otherwise POST with a body of that size
  int sources;      // addresses that connections come from in turn, 127.1.0.1 and on; 0: 127.0.0.1
  char path[1024];
};
void load_start(const struct load_order *order);
bool load_running(void);
void load_tick(void);  // ends the run when its time is up and prints the result

#endif
