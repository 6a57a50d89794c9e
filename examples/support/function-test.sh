# shellcheck shell=bash
# What the tests of small functions have in common: a folder, checks, and a function that listens. To be sourced.
# shellcheck source=examples/support/free-port.sh
source "$(dirname "${BASH_SOURCE[0]}")/free-port.sh"

# begin_test NAME: makes $work, a folder for the test. At the end it is removed, after what `serve` has started was killed and
# the function clean_up was called, if the test has one.
begin_test() {
    test_name=$1
    passed=0
    soon=20
    served=()
    function=''
    work=$(mktemp -d "${TMPDIR:-/tmp}/$1-XXXXXX")
    trap end_test EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
}

end_test() {
    trap - ERR
    local process
    for process in ${served[@]+"${served[@]}"}; do kill -9 "$process" 2>/dev/null || true; done
    if declare -F clean_up >/dev/null; then clean_up || true; fi
    rm -rf "$work"
}

# fail TEXT: ends the test, with the end of what the functions have logged.
fail() {
    trap - ERR
    printf 'FAILED: %s\n' "$1"
    tail -n 20 "$work"/*.log 2>/dev/null || true
    exit 1
}

# expect NAME EXPECTED ACTUAL
expect() {
    if [ "$2" != "$3" ]; then
        fail "$(printf '%s\n  expected: %s\n  got:      %s' "$1" "$2" "$3")"
    fi
    passed=$((passed + 1))
}

# expect_soon NAME EXPECTED COMMAND...: waits for up to $soon seconds until the command prints that.
expect_soon() {
    local name=$1 expected=$2 actual=''
    shift 2
    for _ in $(seq $((soon * 10))); do
        actual=$("$@" || true)
        [ "$actual" != "$expected" ] || break
        sleep 0.1
    done
    expect "$name" "$expected" "$actual"
}

# test_passed: says how many checks there were.
test_passed() { printf '%s: %d checks passed\n' "$test_name" "$passed"; }

# await_port PORT PROCESS: waits until somebody listens there.
await_port() {
    for _ in $(seq 500); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        kill -0 "$2" 2>/dev/null || fail "the program ended before it listened on port $1"
        sleep 0.02
    done
    fail "nobody listens on port $1 after 10 s"
}

# serve PROGRAM [NAME=VALUE...]: starts a program of the package as an HTTP server; sets $function (its process), $base (its
# URL) and $log (what it writes).
serve() {
    local program=$1 port
    shift
    port=$(free_port)
    base=http://127.0.0.1:$port
    log=$work/$program-$port.log
    env ${@+"$@"} PORT="$port" "$EXAMPLE_BIN/$program" >"$log" 2>&1 &
    function=$!
    served+=("$function")
    await_port "$port" "$function"
}

# end_function: ends the function of the last `serve` as a platform does.
end_function() {
    local code=0
    kill -TERM "$function"
    wait "$function" || code=$?
    expect 'SIGTERM ends it with 0' 0 "$code"
}

# status CURL'S ARGUMENTS...: the status of the answer.
status() { curl -s -m 30 -o /dev/null -w '%{http_code}' "$@"; }

# logged PATTERN: how many lines of the log have it.
logged() { grep -Ec "$1" "$log" || true; }
