# shellcheck shell=bash
# The Runtime Interface Emulator of AWS, which ships in the PyPI package aws-sam-cli. To be sourced.
# shellcheck source=examples/support/free-port.sh
source "$(dirname "${BASH_SOURCE[0]}")/free-port.sh"

# can_emulate_lambda: whether the emulator runs here: it is a program for Linux.
can_emulate_lambda() { [ "$(uname -s)" = Linux ]; }

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

# start_lambda LOG BINARY [NAME=VALUE...]: starts the emulator with a function; sets $emulator (its process) and $lambda
# (the URL that invokes). One invocation at a time: the emulator ends with two.
#
# With AWS_LAMBDA_MAX_CONCURRENCY it plays a managed instance. Then it takes the function from below /var and gets a /var of
# its own, which needs may_mount.
start_lambda() {
    local log=$1 binary=$2 program front runtime
    local -a command
    shift 2
    program=$(lambda_emulator) || {
        echo 'the Runtime Interface Emulator cannot be had: python3 with venv and pip, and PyPI, are needed' >&2
        return 1
    }
    front=$(free_port) && runtime=$(free_port) || return 1
    command=("$program" --log-level error --runtime-interface-emulator-address "127.0.0.1:$front"
        --runtime-api-address "127.0.0.1:$runtime")
    case " $*" in
        *' AWS_LAMBDA_MAX_CONCURRENCY='*)
            # shellcheck disable=SC2016 # for the inner shell
            env "$@" unshare -m bash -c 'mount -t tmpfs tmpfs /var && mkdir /var/task && cp "$1" /var/task/bootstrap &&
                chmod 755 /var/task/bootstrap && cd /var/task && shift && exec "$@"' emulator \
                "$binary" "${command[@]}" handler >"$log" 2>&1 &
            ;;
        *) env "$@" "${command[@]}" "$binary" handler >"$log" 2>&1 & ;;
    esac
    emulator=$!
    lambda=http://127.0.0.1:$front/2015-03-31/functions/function/invocations
    for _ in $(seq 100); do
        if (: </dev/tcp/127.0.0.1/"$front") 2>/dev/null; then return; fi
        sleep 0.05
    done
    return 1
}

# may_mount: whether a process may have mounts of its own, which takes root.
may_mount() { unshare -m mount -t tmpfs tmpfs /mnt 2>/dev/null; }

# stop_lambda: ends what start_lambda started, as the platform ends an environment.
stop_lambda() {
    [ -n "$emulator" ] || return 0
    kill -TERM "$emulator" 2>/dev/null || true
    wait "$emulator" 2>/dev/null || true
    emulator=''
}
