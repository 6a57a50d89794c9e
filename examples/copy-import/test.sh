#!/usr/bin/env bash
# Imports files that are right and files that are wrong, with a real database (DATABASE_URL).
set -euo pipefail

work=$(mktemp -d "${TMPDIR:-/tmp}/copy-import-XXXXXX")
trap 'rm -rf "$work"' EXIT

passed=0
# expect NAME EXPECTED ACTUAL
expect() {
    if [ "$2" != "$3" ]; then
        printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
        exit 1
    fi
    passed=$((passed + 1))
}
import() { "$EXAMPLE_BIN/copy-import" "$@" 2>&1; }
# import_fails ARGUMENTS...: its output, when it fails.
import_fails() { ! import "$@"; }

# A value with a comma, a quote, a line break, and letters of more than one byte.
{
    printf 'id,name\n'
    for _ in $(seq 5); do printf '7,"Łódź, ""the"" boat\n"\n'; done
} >"$work/small.csv"
expect 'a small file is imported' 1 "$(import people "$work/small.csv" --create | grep -c '^5 rows')"
expect 'and once more' 1 "$(import people "$work/small.csv" --create | grep -c '^5 rows')"

awk 'BEGIN { print "name,id"; for (i = 1; i <= 500000; i++) printf "person number %d,%d\n", i, i }' >"$work/large.csv"
output=$(import people "$work/large.csv")
expect 'a large file is imported, whatever the order of its columns' 1 "$(grep -c '^500000 rows' <<<"$output")"
printf '    %s\n' "$output"

sed -i.bak '250001s/,.*//' "$work/large.csv"
output=$(import_fails people "$work/large.csv")
expect 'a line that is too short is an error' 1 "$(grep -c 'missing data for column .*SQLSTATE 22P04' <<<"$output")"
expect 'which names the line' 1 "$(grep -c 'COPY people, line 250001' <<<"$output")"
expect 'a missing table is an error' 1 "$(import_fails nobody "$work/small.csv" | grep -c 'SQLSTATE 42P01')"
expect 'a missing file is an error' 1 "$(import_fails people "$work/nothing.csv" | grep -c 'copy-import:')"
expect 'too few arguments are explained' 1 "$(import_fails people | grep -c usage)"

printf 'copy-import: %d checks passed\n' "$passed"
