#!/usr/bin/env bash
# Asks the function for everything that it answers, over HTTP, with a real database (DATABASE_URL), and ends it with SIGTERM.
set -euo pipefail

port=${PORT:-18080}
base=http://127.0.0.1:$port
log=$(mktemp "${TMPDIR:-/tmp}/users-function-XXXXXX")
psql -q "$DATABASE_URL" -c 'DROP TABLE IF EXISTS users' 2>/dev/null

PORT=$port "$EXAMPLE_BIN/users-function" 2>"$log" &
function=$!
trap 'kill -9 "$function" 2>/dev/null || true; rm -f "$log"' EXIT

passed=0
# expect NAME EXPECTED ACTUAL
expect() {
    if [ "$2" != "$3" ]; then
        printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
        cat "$log"
        exit 1
    fi
    passed=$((passed + 1))
}
status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }

for _ in $(seq 100); do
    curl -sf "$base/healthz" >/dev/null && break
    sleep 0.05
done

expect 'nothing is connected before it is needed' '0' "$(curl -s "$base/pool" | sed 's/.*"connects":\([0-9]*\).*/\1/')"
expect 'no users at first' '[]' "$(curl -s "$base/users")"
expect 'a new user' '{"id":1,"name":"Ada"}' "$(curl -s -d '{"name":"Ada"}' "$base/users")"
expect 'a new user is 201' '201' "$(status -d '{"name":"Grace \"Amazing\" Hopper'\''; DROP TABLE users; --"}' "$base/users")"
expect 'one user' '{"id":1,"name":"Ada"}' "$(curl -s "$base/users/1")"
expect 'nobody is 404' '404' "$(status "$base/users/999")"
expect 'no number is 404' '404' "$(status "$base/users/abc")"
expect 'a body that is no JSON is 400' '400' "$(status -d 'nonsense' "$base/users")"
expect 'two users' '2' "$(curl -s "$base/users" | grep -o '"id"' | wc -l | tr -d ' ')"
expect 'HEAD has no body' '' "$(curl -s -I "$base/users" | sed '1,/^\r$/d')"
expect 'slow' '{"ms":20}' "$(curl -s "$base/slow?ms=20")"
expect 'slow without a number is 400' '400' "$(status "$base/slow?ms=x")"
expect 'no transaction is open' 'false' "$(curl -s "$base/session" | sed 's/.*"inTransaction":\([a-z]*\).*/\1/')"
expect 'one connection did it all' '1' "$(curl -s "$base/pool" | sed 's/.*"connects":\([0-9]*\).*/\1/')"
expect 'an unknown path is 404' '404' "$(status "$base/nonsense")"

# A request that is in flight at SIGTERM is answered, and the process ends with 0.
curl -s "$base/slow?ms=500" >"$log.slow" &
slow=$!
sleep 0.2
kill -TERM "$function"
wait "$slow"
expect 'the request in flight is answered' '{"ms":500}' "$(cat "$log.slow")"
rm -f "$log.slow"
code=0
wait "$function" || code=$?
expect 'SIGTERM ends it with 0' '0' "$code"

# A wrong configuration stops the start, with its name.
code=0
VERNAL_POOL_SIZE=ten PORT=$port timeout 20 "$EXAMPLE_BIN/users-function" 2>"$log" || code=$?
expect 'a wrong setting stops the start' '1' "$code"
expect 'and is named' '1' "$(grep -c 'VERNAL_POOL_SIZE' "$log")"

printf 'users-function: %d checks passed\n' "$passed"
