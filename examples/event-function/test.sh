#!/usr/bin/env bash
# Runs the function under the Runtime Interface Emulator of AWS, and lets an invocation end in every way it can.
set -euo pipefail
# shellcheck source=examples/support/lambda-emulator.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/lambda-emulator.sh"

can_emulate_lambda || {
    echo 'event-function: not run, because the emulator of AWS Lambda is a program for Linux'
    exit 0
}

work=$(mktemp -d "${TMPDIR:-/tmp}/event-function-XXXXXX")
emulator=''
finish() {
    stop_lambda
    rm -rf "$work"
}
trap finish EXIT

passed=0
# expect NAME EXPECTED ACTUAL
expect() {
    if [ "$2" != "$3" ]; then
        printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "${3:0:500}"
        cat "$work/log"
        exit 1
    fi
    passed=$((passed + 1))
}
invoke() { curl -s -m 30 "$lambda" -d "$1"; }
status() { curl -s -m 30 -o /dev/null -w '%{http_code}' "$lambda" -d "$1"; }
type_of() { sed 's/.*"errorType":"\([^"]*\)".*/\1/'; }
echoes() { expect "$1" '"again"' "$(invoke '{"action":"echo","text":"again"}')"; }
lines() { grep -c "$1" "$work/log" || true; }

start_lambda "$work/log" "$EXAMPLE_BIN/event-function" AWS_LAMBDA_FUNCTION_TIMEOUT=2 AWS_LAMBDA_LOG_FORMAT=JSON
expect 'an event has a result' '"hi"' "$(invoke '{"action":"echo","text":"hi"}')"
expect 'logs are JSON, and only the first is cold' '1 0' "$(lines '"requestId":"[0-9a-f-]*","message":"order".*"cold":"true"') $(lines '"cold":"false"')"
echoes 'the same process takes the next event'
expect 'which is not cold' '1' "$(lines '"cold":"false"')"

expect 'what the handler throws is an error' 'Function.OrderRefused' "$(invoke '{"action":"fail","text":"no"}' | type_of)"
expect 'with its description' '1' "$(invoke '{"action":"fail","text":"no \"more\""}' | grep -c '"errorMessage":"no \\"more\\""')"
expect 'an event that cannot be read is one, too' 'Function.RequestDecodingError' "$(invoke '{"action":7}' | type_of)"
expect 'and one that is no JSON' 'Function.RequestDecodingError' "$(invoke 'nonsense' | type_of)"
expect 'and an empty one' 'Function.RequestDecodingError' "$(invoke '' | type_of)"
echoes 'which the process survives'

began=$(date +%s%N)
expect 'an invocation that takes too long is told so' 'Function.Timeout' "$(invoke '{"action":"wait","number":60000}' | type_of)"
took=$((($(date +%s%N) - began) / 1000000))
expect 'before the platform ends it' 'yes' "$([ $took -gt 1500 ] && [ $took -lt 2000 ] && echo yes || echo "$took ms")"
echoes 'which the process survives as well'
expect 'for it was cold only once' '1' "$(lines '"cold":"true"')"

expect 'the largest result goes through' '6291556' "$(invoke '{"action":"fill","number":6291556}' | wc -c | tr -d ' ')"
expect 'one byte more is an error' 'Function.ResponseSizeTooLarge' "$(invoke '{"action":"fill","number":6291557}' | type_of)"
echoes 'that costs nothing else'
expect 'for it was cold only once still' '1' "$(lines '"cold":"true"')"

expect 'a crash is the platform'\''s to report' 'Runtime.ExitError' "$(invoke '{"action":"crash"}' | type_of)"
echoes 'and the next event gets a new process'
expect 'which is cold' '2' "$(lines '"cold":"true"')"
expect 'a crash again' '502' "$(status '{"action":"crash"}')"
echoes 'and again a new process'

expect 'nothing has stopped yet' '0' "$(lines '"message":"stopping"')"
stop_lambda
expect 'the end of the environment reaches the function' '1' "$(lines '"message":"stopping"')"
expect 'which ends in time' '1' "$(lines '"message":"stopped"')"

# A managed instance: several at the same time in one process, and a timeout does not end it.
if may_mount; then
    start_lambda "$work/log" "$EXAMPLE_BIN/event-function" AWS_LAMBDA_MAX_CONCURRENCY=3 AWS_LAMBDA_FUNCTION_TIMEOUT=3
    for _ in $(seq 100); do
        [ "$(invoke '{"action":"echo","text":"ready"}')" = '"ready"' ] && break
        sleep 0.05
    done
    began=$(date +%s%N)
    callers=()
    for number in 1 2 3; do
        invoke '{"action":"wait","number":800}' >"$work/$number" &
        callers+=($!)
    done
    sleep 0.3
    expect 'one more than there are pollers is refused by the platform' 'Runtime.Unavailable' \
        "$(invoke '{"action":"echo"}' | type_of)"
    wait "${callers[@]}"
    took=$((($(date +%s%N) - began) / 1000000))
    expect 'three at the same time are answered' '"waited""waited""waited"' "$(cat "$work"/[123])"
    expect 'at the same time' 'yes' "$([ $took -lt 1500 ] && echo yes || echo "$took ms")"
    expect 'an error takes nothing with it' 'Function.OrderRefused' "$(invoke '{"action":"fail"}' | type_of)"
    expect 'nor does a result that is too large' 'Function.ResponseSizeTooLarge' \
        "$(invoke '{"action":"fill","number":6291557}' | type_of)"
    for _ in 1 2 3 4; do echoes 'and every poller goes on'; done
    expect 'in the one process' '1' "$(lines '"cold":"true"')"
    stop_lambda
    expect 'which is told of its end' '1 1' "$(lines '"message":"stopping"') $(lines '"message":"stopped"')"
else
    echo 'event-function: not run without root: managed instances'
fi

# Without anything of Lambda's the same binary is an HTTP server; a wrong runtime API is told with its name.
code=0
AWS_LAMBDA_RUNTIME_API='https://nowhere' timeout 20 "$EXAMPLE_BIN/event-function" 2>"$work/log" || code=$?
expect 'a malformed runtime API stops the start' '1 1' "$code $(lines AWS_LAMBDA_RUNTIME_API)"
code=0
AWS_LAMBDA_RUNTIME_API='127.0.0.1:1' timeout 20 "$EXAMPLE_BIN/event-function" 2>"$work/log" || code=$?
expect 'and one that is not there' '1 1' "$code $(lines 'runtimeAPIFailed')"

printf 'event-function: %d checks passed\n' "$passed"
