#!/usr/bin/env bash
# Measures what a warm query takes in C that does what any pool has to: wait with a time limit, and run as much code as the engine has for
# it. That code is written for x86-64. Over a Unix socket (VERNAL_PG_SOCKET_URL), TCP and TLS (DATABASE_URL), as far as there is one.
# Usage: vernal postgres --tls --trust-socket -- examples/benchmarks/floor.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(mktemp -d "${TMPDIR:-/tmp}/floor-XXXXXX")
trap 'rm -rf "$folder"' EXIT
python3 floor/code.py >"$folder/code.s"
# shellcheck disable=SC2046 # several words
cc -O2 -ISources/CBench/include -o "$folder/floor" floor/floor.c Sources/CBench/process.c "$folder/code.s" \
    $(pkg-config --cflags --libs libpq)
rounds=${1:-40}
"$folder/floor" unix "$VERNAL_PG_SOCKET_URL" "$rounds"
if [ -n "${DATABASE_URL:-}" ]; then
    "$folder/floor" tcp "${DATABASE_URL/sslmode=verify-full/sslmode=disable}" "$rounds"
    case $DATABASE_URL in *sslmode=verify-full*) "$folder/floor" tls "$DATABASE_URL" "$rounds" ;; esac
fi
