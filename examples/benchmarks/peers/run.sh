#!/usr/bin/env bash
# Becomes the peer NAME, or says in one line what is missing. Usage: run.sh NAME, with DATABASE_URL.
# A peer writes `ready PID` with the number of the server's process, then reads numbers of calls and answers each with a line
# of so many nanoseconds, until its input ends.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vernal/benchmark-peers

# missing WHAT: ends with the reason, where the reader of the report sees it.
missing() {
    printf 'missing %s: run examples/benchmarks/peers/install.sh\n' "$*"
    exit 0
}

# A socket's folder in place of the host is libpq's way; the others take it as an option.
if [[ $DATABASE_URL =~ ^(postgresql://[^@]+@)(%2F[^:]+):([0-9]+)/(.+)$ ]]; then
    is_socket=1
    export PGPORT=${BASH_REMATCH[3]} # node-pg does not take it from the options
    DATABASE_URL="${BASH_REMATCH[1]}/${BASH_REMATCH[4]}?host=${BASH_REMATCH[2]}&port=${BASH_REMATCH[3]}"
fi

case ${1:-} in
    psycopg_pool | sqlalchemy | asyncpg)
        [ -x "$cache/python/bin/python" ] || missing "its Python environment"
        exec "$cache/python/bin/python" "$1_peer.py"
        ;;
    node_pg)
        command -v node >/dev/null || missing "node"
        folder=/usr/share/nodejs
        [ -d "$folder/pg" ] || folder=$cache/node/usr/share/nodejs
        [ -d "$folder/pg" ] || missing "Debian's node-pg"
        NODE_PATH=$folder exec node node_pg_peer.js
        ;;
    pgx)
        command -v go >/dev/null || missing "Debian's golang-go"
        [ -d /usr/share/gocode/src/github.com/jackc/pgx/v4 ] || missing "Debian's golang-github-jackc-pgx-v4-dev"
        if [ pgx/main.go -nt "$cache/pgx" ]; then
            mkdir -p "$cache"
            (cd pgx && GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$cache/go go build -o "$cache/pgx" . >&2) ||
                missing "a pgx that can be built"
        fi
        exec "$cache/pgx"
        ;;
    hikaricp)
        [ -z "${is_socket:-}" ] || {
            echo 'pgjdbc has no Unix sockets'
            exit 0
        }
        command -v java >/dev/null || missing "Java"
        classes=/usr/share/java/HikariCP.jar:/usr/share/java/postgresql.jar:/usr/share/java/slf4j-api.jar:/usr/share/java/slf4j-nop.jar
        [ -e /usr/share/java/HikariCP.jar ] && [ -e /usr/share/java/postgresql.jar ] ||
            missing "Debian's libhikaricp-java and libpostgresql-jdbc-java"
        exec java -cp "$classes" HikariPeer.java
        ;;
    *)
        echo "unknown"
        exit 64
        ;;
esac
