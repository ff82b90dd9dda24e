// A closed-loop load generator: every connection sends its next request when the answer to the
// last one is complete. Answers with Content-Length or chunked; anything but 200 counts as bad.
#include "rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum framing { HEAD_NEXT, BY_LENGTH, BY_CHUNKS };

struct caller {
  struct watcher watcher;
  enum framing framing;
  int64_t remaining;      // of the body, when BY_LENGTH
  unsigned char tail[5];  // the last bytes seen, when BY_CHUNKS
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
  // A request of a few hundred bytes always fits the send buffer of a caller that waits for its
  // answer. Larger bodies are for the memory measurements, which bring their own client.
  caller->framing = HEAD_NEXT;
  ssize_t sent = send(caller->watcher.fd, request, request_bytes, MSG_NOSIGNAL);
  if (sent != (ssize_t)request_bytes) give_up(caller);
}

static void answered(struct caller *caller) {
  requests++;
  send_request(caller);
}

static void note_tail(struct caller *caller, const unsigned char *bytes, size_t count) {
  size_t kept = sizeof caller->tail;
  if (count >= kept) {
    memcpy(caller->tail, bytes + count - kept, kept);
  } else {
    memmove(caller->tail, caller->tail + count, kept - count);
    memcpy(caller->tail + kept - count, bytes, count);
  }
}

static void answer_ready(struct watcher *self, uint32_t events) {
  (void)events;
  struct caller *caller = (struct caller *)self;
  ssize_t count = recv(self->fd, scratch, SCRATCH_BYTES, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return give_up(caller);
  unsigned char *bytes = scratch;
  size_t left = (size_t)count;
  scratch[count] = 0;

  if (caller->framing == HEAD_NEXT) {
    unsigned char *end = memmem(bytes, left, "\r\n\r\n", 4);
    if (!end || left < 12) return give_up(caller);  // no proxy here splits so small a head
    if (memcmp(bytes + 9, "200", 3) != 0) bad++;
    end[2] = 0;
    const char *length = strcasestr((char *)bytes, "\ncontent-length:");
    if (length) {
      caller->framing = BY_LENGTH;
      caller->remaining = atoll(length + 16);
    } else if (strcasestr((char *)bytes, "\ntransfer-encoding:")) {
      caller->framing = BY_CHUNKS;
      memset(caller->tail, 0, sizeof caller->tail);
    } else {
      return give_up(caller);
    }
    end += 4;
    left -= (size_t)(end - bytes);
    bytes = end;
  }
  if (caller->framing == BY_LENGTH) {
    caller->remaining -= (int64_t)left;
    if (caller->remaining < 0) return give_up(caller);  // more than one answer to one request
    if (caller->remaining == 0) answered(caller);
  } else {
    note_tail(caller, bytes, left);
    if (memcmp(caller->tail, "0\r\n\r\n", 5) == 0) answered(caller);
  }
}

static void write_request(const struct load_order *order) {
  free(request);
  request = malloc(4096 + (size_t)order->body_bytes);
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
  request_bytes = (size_t)head + 2 + (size_t)order->body_bytes;
}

// Source `number` is 127.1.X.Y, 250 addresses to an X, none of them with a Y of 0 or 255.
static void bind_to_source(int fd, int number) {
  int on = 1;
  uint32_t host = 0x7F010000u + (uint32_t)(number / 250) * 256 + (uint32_t)(number % 250) + 1;
  struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0) die("bind");
}

void load_start(const struct load_order *order) {
  write_request(order);
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
