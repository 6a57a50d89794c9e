#!/usr/bin/env bash
# Lets nights go by under `vernal run`, with a real database (DATABASE_URL): one that has time, two at once, one with little time,
# and one whose process is killed.
set -euo pipefail
# What it makes and drops is in a server that came for the test, and in no other.
: "${VERNAL_PG_LOG:?run it under vernal postgres}"
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=examples/support/function-test.sh
source ../support/function-test.sh
# shellcheck source=examples/support/platform-emulator.sh
source ../support/platform-emulator.sh

vernal=$(find_vernal)
platform='' platform_url=''
clean_up() { stop_platform; }
begin_test scheduled-event
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$DATABASE_URL" "$@"; }
# expired COUNT: adds as many sessions that had expired before the first night.
expired() { sql -c "INSERT INTO sessions (user_id, expires_at) SELECT n, '2025-12-31' FROM generate_series(1, $1) n"; }
left() { sql -c 'SELECT count(*) FROM sessions'; }
# night ID [BATCH SIZE]: what the schedule sends, and what the function answers.
night() {
    "$vernal" invoke --url "$platform_url" --data '{"version":"0","id":"'"$1"'","detail-type":"Scheduled Event",
        "source":"aws.events","account":"123456789012","time":"2026-01-01T03:00:00Z","region":"eu-central-1",
        "resources":["arn:aws:events:eu-central-1:123456789012:rule/nightly"],"detail":{"batchSize":'"${2:-1000}"'}}'
}
outcome() { sed 's/.*"outcome":"\([a-z]*\)".*/\1/'; }
deleted() { sed 's/.*"deleted":\([0-9]*\).*/\1/'; }

sql -f schema.sql
# Each batch takes a fifth of a second more, so that a night is long enough to be looked at.
slow_down() {
    sql -c 'CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$' \
        -c 'CREATE TRIGGER slow BEFORE DELETE ON sessions EXECUTE FUNCTION slow()'
}

start_platform "$work/run.log" "$EXAMPLE_BIN/scheduled-event" --timeout 30s
sql -c "INSERT INTO sessions (user_id, expires_at) SELECT n, '2026-01-02' FROM generate_series(1, 100) n"
expired 5000
expect 'a night deletes what has expired' '{"batches":11,"deleted":5000,"outcome":"finished"}' "$(night first 500)"
expect 'and nothing else' 100 "$(left)"
expired 10
expect 'an event that comes again does nothing again' '{"batches":0,"deleted":0,"outcome":"done"}' "$(night first 500)"
expect 'not even to new rows' 110 "$(left)"
expect 'the next night does' '{"batches":2,"deleted":10,"outcome":"finished"}' "$(night second 500)"

# Sessions that somebody renews and ends meanwhile.
expired 10
sql -c "BEGIN; UPDATE sessions SET expires_at = '2026-01-02' WHERE id = (SELECT min(id) FROM sessions WHERE expires_at < '2026-01-01')" \
    -c "DELETE FROM sessions WHERE id = (SELECT max(id) FROM sessions WHERE expires_at < '2026-01-01')" \
    -c 'SELECT pg_sleep(2)' -c COMMIT >/dev/null &
user=$!
for _ in $(seq 500); do
    [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")" = 0 ] || break
    sleep 0.02
done
expect 'a session that is in use is left alone' '{"batches":4,"deleted":8,"outcome":"finished"}' "$(night busy 3)"
expect 'and nobody waits for it' 1 "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")"
wait "$user"
expect 'the renewed one is there' 101 "$(left)"
sql -c 'DELETE FROM sessions WHERE id = (SELECT max(id) FROM sessions)'

# Two at once: one does it, the other one sees that and goes.
slow_down
expired 10000
night third >"$work/one" &
one=$!
night fourth >"$work/two" &
two=$!
wait "$one" "$two"
expect 'of two at once one is busy' $'busy\nfinished' "$(cat "$work/one" "$work/two" | outcome | sort)"
expect 'and together they delete each row once' 10000 "$(cat "$work/one" "$work/two" | deleted | awk '{ sum += $1 } END { print sum }')"
expect 'and only those' 100 "$(left)"

# Killed in the middle: what was done stays done, and is known.
expired 10000
night fifth >"$work/killed" 2>&1 &
killed=$!
for _ in $(seq 500); do
    [ "$(sql -c "SELECT count(*) FROM job_runs WHERE event = 'fifth' AND deleted >= 2000")" = 0 ] || break
    sleep 0.02
done
for number in $(environments); do "$vernal" kill --url "$platform_url" "$number" >/dev/null; done
code=0
wait "$killed" || code=$?
expect 'a killed invocation is an error' 1 "$code"
expect 'what is gone is what is written down' 0 \
    "$(sql -c "SELECT 10100 - count(*) - (SELECT deleted FROM job_runs WHERE event = 'fifth') FROM sessions")"
# The server finds out about the dead client when the statement that still runs is done.
report=$(night fifth)
for _ in $(seq 50); do
    [ "$(outcome <<<"$report")" = busy ] || break
    sleep 0.1
    report=$(night fifth)
done
expect 'the same event goes on' finished "$(outcome <<<"$report")"
expect 'to the end' '100 10000' "$(left) $(sql -c "SELECT deleted FROM job_runs WHERE event = 'fifth'")"
stop_platform

# Little time: it stops early and says so, and the platform has nobody to kill.
start_platform "$work/run.log" "$EXAMPLE_BIN/scheduled-event" --timeout 2s
expired 10000
runs=0 sum=0
while :; do
    report=$(night sixth)
    runs=$((runs + 1))
    sum=$((sum + $(deleted <<<"$report")))
    [ "$(outcome <<<"$report")" = stopped ] && [ "$runs" -lt 20 ] || break
    expect 'what was stopped has done something' yes "$([ "$(deleted <<<"$report")" -gt 0 ] && echo yes)"
done
expect 'several short runs come to the end, too' 'finished 10000 100' "$(outcome <<<"$report") $sum $(left)"
expect 'for which more than one was needed' yes "$([ "$runs" -gt 1 ] && echo yes)"
expect 'and none of them was too late' 0 "$(grep -ciE 'timed out|Function.Timeout' "$work/run.log" || true)"
printf '    10,000 rows in %d runs of 2 s\n' "$runs"
stop_platform

expect 'no transaction is left open' 0 \
    "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")"
sql -c 'DROP TABLE sessions, job_runs; DROP FUNCTION slow'
test_passed
