# shellcheck shell=bash
# The Runtime Interface Emulator of AWS, which ships in the PyPI package aws-sam-cli. To be sourced.

# lambda_emulator: prints the path of the emulator; fetches it once into the cache, outside of the repository.
lambda_emulator() {
    local cache machine binary folder
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/vernal/aws-lambda-rie
    case $(uname -m) in
        x86_64) machine=x86_64 ;;
        aarch64 | arm64) machine=arm64 ;;
        *) return 1 ;;
    esac
    binary=$cache/aws-lambda-rie-$machine
    if [ ! -x "$binary" ]; then
        folder=$(mktemp -d "${TMPDIR:-/tmp}/vernal-rie-XXXXXX") || return 1
        if python3 -m venv "$folder/venv" >&2 &&
            "$folder/venv/bin/pip" download -q --disable-pip-version-check --no-deps -d "$folder" aws-sam-cli >&2 &&
            python3 -m zipfile -e "$folder"/aws_sam_cli-*.whl "$folder/wheel" >&2; then
            mkdir -p "$cache"
            chmod +x "$folder/wheel/samcli/local/rapid/aws-lambda-rie-$machine"
            mv "$folder/wheel/samcli/local/rapid/aws-lambda-rie-$machine" "$binary"
        fi
        rm -rf "$folder"
    fi
    [ -x "$binary" ] && printf '%s\n' "$binary"
}

# free_port: prints a port that nobody listens on.
free_port() {
    local port
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 12000))
        if ! (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    return 1
}

# start_lambda LOG BINARY [NAME=VALUE...]: starts the emulator with a function; sets $emulator (its process) and $lambda
# (the URL that invokes). One invocation at a time: the emulator ends with two.
start_lambda() {
    local log=$1 binary=$2 front runtime
    shift 2
    front=$(free_port) && runtime=$(free_port) || return 1
    env "$@" "$(lambda_emulator)" --log-level error --runtime-interface-emulator-address "127.0.0.1:$front" \
        --runtime-api-address "127.0.0.1:$runtime" "$binary" handler >"$log" 2>&1 &
    emulator=$!
    lambda=http://127.0.0.1:$front/2015-03-31/functions/function/invocations
    for _ in $(seq 100); do
        if (: </dev/tcp/127.0.0.1/"$front") 2>/dev/null; then return; fi
        sleep 0.05
    done
    return 1
}
