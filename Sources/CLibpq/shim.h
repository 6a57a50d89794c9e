#ifndef VERNAL_CLIBPQ_H
#define VERNAL_CLIBPQ_H

#include <stddef.h>
#include <libpq-fe.h>

/* The C library module of Swift leaves these out; waiting for libpq's socket needs them. */
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif

/*
 * libpq 17 brought a cancel that does not block (PQcancelCreate and friends). Swift cannot see a missing
 * function at compile time, so these wrappers make the difference visible at run time instead.
 */
#ifdef LIBPQ_HAS_ASYNC_CANCEL
static inline int vernal_has_async_cancel(void) { return 1; }
static inline void *vernal_cancel_create(PGconn *conn) { return PQcancelCreate(conn); }
static inline int vernal_cancel_start(void *cancel) { return PQcancelStart((PGcancelConn *) cancel); }
static inline PostgresPollingStatusType vernal_cancel_poll(void *cancel) { return PQcancelPoll((PGcancelConn *) cancel); }
static inline int vernal_cancel_socket(const void *cancel) { return PQcancelSocket((const PGcancelConn *) cancel); }
static inline void vernal_cancel_finish(void *cancel) { PQcancelFinish((PGcancelConn *) cancel); }
#else
static inline int vernal_has_async_cancel(void) { return 0; }
static inline void *vernal_cancel_create(PGconn *conn) { (void) conn; return NULL; }
static inline int vernal_cancel_start(void *cancel) { (void) cancel; return 0; }
static inline PostgresPollingStatusType vernal_cancel_poll(void *cancel) { (void) cancel; return PGRES_POLLING_FAILED; }
static inline int vernal_cancel_socket(const void *cancel) { (void) cancel; return -1; }
static inline void vernal_cancel_finish(void *cancel) { (void) cancel; }
#endif

/* It also brought rows that come several at a time; before, they come one at a time. */
#ifdef LIBPQ_HAS_CHUNK_MODE
static inline int vernal_set_rows_mode(PGconn *conn, int rows) { return PQsetChunkedRowsMode(conn, rows); }
static inline int vernal_is_chunk_of_rows(ExecStatusType status) { return status == PGRES_TUPLES_CHUNK; }
#else
static inline int vernal_set_rows_mode(PGconn *conn, int rows) { (void) rows; return PQsetSingleRowMode(conn); }
static inline int vernal_is_chunk_of_rows(ExecStatusType status) { (void) status; return 0; }
#endif

#endif
