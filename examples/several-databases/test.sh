#!/usr/bin/env bash
# Makes two databases on a real server (DATABASE_URL), and takes one, then the other away from the function.
set -euo pipefail
# What it makes and drops is in a server that came for the test, and in no other.
: "${VERNAL_PG_LOG:?run it under vernal postgres}"
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=examples/support/function-test.sh
source "$here/../support/function-test.sh"
begin_test several-databases

server=$DATABASE_URL
silent=''
made=()
# database NAME: the URL of another database of the server.
database() { sed -E 's#^(postgresql://[^/]+/)[^?]*#\1'"$1"'#' <<<"$server"; }
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
# refuse_connections NAME, allow_connections NAME: as if the server of that database were gone, and back.
refuse_connections() {
    sql "$server" -c "ALTER DATABASE $1 ALLOW_CONNECTIONS false" \
        -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$1'" >/dev/null
}
allow_connections() { sql "$server" -c "ALTER DATABASE $1 ALLOW_CONNECTIONS true"; }
clean_up() {
    [ -z "$silent" ] || kill "$silent" 2>/dev/null || true
    local name
    for name in ${made[@]+"${made[@]}"}; do sql "$server" -c "DROP DATABASE $name WITH (FORCE)"; done
}

for name in orders analytics; do
    sql "$server" -c "CREATE DATABASE $name"
    made+=("$name")
    sql "$(database $name)" -f "$here/$name.sql"
done
orders=$(database orders) analytics=$(database analytics)
order() { curl -s -m 20 "$base/orders" -d "{\"item\":\"$1\",\"price\":$2}"; }
summary() { curl -s -m 20 "$base/summary"; }
# timed_summary: how many seconds the answer took; it is in $work/summary.
timed_summary() { curl -s -m 20 -o "$work/summary" -w '%{time_total}' "$base/summary"; }
# connects POOL: how many connections the function has opened to it.
connects() { curl -s -m 20 "$base/pools" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]]["connects"])' "$1"; }

serve several-databases DATABASE_URL="$orders" DATABASE_URL_ANALYTICS="$analytics"
expect 'nothing is connected before it is needed' '0 0' "$(connects orders) $(connects analytics)"
expect 'both are empty' '{"analytics":[],"orders":{"count":0,"total":0}}' "$(summary)"
expect 'an order is kept and counted' '{"id":1,"isCounted":true}' "$(order tea 3)"
expect 'and another one' '{"id":2,"isCounted":true}' "$(order tea 4)"
expect 'both databases say so' '{"analytics":[{"item":"tea","sold":2}],"orders":{"count":2,"total":7}}' "$(summary)"
expect 'with a connection each' '1 1' "$(connects orders) $(connects analytics)"

refuse_connections analytics
expect 'without the figures the orders are there, and the answer says what is missing' \
    '{"analytics":{"unavailable":"connectFailed"},"orders":{"count":2,"total":7}}' "$(summary)"
expect 'which is no error' 200 "$(status "$base/summary")"
expect 'an order is kept, but not counted' '{"id":3,"isCounted":false}' "$(order milk 1)"
expect 'the log says why' yes "$([ "$(logged 'database=analytics.*55000')" -gt 0 ] && echo yes)"
allow_connections analytics
expect_soon 'what comes back is asked again' '{"analytics":[{"item":"tea","sold":2}],"orders":{"count":3,"total":8}}' summary

refuse_connections orders
expect 'without the orders the figures are there' \
    '{"analytics":[{"item":"tea","sold":2}],"orders":{"unavailable":"connectFailed"}}' "$(summary)"
expect 'which is an error' 503 "$(status "$base/summary")"
expect 'an order is not taken' '{"orders":{"unavailable":"connectFailed"}}' "$(order milk 1)"
allow_connections orders
expect_soon 'these come back, too' '{"analytics":[{"item":"tea","sold":2}],"orders":{"count":3,"total":8}}' summary

# One deadline: what the first statement has used up, the second one has no more.
sql "$orders" -c 'BEGIN' -c 'LOCK TABLE orders' -c 'SELECT pg_sleep(10)' >/dev/null 2>&1 &
locker=$!
served+=("$locker")
expect_soon 'somebody has locked the orders' 1 sql "$orders" -c \
    "SELECT count(*) FROM pg_locks WHERE relation = 'orders'::regclass AND mode = 'AccessExclusiveLock' AND granted"
# An answer that names it came before the deadline of the request, at which the host would have written another one.
took=$(timed_summary)
expect 'a database that is too slow is named, before the deadline of the request' \
    '{"analytics":[{"item":"tea","sold":2}],"orders":{"unavailable":"timedOut"}}' "$(cat "$work/summary")"
expect 'and had the time until then' yes "$(awk -v took="$took" 'BEGIN { print (took > 2 ? "yes" : took " s") }')"
# Whoever gets a 503 orders again; here the first order may have been kept.
expect 'an order of which nobody knows is no 503' '{"orders":{"unknown":"timedOut"}} 504' \
    "$(curl -s -m 20 -w ' %{http_code}' "$base/orders" -d '{"item":"milk","price":1}')"
sql "$server" -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(10)'" >/dev/null
wait "$locker" || true

end_function
expect_soon 'the host has closed the connections of both' 0 sql "$server" -c \
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vernal'"

# A server that accepts and says nothing: what the function can do without costs a second, and not the whole deadline.
port=$(free_port)
python3 -c '
import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(60)' "$port" &
silent=$!
await_port "$port" "$silent"
serve several-databases DATABASE_URL="$orders" DATABASE_URL_ANALYTICS="postgresql://me@127.0.0.1:$port/analytics?sslmode=disable"
took=$(timed_summary)
expect 'a silent server is named' '{"analytics":{"unavailable":"timedOut"},"orders":{"count":3,"total":8}}' "$(cat "$work/summary")"
expect 'after its own time limit' yes "$(awk -v took="$took" 'BEGIN { print (took > 0.9 && took < 2 ? "yes" : took " s") }')"
end_function

log=$work/wrong.log
code=0
env -u DATABASE_URL_ANALYTICS PORT="$(free_port)" timeout 20 "$EXAMPLE_BIN/several-databases" 2>"$log" || code=$?
expect 'a database that is not set stops the start, and is named' '1 1' "$code $(logged 'no DATABASE_URL_ANALYTICS')"

test_passed
