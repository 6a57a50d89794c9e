# shellcheck shell=bash
# Poolers that are newer than those of this machine, from Debian's archive: unpacked once into a folder of their own, with
# their own C library, and never installed. To be sourced.

# What the programs are linked against, in both releases.
newer_libraries='libc6 libevent-2.1-7t64 libcares2 libssl3t64 libpam0g libsystemd0 libcap2 libaudit1 libcap-ng0 libzstd1 zlib1g libgcc-s1'

# newer_pgbouncer: prints the command that starts PgBouncer 1.24, which knows named statements; Debian 12 has 1.18.
newer_pgbouncer() { newer_pooler trixie pgbouncer usr/sbin/pgbouncer; }

# newer_odyssey: prints the command that starts Odyssey, which no release of Debian has yet.
newer_odyssey() { newer_pooler sid odyssey usr/bin/odyssey; }

# newer_pooler RELEASE PACKAGE PROGRAM: fetches a package and the libraries that it needs with apt, which checks the
# signature of the release and the sums of the packages, and prints the path of a script that starts the program.
# Where that cannot be done it says why, and fails.
newer_pooler() {
    local release=$1 package=$2 program=$3 folder command
    folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/.build/poolers
    command=$folder/$package-$release/$package
    if [ ! -x "$command" ]; then
        mkdir -p "$folder"
        local work
        work=$(mktemp -d "$folder/fetching-XXXXXX")
        # In a shell of its own, so that the trap is nobody else's.
        (
            trap 'rm -rf "$work"' EXIT
            fetch_from_debian "$work" "$release" "$package" >"$work/log" 2>&1 ||
                { tail -n 5 "$work/log" >&2 && exit 1; }
            start_with_own_libraries "$work/root" "$program" >"$work/root/$package"
            chmod -R a+rX "$work/root"
            chmod a+x "$work/root/$package"
            rm -rf "${command%/*}"
            mv "$work/root" "${command%/*}"
        ) || {
            echo "    no $package from Debian $release: the tests of it are left out" >&2
            return 1
        }
    fi
    # Root's tests start it under another account, which has to be able to read it.
    local -a account=()
    [ "$(id -u)" -ne 0 ] || account=(runuser -u nobody --)
    if ! ${account[@]+"${account[@]}"} "$command" --version >/dev/null 2>&1; then
        echo "    $package from Debian $release does not start here: the tests of it are left out" >&2
        return 1
    fi
    printf '%s\n' "$command"
}

# fetch_from_debian FOLDER RELEASE PACKAGE: unpacks a package and its libraries into FOLDER/root.
fetch_from_debian() {
    local folder=$1 release=$2 package=$3
    local keys=/usr/share/keyrings/debian-archive-keyring.gpg
    command -v apt-get >/dev/null || { echo "there is no apt-get here" && return 1; }
    [ -e "$keys" ] || { echo "the package debian-archive-keyring is not installed" && return 1; }
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" "$folder/packages" "$folder/root"
    echo "deb [signed-by=$keys] http://deb.debian.org/debian $release main" >"$folder/sources"
    : >"$folder/status"
    # Nothing of this machine's own apt: neither its sources nor its state, and no package without a good signature.
    local -a apt=(
        apt-get -q -o "Dir::Etc::SourceList=$folder/sources" -o Dir::Etc::SourceParts=- -o Dir::Etc::Trusted=- -o Dir::Etc::TrustedParts=-
        -o Dir::Etc::Preferences=- -o Dir::Etc::PreferencesParts=- -o "Dir::State=$folder" -o "Dir::State::Lists=$folder/lists"
        -o "Dir::State::Status=$folder/status" -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root
        -o Acquire::AllowInsecureRepositories=false -o Acquire::AllowWeakRepositories=false
        -o APT::Get::AllowUnauthenticated=false -o APT::Update::Error-Mode=any -o Acquire::Languages=none
        -o Acquire::Retries=2 -o Acquire::http::Timeout=20
    )
    "${apt[@]}" update || return 1
    # shellcheck disable=SC2086 # one word for each package
    (cd "$folder/packages" && "${apt[@]}" download "$package" $newer_libraries) || return 1
    local file
    for file in "$folder"/packages/*.deb; do dpkg-deb -x "$file" "$folder/root" || return 1; done
}

# start_with_own_libraries ROOT PROGRAM: prints a script, to be put into ROOT, that starts a program of ROOT with the loader
# and the libraries that came with it. It becomes the program, so that its process number is the program's.
start_with_own_libraries() {
    local root=$1 program=$2 loader
    loader=$(cd "$root" && find usr/lib -name 'ld-linux-*.so.*' | head -n 1)
    # shellcheck disable=SC2016 # for that script
    printf '#!/bin/sh\nhere=${0%%/*}\nexec "$here/%s" --library-path "$here/%s" "$here/%s" "$@"\n' \
        "$loader" "${loader%/*}" "$program"
}
