/* What a warm query takes in C on libpq when it also has to end in time, and when as much code is run beside it as an engine has:
   the least that is to be expected of any pool on this machine. Client and server share CPU 0. */

#include "cbench.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/* Of code.py. */
void code(void);

enum { WITH_LIMIT = 1, WITH_CODE = 2, UNPREPARED = 4, CONTESTANTS = 8, CALLS = 500 };

static void fail(PGconn *connection) {
    fprintf(stderr, "%s", PQerrorMessage(connection));
    exit(1);
}

static PGresult *ask(PGconn *connection, int contestant, int32_t number) {
    const Oid types[] = {23};
    const uint32_t bits = htonl((uint32_t) number);
    const char *const values[] = {(const char *) &bits};
    const int lengths[] = {sizeof bits}, formats[] = {1};
    const char *const text = "SELECT $1::int4";
    if (!(contestant & WITH_LIMIT)) {
        return contestant & UNPREPARED ? PQexecParams(connection, text, 1, types, values, lengths, formats, 1)
                                       : PQexecPrepared(connection, "s", 1, values, lengths, formats, 1);
    }
    const int sent = contestant & UNPREPARED
                         ? PQsendQueryParams(connection, text, 1, types, values, lengths, formats, 1)
                         : PQsendQueryPrepared(connection, "s", 1, values, lengths, formats, 1);
    if (!sent) fail(connection);
    struct pollfd answer = {PQsocket(connection), POLLIN, 0};
    while (PQisBusy(connection)) {
        if (poll(&answer, 1, 5000) != 1 || !PQconsumeInput(connection)) fail(connection);
    }
    PGresult *result = PQgetResult(connection);
    PQclear(PQgetResult(connection));
    return result;
}

static int ascending(const void *left, const void *right) {
    const double difference = *(const double *) left - *(const double *) right;
    return (difference > 0) - (difference < 0);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, ascending);
    return values[count / 2];
}

/* The median of some calls, each by itself. */
static double burst(PGconn *connection, int contestant) {
    static double times[CALLS];
    for (int call = 0; call < CALLS; call++) {
        const uint64_t begin = bench_now();
        PGresult *result = ask(connection, contestant, call);
        if (PQntuples(result) != 1 || (int) ntohl(*(const uint32_t *) PQgetvalue(result, 0, 0)) != call) fail(connection);
        PQclear(result);
        if (contestant & WITH_CODE) code();
        times[call] = (double) (bench_now() - begin) / 1e3;
    }
    return median(times, CALLS);
}

int main(int count, char **arguments) {
    if (count != 4) return 64;
    const char *const transport = arguments[1];
    PGconn *connection = PQconnectdb(arguments[2]);
    const int rounds = atoi(arguments[3]);
    PGresult *prepared = PQprepare(connection, "s", "SELECT $1::int4", 1, (const Oid[]){23});
    if (rounds < 1 || PQresultStatus(prepared) != PGRES_COMMAND_OK) fail(connection);
    PQclear(prepared);
    if (bench_pin(0, 0) != 0 || bench_pin_backend(PQbackendPID(connection), 0) != 0) puts("(!) client and server do not share a CPU");

    double *times = calloc((size_t) rounds * 2 * CONTESTANTS, sizeof *times), *ratios = times + rounds * CONTESTANTS;
    for (int round = 0; round < rounds; round++) {
        /* There and back, so that what changes meanwhile changes for all. */
        for (int turn = 0; turn < CONTESTANTS; turn++) {
            const int contestant = round % 2 ? CONTESTANTS - 1 - turn : turn;
            times[contestant * rounds + round] = burst(connection, contestant);
        }
        for (int contestant = 0; contestant < CONTESTANTS; contestant++) {
            ratios[contestant * rounds + round] =
                times[contestant * rounds + round] / times[(contestant & UNPREPARED) * rounds + round];
        }
    }
    for (int contestant = 0; contestant < CONTESTANTS; contestant++) {
        printf("%-5s %-12s %-18s %-14s %6.1f us %6.2f\n", transport, contestant & UNPREPARED ? "not prepared" : "prepared",
            contestant & WITH_LIMIT ? "with a time limit" : "", contestant & WITH_CODE ? "with the code" : "",
            median(times + contestant * rounds, (size_t) rounds), median(ratios + contestant * rounds, (size_t) rounds));
    }
    const uint64_t begin = bench_now();
    for (int call = 0; call < 10000; call++) code();
    printf("%-5s the code, again and again %20s %6.1f us\n", transport, "", (double) (bench_now() - begin) / 1e7);
    PQfinish(connection);
}
