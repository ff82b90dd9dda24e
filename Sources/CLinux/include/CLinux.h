// Linux calls and constants that Swift's Glibc module does not import, or imports awkwardly.
// Functions that need glibc's GNU extensions are in CLinux.c: a header that enabled them would define the C library's
// types differently from Swift's own module.
#ifndef SCORM_GATEWAY_CLINUX_H
#define SCORM_GATEWAY_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// epoll -------------------------------------------------------------------------------------------

static const uint32_t cl_readable = EPOLLIN;
static const uint32_t cl_writable = EPOLLOUT;
static const uint32_t cl_peer_closed = EPOLLRDHUP;
static const uint32_t cl_hang_up = EPOLLHUP;
static const uint32_t cl_error = EPOLLERR;

static inline int cl_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int cl_epoll_add(int ep, int fd, uint32_t events, int edge, uint64_t data) {
  struct epoll_event e;
  e.events = events | (edge ? EPOLLET : 0u);
  e.data.u64 = data;
  return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static inline int cl_epoll_modify(int ep, int fd, uint32_t events, int edge, uint64_t data) {
  struct epoll_event e;
  e.events = events | (edge ? EPOLLET : 0u);
  e.data.u64 = data;
  return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}

static inline int cl_epoll_remove(int ep, int fd) {
  struct epoll_event e = {0};
  return epoll_ctl(ep, EPOLL_CTL_DEL, fd, &e);
}

// The three calls of every request go directly to the kernel. In a process with threads, the C library's functions of
// the same names make their thread cancellable and then undo it: two locked instructions and some forty others per
// call, for something that no thread of ours needs.

static inline int cl_epoll_wait(int ep, struct epoll_event *events, int room, int milliseconds) {
  return (int)syscall(SYS_epoll_pwait, ep, events, room, milliseconds, NULL, (size_t)0);
}

static inline ssize_t cl_receive(int fd, void *bytes, size_t room) {
  return syscall(SYS_recvfrom, fd, bytes, room, 0, NULL, NULL);
}

static inline ssize_t cl_send(int fd, const void *bytes, size_t count) {
  return syscall(SYS_sendto, fd, bytes, count, MSG_NOSIGNAL, NULL, 0);
}

static inline uint64_t cl_event_data(const struct epoll_event *e) { return e->data.u64; }

// Sockets -----------------------------------------------------------------------------------------

static inline int cl_socket(int family) {
  return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/// A second descriptor for the same thing, with the lowest free number; -1 when there is none.
static inline int cl_duplicate(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }

/// Makes calls on `fd` return instead of waiting.
static inline int cl_never_wait(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int cl_accept(int fd, struct sockaddr_storage *peer, socklen_t *length);

static inline int cl_set_int(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value);
}

static inline int cl_reuse_address(int fd) { return cl_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1); }
static inline int cl_reuse_port(int fd) { return cl_set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1); }
static inline int cl_no_delay(int fd) { return cl_set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1); }
static inline int cl_ipv6_only(int fd, int only) {
  return cl_set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
}
/// Limits the bytes that may wait in the kernel to be sent. With more than that, the socket is not writable. Accepted
/// sockets inherit it from their listener.
static inline int cl_limit_unsent(int fd, int bytes) {
  return cl_set_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, bytes);
}
/// Bytes given to the kernel that the peer has not acknowledged (TCP) or not read (Unix); 0 when unknown.
static inline int cl_untaken(int fd) {
  int count = 0;
  return ioctl(fd, SIOCOUTQ, &count) ? 0 : count;
}
/// Makes close() send a reset, so that a truncated message cannot pass for a complete one.
static inline int cl_reset_on_close(int fd) {
  struct linger l = {1, 0};
  return setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

static inline int cl_socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) ? errno : error;
}

static inline int cl_bind(int fd, const struct sockaddr_storage *a, socklen_t length) {
  return bind(fd, (const struct sockaddr *)a, length);
}

static inline int cl_connect(int fd, const struct sockaddr_storage *a, socklen_t length) {
  return connect(fd, (const struct sockaddr *)a, length);
}

static inline int cl_local_address(int fd, struct sockaddr_storage *a, socklen_t *length) {
  *length = sizeof *a;
  return getsockname(fd, (struct sockaddr *)a, length);
}

static inline int cl_peer_address(int fd, struct sockaddr_storage *a, socklen_t *length) {
  *length = sizeof *a;
  return getpeername(fd, (struct sockaddr *)a, length);
}

/// Gets the user and group of the process at the other end of a Unix socket (SO_PEERCRED).
int cl_peer_credentials(int fd, uid_t *uid, gid_t *gid);

/// Fills `out` with the address of a Unix socket; -1 when the path is too long.
static inline int cl_unix_address(const char *path, struct sockaddr_storage *out, socklen_t *length) {
  struct sockaddr_un *u = (struct sockaddr_un *)out;
  size_t n = strlen(path);
  if (n == 0 || n >= sizeof u->sun_path) return -1;
  memset(out, 0, sizeof *out);
  u->sun_family = AF_UNIX;
  memcpy(u->sun_path, path, n + 1);
  *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
  return 0;
}

static inline int cl_getaddrinfo(const char *host, const char *port, int passive, int numeric,
                                 struct addrinfo **out) {
  struct addrinfo hints;
  memset(&hints, 0, sizeof hints);
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : AI_ADDRCONFIG) | (numeric ? AI_NUMERICHOST : 0);
  return getaddrinfo(host, port, &hints, out);
}

static inline int cl_numeric_name(const struct sockaddr_storage *a, socklen_t length, char *host,
                                  size_t host_size, char *port, size_t port_size) {
  return getnameinfo((const struct sockaddr *)a, length, host, (socklen_t)host_size, port,
                     (socklen_t)port_size, NI_NUMERICHOST | NI_NUMERICSERV);
}

// Wake-ups and signals ----------------------------------------------------------------------------

int cl_eventfd(void);

/// Blocks SIGTERM, SIGINT, SIGHUP, SIGUSR1 and SIGUSR2 in this thread (and those that it starts) and returns a
/// descriptor from which they are read; -1 on failure.
int cl_signal_descriptor(void);

/// Waits for the next signal. Returns its number, or -1.
int cl_next_signal(int fd);

void cl_ignore_sigpipe(void);

/// Flushes stdio and ends the process. Functions registered with atexit(3) do not run.
_Noreturn void cl_end_at_once(int status);

/// Gives the calling thread a name of at most 15 bytes.
void cl_name_this_thread(const char *name);

/// Gives the calling thread less processor time than the others if there is not enough for all, and keeps it from
/// preempting running threads. If that is not allowed, nothing changes.
void cl_let_others_go_first(void);

// Other processes ---------------------------------------------------------------------------------

/// Makes all descriptors from 3 on close when another program is started.
void cl_close_all_on_exec(void);

/// The kind of an inherited descriptor: 1 for a listening stream socket, 0 for a socket of another kind, -1 for no
/// socket.
int cl_listening_socket(int fd);

/// Makes `fd` close when another program is started.
static inline int cl_close_on_exec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC); }

/// Makes two connected ends that preserve message boundaries. They do not block, and close when another program is
/// started.
int cl_message_pair(int ends[2]);

/// Whether `fd` is such an end, and the process at the other end has this user.
int cl_is_message_end(int fd);

/// Sends one message with `count` descriptors. Returns the number of bytes sent, or -1.
ssize_t cl_send_message(int fd, const void *bytes, size_t size, const int *descriptors, int count);

/// Receives one message and at most `room` descriptors, which close when another program is started. Returns 0 at the
/// end, and -1 when there is no message now.
ssize_t cl_receive_message(int fd, void *bytes, size_t size, int *descriptors, int room, int *count);

/// Starts the program at `path` without waiting for it, with no signal blocked or ignored. It inherits only descriptors
/// 0 to 2, and `channel` as number 3. Returns 0, or an error number.
int cl_spawn(const char *path, char *const arguments[], char *const environment[], int channel, int *pid);

/// Whether the child has ended: 1 if it has, and then `status` is its exit code or, below 0, the signal that ended it;
/// 0 if it runs.
int cl_has_ended(int pid, int *status);

/// Sends a datagram to the service manager whose socket is at `path`. A `@` at the beginning marks an abstract name,
/// which is not a file.
int cl_notify(const char *path, const char *text, size_t size);

// Start -------------------------------------------------------------------------------------------

/// How many arguments this process got at its start, including its own name; 0 when the C library passed none.
int cl_argument_count(void);

/// The argument at `index`, below the count.
const char *cl_argument(int index);

/// The entry at `index` of the environment, as NAME=VALUE; null after the last one.
const char *cl_environment(int index);

/// Opens /dev/null on each of the descriptors 0, 1 and 2 that is closed, so that no socket or file gets its number, and
/// with it output meant for a terminal. To be called before anything is opened. Returns -1 with `errno` when one stays
/// closed.
int cl_fill_standard_descriptors(void);

// Process -----------------------------------------------------------------------------------------

/// Forbids core dumps, and keeps processes of the same user from reading our memory.
int cl_forbid_dumps(void);

/// Makes blocks of 64 KiB and more, such as the queues of slow readers, return to the system when they are freed.
void cl_return_large_blocks(void);

/// Gives back memory that only the start needed: free heap pages, and code pages of files, which are loaded again from
/// the page cache, one at a time, when they run.
void cl_release_start_pages(void);

/// How many processors this process may run on; at least 1.
int cl_processor_count(void);

/// Raises the limit of open descriptors to the hard limit and returns it; -1 on failure.
long cl_raise_descriptor_limit(void);

/// What the system counts for this process.
struct cl_process {
  double cpu_seconds;
  double start_seconds;  // since 1970
  int64_t resident_bytes;
  int64_t virtual_bytes;
  int64_t descriptors;
  int64_t max_descriptors;
  int64_t threads;
};

/// Fills `out`. Returns 0, or -1 when /proc cannot be read.
int cl_read_process(struct cl_process *out);

/// What the system counts for one thread.
struct cl_thread {
  char name[16];
  double cpu_seconds;
};

/// Fills at most `limit` entries, one per thread, and returns their number.
int cl_read_threads(struct cl_thread *out, int limit);

// Memory ------------------------------------------------------------------------------------------

/// Makes all threads use one heap, for small blocks only: a block that one thread frees can be used by another, and
/// buffers return to the system when they are freed, for the price of a system call each. To be called before the first
/// thread.
void cl_use_heap_sparingly(void);

/// Sets the stack size of threads that are made from now on, instead of the limit of `ulimit -s`.
void cl_use_small_stacks(size_t bytes);

/// Free bytes of the heap, in all of its parts.
int64_t cl_free_heap(void);

/// Gives free parts of the heap back to the system.
void cl_trim_heap(void);

/// The process's limit of private writable memory, or of its address space; -1 for none.
int64_t cl_memory_limit(int address_space);

/// Reads at most `size` bytes of a file that the kernel generates; -1 when it cannot be opened.
ssize_t cl_read_small_file(const char *path, char *out, size_t size);

// Files -------------------------------------------------------------------------------------------

/// The size of a regular file that still has a name; -1 for a file whose last name was removed, -2 for anything else.
static inline int64_t cl_named_size(int fd) {
  struct stat s;
  if (fstat(fd, &s) || !S_ISREG(s.st_mode)) return -2;
  return s.st_nlink == 0 ? -1 : (int64_t)s.st_size;
}

/// Makes calls on `fd` wait from now on. Its other flags do not change.
static inline void cl_wait_for(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0) fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

// Time --------------------------------------------------------------------------------------------

/// Nanoseconds of the monotonic clock.
static inline int64_t cl_monotonic_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/// Nanoseconds of the wall clock since 1970-01-01T00:00:00Z.
static inline int64_t cl_wall_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int cl_errno(void) { return errno; }

// files -------------------------------------------------------------------------------------------

/// Distinguishes the states of a file. Times are in nanoseconds since 1970.
typedef struct cl_file_stamp {
  uint64_t device, number;
  int64_t size, modified, changed;
} cl_file_stamp;

/// Fills `stamp`, following links. Returns 0, or -1 with `errno`.
static inline int cl_file_stamp_of(const char *path, cl_file_stamp *stamp) {
  struct stat s;
  if (stat(path, &s) != 0) return -1;
  stamp->device = s.st_dev;
  stamp->number = s.st_ino;
  stamp->size = s.st_size;
  stamp->modified = (int64_t)s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec;
  stamp->changed = (int64_t)s.st_ctim.tv_sec * 1000000000 + s.st_ctim.tv_nsec;
  return 0;
}

/// Creates an empty file without a name in `folder`, for reading and writing; -1 on failure.
int cl_nameless_file(const char *folder);

#endif
