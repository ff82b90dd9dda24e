#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

// glibc passes main's arguments to every initialiser. They are noted here, because Swift reads them from /proc, or from
// the memory before the environment, which is elsewhere once a preloaded library has changed it.
static int argument_count;
static char **arguments;

__attribute__((constructor)) static void note_arguments(int count, char **values) {
  argument_count = values && count > 0 ? count : 0;
  arguments = values;
}

int cl_argument_count(void) { return argument_count; }

const char *cl_argument(int index) { return arguments[index]; }

const char *cl_environment(int index) { return environ ? environ[index] : 0; }

int cl_fill_standard_descriptors(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is used: this one.
    if (open("/dev/null", O_RDWR) < 0 && open("/", O_RDONLY | O_DIRECTORY) < 0) return -1;
  }
  return 0;
}

int cl_accept(int fd, struct sockaddr_storage *peer, socklen_t *length) {
  return accept4(fd, (struct sockaddr *)peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int cl_peer_credentials(int fd, uid_t *uid, gid_t *gid) {
  struct ucred c;
  socklen_t length = sizeof c;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &length)) return -1;
  *uid = c.uid;
  *gid = c.gid;
  return 0;
}

int cl_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int cl_signal_descriptor(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  if (pthread_sigmask(SIG_BLOCK, &set, 0)) return -1;
  return signalfd(-1, &set, SFD_CLOEXEC);
}

int cl_next_signal(int fd) {
  struct signalfd_siginfo info;
  ssize_t n;
  do n = read(fd, &info, sizeof info);
  while (n < 0 && errno == EINTR);
  return n == sizeof info ? (int)info.ssi_signo : -1;
}

void cl_close_all_on_exec(void) { close_range(3, ~0u, CLOSE_RANGE_CLOEXEC); }

int cl_listening_socket(int fd) {
  int type = 0, listens = 0;
  socklen_t length = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length)) return -1;
  length = sizeof listens;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length)) return 0;
  return type == SOCK_STREAM && listens;
}

int cl_message_pair(int ends[2]) {
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

int cl_is_message_end(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) || type != SOCK_SEQPACKET) return 0;
  uid_t user = 0;
  gid_t group = 0;
  return cl_peer_credentials(fd, &user, &group) == 0 && user == geteuid();
}

// A message can carry at most 253. Listeners and the admin address are 17.
enum { descriptor_room = 32 };

ssize_t cl_send_message(int fd, const void *bytes, size_t size, const int *descriptors, int count) {
  struct iovec part = {(void *)bytes, size};
  union {
    char bytes[CMSG_SPACE(sizeof(int) * descriptor_room)];
    struct cmsghdr alignment;
  } control;
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > descriptor_room) {
    errno = EMSGSIZE;
    return -1;
  }
  if (count > 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(header), descriptors, sizeof(int) * (size_t)count);
  }
  ssize_t sent;
  do sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent;
}

ssize_t cl_receive_message(int fd, void *bytes, size_t size, int *descriptors, int room, int *count) {
  struct iovec part = {bytes, size};
  union {
    char bytes[CMSG_SPACE(sizeof(int) * descriptor_room)];
    struct cmsghdr alignment;
  } control;
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  *count = 0;
  ssize_t got;
  do got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got < 0) return got;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t number = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < number; i++) {
      int received;
      memcpy(&received, CMSG_DATA(header) + i * sizeof(int), sizeof received);
      if (*count < room)
        descriptors[(*count)++] = received;
      else
        close(received);
    }
  }
  return got;
}

int cl_spawn(const char *path, char *const arguments[], char *const environment[], int channel, int *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int error = posix_spawn_file_actions_init(&actions);
  if (error) return error;
  if ((error = posix_spawnattr_init(&attributes))) {
    posix_spawn_file_actions_destroy(&actions);
    return error;
  }
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  // If the two numbers are the same, dup2 clears close-on-exec as well: posix_spawn(3).
  error = posix_spawn_file_actions_adddup2(&actions, channel, 3);
  if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 4);
  if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
  if (!error) error = posix_spawnattr_setsigdefault(&attributes, &all);
  if (!error) error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t started = 0;
  if (!error) error = posix_spawn(&started, path, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  *pid = started;
  return error;
}

int cl_has_ended(int pid, int *status) {
  int raw = 0;
  pid_t ended;
  do ended = waitpid(pid, &raw, WNOHANG);
  while (ended < 0 && errno == EINTR);
  if (ended == 0) return 0;
  *status = ended < 0 ? 0 : WIFSIGNALED(raw) ? -WTERMSIG(raw) : WEXITSTATUS(raw);
  return 1;
}

int cl_notify(const char *path, const char *text, size_t size) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
    errno = EINVAL;
    return -1;
  }
  memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = 0;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  ssize_t sent = sendto(fd, text, size, MSG_NOSIGNAL, (struct sockaddr *)&address,
                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
  int error = errno;
  close(fd);
  errno = error;
  return sent < 0 ? -1 : 0;
}

_Noreturn void cl_end_at_once(int status) {
  fflush(0);
  _exit(status);
}

void cl_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

int cl_forbid_dumps(void) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

long cl_raise_descriptor_limit(void) {
  struct rlimit l;
  if (getrlimit(RLIMIT_NOFILE, &l)) return -1;
  l.rlim_cur = l.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &l)) return -1;
  return (long)l.rlim_cur;
}

void cl_name_this_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

void cl_let_others_go_first(void) {
  // Linux has a niceness per thread, and 0 means the calling one: setpriority(2).
  errno = 0;
  int niceness = getpriority(PRIO_PROCESS, 0);
  if (niceness != -1 || errno == 0) setpriority(PRIO_PROCESS, 0, niceness < 14 ? niceness + 5 : 19);
  // When it wakes up, it does not preempt a running thread: sched(7).
  struct sched_param none = {0};
  sched_setscheduler(0, SCHED_BATCH, &none);
}

int cl_processor_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set)) return 1;
  int count = CPU_COUNT(&set);
  return count < 1 ? 1 : count;
}

void cl_return_large_blocks(void) {
  // Setting the threshold fixes it. Otherwise the first large block that is freed raises it, up to 32 MiB.
  mallopt(M_MMAP_THRESHOLD, 64 * 1024);
}

void cl_use_heap_sparingly(void) {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 4 * 1024);
}

void cl_use_small_stacks(size_t bytes) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes)) return;
  if (!pthread_attr_setstacksize(&attributes, bytes)) pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

int64_t cl_free_heap(void) {
  struct mallinfo2 heap = mallinfo2();
  return (int64_t)heap.fordblks;
}

void cl_trim_heap(void) { malloc_trim(0); }

int64_t cl_memory_limit(int address_space) {
  struct rlimit limit;
  if (getrlimit(address_space ? RLIMIT_AS : RLIMIT_DATA, &limit) || limit.rlim_cur == RLIM_INFINITY) return -1;
  return limit.rlim_cur > INT64_MAX ? -1 : (int64_t)limit.rlim_cur;
}

ssize_t cl_read_small_file(const char *path, char *out, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -1;
  size_t used = 0;
  while (used < size) {
    ssize_t got = read(fd, out + used, size - used);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    used += (size_t)got;
  }
  close(fd);
  return (ssize_t)used;
}

void cl_release_start_pages(void) {
  malloc_trim(0);
  FILE *maps = fopen("/proc/self/maps", "re");
  if (!maps) return;
  char line[512];
  while (fgets(line, sizeof line, maps)) {
    uintptr_t start, end;
    char rights[5], path[2];
    // Private mappings that are executable and not writable hold only the file's bytes, so dropping them loses nothing.
    // Read-only data is left alone: it holds relocations.
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %*s %1s", &start, &end, rights, path) == 4 &&
        strcmp(rights, "r-xp") == 0 && path[0] == '/')
      madvise((void *)start, end - start, MADV_DONTNEED);
  }
  fclose(maps);
}

// Reads fields 14, 15, 20, 22, 23 and 24 of a stat file (proc(5)). The name before them may contain anything, so
// counting begins after its last parenthesis.
static int read_stat(const char *path, char *name, size_t name_size, long long *user, long long *system,
                     long long *threads, long long *start, long long *size, long long *resident) {
  FILE *file = fopen(path, "re");
  if (!file) return -1;
  char text[1024];
  size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[n] = 0;
  char *open = strchr(text, '('), *close = strrchr(text, ')');
  if (!open || !close || close < open) return -1;
  if (name) {
    size_t length = (size_t)(close - open - 1);
    if (length >= name_size) length = name_size - 1;
    memcpy(name, open + 1, length);
    name[length] = 0;
  }
  return sscanf(close + 1,
                " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %*d %*d %*d %*d %lld %*d %lld %lld %lld",
                user, system, threads, start, size, resident) == 6
             ? 0
             : -1;
}

static int64_t count_entries(const char *path) {
  DIR *folder = opendir(path);
  if (!folder) return -1;
  int64_t count = 0;
  struct dirent *entry;
  while ((entry = readdir(folder))) count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

int cl_read_process(struct cl_process *out) {
  long long user, system, threads, start, size, resident;
  if (read_stat("/proc/self/stat", 0, 0, &user, &system, &threads, &start, &size, &resident)) return -1;
  double ticks = (double)sysconf(_SC_CLK_TCK);
  struct timespec boot, wall;
  clock_gettime(CLOCK_BOOTTIME, &boot);
  clock_gettime(CLOCK_REALTIME, &wall);
  double up = (double)boot.tv_sec + (double)boot.tv_nsec * 1e-9 - (double)start / ticks;
  out->cpu_seconds = (double)(user + system) / ticks;
  out->start_seconds = (double)wall.tv_sec + (double)wall.tv_nsec * 1e-9 - up;
  out->resident_bytes = (int64_t)resident * sysconf(_SC_PAGESIZE);
  out->virtual_bytes = (int64_t)size;
  out->threads = (int64_t)threads;
  // Does not count the descriptor that reads the list.
  out->descriptors = count_entries("/proc/self/fd") - 1;
  struct rlimit limit;
  out->max_descriptors = getrlimit(RLIMIT_NOFILE, &limit) ? -1 : (int64_t)limit.rlim_cur;
  return 0;
}

int cl_read_threads(struct cl_thread *out, int limit) {
  DIR *folder = opendir("/proc/self/task");
  if (!folder) return 0;
  double ticks = (double)sysconf(_SC_CLK_TCK);
  int count = 0;
  struct dirent *entry;
  while (count < limit && (entry = readdir(folder))) {
    if (entry->d_name[0] == '.') continue;
    char path[64];
    if (snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", entry->d_name) < 0) continue;
    long long user, system, threads, start, size, resident;
    if (read_stat(path, out[count].name, sizeof out[count].name, &user, &system, &threads, &start, &size,
                  &resident))
      continue;
    out[count].cpu_seconds = (double)(user + system) / ticks;
    count += 1;
  }
  closedir(folder);
  return count;
}

int cl_nameless_file(const char *folder) {
  int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || errno == ENOENT) return file;
  // Some file systems have no files without names. There, a file is created and its name removed.
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/scorm-gateway-XXXXXX", folder);
  if (length < 0 || (size_t)length >= sizeof path) return -1;
  file = mkostemp(path, O_CLOEXEC);
  if (file >= 0) unlink(path);
  return file;
}
