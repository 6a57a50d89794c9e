#ifndef VERNAL_CLIBPQ_H
#define VERNAL_CLIBPQ_H

#include <dlfcn.h>
#include <stddef.h>
#include <time.h>
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

/* What the server's certificate says of itself; the times are seconds since 1970. */
typedef struct {
    long long not_before;
    long long not_after;
    char subject[256];
    char issuer[256];
} vernal_certificate;

/* timegm is not in every C library. */
static inline long long vernal_seconds(const struct tm *tm) {
    long long year = tm->tm_year + 1900LL, month = tm->tm_mon + 1, shifted, era, day_of_year, days;
    shifted = month <= 2 ? year - 1 : year;
    era = shifted / 400;
    day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + tm->tm_mday - 1;
    days = era * 146097 + (shifted - era * 400) * 365 + (shifted - era * 400) / 4 - (shifted - era * 400) / 100
        + day_of_year - 719468;
    return days * 86400 + tm->tm_hour * 3600LL + tm->tm_min * 60LL + tm->tm_sec;
}

/*
 * libpq hands out OpenSSL's session, but not the certificate in it. OpenSSL is in the process, because libpq needs it; so its
 * functions are looked up where they are, instead of making it something that every function has to be linked with.
 * Where they are not found (another TLS library, a static program), nothing is known. Returns 1 when it is known.
 */
static inline int vernal_server_certificate(PGconn *conn, vernal_certificate *out) {
    void *process = dlopen(NULL, RTLD_LAZY), *session = PQsslStruct(conn, "OpenSSL"), *certificate;
    void *(*peer)(const void *), *(*subject)(const void *), *(*issuer)(const void *);
    const void *(*before)(const void *), *(*after)(const void *);
    int (*to_tm)(const void *, struct tm *);
    char *(*name)(const void *, char *, int);
    void (*release)(void *);
    struct tm from, to;
    int known = 0;
    if (!process || !session) return 0;
    peer = (void *(*)(const void *)) dlsym(process, "SSL_get1_peer_certificate");
    if (!peer) peer = (void *(*)(const void *)) dlsym(process, "SSL_get_peer_certificate");
    subject = (void *(*)(const void *)) dlsym(process, "X509_get_subject_name");
    issuer = (void *(*)(const void *)) dlsym(process, "X509_get_issuer_name");
    before = (const void *(*)(const void *)) dlsym(process, "X509_get0_notBefore");
    after = (const void *(*)(const void *)) dlsym(process, "X509_get0_notAfter");
    to_tm = (int (*)(const void *, struct tm *)) dlsym(process, "ASN1_TIME_to_tm");
    name = (char *(*)(const void *, char *, int)) dlsym(process, "X509_NAME_oneline");
    release = (void (*)(void *)) dlsym(process, "X509_free");
    if (!peer || !subject || !issuer || !before || !after || !to_tm || !name || !release) return 0;
    certificate = peer(session);
    if (!certificate) return 0;
    if (to_tm(before(certificate), &from) == 1 && to_tm(after(certificate), &to) == 1) {
        out->not_before = vernal_seconds(&from);
        out->not_after = vernal_seconds(&to);
        out->subject[0] = out->issuer[0] = 0;
        (void) name(subject(certificate), out->subject, sizeof out->subject);
        (void) name(issuer(certificate), out->issuer, sizeof out->issuer);
        known = 1;
    }
    release(certificate);
    return known;
}

/*
 * How many bytes OpenSSL has taken from the socket and libpq has not taken from OpenSSL, of the record that it is at; -1 when that is
 * not to be found out, as above.
 */
static inline int vernal_tls_pending(PGconn *conn) {
    static void *found;
    void *pending = __atomic_load_n(&found, __ATOMIC_ACQUIRE), *process, *session;
    if (!pending) {
        process = dlopen(NULL, RTLD_LAZY);
        pending = process ? dlsym(process, "SSL_pending") : NULL;
        if (!pending) pending = &found;
        __atomic_store_n(&found, pending, __ATOMIC_RELEASE);
    }
    session = pending == &found ? NULL : PQsslStruct(conn, "OpenSSL");
    return session ? ((int (*)(const void *)) pending)(session) : -1;
}

#endif
