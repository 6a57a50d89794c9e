#!/usr/bin/env bash
# Plays a queue under `vernal run`, with a real database (DATABASE_URL): messages that are no good, that come twice, that get in each
# other's way, and a database that goes away.
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
begin_test sqs-batch
log=$work/run.log
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$DATABASE_URL" "$@"; }
stock() { sql -c "SELECT count FROM stock WHERE item = '$1'"; }
# order ITEM COUNT: the body of a message.
order() { printf '{"item":"%s","count":%s}' "$1" "$2"; }
# deliver QUEUE ID=BODY...: the answer to a batch; its status is 1 when that is an error.
deliver() { "$vernal" invoke --url "$platform_url" --data "$(python3 sqs_event.py "$@")" 2>&1; }
# failures ID...: the report in which these have failed.
failures() {
    local list=''
    for identity in "$@"; do list+=",{\"itemIdentifier\":\"$identity\"}"; done
    printf '{"batchItemFailures":[%s]}' "${list#,}"
}
# hold ITEM SECONDS [N]: a transaction of somebody else that changes an item and takes its time, but no longer than until N others wait for
# it; returns when it has the row.
hold() {
    psql -XqAt "$DATABASE_URL" -c "BEGIN ISOLATION LEVEL SERIALIZABLE;
        UPDATE stock SET count = count - 1 WHERE item = '$1';
        DO \$\$ BEGIN
            FOR turn IN 1..$2 * 50 LOOP
                PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
                EXIT WHEN (SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock') >= ${3:-100};
            END LOOP;
        END \$\$;
        COMMIT" >/dev/null &
    holder=$!
    for _ in $(seq 500); do
        [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")" = 0 ] || return 0
        sleep 0.02
    done
    return 1
}
# message ID PATTERN: how many lines of the log are about the message and have the pattern; they come after the answer.
message() { grep "message-id=$1" "$log" | grep -Ec "$2" || true; }
# messages PATTERN: how many messages that have such an identity have a line in the log, or several: those of a batch that came again.
messages() { grep -o "message-id=$1 " "$log" | sort -u | wc -l; }
# waits_for_row: returns when a statement waits for a lock.
waits_for_row() {
    for _ in $(seq 500); do
        [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")" = 0 ] || return 0
        sleep 0.02
    done
    return 1
}

sql -f schema.sql -c "INSERT INTO stock VALUES ('bolt', 1000), ('nut', 10)"
start_platform "$log" "$EXAMPLE_BIN/sqs-batch" --timeout 10s --faults

expect 'a message takes effect' "$(failures) 998" \
    "$("$vernal" invoke --url "$platform_url" --event sqs --data "$(order bolt 2)") $(stock bolt)"

# Messages that are no good are alone in the report.
batch=(a1="$(order bolt 1)" a2='no JSON' a3="$(order nut 11)" a4="$(order nut 4)" a5="$(order gold 1)" a6="$(order bolt -5)")
expect 'poison is reported, and nothing but poison' "$(failures a2 a3 a5 a6)" "$(deliver orders "${batch[@]}")"
expect 'the others have taken effect' '997 6' "$(stock bolt) $(stock nut)"
expect 'a batch that comes again fails in the same messages' "$(failures a2 a3 a5 a6)" "$(deliver orders "${batch[@]}")"
expect 'and takes no effect twice' '997 6' "$(stock bolt) $(stock nut)"
expect 'no log has the content of a message' 0 "$(grep -c 'no JSON' "$log" || true)"
expect 'in a FIFO queue nothing overtakes what failed' "$(failures b2 b3) 996" \
    "$(deliver orders.fifo b1="$(order bolt 1)" b2='{}' b3="$(order bolt 1)") $(stock bolt)"

# Two transactions that want the same row: the server gives one up, and it is run again.
hold bolt 1
expect 'a serialization failure is nobody'\''s business' "$(failures)" "$(deliver orders c1="$(order bolt 1)")"
wait "$holder"
expect_soon 'the transaction was run twice' 1 message c1 'attempts=2'
expect 'and took effect once' 994 "$(stock bolt)"

# Two batches at once for one item, and a third who lets both begin at the same moment. What fails comes again, as from a queue.
hold bolt 10 2
for number in 1 2; do
    batch=()
    for message in $(seq 20); do batch+=("d$number-$message=$(order bolt 1)"); done
    (
        for _ in $(seq 10); do
            deliver orders "${batch[@]}" >"$work/batch$number"
            [ "$(cat "$work/batch$number")" != "$(failures)" ] || break
        done
    ) &
    pids[number]=$!
done
wait "${pids[@]}" "$holder"
expect 'two batches at once come through' "$(failures)$(failures)" "$(cat "$work/batch1" "$work/batch2" | tr -d '\n')"
expect 'each message once' '953 40' "$(stock bolt) $(sql -c "SELECT count(*) FROM handled_messages WHERE id ~ '^d[12]-'")"
expect_soon 'each has its line in the log' 40 messages 'd[12]-[0-9]*'
again=$(message d 'attempts=[2-9]')
expect 'though some had to be run again' yes "$([ "$again" -ge 2 ] && echo yes)"
printf '    %d of 40 messages met another one and were run again\n' "$again"

# The database goes away in the middle: what was done is done, the rest comes again.
hold nut 2
deliver orders e1="$(order bolt 1)" e2="$(order nut 1)" e3="$(order bolt 1)" >"$work/outage" &
delivery=$!
waits_for_row
for number in $(environments); do "$vernal" fault --url "$platform_url" cut "$number" >/dev/null; done
wait "$delivery" "$holder"
expect 'a loss in the middle leaves the rest to the queue' "$(failures e2 e3)" "$(cat "$work/outage")"
expect 'and what was done done' '952 5' "$(stock bolt) $(stock nut)"

# As long as it is away nothing can be done, and that is an error of the whole batch: Lambda slows down.
code=0
deliver orders e2="$(order nut 1)" e3="$(order bolt 1)" >"$work/outage" || code=$?
expect 'without a database the whole batch fails' '1 1' "$code $(grep -c 'errorType' "$work/outage")"
expect 'and no time is spent on each message' 0 "$(grep -c 'message-id=e3' "$log" || true)"
for number in $(environments); do "$vernal" fault --url "$platform_url" heal "$number" >/dev/null; done
for _ in $(seq 50); do
    deliver orders e2="$(order nut 1)" e3="$(order bolt 1)" >"$work/outage" && break
    sleep 0.2
done
expect 'when it is back the queue delivers again' "$(failures) 951 4" "$(cat "$work/outage") $(stock bolt) $(stock nut)"

# A server that only reads, as the old primary after a failover, is no fault of the messages.
# reads_only SETTING: makes it so, or not so any more.
reads_only() {
    sql -c "ALTER SYSTEM SET default_transaction_read_only = $1" -c 'SELECT pg_reload_conf()' >/dev/null
    for _ in $(seq 500); do
        [ "$(sql -c 'SHOW default_transaction_read_only')" != "$1" ] || return 0
        sleep 0.02
    done
    return 1
}
reads_only on
code=0
deliver orders f1="$(order bolt 1)" f2="$(order bolt 1)" >"$work/outage" || code=$?
expect 'a server that only reads is an outage' '1 1' "$code $(grep -c 'errorType' "$work/outage")"
expect_soon 'for which the log has the reason' 1 message f1 25006
expect 'once' 0 "$(logged 'message-id=f2')"
reads_only off
expect 'and it comes to an end' "$(failures) 949" "$(deliver orders f1="$(order bolt 1)" f2="$(order bolt 1)") $(stock bolt)"
stop_platform

sql -c 'DROP TABLE stock, handled_messages'
test_passed
