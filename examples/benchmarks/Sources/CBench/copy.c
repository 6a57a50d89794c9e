#include "peer.h"

/* Reads what the server says after the data. */
static int end_copy(bench_peer *peer) {
    int failed = 0;
    PGresult *result;
    while ((result = PQgetResult(peer->connection)) != NULL) {
        failed |= PQresultStatus(result) != PGRES_COMMAND_OK;
        PQclear(result);
    }
    return failed;
}

static int start_copy(bench_peer *peer, const char *statement, ExecStatusType wanted) {
    PGresult *result = PQexec(peer->connection, statement);
    int failed = PQresultStatus(result) != wanted;
    PQclear(result);
    return failed;
}

int bench_peer_copy_out(bench_peer *peer, const char *statement, uint64_t *bytes) {
    if (start_copy(peer, statement, PGRES_COPY_OUT)) return 1;
    char *row;
    int count;
    while ((count = PQgetCopyData(peer->connection, &row, 0)) > 0) {
        *bytes += (uint64_t) count;
        PQfreemem(row);
    }
    return end_copy(peer) || count != -1;
}

int bench_peer_copy_in(bench_peer *peer, const char *statement, const char *piece, size_t size, int pieces) {
    if (start_copy(peer, statement, PGRES_COPY_IN)) return 1;
    int failed = 0;
    for (int index = 0; index < pieces && !failed; index++)
        failed = PQputCopyData(peer->connection, piece, (int) size) != 1;
    failed |= PQputCopyEnd(peer->connection, NULL) != 1;
    return end_copy(peer) || failed;
}
