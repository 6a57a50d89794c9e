#ifndef VERNAL_CBENCH_H
#define VERNAL_CBENCH_H

#include <stddef.h>
#include <stdint.h>

/* The peer: C on libpq, as plainly as it can be written (peer.c). All functions block, and return 0 when all went well. */

typedef struct bench_peer bench_peer;

/* NULL on failure, with the reason in `message`. */
bench_peer *bench_peer_open(const char *url, char *message, size_t size);
void bench_peer_close(bench_peer *peer);

/* The number of the server's process; a pooler has made up the one that libpq knows, so the server is asked. */
int bench_peer_backend_pid(bench_peer *peer);

/* Runs statements that return nothing. */
int bench_peer_execute(bench_peer *peer, const char *statements);

/* How a statement is sent, and, of rows, how they come. */
enum { BENCH_PARAMS, BENCH_PREPARED, BENCH_ROW_BY_ROW };

/* `calls` times "SELECT $1::int4", binary, the value read; writes the nanoseconds of each call. */
int bench_peer_query(bench_peer *peer, int how, int calls, uint64_t *nanoseconds);

/* `calls` times: take the connection out of a pool of one under a mutex with a condition, and put it back. */
void bench_peer_lease(bench_peer *peer, int calls);

/* `calls` times: connect and close again; the nanoseconds are those of PQconnectdb. */
int bench_connect(const char *url, int calls, uint64_t *nanoseconds);

/* What the rows hold (rows.c). */

typedef struct {
    uint64_t rows;
    /* Of all numbers, lengths and microseconds, so that nothing is left unread. */
    int64_t sum;
} bench_digest;

/* Runs a statement without parameters, binary, and reads every column of every row by its type. `how` prepares it once. */
int bench_peer_rows(bench_peer *peer, int how, const char *statement, bench_digest *digest);

/* COPY (copy.c). */

/* Runs a COPY … TO STDOUT and counts its bytes. */
int bench_peer_copy_out(bench_peer *peer, const char *statement, uint64_t *bytes);

/* Runs a COPY … FROM STDIN with the same piece of data, again and again. */
int bench_peer_copy_in(bench_peer *peer, const char *statement, const char *piece, size_t size, int pieces);

/* Threads that share connections (crowd.c). */

typedef struct bench_crowd bench_crowd;

bench_crowd *bench_crowd_open(const char *url, int connections, char *message, size_t size);
void bench_crowd_close(bench_crowd *crowd);
int bench_crowd_backend_pid(bench_crowd *crowd, int index);

/* `threads` threads that make `calls` warm queries together; each takes a connection out of the pool for one call. Writes
   the nanoseconds of each call, the wait for the connection included, and of all together. */
int bench_crowd_run(bench_crowd *crowd, int threads, int calls, uint64_t *nanoseconds, uint64_t *together);

/* A peer in a process of its own (child.c): a program that writes one line when it is ready, reads numbers of calls, and
   answers each with the nanoseconds of so many calls. */

typedef struct bench_child bench_child;

/* Starts `program name` with `url` as its DATABASE_URL. The first line that it writes is put into `line`. NULL when it
   cannot be started. */
bench_child *bench_child_start(const char *program, const char *name, const char *url, char *line, size_t size);
int bench_child_pid(const bench_child *child);
int bench_child_ask(bench_child *child, int calls, uint64_t *nanoseconds);
/* Ends it, and waits until it has ended. */
void bench_child_end(bench_child *child);

/* Clocks and usage (process.c). */

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t bench_now(void);

typedef struct {
    /* User and system time of the process. */
    uint64_t cpu_nanoseconds;
    uint64_t voluntary_switches;
} bench_usage;

bench_usage bench_usage_now(void);

/* The same of another process of this user, of the threads that it has; all 0 where that cannot be told. */
bench_usage bench_usage_of(int pid);

/* How many file descriptors are open; -1 where that cannot be told. */
int bench_open_descriptors(void);

/* Where processes may run (process.c). Linux only: elsewhere they fail. */

/* Puts every thread of a process on one CPU (0: this process); a negative CPU allows all again. 0 when that was done. */
int bench_pin(int pid, int cpu);

/* The same for the process of a server or a pooler, if there is one of that number here and it is one. */
int bench_pin_backend(int pid, int cpu);

/* The process that started another; 0 where that cannot be told. */
int bench_parent(int pid);

/* What was called (counters.c). Linux with glibc only: elsewhere `bench_counters_available` is 0. */

typedef struct {
    uint64_t allocations;
    /* Socket and wait calls: send, recv, sendto, recvfrom, read, write, poll, ppoll, epoll_wait, epoll_ctl. */
    uint64_t io_calls;
    /* How often something came in after something had been sent. */
    uint64_t round_trips;
    /* What was allocated since the start and not freed, less what was freed of before. */
    int64_t live_bytes;
} bench_counters;

int bench_counters_available(void);
void bench_counters_start(void);
bench_counters bench_counters_now(void);
bench_counters bench_counters_stop(void);

#endif
