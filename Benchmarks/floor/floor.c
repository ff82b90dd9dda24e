// Usage: floor PORT UPSTREAM_PORT CREDENTIAL
//
// Does only what no proxy of this kind can do without: one read and one write per message in each direction, and
// inserting a credential's line after the request line. It looks at nothing else in the data, and gives each caller a
// separate upstream connection. What a proxy costs above this is what it does for its users. A lower cost would be a
// measurement error.
//
// Messages must be small and arrive whole: if a socket does not accept one at once, the program ends.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
  int fd;
  struct side *other;  // NULL: the listener
  int is_caller;
};

static int epoll_fd;
static struct sockaddr_in upstream;
static char line[1024];
static size_t line_bytes;

static _Noreturn void die(const char *what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(1);
}

static struct side *side_of(int fd) {
  struct side *side = calloc(1, sizeof *side);
  if (!side) die("calloc");
  side->fd = fd;
  return side;
}

// Registers once for both directions, edge-triggered, so that messages need no further calls.
static void watch(struct side *side, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = side};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, side->fd, &event) != 0) die("epoll_ctl");
}

static void accept_all(int listener) {
  int caller, on = 1;
  while ((caller = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&upstream, sizeof upstream) != 0) die("connect");
    setsockopt(caller, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct side *left = side_of(caller), *right = side_of(server);
    left->other = right;
    right->other = left;
    left->is_caller = 1;
    watch(left, EPOLLIN | EPOLLET);
    watch(right, EPOLLIN | EPOLLET);
  }
}

// Closes both sockets. Their records stay, because an event of this turn may still refer to the other one.
static void hang_up(struct side *side) {
  close(side->fd);
  close(side->other->fd);
  side->fd = side->other->fd = -1;
}

// Inserts the credential's line after the first one. Returns the new number of bytes.
static size_t put_line(char *bytes, size_t count) {
  char *end = memchr(bytes, '\n', count);
  if (!end) die("a request in pieces");
  size_t first = (size_t)(end + 1 - bytes);
  memmove(bytes + first + line_bytes, bytes + first, count - first);
  memcpy(bytes + first, line, line_bytes);
  return count + line_bytes;
}

static void move(struct side *side) {
  static char bytes[64 * 1024 + sizeof line];
  if (side->fd < 0) return;
  ssize_t count = recv(side->fd, bytes, sizeof bytes - sizeof line, MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return hang_up(side);
  if (side->is_caller) count = (ssize_t)put_line(bytes, (size_t)count);
  ssize_t sent = send(side->other->fd, bytes, (size_t)count, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return hang_up(side);
  if (sent != count) die("send");
}

int main(int count, char **arguments) {
  if (count != 4 || strlen(arguments[3]) > sizeof line - 64) {
    fprintf(stderr, "usage: floor PORT UPSTREAM_PORT CREDENTIAL\n");
    return 2;
  }
  line_bytes = (size_t)sprintf(line, "Authorization: Bearer %s\r\n", arguments[3]);
  signal(SIGPIPE, SIG_IGN);
  struct sockaddr_in own = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)atoi(arguments[1])),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  upstream = own;
  upstream.sin_port = htons((uint16_t)atoi(arguments[2]));
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&own, sizeof own) != 0 || listen(listener, 4096) != 0) die("listen");
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) die("epoll_create1");
  watch(side_of(listener), EPOLLIN);
  for (;;) {
    struct epoll_event events[256];
    int ready = epoll_wait(epoll_fd, events, 256, -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; i++) {
      struct side *side = events[i].data.ptr;
      if (side->other) {
        move(side);
      } else {
        accept_all(side->fd);
      }
    }
  }
}
