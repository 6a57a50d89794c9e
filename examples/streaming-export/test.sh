#!/usr/bin/env bash
# Exports more than the function keeps in its memory, with a real database (DATABASE_URL), and leaves in the middle.
set -euo pipefail

# A port that nobody has: the system chooses one, and gives it to no other so soon.
port=${PORT:-$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')}
base=http://127.0.0.1:$port
work=$(mktemp -d "${TMPDIR:-/tmp}/streaming-export-XXXXXX")
function=
trap '[ -z "$function" ] || kill -9 "$function" 2>/dev/null || true; rm -rf "$work"' EXIT
# fail TEXT: ends the test with the end of the function's log.
fail() {
    trap - ERR
    printf 'FAILED: %s\n' "$1"
    tail -n 20 "$work/log" 2>/dev/null || true
    exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR

passed=0
# expect NAME EXPECTED ACTUAL
expect() {
    if [ "$2" != "$3" ]; then
        fail "$(printf '%s\n  expected: %s\n  got:      %s' "$1" "$2" "$3")"
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
is_listening=
for _ in $(seq 500); do
    kill -0 "$function" 2>/dev/null || fail 'the function ended before it listened'
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        is_listening=yes
        break
    fi
    sleep 0.02
done
[ -n "$is_listening" ] || fail "nobody listens on port $port after 10 s"

for kind in csv ndjson; do
    # Enough to fill the buffers once: what comes on top afterwards grows with the rows.
    curl -s -m 60 "$base/export.$kind?rows=20000" >"$work/$kind"
    before=$(resident)
    began=$SECONDS
    count=$(curl -s -m 120 "$base/export.$kind?rows=200000" | wc -l | tr -d ' ')
    after=$(resident)
    if [ "$kind" = csv ]; then wanted=200001; else wanted=200000; fi
    expect "all rows arrive as $kind" "$wanted" "$count"
    # 8 to 14 MB went through it: half of the smaller one is more than any buffer, and less than all of it.
    expect "$kind takes no memory to speak of ($before KiB, then $after KiB)" yes \
        "$([ $((after - before)) -lt 4096 ] && echo yes || echo no)"
    printf '    %s: 200,000 rows in %d s, at most %d KiB more\n' "$kind" $((SECONDS - began)) $((after - before))
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
