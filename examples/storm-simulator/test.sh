#!/usr/bin/env bash
# Checks that the simulator says the same each time, and that what the README claims is still so.
set -euo pipefail

simulator=$EXAMPLE_BIN/storm-simulator
folder=$(mktemp -d "${TMPDIR:-/tmp}/storm-simulator-XXXXXX")
trap 'rm -rf "$folder"' EXIT

passed=0
# claim NAME PYTHON: a condition on `figure(study, scenario, policy)`.
claim() {
    python3 - "$folder/first.json" "$2" <<'END' || { printf 'FAILED: %s\n' "$1"; exit 1; }
import json, sys
studies = json.load(open(sys.argv[1]))
class Row(dict):
    __getattr__ = dict.__getitem__
def figure(study, scenario, policy):
    return next(Row(r) for r in studies[study] if r["scenario"] == scenario and r["policy"] == policy)
def part(study, scenario, policy):
    row = figure(study, scenario, policy)
    return row.failed / row.invocations
sys.exit(0 if eval(sys.argv[2]) else "not so: " + sys.argv[2])
END
    passed=$((passed + 1))
}

"$simulator" --seeds 1 --largest 3000 --json "$folder/first.json" --plots "$folder" >"$folder/first.txt"
"$simulator" --seeds 1 --largest 3000 --json "$folder/second.json" >"$folder/second.txt"
cmp "$folder/first.json" "$folder/second.json" && cmp "$folder/first.txt" "$folder/second.txt"
passed=$((passed + 1))
grep -q '<polyline' "$folder/failed.svg" && grep -q '</svg>' "$folder/connects.svg"
passed=$((passed + 1))

claim 'patience fails nobody and wastes nothing' \
    'figure("patience", "1000 at 100/s", "shipped").failed == 0 and figure("patience", "1000 at 100/s", "shipped").wasted == 0'
claim 'a short time limit fails more than half' 'part("patience", "1000 at 100/s", "give up after 3 s") > 0.5'
claim 'reacting to failures does not stop the first wave' \
    'figure("first wave", "1000 at 100/s", "full jitter").wasted > 900'
claim 'a window of N/C - T does' 'figure("first wave", "1000 at 100/s", "first U(0, 5 s)").wasted == 0'
claim 'keeping fails most when slots are scarce' 'part("retention", "200 slots for 1000", "keep") >= 0.8'
claim 'adapting fails nobody then' 'figure("retention", "200 slots for 1000", "adaptive").failed == 0'
claim 'adapting connects little more than keeping when slots are plenty' \
    'figure("retention", "1200 slots for 1000, 5 waves", "adaptive").connects < 1500'
claim 'two connects at a time open fewer than five connections for short work' \
    'figure("one process", "2 ms work, 150 ms connect", "2 under way").connects < 5'
claim 'and fill a pool almost as quickly as any number' \
    'figure("one process", "20 ms work, 5 ms connect", "2 under way").p99 < 1.1 * figure("one process", "20 ms work, 5 ms connect", "any number").p99'
claim 'a lone cold start pays less than a millisecond' \
    'figure("a lone cold start", "1 at 100/s", "shipped").p99 - figure("a lone cold start", "1 at 100/s", "no throttle").p99 < 0.001'
claim 'no refused environment fails within its deadline, and few are refused twice' \
    'all(figure("refusals", s, "share 0.08, steady 0.6, even 2").failed == 0 and figure("refusals", s, "share 0.08, steady 0.6, even 2").refused <= 120 for s in ("within 0.05 s, 200 ms work", "within 1.5 s, 400 ms work"))'
claim 'a pause of full jitter from 100 ms is refused more often' \
    'figure("refusals", "within 1.5 s, 400 ms work", "share 0.0, steady 0.0, even 1").refused > 1.3 * figure("refusals", "within 1.5 s, 400 ms work", "share 0.08, steady 0.6, even 2").refused'
claim 'what ships is what was chosen' \
    'figure("refusals", "within 1.5 s, 400 ms work", "share 0.08, steady 0.6, even 2").refused == figure("refusals", "within 1.5 s, 400 ms work", "quota 20").refused'
claim 'most of a naive fleet fails where none of ours does' \
    'part("fleet", "3000", "naive") > 0.8 and figure("fleet", "3000", "shipped").failed == 0'

code=0
"$simulator" --study nonsense 2>/dev/null || code=$?
[ "$code" -ne 0 ] || { echo 'FAILED: an unknown study is refused'; exit 1; }
passed=$((passed + 1))

printf 'storm-simulator: %d checks passed\n' "$passed"
