#include "peer.h"

#include <stdlib.h>

struct bench_crowd {
    pthread_mutex_t lock;
    pthread_cond_t returned;
    /* Idle connections, the first `idle_count` of them. */
    PGconn **idle;
    int idle_count;
    PGconn **connections;
    int count;
};

bench_crowd *bench_crowd_open(const char *url, int connections, char *message, size_t size) {
    bench_crowd *crowd = calloc(1, sizeof *crowd);
    if (crowd == NULL) abort();
    crowd->idle = calloc((size_t) connections, sizeof(PGconn *));
    crowd->connections = calloc((size_t) connections, sizeof(PGconn *));
    if (crowd->idle == NULL || crowd->connections == NULL) abort();
    pthread_mutex_init(&crowd->lock, NULL);
    pthread_cond_init(&crowd->returned, NULL);
    while (crowd->count < connections) {
        PGconn *connection = peer_connect(url, message, size);
        if (connection == NULL) {
            bench_crowd_close(crowd);
            return NULL;
        }
        crowd->connections[crowd->count++] = connection;
        crowd->idle[crowd->idle_count++] = connection;
    }
    return crowd;
}

void bench_crowd_close(bench_crowd *crowd) {
    for (int index = 0; index < crowd->count; index++) PQfinish(crowd->connections[index]);
    pthread_mutex_destroy(&crowd->lock);
    pthread_cond_destroy(&crowd->returned);
    free(crowd->idle);
    free(crowd->connections);
    free(crowd);
}

int bench_crowd_backend_pid(bench_crowd *crowd, int index) {
    return index < crowd->count ? peer_backend_pid(crowd->connections[index]) : 0;
}

struct work {
    bench_crowd *crowd;
    int calls;
    uint64_t *nanoseconds;
    int failed;
};

static void *work(void *argument) {
    struct work *work = argument;
    bench_crowd *crowd = work->crowd;
    for (int call = 0; call < work->calls; call++) {
        uint64_t before = bench_now();
        pthread_mutex_lock(&crowd->lock);
        while (crowd->idle_count == 0) pthread_cond_wait(&crowd->returned, &crowd->lock);
        PGconn *connection = crowd->idle[--crowd->idle_count];
        pthread_mutex_unlock(&crowd->lock);
        if (peer_query(connection, BENCH_PARAMS, call)) work->failed = 1;
        pthread_mutex_lock(&crowd->lock);
        crowd->idle[crowd->idle_count++] = connection;
        pthread_cond_signal(&crowd->returned);
        pthread_mutex_unlock(&crowd->lock);
        work->nanoseconds[call] = bench_now() - before;
    }
    return NULL;
}

int bench_crowd_run(bench_crowd *crowd, int threads, int calls, uint64_t *nanoseconds, uint64_t *together) {
    pthread_t *ids = calloc((size_t) threads, sizeof *ids);
    struct work *works = calloc((size_t) threads, sizeof *works);
    if (ids == NULL || works == NULL) abort();
    /* None gets a connection before all are there. */
    pthread_mutex_lock(&crowd->lock);
    for (int index = 0, given = 0; index < threads; index++) {
        int share = calls / threads + (index < calls % threads);
        works[index] = (struct work) {crowd, share, nanoseconds + given, 0};
        given += share;
        if (pthread_create(&ids[index], NULL, work, &works[index])) abort();
    }
    uint64_t began = bench_now();
    pthread_mutex_unlock(&crowd->lock);
    int failed = 0;
    for (int index = 0; index < threads; index++) {
        pthread_join(ids[index], NULL);
        failed |= works[index].failed;
    }
    *together = bench_now() - began;
    free(works);
    free(ids);
    return failed;
}
