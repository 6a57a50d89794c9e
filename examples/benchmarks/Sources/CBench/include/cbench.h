#ifndef VERNAL_CBENCH_H
#define VERNAL_CBENCH_H

#include <stddef.h>
#include <stdint.h>

/* The peer: C on libpq, as plainly as it can be written (peer.c). */

typedef struct bench_peer bench_peer;

/* Connects and blocks. NULL on failure, with the reason in `message`. */
bench_peer *bench_peer_open(const char *url, char *message, size_t size);
void bench_peer_close(bench_peer *peer);
int bench_peer_backend_pid(const bench_peer *peer);

/* `calls` times PQexecParams("SELECT $1::int4"), binary, the value read; writes the nanoseconds of each call. 0 when all
   went well. */
int bench_peer_query(bench_peer *peer, int calls, uint64_t *nanoseconds);

/* `calls` times: take the connection out of a pool of one under a mutex with a condition, and put it back. */
void bench_peer_lease(bench_peer *peer, int calls);

/* Clocks and usage (process.c). */

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t bench_now(void);

typedef struct {
    /* User and system time of the process, from getrusage. */
    uint64_t cpu_nanoseconds;
    uint64_t voluntary_switches;
} bench_usage;

bench_usage bench_usage_now(void);

/* How many file descriptors are open; -1 where that cannot be told. */
int bench_open_descriptors(void);

/* Where this process and a server process may run (process.c). Linux only: elsewhere they fail. */

/* Puts every thread of this process on one CPU; a negative number allows all CPUs again. 0 when that was done. */
int bench_pin_self(int cpu);

/* The same for the process of a server, if there is one of that number here and it is a PostgreSQL. */
int bench_pin_backend(int pid, int cpu);

/* What was called (counters.c). Linux with glibc only: elsewhere `bench_counters_available` is 0. */

typedef struct {
    uint64_t allocations;
    /* Socket and wait calls: send, recv, sendto, recvfrom, read, write, poll, ppoll, epoll_wait, epoll_ctl. */
    uint64_t io_calls;
    /* How often something came in after something had been sent. */
    uint64_t round_trips;
} bench_counters;

int bench_counters_available(void);
void bench_counters_start(void);
bench_counters bench_counters_stop(void);

#endif
