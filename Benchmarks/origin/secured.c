// A closed-loop load generator like load.c, whose callers use TLS 1.3 and present a client certificate. They do not
// verify the server's certificate, because that would not be work of the proxy. Only one cipher suite is offered, so
// that every proxy encrypts in the same way.
#include "rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

// Concurrent handshakes while idle callers are connected.
enum { AT_ONCE = 64 };

struct secured_caller {
  struct watcher watcher;
  SSL *session;
  bool is_open;
  struct answer answer;
};

static SSL_CTX *context;
static struct secured_caller *callers;
static struct sockaddr_in address;
static enum secured_kind kind;
static int caller_count, started, alive;
static int64_t began, ends, requests, bad;
static char *request;
static size_t request_bytes;
static bool is_reported;

void secured_use(const char *certificate, const char *key) {
  context = SSL_CTX_new(TLS_client_method());
  if (!context || SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
    fprintf(stderr, "origin: cannot use %s and %s\n", certificate, key);
    exit(1);
  }
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

bool secured_running(void) { return callers != NULL && !is_reported; }

static void hang_up(struct secured_caller *caller) {
  if (caller->watcher.fd < 0) return;
  SSL_free(caller->session);
  close(caller->watcher.fd);
  caller->watcher.fd = -1;
}

static void give_up(struct secured_caller *caller) {
  bad++;
  alive--;
  hang_up(caller);
}

static void ready(struct watcher *self, uint32_t events);

static void dial(struct secured_caller *caller) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  if (fd < 0) die("socket");
  caller->watcher = (struct watcher){.ready = ready, .fd = fd};
  caller->is_open = false;
  caller->session = SSL_new(context);
  if (!caller->session) die("SSL_new");
  SSL_set_fd(caller->session, fd);
  SSL_set_connect_state(caller->session);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return give_up(caller);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  loop_add(&caller->watcher, EPOLLIN);
  ready(&caller->watcher, 0);
}

static void ask(struct secured_caller *caller) {
  caller->answer.framing = HEAD_NEXT;
  if (SSL_write(caller->session, request, (int)request_bytes) != (int)request_bytes) give_up(caller);
}

static void start_next(void) {
  if (started < caller_count) dial(&callers[started++]);
}

static void answered(struct secured_caller *caller) {
  requests++;
  switch (kind) {
    case KEPT: return ask(caller);
    case FRESH:
      SSL_shutdown(caller->session);
      hang_up(caller);
      return dial(caller);
    case IDLE: return start_next();
  }
}

static void ready(struct watcher *self, uint32_t events) {
  (void)events;
  struct secured_caller *caller = (struct secured_caller *)self;
  if (!caller->is_open) {
    int done = SSL_do_handshake(caller->session);
    if (done != 1) {
      if (SSL_get_error(caller->session, done) == SSL_ERROR_WANT_READ) return;
      return give_up(caller);
    }
    caller->is_open = true;
    return ask(caller);
  }
  for (;;) {
    int count = SSL_read(caller->session, scratch, SCRATCH_BYTES);
    if (count <= 0) {
      if (SSL_get_error(caller->session, count) != SSL_ERROR_WANT_READ) give_up(caller);
      return;
    }
    switch (answer_take(&caller->answer, scratch, (size_t)count)) {
      case ANSWER_MORE: continue;
      case ANSWER_BROKEN: return give_up(caller);
      case ANSWER_NOT_200: bad++; break;
      case ANSWER_WHOLE: break;
    }
    return answered(caller);
  }
}

void secured_start(const struct secured_order *order) {
  secured_drop();
  kind = order->kind;
  free(request);
  request = request_text(&order->load, &request_bytes);
  caller_count = alive = order->load.connections;
  callers = calloc((size_t)caller_count, sizeof *callers);
  if (!callers) die("calloc");
  for (int i = 0; i < caller_count; i++) callers[i].watcher.fd = -1;
  requests = bad = started = 0;
  is_reported = false;
  address = (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)order->load.port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  began = now_ns();
  ends = began + (int64_t)(order->load.seconds * 1e9);
  int first = kind == IDLE && caller_count > AT_ONCE ? AT_ONCE : caller_count;
  while (started < first) start_next();
}

void secured_tick(void) {
  int64_t now = now_ns();
  bool is_over = kind == IDLE ? requests + bad >= caller_count : alive == 0;
  if (now < ends && !is_over) return;
  is_reported = true;
  if (kind != IDLE) secured_drop();
  printf("%lld %.6f %lld\n", (long long)requests, (double)(now - began) / 1e9, (long long)bad);
}

void secured_drop(void) {
  for (int i = 0; callers && i < caller_count; i++) hang_up(&callers[i]);
  free(callers);
  callers = NULL;
}
