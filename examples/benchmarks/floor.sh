#!/usr/bin/env bash
# Measures what a warm query over a Unix socket takes in C that does what any pool has to: wait with a time limit, and run as much code
# as the engine has for it. That code is written for x86-64.
# Usage: vernal postgres --trust-socket -- examples/benchmarks/floor.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(mktemp -d "${TMPDIR:-/tmp}/floor-XXXXXX")
trap 'rm -rf "$folder"' EXIT
python3 floor/code.py >"$folder/code.s"
# shellcheck disable=SC2046 # several words
cc -O2 -ISources/CBench/include -o "$folder/floor" floor/floor.c Sources/CBench/process.c "$folder/code.s" \
    $(pkg-config --cflags --libs libpq)
"$folder/floor" "${1:-40}"
