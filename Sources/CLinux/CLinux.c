#define _GNU_SOURCE
#include "CLinux.h"

#include <inttypes.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

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

int cl_processor_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set)) return 1;
  int count = CPU_COUNT(&set);
  return count < 1 ? 1 : count;
}

void cl_return_large_blocks(void) {
  // Setting it keeps it: otherwise the first large block that is freed raises the threshold, up to 32 MiB.
  mallopt(M_MMAP_THRESHOLD, 64 * 1024);
}

void cl_release_start_pages(void) {
  malloc_trim(0);
  FILE *maps = fopen("/proc/self/maps", "re");
  if (!maps) return;
  char line[512];
  while (fgets(line, sizeof line, maps)) {
    uintptr_t start, end;
    char rights[5], path[2];
    // Private mappings that run and cannot be written hold the file's bytes and nothing else, so dropping
    // them loses nothing. Read-only data is left alone: it holds relocations.
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %*s %1s", &start, &end, rights, path) == 4 &&
        strcmp(rights, "r-xp") == 0 && path[0] == '/')
      madvise((void *)start, end - start, MADV_DONTNEED);
  }
  fclose(maps);
}
