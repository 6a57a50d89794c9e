#!/usr/bin/env bash
# Measures from exec to the first row, and the memory of the idle process then: the engine without a host, linked in three ways,
# and C. The server is the one of VERNAL_PG_SOCKET_URL (Unix socket) and DATABASE_URL (TCP, and TLS if it demands that).
# Usage: vernal postgres --tls --trust-socket -- examples/benchmarks/cold-start.sh [ROUNDS]
# SKIP_BUILD=1 takes what was built before, ONLY_BUILD=1 does nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
rounds=${1:-20}
prefix=$(../minimal-libpq/build.sh)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/vernal/cold-start
mkdir -p "$folder"

# build NAME ARGUMENTS...: the program of the engine, in a folder of its own.
build() {
    local scratch=$folder/$1
    shift
    [ -n "${SKIP_BUILD:-}" ] || swift build -c release --product first-row --scratch-path "$scratch" "$@" >&2
    strip -o "$scratch.program" "$scratch/release/first-row"
}

build dynamic
build static-stdlib --static-swift-stdlib
PKG_CONFIG_PATH=$prefix/lib/pkgconfig build static-stdlib-minimal --static-swift-stdlib -Xlinker -rpath -Xlinker "$prefix/lib"
PKG_CONFIG_PATH=$prefix/static/pkgconfig build static -Xswiftc -static-executable

# What the linker says of glibc and NSS is in the README of minimal-libpq.
cc -O2 -o "$folder/measure" cold-start/measure.c
# shellcheck disable=SC2046 # several words
{
    cc -O2 -s -o "$folder/c" cold-start/first-row.c $(pkg-config --cflags --libs libpq)
    cc -O2 -s -o "$folder/c-minimal" cold-start/first-row.c -I"$prefix/include" -L"$prefix/lib" -Wl,-rpath,"$prefix/lib" -lpq
    cc -O2 -s -static -o "$folder/c-static" cold-start/first-row.c \
        $(PKG_CONFIG_PATH=$prefix/static/pkgconfig pkg-config --cflags --libs libpq) 2>"$folder/c-static.log" ||
        { cat "$folder/c-static.log" >&2; exit 1; }
}
# pgx as well, if it is there (peers/install.sh).
more=()
if command -v go >/dev/null && [ -d /usr/share/gocode/src/github.com/jackc/pgx/v4 ]; then
    (cd cold-start/pgx && GO111MODULE=off GOPATH=/usr/share/gocode go build -ldflags '-s -w' -o "$folder/pgx" .)
    more=("pgx=$folder/pgx")
fi
[ -z "${ONLY_BUILD:-}" ] || exit 0

measure() { # TRANSPORT URL
    printf '\n%s\n' "$1"
    DATABASE_URL=$2 "$folder/measure" "$rounds" \
        "C, static=$folder/c-static" "C, minimal libpq=$folder/c-minimal" "C, Debian's libpq=$folder/c" \
        "Vernal, static=$folder/static.program" \
        "Vernal, static stdlib, minimal libpq=$folder/static-stdlib-minimal.program" \
        "Vernal, static stdlib, Debian's libpq=$folder/static-stdlib.program" \
        "Vernal, dynamic, Debian's libpq=$folder/dynamic.program" ${more[@]+"${more[@]}"}
}

# A socket's folder in place of the host is libpq's way; as an option all know it.
if [[ ${VERNAL_PG_SOCKET_URL:-} =~ ^(postgresql://[^@]+@)(%2F[^:]+):([0-9]+)/(.+)$ ]]; then
    measure 'Unix socket' "${BASH_REMATCH[1]}/${BASH_REMATCH[4]}?host=${BASH_REMATCH[2]}&port=${BASH_REMATCH[3]}"
fi
plain=${DATABASE_URL//sslmode=verify-full/sslmode=disable}
measure TCP "$plain"
[ "$plain" = "$DATABASE_URL" ] || measure TLS "$DATABASE_URL"
