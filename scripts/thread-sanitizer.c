// Reports what Swift's Mutex does under contention to the thread sanitizer. scripts/sanitize builds this as a library
// and loads it before the tests; docs/testing.md says why.
//
// The functions below replace those of libswiftSynchronization and call them: `_MutexHandle._lockSlow(UInt32)`,
// `_tryLockSlow()` and `_unlockSlow()`, as they are named in Swift 6.3 on Linux.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Functions of the sanitizer's runtime; absent in a program that is not instrumented.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// The next definition of a function, which is the library's.
static void *next(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  if (function) return function;
  fprintf(stderr, "libswiftSynchronization has no %s: adapt scripts/thread-sanitizer.c\n", name);
  abort();
}

SWIFT void lock_slow(uint32_t thread, SELF void *handle) __asm__(LOCK);
SWIFT void lock_slow(uint32_t thread, SELF void *handle) {
  SWIFT void (*real)(uint32_t, SELF void *) = (SWIFT void (*)(uint32_t, SELF void *))next(LOCK);
  real(thread, handle);
  if (__tsan_acquire) __tsan_acquire(handle);
}

SWIFT bool try_lock_slow(SELF void *handle) __asm__(TRY);
SWIFT bool try_lock_slow(SELF void *handle) {
  SWIFT bool (*real)(SELF void *) = (SWIFT bool (*)(SELF void *))next(TRY);
  bool is_locked = real(handle);
  if (is_locked && __tsan_acquire) __tsan_acquire(handle);
  return is_locked;
}

SWIFT void unlock_slow(SELF void *handle) __asm__(UNLOCK);
SWIFT void unlock_slow(SELF void *handle) {
  SWIFT void (*real)(SELF void *) = (SWIFT void (*)(SELF void *))next(UNLOCK);
  if (__tsan_release) __tsan_release(handle);
  real(handle);
}
