// An open-loop load: requests begin at a fixed rate regardless of the answers, and each is timed from the moment at
// which it was due. So a proxy that stalls for a while is charged for all requests that fell due meanwhile.
#include "rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct paced_caller {
  struct watcher watcher;
  struct answer answer;
  int64_t due;  // when the request in progress was due
};

// Requests that begin in this time are not counted, because connections to the upstream are opened then.
static const int64_t WARM_UP = 300 * 1000 * 1000;

static struct watcher timer = {.fd = -1};
static struct paced_caller *callers;
static int caller_count, idle_count, *idle;
static double every;  // nanoseconds between two requests
static int64_t began, ends, begun, bad;
static uint32_t *taken;  // microseconds that each answer took
static size_t taken_count, taken_room;
static char *request;
static size_t request_bytes;

bool paced_running(void) { return callers != NULL; }

static int64_t due_time(int64_t number) { return began + (int64_t)((double)number * every); }

// Begins requests that are due, as long as callers without a request in progress are left.
static void begin_due(void) {
  int64_t now = now_ns();
  if (now >= ends) return;
  while (idle_count > 0 && due_time(begun) <= now) {
    struct paced_caller *caller = &callers[idle[--idle_count]];
    caller->due = due_time(begun++);
    caller->answer.framing = HEAD_NEXT;
    if (send(caller->watcher.fd, request, request_bytes, MSG_NOSIGNAL) != (ssize_t)request_bytes) bad++;
  }
}

static void timer_ready(struct watcher *self, uint32_t events) {
  (void)events;
  uint64_t ticks;
  if (read(self->fd, &ticks, sizeof ticks) < 0 && errno != EAGAIN) die("timerfd");
  begin_due();
}

static void answer_ready(struct watcher *self, uint32_t events) {
  (void)events;
  struct paced_caller *caller = (struct paced_caller *)self;
  ssize_t count = recv(self->fd, scratch, SCRATCH_BYTES, 0);
  if (count < 0 && errno == EAGAIN) return;
  enum answer_state state = count <= 0 ? ANSWER_BROKEN : answer_take(&caller->answer, scratch, (size_t)count);
  if (state == ANSWER_MORE) return;
  if (state != ANSWER_WHOLE) bad++;
  if (state == ANSWER_BROKEN) {
    close(self->fd);
    self->fd = -1;
    return;
  }
  if (caller->due - began > WARM_UP && taken_count < taken_room)
    taken[taken_count++] = (uint32_t)((now_ns() - caller->due) / 1000);
  idle[idle_count++] = (int)(caller - callers);
  begin_due();
}

void paced_start(const struct load_order *order, int rate) {
  free(request);
  request = request_text(order, &request_bytes);
  caller_count = order->connections;
  callers = calloc((size_t)caller_count, sizeof *callers);
  idle = calloc((size_t)caller_count, sizeof *idle);
  taken_room = (size_t)((double)rate * order->seconds) + 1;
  taken = malloc(taken_room * sizeof *taken);
  if (!callers || !idle || !taken) die("calloc");
  idle_count = 0;
  taken_count = 0;
  bad = begun = 0;
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)order->port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int i = 0; i < caller_count; i++) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    callers[i].watcher = (struct watcher){.ready = answer_ready, .fd = fd};
    loop_add(&callers[i].watcher, EPOLLIN);
    idle[idle_count++] = i;
  }
  every = 1e9 / rate;
  began = now_ns();
  ends = began + (int64_t)(order->seconds * 1e9);
  timer = (struct watcher){.ready = timer_ready, .fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
  struct itimerspec beat = {{0, (long)every}, {0, (long)every}};
  if (timer.fd < 0 || timerfd_settime(timer.fd, 0, &beat, NULL) != 0) die("timerfd");
  loop_add(&timer, EPOLLIN);
}

static int by_size(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

void paced_tick(void) {
  // The last requests get a second to be answered. Those still unanswered then count as bad.
  bool is_over = now_ns() >= ends && (idle_count == caller_count || now_ns() >= ends + 1000000000);
  if (!is_over) return;
  bad += caller_count - idle_count;
  for (int i = 0; i < caller_count; i++)
    if (callers[i].watcher.fd >= 0) close(callers[i].watcher.fd);
  close(timer.fd);
  qsort(taken, taken_count, sizeof *taken, by_size);
  size_t last = taken_count ? taken_count - 1 : 0;
  if (!taken_count) taken[0] = 0;
  printf("%zu %u %u %u %u %lld\n", taken_count, taken[last / 2], taken[last - last / 100], taken[last - last / 1000],
         taken[last], (long long)bad);
  free(callers);
  free(idle);
  free(taken);
  callers = NULL;
}
