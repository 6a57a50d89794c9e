#define _GNU_SOURCE
#include "cbench.h"

#if defined(__linux__) && defined(__GLIBC__)

/* The functions of the C library that everything in the process calls (libpq and Swift's runtime too), put in front of the
   originals because the executable comes first in the search for symbols. They count while counting is on, and cost a
   load otherwise. */

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int counting;
static uint64_t allocations, io_calls, round_trips;
static int64_t live_bytes;
static int has_sent;

static inline int is_counting(void) { return __atomic_load_n(&counting, __ATOMIC_RELAXED); }
static inline void count(uint64_t *counter) {
    if (is_counting()) __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}
static inline void did_send(ssize_t size) {
    if (is_counting() && size > 0) __atomic_store_n(&has_sent, 1, __ATOMIC_RELAXED);
}
static inline void did_receive(ssize_t size) {
    if (is_counting() && size > 0 && __atomic_exchange_n(&has_sent, 0, __ATOMIC_RELAXED)) count(&round_trips);
}

int bench_counters_available(void) { return 1; }

void bench_counters_start(void) {
    allocations = io_calls = round_trips = 0;
    live_bytes = 0;
    has_sent = 0;
    __atomic_store_n(&counting, 1, __ATOMIC_SEQ_CST);
}

bench_counters bench_counters_now(void) {
    return (bench_counters) {
        __atomic_load_n(&allocations, __ATOMIC_RELAXED),
        __atomic_load_n(&io_calls, __ATOMIC_RELAXED),
        __atomic_load_n(&round_trips, __ATOMIC_RELAXED),
        __atomic_load_n(&live_bytes, __ATOMIC_RELAXED),
    };
}

bench_counters bench_counters_stop(void) {
    __atomic_store_n(&counting, 0, __ATOMIC_SEQ_CST);
    return bench_counters_now();
}

/* Memory. */

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static inline void *did_allocate(void *memory) {
    if (is_counting()) {
        __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&live_bytes, (int64_t) malloc_usable_size(memory), __ATOMIC_RELAXED);
    }
    return memory;
}

static inline void will_free(void *memory) {
    if (is_counting()) __atomic_fetch_sub(&live_bytes, (int64_t) malloc_usable_size(memory), __ATOMIC_RELAXED);
}

void *malloc(size_t size) { return did_allocate(__libc_malloc(size)); }

void *calloc(size_t number, size_t size) { return did_allocate(__libc_calloc(number, size)); }

void *realloc(void *old, size_t size) {
    will_free(old);
    return did_allocate(__libc_realloc(old, size));
}

void free(void *memory) {
    will_free(memory);
    __libc_free(memory);
}

void *aligned_alloc(size_t alignment, size_t size) { return did_allocate(__libc_memalign(alignment, size)); }

void *memalign(size_t alignment, size_t size) { return did_allocate(__libc_memalign(alignment, size)); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *memory = did_allocate(__libc_memalign(alignment, size));
    if (memory == NULL) return ENOMEM;
    *result = memory;
    return 0;
}

/* Sockets and waiting. */

#define ORIGINAL(name) \
    static __typeof__(&name) original; \
    if (original == NULL) original = (__typeof__(&name)) dlsym(RTLD_NEXT, #name); \
    count(&io_calls)

ssize_t send(int descriptor, const void *bytes, size_t size, int flags) {
    ORIGINAL(send);
    ssize_t result = original(descriptor, bytes, size, flags);
    did_send(result);
    return result;
}

ssize_t recv(int descriptor, void *bytes, size_t size, int flags) {
    ORIGINAL(recv);
    ssize_t result = original(descriptor, bytes, size, flags);
    did_receive(result);
    return result;
}

ssize_t read(int descriptor, void *bytes, size_t size) {
    ORIGINAL(read);
    return original(descriptor, bytes, size);
}

ssize_t write(int descriptor, const void *bytes, size_t size) {
    ORIGINAL(write);
    return original(descriptor, bytes, size);
}

int poll(struct pollfd *entries, nfds_t number, int timeout) {
    ORIGINAL(poll);
    return original(entries, number, timeout);
}

int ppoll(struct pollfd *entries, nfds_t number, const struct timespec *timeout, const sigset_t *signals) {
    ORIGINAL(ppoll);
    return original(entries, number, timeout, signals);
}

int epoll_wait(int queue, struct epoll_event *events, int number, int timeout) {
    ORIGINAL(epoll_wait);
    return original(queue, events, number, timeout);
}

int epoll_ctl(int queue, int operation, int descriptor, struct epoll_event *event) {
    ORIGINAL(epoll_ctl);
    return original(queue, operation, descriptor, event);
}

#else

int bench_counters_available(void) { return 0; }
void bench_counters_start(void) {}
bench_counters bench_counters_now(void) { return (bench_counters) {0, 0, 0, 0}; }
bench_counters bench_counters_stop(void) { return bench_counters_now(); }

#endif
