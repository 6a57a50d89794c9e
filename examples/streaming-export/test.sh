#!/usr/bin/env bash
# Exports more than the function keeps in its memory, with a real database (DATABASE_URL), and leaves in the middle.
set -euo pipefail

port=${PORT:-18083}
base=http://127.0.0.1:$port
work=$(mktemp -d "${TMPDIR:-/tmp}/streaming-export-XXXXXX")
function=
trap '[ -z "$function" ] || kill -9 "$function" 2>/dev/null || true; rm -rf "$work"' EXIT

passed=0
# expect NAME EXPECTED ACTUAL
expect() {
    if [ "$2" != "$3" ]; then
        printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
        tail -n 20 "$work/log"
        exit 1
    fi
    passed=$((passed + 1))
}
# field NAME: a number of the pool's statistics.
field() { curl -s -m 10 "$base/pool" | sed 's/.*"'"$1"'":\([0-9]*\).*/\1/'; }
# resident: the memory of the function at its peak, in KiB; now, where the system does not tell the peak.
resident() {
    if [ -r "/proc/$function/status" ]; then
        sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$function/status"
    else
        ps -o rss= -p "$function" | tr -d ' '
    fi
}

PORT=$port "$EXAMPLE_BIN/streaming-export" 2>"$work/log" &
function=$!
for _ in $(seq 500); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.02
done

for kind in csv ndjson; do
    curl -s -m 60 "$base/export.$kind?rows=1000" >"$work/$kind"
    before=$(resident)
    began=$SECONDS
    count=$(curl -s -m 120 "$base/export.$kind?rows=2000000" | tee >(tail -n 1 >"$work/last") | wc -l | tr -d ' ')
    after=$(resident)
    if [ "$kind" = csv ]; then wanted=2000001; else wanted=2000000; fi
    expect "all rows arrive as $kind" "$wanted" "$count"
    # 80 to 140 MB went through it.
    expect "$kind takes no memory to speak of ($before KiB, then $after KiB)" yes \
        "$([ $((after - before)) -lt 8192 ] && echo yes || echo no)"
    printf '    %s: 2,000,000 rows in %d s, at most %d KiB more\n' "$kind" $((SECONDS - began)) $((after - before))
done
expect 'CSV is what COPY writes' '1,c4ca4238a0b923820dcc509a6f75849b,f' "$(sed -n 2p "$work/csv")"
expect 'each line is JSON' '{"id":1,"token":"c4ca4238a0b923820dcc509a6f75849b","paid":false}' "$(head -n 1 "$work/ndjson")"

for kind in csv ndjson; do
    # Of a hundred million rows the client takes some.
    curl -s -m 60 "$base/export.$kind?rows=100000000" | head -c 1000000 >/dev/null || true
    for _ in $(seq 200); do
        [ "$(field active)" = 0 ] && break
        sleep 0.05
    done
    expect "a client that leaves gives the connection back ($kind)" 0 "$(field active)"
    expect "and the function goes on ($kind)" 11 "$(curl -s -m 10 "$base/export.csv?rows=10" | wc -l | tr -d ' ')"
done

kill -TERM "$function"
code=0
wait "$function" || code=$?
function=
expect 'SIGTERM ends it with 0' 0 "$code"
printf 'streaming-export: %d checks passed\n' "$passed"
