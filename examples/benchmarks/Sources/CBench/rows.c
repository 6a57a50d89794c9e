#include "peer.h"

#include <arpa/inet.h>
#include <string.h>

static uint32_t big32(const char *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return ntohl(value);
}

static uint64_t big64(const char *bytes) { return (uint64_t) big32(bytes) << 32 | big32(bytes + 4); }

/* What a program in C does with a value: numbers are turned round, a text is used where it is. */
static int64_t read_value(const PGresult *result, int row, int column, Oid type) {
    const char *bytes = PQgetvalue(result, row, column);
    switch (type) {
    case TYPE_BOOL: return bytes[0] != 0;
    case TYPE_INT4: return (int32_t) big32(bytes);
    case TYPE_INT8:
    case TYPE_TIMESTAMPTZ: return (int64_t) big64(bytes);
    case TYPE_FLOAT8: {
        uint64_t bits = big64(bytes);
        double number;
        memcpy(&number, &bits, sizeof number);
        return (int64_t) number;
    }
    default: return PQgetlength(result, row, column);
    }
}

static PGresult *run(bench_peer *peer, int how, const char *statement) {
    if (how == BENCH_PARAMS) return PQexecParams(peer->connection, statement, 0, NULL, NULL, NULL, NULL, 1);
    if (!peer->has_prepared_rows) {
        PGresult *result = PQprepare(peer->connection, "rows", statement, 0, NULL);
        peer->has_prepared_rows = PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
    }
    return PQexecPrepared(peer->connection, "rows", 0, NULL, NULL, NULL, 1);
}

/* Reads all that a result holds. 0 when it is one with rows. */
static int read_rows(const PGresult *result, bench_digest *digest) {
    int columns = PQnfields(result), rows = PQntuples(result);
    ExecStatusType status = PQresultStatus(result);
    if ((status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE) || columns > 16) return 1;
    Oid types[16];
    for (int column = 0; column < columns; column++) types[column] = PQftype(result, column);
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            if (!PQgetisnull(result, row, column)) digest->sum += read_value(result, row, column, types[column]);
        }
    }
    digest->rows += (uint64_t) rows;
    return 0;
}

int bench_peer_rows(bench_peer *peer, int how, const char *statement, bench_digest *digest) {
    if (how != BENCH_ROW_BY_ROW) {
        PGresult *result = run(peer, how, statement);
        int failed = read_rows(result, digest);
        PQclear(result);
        return failed;
    }
    if (!PQsendQueryParams(peer->connection, statement, 0, NULL, NULL, NULL, NULL, 1)) return 1;
    int failed = !PQsetSingleRowMode(peer->connection);
    for (PGresult *result; (result = PQgetResult(peer->connection)); PQclear(result)) failed |= read_rows(result, digest);
    return failed;
}
