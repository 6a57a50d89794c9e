#ifndef VERNAL_CBENCH_PEER_H
#define VERNAL_CBENCH_PEER_H

#include <libpq-fe.h>
#include <pthread.h>

#include "cbench.h"

/* The types of the server, by their numbers. */
enum { TYPE_BOOL = 16, TYPE_INT8 = 20, TYPE_INT4 = 23, TYPE_TEXT = 25, TYPE_FLOAT8 = 701, TYPE_TIMESTAMPTZ = 1184 };

/* One warm query. 0 when the answer was the number. */
int peer_query(PGconn *connection, int how, int32_t number);

/* Connects; NULL on failure, with the reason in `message`. */
PGconn *peer_connect(const char *url, char *message, size_t size);

/* Asks the server for the number of its process; 0 when it does not say. */
int peer_backend_pid(PGconn *connection);

struct bench_peer {
    PGconn *connection;
    int has_prepared_query;
    int has_prepared_rows;
    /* The pool of one. */
    pthread_mutex_t lock;
    pthread_cond_t returned;
    PGconn *idle;
};

#endif
