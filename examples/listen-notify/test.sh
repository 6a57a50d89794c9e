#!/usr/bin/env bash
# Looks at the events as a browser does (curl), with a real database (DATABASE_URL): leaves, comes again, and loses the connection.
set -euo pipefail
# What it makes and drops is in a server that came for the test, and in no other.
: "${VERNAL_PG_LOG:?run it under vernal postgres}"
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=examples/support/function-test.sh
source ../support/function-test.sh

begin_test listen-notify
soon=10

sql() { psql -XqAt "$DATABASE_URL" -c "$1"; }
say() { curl -s -m 10 -o /dev/null -w '%{http_code}\n' -d "$1" "$base/messages"; }
# pool NAME FIELD: a number of the statistics of the pool "work" or "listen".
pool() { curl -s -m 10 "$base/pools" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]][sys.argv[2]])' "$@"; }
# watch NAME SECONDS [OPTIONS...]: looks at the events; $work/NAME has them, and in the end $work/NAME.code the status of curl.
watch() {
    local name=$1 seconds=$2
    shift 2
    : >"$work/$name"
    rm -f "$work/$name.code"
    {
        code=0
        curl -sN -m 60 "$@" "$base/events?seconds=$seconds" >"$work/$name" || code=$?
        echo "$code" >"$work/$name.code"
    } 2>/dev/null &
    client=$!
    served+=("$client")
    expect_soon "$name is being served" 1 grep -c '^retry: ' "$work/$name"
}
# ended NAME: how its stream ended.
ended() { cat "$work/$1.code" 2>/dev/null || echo 'not yet'; }
# events NAME: what arrived, without what nobody sees.
events() { grep -E '^(id|data): ' "$work/$1" | paste -sd' ' -; }
# sessions: of those that are there to listen, how many have ended that with their last statement, and how many have not.
sessions() {
    sql "SELECT count(*) FILTER (WHERE query LIKE 'UNLISTEN%') || ' ' || count(*) FILTER (WHERE query NOT LIKE 'UNLISTEN%')
        FROM pg_stat_activity WHERE application_name = 'listener'"
}

# The function makes the table, unless there is one.
expect 'there is no such table yet' '' "$(sql "SELECT to_regclass('messages')")"
# start [NAME=VALUE...]: starts the function. Connections are kept whatever else the machine does, so that it can be seen how they were
# left.
start() { serve listen-notify VERNAL_RETENTION=keep ${@+"$@"}; }
start

expect 'a message before anybody looks' 201 "$(say '{"text":"too early"}')"
watch one 4
watch two 4
expect 'a message' 201 "$(say '{"text":"hello"}')"
expect 'several lines and any letters' 201 "$(say '{"text":"Łódź\n\n🐘"}')"
everything='id: 2 data: hello id: 3 data: Łódź data:  data: 🐘'
expect_soon 'it arrives' "$everything" events one
expect_soon 'at everybody' "$everything" events two
expect 'each who listens has a connection of the pool for that' 2 "$(pool listen active)"
expect 'and the pool for the work is free' 0 "$(pool work active)"
expect_soon 'the time is over for one' 0 ended one
expect_soon 'and for two, both in good order' 0 ended two
expect_soon 'the connections are back' 0 pool listen active
expect 'and listen to nothing' '2 0' "$(sessions)"

# A browser that comes again says what it has seen.
expect 'a message in between' 201 "$(say '{"text":"in between"}')"
watch again 3 -H 'Last-Event-ID: 3'
expect_soon 'what was missed is there' 'id: 4 data: in between' events again
expect 'and what follows' 201 "$(say '{"text":"live"}')"
expect_soon 'once' 'id: 4 data: in between id: 5 data: live' events again
expect_soon 'to its end' 0 ended again

# A client that leaves.
watch gone 60
expect_soon 'one listens' 1 pool listen active
pkill -P "$client" curl
expect_soon 'whoever leaves gives the connection back at once' 0 pool listen active
expect 'and it listens to nothing' '2 0' "$(sessions)"

# A server that ends the connection: the stream breaks off, so that the client knows, and comes again.
watch broken 60
expect_soon 'a listener' '1 1' sessions
sql "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'listener'" >/dev/null
expect_soon 'the end of the connection is the end of the stream' 18 ended broken
expect 'a message meanwhile' 201 "$(say '{"text":"meanwhile"}')"
watch healed 2 -H 'Last-Event-ID: 5'
expect_soon 'and nothing is lost' 'id: 6 data: meanwhile' events healed
expect_soon 'in the end' 0 ended healed

# Many who write at once: all messages, in the order of their numbers.
watch order 10 -H 'Last-Event-ID: 6'
writers=()
for number in $(seq 20); do
    say "{\"text\":\"$number\"}" >/dev/null &
    writers+=($!)
done
wait "${writers[@]}"
expect_soon 'all arrive' 20 grep -c '^id: ' "$work/order"
expect 'in order and once' "$(seq 7 26 | paste -sd' ' -)" "$(sed -n 's/^id: //p' "$work/order" | paste -sd' ' -)"
expect 'the text of each' 20 "$(sed -n 's/^data: //p' "$work/order" | sort -u | wc -l | tr -d ' ')"
pkill -P "$client" curl
expect_soon 'nobody listens any more' 0 pool listen active

# A client that reads slowly, and has much to read: its time is over, all the same.
sql "INSERT INTO messages (text) SELECT repeat('x', 1000) FROM generate_series(1, 30000)"
watch slow 2 -H 'Last-Event-ID: 26' --limit-rate 1M
expect 'it listens' 1 "$(pool listen active)"
expect_soon 'a slow client gives the connection back when its time is over' 0 pool listen active
expect 'though there was more to read' no "$(grep -q '^id: 30026$' "$work/slow" && echo yes || echo no)"

# SIGTERM lets a stream come to its end, if that is near.
watch last 2
end_function

# Where the work goes through a pooler, what is said of it does not hold for those who listen.
start VERNAL_UPSTREAM=pgbouncer:prepared DATABASE_URL_LISTEN="$DATABASE_URL"
watch past 2
expect 'a message past a pooler' 201 "$(say '{"text":"past"}')"
expect_soon 'it arrives beside the pooler' 'data: past' grep '^data: ' "$work/past"
end_function
sql 'DROP TABLE messages'
test_passed
