# shellcheck shell=bash
# Poolers that are newer than those of this machine, from Debian's archive: unpacked once into a folder of their own, with
# their own C library, and never installed. To be sourced.
#
# With only_unpacked_poolers set nothing is fetched: what an earlier run has unpacked is used.

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
    # One that does not start, such as another machine's, is fetched anew.
    if ! pooler_starts "$command" 2>/dev/null; then
        if [ -n "${only_unpacked_poolers:-}" ]; then
            echo "    no $package from Debian $release was unpacked by an earlier run: the tests of it are left out" >&2
            return 1
        fi
        mkdir -p "$folder"
        local work
        work=$(mktemp -d "$folder/fetching-XXXXXX")
        # In a shell of its own, so that the trap is nobody else's. 'set -e' does not hold there, hence the chain.
        (
            trap 'rm -rf "$work"' EXIT
            {
                fetch_from_debian "$work" "$release" "$package" &&
                    start_with_own_libraries "$work/root" "$program" "$work/root/$package" &&
                    chmod a+rx "$work" && chmod -R a+rX "$work/root" &&
                    pooler_starts "$work/root/$package" &&
                    rm -rf "${command%/*}" && mv "$work/root" "${command%/*}"
            } >"$work/log" 2>&1 || { tail -n 5 "$work/log" >&2 && exit 1; }
        ) || {
            echo "    no $package from Debian $release that starts here: the tests of it are left out" >&2
            return 1
        }
    fi
    printf '%s\n' "$command"
}

# pooler_starts COMMAND: whether a program starts. Root's tests start it under another account, which has to be able to read it.
pooler_starts() {
    local -a account=()
    [ "$(id -u)" -ne 0 ] || account=(runuser -u nobody --)
    ${account[@]+"${account[@]}"} "$1" --version >/dev/null
}

# fetch_from_debian FOLDER RELEASE PACKAGE: unpacks a package and the libraries that it needs into FOLDER/root.
fetch_from_debian() {
    local folder=$1 release=$2 package=$3
    local keys=/usr/share/keyrings/debian-archive-keyring.gpg
    command -v apt-get >/dev/null || { echo "there is no apt-get here" && return 1; }
    [ -e "$keys" ] || { echo "the package debian-archive-keyring is not installed" && return 1; }
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" "$folder/packages" "$folder/root"
    echo "deb [signed-by=$keys] http://deb.debian.org/debian $release main" >"$folder/sources"
    : >"$folder/status"
    # Neither the sources nor the state of this machine's own apt, and no package without a good signature. Its further settings
    # (/etc/apt/apt.conf.d) hold: there it is said which proxy leads to the archive.
    local -a apt=(
        apt-get -q -o "Dir::Etc::SourceList=$folder/sources" -o Dir::Etc::SourceParts=- -o Dir::Etc::Trusted=- -o Dir::Etc::TrustedParts=-
        -o Dir::Etc::Preferences=- -o Dir::Etc::PreferencesParts=- -o "Dir::State=$folder" -o "Dir::State::Lists=$folder/lists"
        -o "Dir::State::Status=$folder/status" -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root
        -o Acquire::AllowInsecureRepositories=false -o Acquire::AllowWeakRepositories=false
        -o APT::Get::AllowUnauthenticated=false -o APT::Update::Error-Mode=any -o Acquire::Languages=none
        -o Acquire::Retries=2 -o Acquire::http::Timeout=20
    )
    "${apt[@]}" update || return 1
    # What apt would install where nothing is installed, so that it is right when a library gets another name. Of that the
    # libraries are enough: the rest is for scripts that are not run here.
    local -a libraries
    mapfile -t libraries < <("${apt[@]}" --no-install-recommends --simulate install "$package" |
        sed -n 's/^Inst \([^ ]*\) .*/\1/p' | grep -E '^(lib|zlib)' | grep -v perl)
    [ ${#libraries[@]} -gt 0 ] || { echo "apt does not find what $package needs" && return 1; }
    (cd "$folder/packages" && "${apt[@]}" download "$package" "${libraries[@]}") || return 1
    local file
    for file in "$folder"/packages/*.deb; do dpkg-deb -x "$file" "$folder/root" || return 1; done
}

# start_with_own_libraries ROOT PROGRAM SCRIPT: writes a script, to stay in ROOT, that starts a program of ROOT with the loader
# and the libraries that came with it. It becomes the program, so that its process number is the program's.
start_with_own_libraries() {
    local root=$1 program=$2 script=$3 loader
    # The file, beside which the libraries are: on some machines a link to it stands elsewhere.
    loader=$(cd "$root" && find usr/lib -type f -name 'ld-linux-*.so.*' | head -n 1)
    [ -n "$loader" ] || { echo "there is no loader in what was unpacked" && return 1; }
    # shellcheck disable=SC2016 # for that script
    printf '#!/bin/sh\nhere=${0%%/*}\nexec "$here/%s" --library-path "$here/%s" "$here/%s" "$@"\n' \
        "$loader" "${loader%/*}" "$program" >"$script" && chmod a+x "$script"
}
