#include "peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

PGconn *peer_connect(const char *url, char *message, size_t size) {
    PGconn *connection = PQconnectdb(url);
    if (PQstatus(connection) == CONNECTION_OK) return connection;
    snprintf(message, size, "%s", PQerrorMessage(connection));
    PQfinish(connection);
    return NULL;
}

int peer_backend_pid(PGconn *connection) {
    PGresult *result = PQexec(connection, "SELECT pg_backend_pid()");
    int pid = PQntuples(result) == 1 ? atoi(PQgetvalue(result, 0, 0)) : 0;
    PQclear(result);
    return pid;
}

bench_peer *bench_peer_open(const char *url, char *message, size_t size) {
    PGconn *connection = peer_connect(url, message, size);
    if (connection == NULL) return NULL;
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

int bench_peer_backend_pid(bench_peer *peer) { return peer_backend_pid(peer->connection); }

int bench_peer_execute(bench_peer *peer, const char *statements) {
    PGresult *result = PQexec(peer->connection, statements);
    int failed = PQresultStatus(result) != PGRES_COMMAND_OK;
    PQclear(result);
    return failed;
}

static const char *const warm_query = "SELECT $1::int4";
static const Oid warm_types[] = {TYPE_INT4};

int peer_query(PGconn *connection, int how, int32_t number) {
    const uint32_t bits = htonl((uint32_t) number);
    const char *const values[] = {(const char *) &bits};
    const int lengths[] = {sizeof bits};
    const int formats[] = {1};
    PGresult *result = how == BENCH_PREPARED
        ? PQexecPrepared(connection, "warm", 1, values, lengths, formats, 1)
        : PQexecParams(connection, warm_query, 1, warm_types, values, lengths, formats, 1);
    int failed = PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1 || PQgetlength(result, 0, 0) != 4;
    if (!failed) {
        uint32_t answer;
        __builtin_memcpy(&answer, PQgetvalue(result, 0, 0), sizeof answer);
        failed = (int32_t) ntohl(answer) != number;
    }
    PQclear(result);
    return failed;
}

int bench_peer_query(bench_peer *peer, int how, int calls, uint64_t *nanoseconds) {
    if (how == BENCH_PREPARED && !peer->has_prepared_query) {
        PGresult *result = PQprepare(peer->connection, "warm", warm_query, 1, warm_types);
        peer->has_prepared_query = PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
    }
    uint64_t before = bench_now();
    for (int call = 0; call < calls; call++) {
        if (peer_query(peer->connection, how, call)) return -1;
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

int bench_connect(const char *url, int calls, uint64_t *nanoseconds) {
    for (int call = 0; call < calls; call++) {
        uint64_t before = bench_now();
        PGconn *connection = PQconnectdb(url);
        nanoseconds[call] = bench_now() - before;
        int failed = PQstatus(connection) != CONNECTION_OK;
        PQfinish(connection);
        if (failed) return -1;
    }
    return 0;
}
