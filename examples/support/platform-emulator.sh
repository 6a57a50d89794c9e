# shellcheck shell=bash
# `vernal run`, the function platform of this repository. To be sourced.

# find_vernal: prints the path of the `vernal` that was built here, or VERNAL.
find_vernal() {
    printf '%s\n' "${VERNAL:-$(swift build --package-path "$(dirname "${BASH_SOURCE[0]}")/../.." --show-bin-path)/vernal}"
}

# start_platform LOG PROGRAM [OPTIONS...]: starts it with a function; sets $platform (its process) and $platform_url. What the
# function logs is in LOG. $vernal is the program.
start_platform() {
    local log=$1 program=$2
    shift 2
    : >"$log"
    # Free ports are given out by the system.
    "$vernal" run --listen 127.0.0.1:0 "$@" -- "$program" >>"$log" 2>&1 &
    platform=$!
    for _ in $(seq 500); do
        platform_url=$(sed -n 's|^vernal: listening on \(http://[0-9.:]*\).*|\1|p' "$log")
        if [ -n "$platform_url" ]; then return; fi
        kill -0 "$platform" 2>/dev/null || break
        sleep 0.02
    done
    echo 'vernal run does not listen:' >&2
    cat "$log" >&2
    return 1
}

# stop_platform: ends it with all its environments.
stop_platform() {
    [ -n "$platform" ] || return 0
    kill -TERM "$platform" 2>/dev/null || true
    wait "$platform" 2>/dev/null || true
    platform=''
}

# environments: prints the numbers of the environments that are there.
environments() { "$vernal" ps --url "$platform_url" --json | grep -o '"id":[0-9]*' | cut -d: -f2; }
