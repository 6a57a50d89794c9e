#!/usr/bin/env bash
# Compares Vernal's HTTP host with Hummingbird: a constant answer, release builds, the same wrk, one after the other.
# Usage: compare.sh [CONNECTIONS...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
seconds=${SECONDS_EACH:-5} rounds=${ROUNDS:-3}

[ -n "${SKIP_BUILD:-}" ] || swift build -c release --scratch-path "$root/.build/examples/hummingbird-wrapped" >&2
bin=$(swift build -c release --scratch-path "$root/.build/examples/hummingbird-wrapped" --show-bin-path)

PORT=18091 LOG_LEVEL=error "$bin/hummingbird-wrapped" >/dev/null 2>&1 &
first=$!
PORT=18092 "$bin/vernal-constant" 2>/dev/null &
second=$!
trap 'kill -9 "$first" "$second" 2>/dev/null || true' EXIT
sleep 1

measure() { # NAME URL CONNECTIONS
    wrk -t1 -c"$3" -d"${seconds}s" --latency "$2" |
        awk -v name="$1" -v connections="$3" '/50%/ { p50 = $2 } /99%/ { p99 = $2 } /Requests\/sec/ { rate = $2 }
            END { printf "%-12s %4d connections  %9.0f/s  p50 %8s  p99 %8s\n", name, connections, rate, p50, p99 }'
}
for connections in "${@:-64}"; do
    for _ in $(seq "$rounds"); do
        measure Hummingbird http://127.0.0.1:18091/hello "$connections"
        measure Vernal http://127.0.0.1:18092/hello "$connections"
    done
done
