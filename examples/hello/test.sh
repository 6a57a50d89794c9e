#!/usr/bin/env bash
# Asks the function over HTTP, and as an event of a function platform under `vernal run`, with a real database (DATABASE_URL).
# VERNAL is the tool.
set -euo pipefail
# shellcheck source=examples/support/function-test.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/function-test.sh"
begin_test hello

serve hello
expect 'it answers what the query says' '{"database":"vernal","text":"Hello, world!"}' "$(curl -s -m 10 "$base/")"
expect 'to a name' '{"database":"vernal","text":"Hello, Åsa!"}' "$(curl -s -m 10 -G --data-urlencode 'name=Åsa' "$base/")"
name="'); DROP SCHEMA public CASCADE; --"
expect 'a name is only a name' "{\"database\":\"vernal\",\"text\":\"Hello, $name!\"}" \
    "$(curl -s -m 10 -G --data-urlencode "name=$name" "$base/")"
end_function
expect_soon 'it leaves no connection' 0 psql -XqAt "$DATABASE_URL" -c \
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vernal'"

code=0
DATABASE_URL='postgres://somewhere/mine?colour=red' PORT=$(free_port) timeout 20 "$EXAMPLE_BIN/hello" 2>"$log" || code=$?
expect 'a wrong URL stops the start, and is named' '1 1' "$code $(logged 'DATABASE_URL.*colour')"

# As a function platform runs it: a process of its own, frozen in between, asked with events.
port=$(free_port)
log=$work/run.log
"$VERNAL" run --listen "127.0.0.1:$port" --freeze -- "$EXAMPLE_BIN/hello" >"$log" 2>&1 &
platform=$!
served+=("$platform")
await_port "$port" "$platform"
expect 'a function URL has the same answer' '{"database":"vernal","text":"Hello, Ada!"}' \
    "$(curl -s -m 20 "http://127.0.0.1:$port/?name=Ada")"
expect 'and so has it once thawed' '{"database":"vernal","text":"Hello, Ada!"}' \
    "$(curl -s -m 20 "http://127.0.0.1:$port/?name=Ada")"
expect 'and an event of API Gateway' 1 "$("$VERNAL" invoke --url "http://127.0.0.1:$port" --event apigw-v2 --path '/?name=Ada' |
    grep -c 'Hello, Ada!')"
kill -TERM "$platform"
wait "$platform"

test_passed
