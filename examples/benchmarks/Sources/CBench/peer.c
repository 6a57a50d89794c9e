#include "cbench.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct bench_peer {
    PGconn *connection;
    /* The pool of one. */
    pthread_mutex_t lock;
    pthread_cond_t returned;
    PGconn *idle;
};

bench_peer *bench_peer_open(const char *url, char *message, size_t size) {
    PGconn *connection = PQconnectdb(url);
    if (PQstatus(connection) != CONNECTION_OK) {
        snprintf(message, size, "%s", PQerrorMessage(connection));
        PQfinish(connection);
        return NULL;
    }
    bench_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL) {
        snprintf(message, size, "out of memory");
        PQfinish(connection);
        return NULL;
    }
    peer->connection = connection;
    peer->idle = connection;
    pthread_mutex_init(&peer->lock, NULL);
    pthread_cond_init(&peer->returned, NULL);
    return peer;
}

void bench_peer_close(bench_peer *peer) {
    PQfinish(peer->connection);
    pthread_mutex_destroy(&peer->lock);
    pthread_cond_destroy(&peer->returned);
    free(peer);
}

int bench_peer_backend_pid(const bench_peer *peer) { return PQbackendPID(peer->connection); }

static int query(PGconn *connection, int32_t number) {
    const Oid types[] = {23}; /* int4 */
    const uint32_t bits = htonl((uint32_t) number);
    const char *const values[] = {(const char *) &bits};
    const int lengths[] = {sizeof bits};
    const int formats[] = {1};
    PGresult *result = PQexecParams(connection, "SELECT $1::int4", 1, types, values, lengths, formats, 1);
    int failed = PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1 || PQgetlength(result, 0, 0) != 4;
    if (!failed) {
        uint32_t answer;
        __builtin_memcpy(&answer, PQgetvalue(result, 0, 0), sizeof answer);
        failed = (int32_t) ntohl(answer) != number;
    }
    PQclear(result);
    return failed;
}

int bench_peer_query(bench_peer *peer, int calls, uint64_t *nanoseconds) {
    uint64_t before = bench_now();
    for (int call = 0; call < calls; call++) {
        if (query(peer->connection, call)) return -1;
        uint64_t now = bench_now();
        nanoseconds[call] = now - before;
        before = now;
    }
    return 0;
}

static PGconn *take(bench_peer *peer) {
    pthread_mutex_lock(&peer->lock);
    while (peer->idle == NULL) pthread_cond_wait(&peer->returned, &peer->lock);
    PGconn *connection = peer->idle;
    peer->idle = NULL;
    pthread_mutex_unlock(&peer->lock);
    return connection;
}

static void put(bench_peer *peer, PGconn *connection) {
    pthread_mutex_lock(&peer->lock);
    peer->idle = connection;
    pthread_cond_signal(&peer->returned);
    pthread_mutex_unlock(&peer->lock);
}

void bench_peer_lease(bench_peer *peer, int calls) {
    for (int call = 0; call < calls; call++) put(peer, take(peer));
}
