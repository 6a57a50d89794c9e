/* The same as the Swift program of this name, in C: connects to the DATABASE_URL, writes a byte when the first row is there,
   makes as many more warm queries as its argument says, and ends when its input ends. */

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void ask(PGconn *connection, int32_t number) {
    const Oid types[] = {23};
    const uint32_t bits = htonl((uint32_t) number);
    const char *const values[] = {(const char *) &bits};
    const int lengths[] = {sizeof bits}, formats[] = {1};
    PGresult *result = PQexecParams(connection, "SELECT $1::int4", 1, types, values, lengths, formats, 1);
    if (PQntuples(result) != 1 || PQgetlength(result, 0, 0) != 4) {
        fprintf(stderr, "%s", PQerrorMessage(connection));
        exit(1);
    }
    PQclear(result);
}

int main(int count, char **arguments) {
    PGconn *connection = PQconnectdb(getenv("DATABASE_URL"));
    ask(connection, 0);
    if (write(STDOUT_FILENO, "1", 1) != 1) return 1;
    int calls = count > 1 ? atoi(arguments[1]) : 0;
    for (int number = 0; number < calls; number++) ask(connection, number);
    while (getchar() != EOF) continue;
    _exit(0);
}
