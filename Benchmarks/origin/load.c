// A closed-loop load generator: every connection sends its next request when the last answer is complete. Answers may
// have Content-Length or be chunked; any status but 200 counts as bad.
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

struct caller {
  struct watcher watcher;
  struct answer answer;
};

static struct caller *callers;
static int caller_count, callers_alive;
static int64_t began, ends, requests, bad;
static char *request;
static size_t request_bytes;

bool load_running(void) { return callers != NULL; }

static void give_up(struct caller *caller) {
  bad++;
  callers_alive--;
  close(caller->watcher.fd);
  caller->watcher.fd = -1;
}

static void send_request(struct caller *caller) {
  // A request of a few hundred bytes always fits the send buffer of a caller that waits for its answer. Larger bodies
  // are used only by the memory measurements, which have a client of their own.
  caller->answer.framing = HEAD_NEXT;
  ssize_t sent = send(caller->watcher.fd, request, request_bytes, MSG_NOSIGNAL);
  if (sent != (ssize_t)request_bytes) give_up(caller);
}

static void answered(struct caller *caller) {
  requests++;
  send_request(caller);
}

static void answer_ready(struct watcher *self, uint32_t events) {
  (void)events;
  struct caller *caller = (struct caller *)self;
  ssize_t count = recv(self->fd, scratch, SCRATCH_BYTES, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return give_up(caller);
  switch (answer_take(&caller->answer, scratch, (size_t)count)) {
    case ANSWER_MORE: return;
    case ANSWER_BROKEN: return give_up(caller);
    case ANSWER_NOT_200: bad++; break;
    case ANSWER_WHOLE: break;
  }
  answered(caller);
}

char *request_text(const struct load_order *order, size_t *bytes) {
  char *request = malloc(4096 + (size_t)order->body_bytes);
  if (!request) die("malloc");
  int head = snprintf(request, 4096,
                      "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: bench/1.0\r\n"
                      "Accept: application/json\r\nAccept-Encoding: gzip\r\n"
                      "X-Trace: 0123456789\r\n",
                      order->body_bytes ? "POST" : "GET", order->path, order->port);
  if (order->body_bytes)
    head += snprintf(request + head, 4096 - (size_t)head,
                     "Content-Type: application/json\r\nContent-Length: %ld\r\n",
                     order->body_bytes);
  memcpy(request + head, "\r\n", 2);
  memset(request + head + 2, 'x', (size_t)order->body_bytes);
  *bytes = (size_t)head + 2 + (size_t)order->body_bytes;
  return request;
}

// Binds to source `number`: 127.1.X.Y, 250 addresses per X, where Y is never 0 or 255.
static void bind_to_source(int fd, int number) {
  int on = 1;
  uint32_t host = 0x7F010000u + (uint32_t)(number / 250) * 256 + (uint32_t)(number % 250) + 1;
  struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0) die("bind");
}

void load_start(const struct load_order *order) {
  free(request);
  request = request_text(order, &request_bytes);
  caller_count = callers_alive = order->connections;
  callers = calloc((size_t)caller_count, sizeof *callers);
  if (!callers) die("calloc");
  requests = bad = 0;
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)order->port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int i = 0; i < caller_count; i++) {
    struct caller *caller = &callers[i];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0) die("socket");
    caller->watcher = (struct watcher){.ready = answer_ready, .fd = fd};
    if (order->sources > 0) bind_to_source(fd, i % order->sources);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
      give_up(caller);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    loop_add(&caller->watcher, EPOLLIN);
  }
  began = now_ns();
  ends = began + (int64_t)(order->seconds * 1e9);
  for (int i = 0; i < caller_count; i++)
    if (callers[i].watcher.fd >= 0) send_request(&callers[i]);
}

void load_tick(void) {
  int64_t now = now_ns();
  if (now < ends && callers_alive > 0) return;
  for (int i = 0; i < caller_count; i++)
    if (callers[i].watcher.fd >= 0) close(callers[i].watcher.fd);
  free(callers);
  callers = NULL;
  printf("%lld %.6f %lld\n", (long long)requests, (double)(now - began) / 1e9, (long long)bad);
}
