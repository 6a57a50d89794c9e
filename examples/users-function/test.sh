#!/usr/bin/env bash
# Asks the function for everything that it answers, with a real database (DATABASE_URL): over HTTP, and as AWS Lambda does
# under the Runtime Interface Emulator with the events of its fronts. The answers have to be the same.
set -euo pipefail
support=$(dirname "${BASH_SOURCE[0]}")/../support
# shellcheck source=examples/support/lambda-emulator.sh
source "$support/lambda-emulator.sh"

port=${PORT:-18080}
base=http://127.0.0.1:$port
work=$(mktemp -d "${TMPDIR:-/tmp}/users-function-XXXXXX")
log=$work/log
function='' emulator=''
finish() {
    [ -z "$function" ] || kill -9 "$function" 2>/dev/null || true
    stop_lambda
    rm -rf "$work"
}
trap finish EXIT

passed=0
way=''
# expect NAME EXPECTED ACTUAL
expect() {
    if [ "$2" != "$3" ]; then
        printf 'FAILED (%s): %s\n  expected: %s\n  got:      %s\n' "$way" "$1" "$2" "$3"
        cat "$log"
        exit 1
    fi
    passed=$((passed + 1))
}

# ask METHOD TARGET [BODY]: sends a request on the way in $way; sets $status and $body.
ask() {
    if [ "$way" = http ]; then
        local -a data=()
        [ $# -lt 3 ] || data=(-H 'Content-Type: application/json' --data-binary "$3")
        status=$(curl -s -m 30 -X "$1" ${data[@]+"${data[@]}"} -o "$work/body" -w '%{http_code}' "$base$2")
        body=$(cat "$work/body")
    else
        python3 "$support/lambda_event.py" request "$way" "$@" |
            curl -s -m 30 --data-binary @- "$lambda" | python3 "$support/lambda_event.py" response >"$work/answer"
        status=$(head -n 1 "$work/answer")
        body=$(tail -n +2 "$work/answer")
    fi
}
# expect_answer NAME STATUS BODY METHOD TARGET [BODY]
expect_answer() {
    local name=$1 expected=$2 content=$3
    shift 3
    ask "$@"
    expect "$name" "$expected $content" "$status $body"
}
# field NAME: the value in the last answer.
field() { sed 's/.*"'"$1"'":\([a-z0-9]*\).*/\1/' <<<"$body"; }

check_answers() {
    way=$1
    psql -q "$DATABASE_URL" -c 'DROP TABLE IF EXISTS users' 2>/dev/null
    ask GET /pool
    expect 'nothing is connected before it is needed' '0' "$(field connects)"
    expect_answer 'no users at first' 200 '[]' GET /users
    expect_answer 'a new user' 201 '{"id":1,"name":"Ada"}' POST /users '{"name":"Ada"}'
    expect_answer 'a name is only a name' 201 '{"id":2,"name":"Grace \"Amazing\" Hopper'\''; DROP TABLE users; --"}' \
        POST /users '{"name":"Grace \"Amazing\" Hopper'\''; DROP TABLE users; --"}'
    expect_answer 'a name of any letters' 201 '{"id":3,"name":"Åsa 🐘"}' POST /users '{"name":"Åsa 🐘"}'
    expect_answer 'one user' 200 '{"id":1,"name":"Ada"}' GET /users/1
    expect_answer 'nobody is 404' 404 'not found' GET /users/999
    expect_answer 'no number is 404' 404 'not found' GET /users/abc
    ask POST /users 'nonsense'
    expect 'a body that is no JSON is 400' '400' "$status"
    ask GET /users
    expect 'three users' '3' "$(grep -o '"id"' <<<"$body" | wc -l | tr -d ' ')"
    expect_answer 'slow' 200 '{"ms":20}' GET '/slow?ms=20'
    expect_answer 'slow without a number is 400' 400 'write ?ms=N with N from 0 to 60000' GET '/slow?ms=x%20y'
    ask GET /session
    expect 'no transaction is open' 'false' "$(field inTransaction)"
    ask GET /pool
    expect 'one connection did it all' '1' "$(field connects)"
    expect_answer 'an unknown path is 404' 404 'not found' GET /nonsense
}

# As an HTTP server.
PORT=$port "$EXAMPLE_BIN/users-function" 2>"$log" &
function=$!
for _ in $(seq 100); do
    curl -sf "$base/healthz" >/dev/null && break
    sleep 0.05
done
check_answers http
expect 'HEAD has no body' '' "$(curl -s -I "$base/users" | sed '1,/^\r$/d')"

expect 'metrics' 'vernal_connects_total{pool="default"} 1' "$(curl -s "$base/metrics" | grep '^vernal_connects_total')"

# A request that is in flight at SIGTERM is answered, and the process ends with 0.
curl -s "$base/slow?ms=500" >"$work/slow" &
slow=$!
sleep 0.2
kill -TERM "$function"
wait "$slow"
expect 'the request in flight is answered' '{"ms":500}' "$(cat "$work/slow")"
code=0
wait "$function" || code=$?
function=''
expect 'SIGTERM ends it with 0' '0' "$code"

# As a custom handler of Azure Functions, whose host puts the request into JSON and wants the answer in JSON.
way=azure
FUNCTIONS_CUSTOMHANDLER_PORT=$port "$EXAMPLE_BIN/users-function" 2>"$log" &
function=$!
for _ in $(seq 100); do
    curl -sf "$base/" >/dev/null && break
    sleep 0.05
done
expect 'the answer goes to the output binding' '{"statusCode":200,"headers":{"content-type":"application/json"},"body":"{\"id\":1,\"name\":\"Ada\"}"}' \
    "$(curl -s "$base/users" -H 'X-Azure-Functions-InvocationId: 1' -d '{"Data":{"req":{"Url":"http://localhost/users/1",
        "Method":"GET","Query":{},"Headers":{"Accept":["*/*"]},"Params":{},"Body":null}},"Metadata":{}}' |
        sed 's/.*"ReturnValue":\(.*\)}$/\1/')"
kill -TERM "$function"
wait "$function"
function=''

# A wrong configuration stops the start, with its name.
code=0
VERNAL_POOL_SIZE=ten PORT=$port timeout 20 "$EXAMPLE_BIN/users-function" 2>"$log" || code=$?
expect 'a wrong setting stops the start' '1' "$code"
expect 'and is named' '1' "$(grep -c 'VERNAL_POOL_SIZE' "$log")"

# As a Lambda function.
can_emulate_lambda || {
    printf 'users-function: %d checks passed; not run, because the emulator is a program for Linux: AWS Lambda\n' "$passed"
    exit 0
}
for shape in v1 v2 alb; do
    start_lambda "$log" "$EXAMPLE_BIN/users-function" AWS_LAMBDA_FUNCTION_TIMEOUT=3
    check_answers $shape
    if [ $shape = v2 ]; then
        # The engine gives up before the host, and the host before the platform: the client hears it from the function.
        ask GET '/slow?ms=60000'
        expect 'a statement that takes too long is the function'\''s own answer' '500' "$status"
        ask GET '/slow?ms=1'
        expect 'and the process lives on' '200' "$status"
        ask GET /session
        expect 'without a transaction' 'false' "$(field inTransaction)"
    fi
    stop_lambda
    expect 'its connections are closed at its end' '0' "$(psql -qAt "$DATABASE_URL" -c \
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")"
done
way='a wrong setting'
start_lambda "$log" "$EXAMPLE_BIN/users-function" VERNAL_POOL_SIZE=ten
expect 'it is an error of the init, and named' '1' \
    "$(curl -s "$lambda" -d '{}' | grep '"errorType":"Runtime.InitFailed"' | grep -c VERNAL_POOL_SIZE)"
stop_lambda

printf 'users-function: %d checks passed\n' "$passed"
