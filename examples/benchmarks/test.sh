#!/usr/bin/env bash
# Runs every benchmark a few times with a real server (DATABASE_URL, VERNAL_PG_SOCKET_URL) and a PgBouncer, and looks whether what is
# reported is whole and can be true. It says nothing about speed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(mktemp -d "${TMPDIR:-/tmp}/benchmarks-XXXXXX")
trap 'rm -rf "$folder"' EXIT

passed=0
# claim NAME PYTHON: a condition on the lines of the report; `of(name, transport)` is one of them.
claim() {
    python3 - "$folder/report.json" "$2" <<'END' || { printf 'FAILED: %s\n' "$1"; cat "$folder/report.txt"; exit 1; }
import json, sys
lines = json.load(open(sys.argv[1]))
def of(name, transport):
    return next(line for line in lines if line["name"] == name and line["transport"] == transport)
# Nobody counts in another process, nor where the C library is not glibc.
counted = [line for line in lines if "psycopg_pool" not in line["name"]] if sys.platform == "linux" else []
names = {line["name"].split(" (")[0] for line in lines}
sys.exit(0 if eval(sys.argv[2]) else "not so: " + sys.argv[2])
END
    passed=$((passed + 1))
}
# expect NAME COMMAND...
expect() {
    local name=$1
    shift
    "$@" || { printf 'FAILED: %s\n' "$name"; cat "$folder/report.txt"; exit 1; }
    passed=$((passed + 1))
}

./with-pgbouncer.sh "$EXAMPLE_BIN/benchmarks" --rounds 1 --calls 100 --peer psycopg_pool \
    --json "$folder/report.json" --svg "$folder/report.svg" >"$folder/report.txt" || { cat "$folder/report.txt"; exit 1; }

claim 'every benchmark ran' 'len(names) == 11'
claim 'over every way' '{l["transport"] for l in lines if l["name"] == "warm query"} == {"unix", "tcp", "pgbouncer"}'
claim 'a warm query is one round trip' \
    'all(l["roundTrips"] == 1 for l in counted if l["name"].startswith("warm query"))'
claim 'nothing is found out anew for each query behind a pooler' \
    'all(l["mallocs"] <= of("warm query", "tcp")["mallocs"] + 5 for l in counted if l["name"] == "warm query" and l["transport"] == "pgbouncer")'
claim 'C is compared with itself' 'of("warm query (C PQexecParams)", "unix")["ratioToC"] == 1'
claim 'and with a prepared statement' '"ratioToPrepared" in of("warm query", "tcp")'
claim 'an open connection takes memory' \
    'all(l["heapKiB"] > 0 for l in counted if l["name"].startswith("connect"))'
claim 'tasks that share connections have a throughput' \
    'all(l["callsPerSecond"] > 0 for l in lines if "connections shared" in l["name"])'
claim 'whoever blocks the only thread stalls the other' 'of("stall of another task (C that blocks the thread)", "unix")["p50us"] > 4000'
claim 'a wait for an answer stalls it for less' \
    'of("stall of another task", "unix")["p50us"] < of("stall of another task (C that blocks the thread)", "unix")["p50us"]'
expect 'the peer took part, or the report says how to get it' \
    grep -Eq '^warm query \(psycopg_pool\)|missing .*: run examples/benchmarks/peers/install.sh' "$folder/report.txt"
expect 'no table is left' test "$(psql -XAtc 'SELECT count(*) FROM pg_tables WHERE tablename LIKE $$vernal_%$$' "$DATABASE_URL")" = 0

# The figures are changed to what is known to be good, and one of them to what is not.
python3 - "$folder/report.json" "$folder/changed.json" <<'END'
import json, sys
lines = [line for line in json.load(open(sys.argv[1])) if line["name"] == "connect"]
for line in lines:
    line |= {"isPinned": True, "ratioToC": 1.03, "heapKiB": 50}
lines[0]["ratioToC"] = 1.04
json.dump(lines, open(sys.argv[2], "w"))
END
"$EXAMPLE_BIN/benchmarks" --from "$folder/changed.json" >"$folder/report.txt"
expect 'the report says how many targets are met' grep -q '^targets: 3 of 4 met' "$folder/report.txt"
expect 'and which is not' grep -q '^  connect, [a-z]*, same: × C 1.04, wanted 1.03$' "$folder/report.txt"

"$EXAMPLE_BIN/benchmarks" --from "$folder/report.json" --svg "$folder/again.svg" >"$folder/report.txt"
expect 'a chart can be made later' cmp "$folder/report.svg" "$folder/again.svg"
expect 'the chart is well-formed and has bars' python3 -c '
import sys, xml.dom.minidom as xml
chart = xml.parse(sys.argv[1])
assert len(chart.getElementsByTagName("rect")) > 30' "$folder/report.svg"

code=0
"$EXAMPLE_BIN/benchmarks" --peer nobody >"$folder/report.txt" || code=$?
expect 'an unknown peer is refused' test "$code" = 64
./with-delay.py 5 "$EXAMPLE_BIN/benchmarks" --rounds 1 --calls 10 --filter 'warm query' --json "$folder/report.json" >"$folder/report.txt"
claim 'what is far away is as far as was said' 'all(l["transport"] == "tcp" and l["p50us"] > 5000 for l in lines) and lines'
expect 'the least program has its row, and all the others' test "$("$EXAMPLE_BIN/first-row" 3 </dev/null)" = 1.
expect 'it has one thread' python3 -c '
import os, subprocess, sys
program = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
assert program.stdout.read(2) == b"1."
threads = len(os.listdir(f"/proc/{program.pid}/task")) if sys.platform == "linux" else 1
program.stdin.close()
assert program.wait() == 0 and threads == 1, threads' "$EXAMPLE_BIN/first-row"
expect 'it fails when it has no database' eval \
    '! DATABASE_URL=postgres://me:secret@127.0.0.1:1/none "$EXAMPLE_BIN/first-row" </dev/null >"$folder/report.txt" 2>&1'
expect 'and says why' grep -q '^error: connection to server' "$folder/report.txt"
expect 'without the password' eval '! grep secret "$folder/report.txt"'
if [ "$(uname -sm)" = 'Linux x86_64' ]; then
    ./floor.sh 2 >"$folder/report.txt"
    expect 'what C takes that does what a pool has to is known' \
        test "$(awk '/prepared/ && $NF > 0' "$folder/report.txt" | wc -l)" = 16
fi
# Under a server that came for the test, and with libpq of whatever version: the same password, kept in two ways.
python3 scram.py "$EXAMPLE_BIN/benchmarks" 1 >"$folder/report.txt"
expect 'a password that is kept with one round opens the same doors' test "$(grep -c '^ *1 tcp  *connect' "$folder/report.txt")" = 2
expect 'and costs less' python3 -c '
import sys
cpu = {l.split()[0]: float(l.split()[-2]) for l in open(sys.argv[1]) if "PQconnectdb" in l and " tcp " in l}
assert cpu["1"] < cpu["4096"] / 2, cpu' "$folder/report.txt"
expect 'it does not grow' python3 memory.py "$EXAMPLE_BIN/first-row" 30000 >"$folder/report.txt"

printf 'benchmarks: %d checks passed\n' "$passed"
