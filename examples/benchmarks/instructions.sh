#!/usr/bin/env bash
# Counts the instructions of one warm query, engine and C, with callgrind: the same on a busy machine as on a quiet one.
# Usage: vernal postgres --trust-socket -- examples/benchmarks/instructions.sh FIRST_ROW, the program first-row of this package.
set -euo pipefail
program=$(realpath "${1:?the program first-row}")
cd "$(dirname "${BASH_SOURCE[0]}")"
command -v valgrind >/dev/null || { echo 'valgrind is missing. Debian, Ubuntu: apt-get install valgrind' >&2; exit 69; }
folder=$(mktemp -d "${TMPDIR:-/tmp}/instructions-XXXXXX")
trap 'rm -rf "$folder"' EXIT

# valgrind 3.19 cannot read what Swift writes for debuggers.
objcopy -g "$program" "$folder/engine"
# shellcheck disable=SC2046 # several words
cc -O2 -o "$folder/c" cold-start/first-row.c $(pkg-config --cflags --libs libpq)

# instructions PROGRAM CALLS: of all that the process did.
instructions() {
    DATABASE_URL=$VERNAL_PG_SOCKET_URL valgrind --tool=callgrind --callgrind-out-file="$folder/out" "$1" "$2" \
        </dev/null >/dev/null 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
    sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p' "$folder/log"
}

calls=2000
for name in c engine; do
    # What the start costs is in both, and falls out.
    few=$(instructions "$folder/$name" "$calls")
    many=$(instructions "$folder/$name" $((calls * 2)))
    printf '%-8s %6d instructions for a warm query\n' "$name" $(((many - few) / calls))
done
[ -z "${KEEP:-}" ] || { cp "$folder/out" "$KEEP" && echo "callgrind_annotate $KEEP shows where"; }
