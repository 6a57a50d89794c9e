#!/usr/bin/env bash
# Compares the tokens with those of AWS's own library, and plays RDS with a real database (DATABASE_URL): the password of a role is
# the token that holds at a moment, and the script moves the clock of the function.
set -euo pipefail
# What it makes and drops is in a server that came for the test, and in no other.
: "${VERNAL_PG_LOG:?run it under vernal postgres}"
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=Tests/support/python-peers.sh
source ../../Tests/support/python-peers.sh
# shellcheck source=examples/support/function-test.sh
source ../support/function-test.sh

begin_test iam-token

# The known answers.
peers=$(python_botocore)
tokens=$("$peers/bin/python" known_answers.py "$EXAMPLE_BIN/sign-token")
expect 'tokens are those of botocore, byte for byte' 5 "$tokens"

# A role that logs in with tokens only.
export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
export AWS_SESSION_TOKEN=FwoGZXIvYXdzEXAMPLE//+== AWS_REGION=eu-central-1
admin=$DATABASE_URL
[[ $admin =~ ^postgresql://[^@]+@([^:/]+):([0-9]+)/([^?]+) ]]
host=${BASH_REMATCH[1]} database_port=${BASH_REMATCH[2]} database=${BASH_REMATCH[3]}
ask() { psql -XqAt "$admin" -c "$1"; }
ask 'CREATE ROLE iam_app LOGIN'

# at SECONDS: sets the clock of the function. accept SECONDS: lets the server take the token of that moment, and no other.
at() { echo "$1" >"$work/clock"; }
accept() {
    ask "ALTER ROLE iam_app PASSWORD '$("$EXAMPLE_BIN/sign-token" "$host" "$database_port" iam_app "$AWS_REGION" "$1")'"
}
# drop_sessions: ends the connections of the function, as a failover does. Half a second after its last use a connection is looked
# at before it is lent again, so that nobody meets one that is dead.
drop_sessions() {
    ask "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'iam_app'" >/dev/null
    sleep 0.6
}
# refusals: how many passwords the server has refused, by its own log.
refusals() { grep -c 'password authentication failed for user "iam_app"' "$VERNAL_PG_LOG" || true; }

# start [NAME=VALUE...]: starts the function, and waits until it listens.
start() {
    serve iam-token DATABASE_URL="postgresql://iam_app@$host:$database_port/$database" TOKEN_CLOCK="$work/clock" \
        VERNAL_LOG_LEVEL=trace ${@+"$@"}
}
# whoami: the role, or the status when it is not 200; keeps all that was answered.
whoami() {
    local status
    status=$(curl -s -m 30 -o "$work/body" -w '%{http_code}' "$base/whoami")
    cat "$work/body" >>"$work/bodies"
    [ "$status" = 200 ] && sed 's/.*"role":"\([^"]*\)".*/\1/' "$work/body" || echo "$status"
}
session() { sed 's/.*"session":\([0-9]*\).*/\1/' "$work/body"; }

morning=1767225600
at $morning
accept $morning
start
expect 'a token opens the door' iam_app "$(whoami)"
first=$(session)
expect 'at the first try' 0 "$(refusals)"

# 20 minutes later the token has expired, and the server takes another one.
at $((morning + 1200))
accept $((morning + 1200))
expect 'a connection that is open outlives its token' "iam_app $first" "$(whoami) $(session)"

# The one in the cache is refused; in the same call the next one is signed.
drop_sessions
expect 'a token that the server takes no more is replaced, without a restart and without an error' iam_app "$(whoami)"
expect 'on another connection' yes "$([ "$(session)" != "$first" ] && echo yes)"
expect 'for which the server had to refuse one' 1 "$(refusals)"
at $((morning + 1500))
drop_sessions
expect 'within its time the same token is given again' "iam_app 1" "$(whoami) $(refusals)"
end_function

# A cache of a second in place of ten minutes, and a freeze that lasts for longer.
at $((morning + 3600))
accept $((morning + 3600))
start TOKEN_CACHE_SECONDS=1
expect 'a token for a short time' iam_app "$(whoami)"
kill -STOP "$function"
sleep 1.1
at $((morning + 7200))
accept $((morning + 7200))
drop_sessions
kill -CONT "$function"
expect 'after a freeze nothing is sent that has expired meanwhile' 'iam_app 1' "$(whoami) $(refusals)"

# Somebody has changed the password to something that no token is.
ask "ALTER ROLE iam_app PASSWORD 'something else'"
drop_sessions
expect 'a token that is refused for good is an error' 500 "$(whoami)"
expect 'which says what it is about' yes "$(grep -q 'authentication failed' "$log" && echo yes)"
accept $((morning + 7200))
for _ in $(seq 50); do
    [ "$(whoami)" = iam_app ] && break
    sleep 0.1
done
expect 'and the function goes on when the server takes it again' iam_app "$(whoami)"
end_function

# What is missing is said at the start.
code=0
env -u AWS_SECRET_ACCESS_KEY DATABASE_URL="postgresql://iam_app@$host/$database" "$EXAMPLE_BIN/iam-token" 2>"$work/said" || code=$?
expect 'without credentials it does not start' '1 1' "$code $(grep -c 'AWS_SECRET_ACCESS_KEY' "$work/said")"
code=0
DATABASE_URL="postgresql://iam_app@db.example.com/$database" "$EXAMPLE_BIN/iam-token" 2>"$work/said" || code=$?
expect 'nor without encryption' '1 1' "$code $(grep -c 'sslmode=verify-full' "$work/said")"
code=0
DATABASE_URL="postgresql://iam_app@localhost/$database?hostaddr=10.0.0.1" "$EXAMPLE_BIN/iam-token" 2>"$work/said" || code=$?
expect 'whatever the name of the machine is' '1 1' "$code $(grep -c 'sslmode=verify-full' "$work/said")"
code=0
AWS_REGION='' DATABASE_URL="postgresql://iam_app@$host/$database" "$EXAMPLE_BIN/iam-token" 2>"$work/said" || code=$?
expect 'nor without a region' '1 1' "$code $(grep -c 'AWS_REGION' "$work/said")"

expect 'the log has something in it' yes "$([ "$(cat "$work"/*.log | wc -l)" -ge 3 ] && echo yes)"
expect 'no token and no key is in a log or in an answer' 0 \
    "$(cat "$work"/*.log "$work/bodies" "$work/said" "$VERNAL_PG_LOG" | grep -cE 'X-Amz|Signature|EXAMPLE' || true)"
ask 'DROP ROLE iam_app'

test_passed
