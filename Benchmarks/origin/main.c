// Usage: origin CERTIFICATE.pem KEY.pem
//
// Prints `ready PLAIN_PORT TLS_PORT`, serves both, and reads orders from standard input:
//   load PORT CONNECTIONS SECONDS BODY_BYTES SOURCES PATH
//   use CERTIFICATE.pem KEY.pem                           a client certificate; no reply
//   secured kept|fresh|idle PORT CONNECTIONS SECONDS PATH
//   paced PORT CONNECTIONS SECONDS RATE PATH              replies COUNT P50 P99 P999 MAX BAD, in µs
//   drop                                                  disconnects idle callers; no reply
// The other orders get one line as reply: `REQUESTS SECONDS BAD`. Ends when standard input ends, so that a rig that
// dies leaves nothing behind.
#include "rig.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

unsigned char scratch[SCRATCH_BYTES + 1];
static int epoll_fd;

void die(const char *what) {
  fprintf(stderr, "origin: %s: %s\n", what, strerror(errno));
  exit(1);
}

int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void control(int operation, struct watcher *watcher, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = watcher};
  if (epoll_ctl(epoll_fd, operation, watcher->fd, &event) != 0) die("epoll_ctl");
}

void loop_add(struct watcher *watcher, uint32_t events) { control(EPOLL_CTL_ADD, watcher, events); }

void loop_change(struct watcher *watcher, uint32_t events) {
  control(EPOLL_CTL_MOD, watcher, events);
}

// Whether the order is for callers that use TLS.
static bool secured_order_ready(const char *line) {
  char first[1024], second[1024];
  if (sscanf(line, "use %1023s %1023s", first, second) == 2) {
    secured_use(first, second);
    return true;
  }
  struct secured_order order = {0};
  if (sscanf(line, "secured %1023s %d %d %lf %1023s", first, &order.load.port,
             &order.load.connections, &order.load.seconds, order.load.path) != 5)
    return false;
  order.kind = strcmp(first, "kept") == 0 ? KEPT : strcmp(first, "fresh") == 0 ? FRESH : IDLE;
  secured_start(&order);
  return true;
}

// Whether the order is for requests at a fixed rate.
static bool paced_order_ready(const char *line) {
  struct load_order order = {0};
  int rate;
  if (sscanf(line, "paced %d %d %lf %d %1023s", &order.port, &order.connections, &order.seconds,
             &rate, order.path) != 5)
    return false;
  paced_start(&order, rate);
  return true;
}

static void order_ready(struct watcher *self, uint32_t events) {
  (void)events;
  static char line[2048];
  static size_t length;
  ssize_t count = read(self->fd, line + length, sizeof line - 1 - length);
  if (count <= 0) exit(0);
  length += (size_t)count;
  line[length] = 0;
  if (!strchr(line, '\n')) {
    if (length == sizeof line - 1) exit(2);
    return;
  }
  length = 0;
  if (strcmp(line, "drop\n") == 0) return secured_drop();
  if (secured_order_ready(line) || paced_order_ready(line)) return;
  struct load_order order;
  if (sscanf(line, "load %d %d %lf %ld %d %1023s", &order.port, &order.connections, &order.seconds,
             &order.body_bytes, &order.sources, order.path) != 6 ||
      order.connections < 1 || order.sources < 0 || load_running()) {
    fprintf(stderr, "origin: cannot read the order %s", line);
    exit(2);
  }
  load_start(&order);
}

static SSL_CTX *tls_context(const char *certificate, const char *key) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  if (!context || SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
    fprintf(stderr, "origin: cannot use %s and %s\n", certificate, key);
    exit(1);
  }
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);  // one read per wake-up instead of two per record
  return context;
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: origin CERTIFICATE.pem KEY.pem\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) die("epoll_create1");

  int plain_port, tls_port;
  origin_start(tls_context(arguments[1], arguments[2]), &plain_port, &tls_port);
  static struct watcher orders = {.ready = order_ready, .fd = STDIN_FILENO};
  loop_add(&orders, EPOLLIN);
  printf("ready %d %d\n", plain_port, tls_port);

  for (;;) {
    struct epoll_event events[256];
    bool is_busy = load_running() || secured_running() || paced_running();
    int ready = epoll_wait(epoll_fd, events, 256, is_busy ? 20 : -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; i++) {
      struct watcher *watcher = events[i].data.ptr;
      watcher->ready(watcher, events[i].events);
    }
    // Between batches, so that no undelivered event refers to a connection that this closes.
    if (load_running()) load_tick();
    if (secured_running()) secured_tick();
    if (paced_running()) paced_tick();
  }
}
