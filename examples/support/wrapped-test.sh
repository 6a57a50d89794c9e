# shellcheck shell=bash
# Tests a web application of another framework that asks Vernal's engine. To be sourced.

# test_wrapped PROGRAM: starts the program on a free port, asks it with curl, and ends it with SIGTERM.
test_wrapped() {
    local program=$1 base log code function passed=0
    local port=${PORT:-18083}
    base=http://127.0.0.1:$port
    log=$(mktemp "${TMPDIR:-/tmp}/wrapped-XXXXXX")
    psql -q "$DATABASE_URL" -c 'DROP TABLE IF EXISTS wrapped_users' -c \
        'CREATE TABLE wrapped_users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)' 2>/dev/null
    PGAPPNAME=wrapped PORT=$port "$program" >"$log" 2>&1 &
    function=$!
    trap 'kill -9 "'"$function"'" 2>/dev/null || true; rm -f "'"$log"'"' EXIT
    expect() {
        if [ "$2" != "$3" ]; then
            printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
            cat "$log"
            exit 1
        fi
        passed=$((passed + 1))
    }
    connections() { psql -qAt "$DATABASE_URL" -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wrapped'"; }

    for _ in $(seq 100); do
        curl -sf "$base/hello" >/dev/null && break
        sleep 0.05
    done
    expect 'a constant' 'hello' "$(curl -s "$base/hello")"
    expect 'nothing is connected before it is needed' '0 0' "$(connections) $(curl -s "$base/pool")"
    expect 'no users at first' '[]' "$(curl -s "$base/users")"
    # Sorted, because an encoder may write the keys of an object in any order.
    expect 'a new user' '"id":1,"name":"Ada",201' \
        "$(curl -s -w ',%{http_code}' -H 'Content-Type: application/json' -d '{"name":"Ada"}' "$base/users" |
            tr -d '{}' | tr ',' '\n' | LC_ALL=C sort | paste -sd, -)"
    expect 'text is a value and not a statement' '201' "$(curl -s -o /dev/null -w '%{http_code}' \
        -H 'Content-Type: application/json' -d '{"name":"x'\''); DROP TABLE wrapped_users; --"}' "$base/users")"
    expect 'two users' '2' "$(curl -s "$base/users" | grep -o '"id"' | wc -l | tr -d ' ')"
    expect 'one connection did it all' '1' "$(connections)"
    local began=$SECONDS
    expect 'a statement ends with the deadline of its request' '504' \
        "$(curl -s -m 30 -o /dev/null -w '%{http_code}' "$base/slow")"
    expect 'which is after two seconds' 'yes' "$([ $((SECONDS - began)) -le 4 ] && echo yes)"
    expect 'and nothing runs on in the server' '0' "$(psql -qAt "$DATABASE_URL" -c \
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wrapped' AND state = 'active'")"
    # Ended by the server while it was idle, as a restart or a proxy does it: the next request does not notice.
    # (Half a second after its last use a connection is looked at before it is lent.)
    psql -qAt "$DATABASE_URL" -c \
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wrapped'" >/dev/null
    sleep 0.6
    expect 'a connection that died is replaced' '200' "$(curl -s -o /dev/null -w '%{http_code}' "$base/users")"
    kill -TERM "$function"
    code=0
    wait "$function" || code=$?
    expect 'SIGTERM ends it with 0' '0' "$code"
    expect 'no connection is left' '0' "$(connections)"
    printf '%s: %d checks passed\n' "${program##*/}" "$passed"
}
