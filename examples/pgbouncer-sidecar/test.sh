#!/usr/bin/env bash
# Starts PgBouncer with the sidecar's own pgbouncer.ini in front of a real server (DATABASE_URL), and looks whether `vernal detect`
# sees it and sessions work as the file says. VERNAL is the `vernal` program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

[[ $DATABASE_URL =~ ^postgresql://([^:]+):([^@]+)@([^:/]+):([0-9]+)/([^?]+) ]]
PGUSER=${BASH_REMATCH[1]} PGPASSWORD=${BASH_REMATCH[2]} PGHOST=${BASH_REMATCH[3]} PGPORT=${BASH_REMATCH[4]}
database=${BASH_REMATCH[5]}
folder=$(mktemp -d "${TMPDIR:-/tmp}/pgbouncer-sidecar-XXXXXX")
LISTEN_PORT=$((20000 + RANDOM % 12000)) AUTH_FILE=$folder/users
export PGHOST PGPORT LISTEN_PORT AUTH_FILE

pooler=''
finish() {
    [ -z "$pooler" ] || { kill -INT "$pooler" && wait "$pooler"; } 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

printf '"%s" "%s"\n' "$PGUSER" "$PGPASSWORD" >"$AUTH_FILE"
envsubst '$PGHOST $PGPORT $LISTEN_PORT $AUTH_FILE' <pgbouncer.ini >"$folder/pgbouncer.ini"

# PgBouncer does not run as root.
as=()
if [ "$(id -u)" -eq 0 ]; then
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chown -R 65534:65534 "$folder"
fi
PATH=$PATH:/usr/sbin "${as[@]}" pgbouncer "$folder/pgbouncer.ini" >"$folder/log" 2>&1 &
pooler=$!
for _ in $(seq 100); do
    grep -q 'process up' "$folder/log" && break
    sleep 0.05
done

url=postgresql://$PGUSER:$PGPASSWORD@127.0.0.1:$LISTEN_PORT/$database
passed=0
# expect NAME PATTERN TEXT
expect() {
    if ! grep -Eq "$2" <<<"$3"; then
        printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
        cat "$folder/log"
        exit 1
    fi
    passed=$((passed + 1))
}

expect 'the pooler answers' '^1$' "$(psql -XAtc 'SELECT 1' "$url")"
expect 'it is seen' '"kind" : "pgbouncer"' "$("$VERNAL" detect "$url" --probe --json)"
expect 'no password is shown' '^0$' "$("$VERNAL" detect "$url" --probe | grep -c "$PGPASSWORD" || true)"
expect 'a user without a password is refused' 'FATAL|failed' "$(psql -XAtc 'SELECT 1' "${url/:$PGPASSWORD/:wrong}" 2>&1 || true)"

# Twenty clients share two server connections, and one more that waits for a second is in reserve.
clients=()
for _ in $(seq 20); do
    psql -XAtc 'SELECT pg_backend_pid() FROM pg_sleep(0.05)' "$url" >>"$folder/backends" &
    clients+=($!)
done
wait "${clients[@]}"
expect 'all were served' '^20$' "$(wc -l <"$folder/backends")"
expect 'by few' '^[1-3]$' "$(sort -u "$folder/backends" | wc -l)"

printf 'pgbouncer-sidecar: %d checks passed\n' "$passed"
