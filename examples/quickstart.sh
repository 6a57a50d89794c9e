#!/usr/bin/env bash
# From nothing to rows: builds the example function, gives it a PostgreSQL of its own and asks it questions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=examples/support/prerequisites.sh
source examples/support/prerequisites.sh

usage() {
    cat <<'END'
Usage: examples/quickstart.sh [--keep] [--port N]

Builds the function in examples/users-function, runs it with 'vernal run' as a function platform would (with a
PostgreSQL of its own), sends it real requests and shows the rows, the times, the statistics of its connection pool and
its environments. Leaves nothing running.

  --keep     leave everything running until Ctrl-C, to try requests yourself
  --port N   the port the function listens on (default: a free one)
  --help     this text
END
}

keep=0
port=''
while [ $# -gt 0 ]; do
    case $1 in
        --keep) keep=1 ;;
        --port)
            port=${2:-}
            case $port in '' | *[!0-9]*) stop "--port needs a number" ;; esac
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            usage >&2
            exit 64
            ;;
    esac
    shift
done

# build NAME ARGUMENTS FOR swift build...: builds with a sign of life, and with the whole output when it fails.
build() {
    local name=$1 log=.build/quickstart-$1.log began=$SECONDS builder shown=0
    shift
    mkdir -p .build
    swift build -c release "$@" >"$log" 2>&1 &
    builder=$!
    # Ctrl-C and a kill must not leave the compiler behind.
    trap 'kill "$builder" 2>/dev/null; wait "$builder"; exit 130' INT TERM
    while kill -0 "$builder" 2>/dev/null; do
        if [ -t 1 ]; then
            printf '\r\e[K    %s: %d s  %.60s' "$name" $((SECONDS - began)) "$(tail -n 1 "$log" | tr -d '\r')"
        elif [ $((SECONDS - began - shown)) -ge 30 ]; then
            shown=$((SECONDS - began))
            note "$name: $shown s  $(tail -n 1 "$log")"
        fi
        sleep 0.5
    done
    [ ! -t 1 ] || printf '\r\e[K'
    wait "$builder" || {
        cat "$log"
        stop "building $name failed; the whole output is above"
    }
    trap - INT TERM
    note "$name: built in $((SECONDS - began)) s"
}

need_swift
install_prerequisites
step "Building (release)"
note "The first time this compiles SwiftNIO, too, and takes a few minutes. Later it takes seconds."
note "What is being built: a function that answers GET /users from PostgreSQL, and the 'vernal' tool."
package=(--package-path examples/users-function --scratch-path .build/examples/users-function)
build vernal --product vernal
build users-function "${package[@]}"
binary=$(swift build -c release "${package[@]}" --show-bin-path)/users-function
vernal=$(swift build -c release --show-bin-path)/vernal

work=$(mktemp -d "${TMPDIR:-/tmp}/vernal-quickstart-XXXXXX")
platform=''
finish() {
    trap '' INT TERM
    if [ -n "$platform" ]; then
        kill -INT "$platform" 2>/dev/null || true
        wait "$platform" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step "Running the function, with a PostgreSQL of its own"
note "vernal run -- users-function   (a process for each request at a time, started when it is needed)"
# A database that happens to be in the environment is not ours to make tables in.
env -u DATABASE_URL -u PGHOST -u PGSERVICE "$vernal" run --listen "127.0.0.1:${port:-0}" -- "$binary" \
    >"$work/ready" 2>"$work/log" &
platform=$!
address=''
for _ in $(seq 300); do
    address=$(sed -n 's/.* \(http:[^ ,]*\).*/\1/p' "$work/ready")
    if [ -n "$address" ]; then break; fi
    kill -0 "$platform" 2>/dev/null || {
        cat "$work/log"
        stop "'vernal run' ended instead of listening; what it said is above"
    }
    sleep 0.1
done
[ -n "$address" ] || {
    cat "$work/log"
    stop "'vernal run' did not listen within 30 s; what it said is above"
}
note "$(cat "$work/ready")"
note "Nothing of the function runs yet: its first request starts it, and its first query opens the connection."

# ask METHOD PATH [JSON]: sends a request and shows the status, the time and the body.
ask() {
    local method=$1 path=$2 status seconds
    local -a body=()
    if [ $# -gt 2 ]; then body=(-H 'Content-Type: application/json' -d "$3"); fi
    read -r status seconds < <(curl -sS -m 30 -X "$method" ${body[@]+"${body[@]}"} -o "$work/body" \
        -w '%{http_code} %{time_total}\n' "$address$path") || stop "no answer to $method $path"
    printf '    %s%-4s %-14s%s %s  %6.1f ms  %s\n' "$bold" "$method" "$path" "$plain" "$status" \
        "$(awk -v s="$seconds" 'BEGIN { print s * 1000 }')" "$(head -c 400 "$work/body" | tr -d '\n')"
    case $status in 2*) ;; *) stop "$method $path was answered with $status" ;; esac
}

step "Asking it"
ask GET /users
note "^ the first request: it started the process, opened the connection and made the table"
ask POST /users '{"name": "Ada"}'
ask POST /users '{"name": "Grace"}'
ask GET /users
ask GET /users/1
ask GET '/slow?ms=50'
ask GET /session
step "Its connection pool"
ask GET /pool
step "Its environments (vernal ps)"
"$vernal" ps --url "$address"

if [ "$keep" = 1 ]; then
    step "Still running: ${green}$address${plain}"
    note "curl $address/users"
    note "$vernal ps --url $address"
    note "Ctrl-C stops the function and the server and removes the data."
    trap 'exit 0' INT TERM
    wait "$platform" || true
    cat "$work/log"
    stop "'vernal run' ended by itself; what it said is above"
fi

step "Done: nothing is left running"
note "Again, and keep it:    examples/quickstart.sh --keep"
note "A storm of cold starts: $vernal storm -n 50 --max-connections 20 --path '/slow?ms=20' -- $binary"
note "The code:              examples/users-function"
