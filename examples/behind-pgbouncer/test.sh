#!/usr/bin/env bash
# Runs the function behind a real PgBouncer in transaction mode, which has one server connection for all of its clients.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# It sets PGBOUNCER_URL and runs this again.
if [ -z "${PGBOUNCER_URL:-}" ]; then exec "$here/../benchmarks/with-pgbouncer.sh" bash "$here/test.sh"; fi
# shellcheck source=examples/support/function-test.sh
source "$here/../support/function-test.sh"
begin_test behind-pgbouncer

sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
# What DISCARD ALL does here is what the pin guard warns of; it is to leave the one server connection as new.
forget() { sql "$PGBOUNCER_URL" -c 'DISCARD ALL'; }
# Only what was made here: a database that has such schemas already keeps them.
created=''
clean_up() { [ -z "$created" ] || sql "$DATABASE_URL" -c 'DROP SCHEMA red, blue CASCADE' 2>/dev/null; }
ask() { curl -s -m 20 "$base/$1"; }
kind() { ask upstream | python3 -c 'import json, sys; answer = json.load(sys.stdin); print(answer["kind"], answer["mode"])'; }

sql "$DATABASE_URL" -1 -f "$here/tenants.sql"
created=1
fresh=$(sql "$DATABASE_URL" -c 'SHOW search_path')

serve behind-pgbouncer DATABASE_URL="$PGBOUNCER_URL&pgbouncer=true"
expect 'the URL says what is in between' 'pgbouncer transaction' "$(kind)"
expect 'a tenant sees what is his' '["a note of red"]' "$(ask 'notes?tenant=red')"
expect 'and another one, on the same server connection' '["a note of blue"]' "$(ask 'notes?tenant=blue')"
expect 'of which nothing is left' "$fresh" "$(ask search-path)"
expect 'nobody is no tenant' 404 "$(status "$base/notes?tenant=nobody")"
expect 'nor is a statement' 404 "$(status -G --data-urlencode 'tenant=red"; DROP SCHEMA blue; --' "$base/notes")"
expect 'there is nothing to warn of' 0 "$(logged 'does not go with the upstream')"

# Many requests, few server connections: each is lent for a transaction.
requests=()
for _ in $(seq 20); do
    ask 'notes?tenant=red' >>"$work/answers" &
    requests+=($!)
done
wait "${requests[@]}"
expect 'twenty at once are served' 20 "$(grep -o 'a note of red' "$work/answers" | wc -l | tr -d ' ')"
expect 'by one server connection' 1 "$(sql "$DATABASE_URL" -c \
    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")"

# A second instance of the function, which sets nothing.
first=$base first_log=$log first_function=$function
serve behind-pgbouncer DATABASE_URL="$PGBOUNCER_URL&pgbouncer=true"
second=$base second_function=$function
expect 'it finds nothing' "$fresh" "$(ask search-path)"
base=$first log=$first_log
expect 'SET works, as it seems' '["a note of red"]' "$(ask 'unsafe/notes?tenant=red')"
expect 'but the pin guard warns' 1 "$(logged 'a statement does not go with the upstream')"
expect 'of what comes of it, and says what to write' 1 "$(logged 'SET of the session leaks: .*use SET LOCAL or set_config')"
ask 'unsafe/notes?tenant=red' >/dev/null
expect 'once for each statement' 1 "$(logged 'a statement does not go with the upstream')"
base=$second
expect 'for the other instance finds it' red "$(ask search-path)"
forget
expect 'until somebody cleans up' "$fresh" "$(ask search-path)"
function=$second_function
end_function
function=$first_function
end_function

# As it should be in tests: what does not go with a pooler is not sent. And nobody has said what is in between.
serve behind-pgbouncer DATABASE_URL="$PGBOUNCER_URL" PIN_POLICY=refuse
expect 'the safe way is nobody'\''s business' '["a note of blue"]' "$(ask 'notes?tenant=blue')"
expect 'SET is refused' 500 "$(status "$base/unsafe/notes?tenant=red")"
expect 'with the same words' 1 "$(logged 'SET of the session.*use SET LOCAL or set_config.*the handler failed')"
expect 'and was not sent' "$fresh" "$(ask search-path)"
expect 'that there is a pooler was found out' yes "$(kind | grep -Eq '^(pgbouncer|unknownPooler) ' && echo yes)"
end_function

test_passed
