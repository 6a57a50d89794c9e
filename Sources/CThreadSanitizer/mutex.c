/*
 * Lets the thread sanitizer see Swift's Mutex. For tests only, and empty without the sanitizer.
 *
 * An uncontended lock and unlock are inlined into our code and instrumented with it. A contended one ends in two functions of
 * libswiftSynchronization, which is not instrumented (Swift 6.3 on Linux): the sanitizer misses that the lock was taken,
 * and reports everything that happens under it. So these two are wrapped: the originals do the work, and the sanitizer
 * is told.
 */
#if defined(__linux__) && defined(__has_feature)
#if __has_feature(thread_sanitizer)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void (*lock_function)(uint32_t, SELF void *);
typedef SWIFT void (*unlock_function)(SELF void *);

SWIFT void vernal_lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK_SLOW);
SWIFT void vernal_unlock_slow(SELF void *mutex) __asm__(UNLOCK_SLOW);

SWIFT void vernal_lock_slow(uint32_t thread, SELF void *mutex) {
    ((lock_function) dlsym(RTLD_NEXT, LOCK_SLOW))(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT void vernal_unlock_slow(SELF void *mutex) {
    __tsan_release(mutex);
    ((unlock_function) dlsym(RTLD_NEXT, UNLOCK_SLOW))(mutex);
}

#endif
#endif
