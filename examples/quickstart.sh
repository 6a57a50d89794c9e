#!/usr/bin/env bash
# From nothing to rows: builds the example function, gives it a PostgreSQL of its own and asks it questions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=examples/support/prerequisites.sh
source examples/support/prerequisites.sh

usage() {
    cat <<'END'
Usage: examples/quickstart.sh [--keep] [--port N]

Builds the function in examples/users-function, starts it with a PostgreSQL server of its own, sends it real
requests and shows the rows, the times and the statistics of its connection pool. Leaves nothing running.

  --keep     leave everything running until Ctrl-C, to try requests yourself
  --port N   the port the function listens on (default: a free one)
  --help     this text
END
}

keep=0
port=''
inside=''
while [ $# -gt 0 ]; do
    case $1 in
        --keep) keep=1 ;;
        --port)
            port=${2:-}
            case $port in '' | *[!0-9]*) stop "--port needs a number" ;; esac
            shift
            ;;
        # How this script calls itself once there is a database.
        --inside)
            inside=${2:?}
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

if [ -z "$inside" ]; then
    need_swift
    install_prerequisites
    step "Building (release)"
    note "The first time this compiles SwiftNIO, too, and takes a few minutes. Later it takes seconds."
    note "What is being built: a function that answers GET /users from PostgreSQL, and the 'vernal' tool."
    package=(--package-path examples/users-function --scratch-path .build/examples/users-function)
    build vernal --product vernal
    build users-function "${package[@]}"
    binary=$(swift build -c release "${package[@]}" --show-bin-path)/users-function
    again=(bash examples/quickstart.sh --inside "$binary")
    [ "$keep" = 0 ] || again+=(--keep)
    [ -z "$port" ] || again+=(--port "$port")
    step "Starting a PostgreSQL server of its own"
    note "vernal postgres -- COMMAND   (removed again when the command ends)"
    # From here on the tool is this process: a signal to it ends the function, then the server.
    exec "$(swift build -c release --show-bin-path)/vernal" postgres --verbose -- "${again[@]}"
fi

# --- From here on there is a database, and DATABASE_URL says where. ---

work=$(mktemp -d "${TMPDIR:-/tmp}/vernal-quickstart-XXXXXX")
function_process=''
finish() {
    trap '' INT TERM
    if [ -n "$function_process" ]; then
        kill "$function_process" 2>/dev/null || true
        wait "$function_process" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

is_free() { ! (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null; }
if [ -z "$port" ]; then
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 12000))
        if is_free "$port"; then break; fi
    done
fi
is_free "$port" || stop "port $port is in use; choose another one with --port"
address=http://127.0.0.1:$port

step "Starting the function on $address"
PORT=$port "$inside" >"$work/log" 2>&1 &
function_process=$!
for _ in $(seq 150); do
    if curl -fs -o /dev/null "$address/healthz"; then break; fi
    kill -0 "$function_process" 2>/dev/null || {
        cat "$work/log"
        stop "the function ended instead of listening; what it said is above"
    }
    sleep 0.1
done
curl -fs -o /dev/null "$address/healthz" || {
    cat "$work/log"
    stop "the function did not answer $address/healthz within 15 s; what it said is above"
}
note "It has not opened a database connection yet: the pool is empty until the first query."

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
note "^ the first request: it opened the connection and made the table"
ask POST /users '{"name": "Ada"}'
ask POST /users '{"name": "Grace"}'
ask GET /users
ask GET /users/1
ask GET '/slow?ms=50'
ask GET /session
step "Its connection pool"
ask GET /pool

if [ "$keep" = 1 ]; then
    step "Still running: ${green}$address${plain}"
    note "curl $address/users"
    note "psql '$DATABASE_URL'"
    note "Ctrl-C stops the function and the server and removes the data."
    trap 'exit 0' INT TERM
    wait "$function_process" || true
    cat "$work/log"
    stop "the function ended by itself; what it said is above"
fi

step "Done: nothing is left running"
note "Again, and keep it: examples/quickstart.sh --keep"
note "The code:           examples/users-function"
