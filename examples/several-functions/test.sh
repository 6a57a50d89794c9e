#!/usr/bin/env bash
# Plays the platforms and the clients: curl, wrk, slowhttptest, raw sockets, and the CloudEvents SDK for Python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=Tests/support/python-peers.sh
source ../../Tests/support/python-peers.sh

port=${PORT:-18082}
base=http://127.0.0.1:$port
log=$(mktemp "${TMPDIR:-/tmp}/several-functions-XXXXXX")
function=
trap '[ -z "$function" ] || kill -9 "$function" 2>/dev/null || true; rm -f "$log" "$log".*' EXIT
peers=$(python_peers)

passed=0
expect() {
    if [ "$2" != "$3" ]; then
        printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
        tail -n 50 "$log"
        exit 1
    fi
    passed=$((passed + 1))
}
status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }

# serve TARGET [ARGUMENTS...]: starts the program, and waits until it listens.
serve() {
    FUNCTION_TARGET=$1 PORT=$port "$EXAMPLE_BIN/several-functions" "${@:2}" 2>"$log" &
    function=$!
    for _ in $(seq 200); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        sleep 0.02
    done
    expect "$1 listens" yes no
}

# stop: ends the program as a platform does, and looks how it ended.
stop() {
    local code=0
    kill -TERM "$function"
    wait "$function" || code=$?
    function=
    expect 'SIGTERM ends it with 0' 0 "$code"
}

# The contract of the Functions Framework.
code=0
FUNCTION_TARGET=nobody PORT=$port "$EXAMPLE_BIN/several-functions" 2>"$log" || code=$?
expect 'an unknown function stops the start' 1 "$code"
expect 'and the known ones are named' 1 "$(grep -c 'echo, hello, reply, slow, sum, take' "$log")"
serve nobody --target=sum --signature-type typed
expect 'the command line goes first' '{"sum":6}' "$(curl -s -d '[1,2,3]' "$base/any/path")"
expect 'what is no list is 400' 400 "$(status -d 'x' "$base")"
expect 'robots.txt is 404' 404 "$(status "$base/robots.txt")"
expect 'favicon.ico is 404' 404 "$(status "$base/favicon.ico")"
stop

# HTTP: what a client library sends, and what none would.
serve echo
expect 'curl sends and gets' 'hello' "$(curl -s -d hello "$base/")"
expect 'a body in chunks' 'hello' "$(printf hello | curl -s -H 'Transfer-Encoding: chunked' --data-binary @- "$base/")"
head -c 1000000 /dev/urandom >"$log.body"
expect 'a megabyte comes back' "$(cksum <"$log.body")" "$(curl -s --data-binary "@$log.body" "$base/" | cksum)"
expect 'a path as it is' 'GET /a%2Fb/../c?d=%20' "$(curl -s --path-as-is "$base/a%2Fb/../c?d=%20")"
expect 'the ID of the request comes back' 'abc-1' \
    "$(curl -s -o /dev/null -D - -H 'x-request-id: abc-1' "$base" | tr -d '\r' | sed -n 's/^x-request-id: //p')"
expect 'liveness' 200 "$(status "$base/healthz")"
expect 'readiness' 200 "$(status "$base/readyz")"
expect 'metrics' 'functions_up 1' "$(curl -s "$base/metrics")"
python3 raw_requests.py "$port"

# Slow clients in hundreds, of each kind that slowhttptest has, and one client that wants an answer meanwhile.
if command -v slowhttptest >/dev/null; then
    for kind in '-H -i 1' '-B -i 1' '-X -w 1 -y 2 -n 1 -z 1 -k 1'; do
        # shellcheck disable=SC2086 # options
        timeout 30 slowhttptest $kind -c 300 -r 300 -l 5 -p 2 -u "$base/" >"$log.slow" 2>&1 &
        slow=$!
        sleep 1.5
        expect "an answer beside slow clients ($kind)" 'GET /' "$(curl -s -m 2 "$base/")"
        wait "$slow" || true
        expect "the service stayed available ($kind)" 1 "$(grep -c 'service available:.*YES' "$log.slow" | sed 's/^[1-9].*/1/')"
    done
fi
stop

# Overload: at most 64 at the same time, the others are sent away and may come back.
serve slow
wrk -t1 -c128 -d3s "$base/" >"$log.wrk" &
load=$!
sleep 1
for _ in $(seq 20); do status "$base/" >>"$log.codes" && echo >>"$log.codes"; done
expect 'a probe finds room nevertheless' 200 "$(status "$base/healthz")"
wait "$load"
expect 'some are sent away' 1 "$(grep -c 'Non-2xx' "$log.wrk")"
expect 'none is dropped' 0 "$(grep -c 'Socket errors' "$log.wrk")"
expect 'by 429' 1 "$(grep -c 429 "$log.codes" | sed 's/^[1-9].*/1/')"
expect 'afterwards there is room' 200 "$(status "$base/")"

# The end: what is in flight is answered, and a second signal does not wait for it.
: >"$log.codes"
for _ in $(seq 20); do curl -s -o /dev/null -w '%{http_code}\n' "$base/" >>"$log.codes" & done
wait_for=$(jobs -p | grep -v "^$function$")
sleep 0.25
stop
# shellcheck disable=SC2086 # one process each
wait $wait_for
expect 'all that was in flight at SIGTERM is answered' '20' "$(grep -c 200 "$log.codes")"
serve slow
curl -s "$base/" >/dev/null &
client=$!
sleep 0.2
kill -TERM "$function"
sleep 0.1
kill -TERM "$function"
code=0
wait "$function" || code=$?
function=
wait "$client" || true
expect 'a second SIGTERM ends it at once' 143 "$code"

# Load.
serve hello
wrk -t1 -c32 -d2s "$base/" >"$log.wrk"
expect 'no errors under load' 0 "$(grep -cE 'Socket errors|Non-2xx' "$log.wrk")"
printf '    %s\n' "$(grep Requests/sec "$log.wrk")"
stop

# Few file descriptors: what cannot be accepted waits, and what was accepted is served. For longer than a second, because
# the runtime looks for a free one that often.
(
    ulimit -n $((64 + 3 * $(getconf _NPROCESSORS_ONLN)))
    FUNCTION_TARGET=hello PORT=$port exec "$EXAMPLE_BIN/several-functions" 2>"$log"
) &
function=$!
sleep 0.5
wrk -t1 -c200 -d2s --timeout 5s "$base/" >"$log.wrk" || true
expect 'it says that others have to wait' 1 "$(grep -c 'others have to wait' "$log")"
expect 'and answers when there is room' 'hello' "$(curl -s -m 5 "$base/")"
stop

# CloudEvents.
serve reply
"$peers/bin/python" cloudevents_peer.py "127.0.0.1:$port" reply
stop
serve take
"$peers/bin/python" cloudevents_peer.py "127.0.0.1:$port" take
expect 'the function saw the event' 1 "$(grep -cF 'subject=Euro € 😀 "quoted" 100%' "$log")"
stop

printf 'several-functions: %d checks passed\n' "$passed"
