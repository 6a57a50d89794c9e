# shellcheck shell=bash
# Shared by Tests/run.sh and examples/quickstart.sh: messages, and installing what the package needs.
# To be sourced.

# shellcheck disable=SC2034 # used by the scripts that source this
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' dim='' red='' green='' plain=''
fi

# step TEXT: a heading for what happens next.
step() { printf '\n%s==> %s%s\n' "$bold" "$*" "$plain"; }

# note TEXT: something good to know.
note() { printf '%s    %s%s\n' "$dim" "$*" "$plain"; }

# stop TEXT: an error that ends the script.
stop() {
    printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
    exit 1
}

# need_swift: Swift 6.2 or later has to be there; this script does not install a compiler.
need_swift() {
    command -v swift >/dev/null || stop "Swift is not installed (no 'swift' in PATH).
Get Swift 6.2 or later from https://www.swift.org/install/ and run this again."
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    case $version in
        [0-5].* | 6.[01]) stop "Swift $version is too old: 6.2 or later is needed. See https://www.swift.org/install/" ;;
    esac
}

# find_postgres PROGRAM: prints the path of a program of an installed server.
find_postgres() {
    local program=$1 folder
    for folder in "${VERNAL_PG_BIN:-}" "${PG_BIN:-}"; do
        if [ -n "$folder" ] && [ -x "$folder/$program" ]; then
            printf '%s\n' "$folder/$program"
            return
        fi
    done
    if command -v "$program"; then return; fi
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* \
        /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin; do
        if [ -x "$folder/$program" ]; then printf '%s\n' "$folder/$program"; fi
    done | sort -V | tail -n 1
}

# missing_prerequisites: prints a word for each thing that is not there; with need_all_traits set, also what a build with all
# traits and the scripts around it need, and with need_test_tools set, also what only the tests need.
missing_prerequisites() {
    command -v pkg-config >/dev/null || echo pkg-config
    { command -v pkg-config >/dev/null && pkg-config --exists libpq; } || echo libpq
    [ -n "$(find_postgres initdb)" ] || echo server
    command -v psql >/dev/null || echo psql
    command -v openssl >/dev/null || echo openssl
    command -v curl >/dev/null || echo curl
    command -v ps >/dev/null || echo ps
    [ -n "${need_test_tools:-}${need_all_traits:-}" ] || return 0
    [ -e /usr/include/hiredis/hiredis.h ] || { command -v pkg-config >/dev/null && pkg-config --exists hiredis; } || echo hiredis
    command -v python3 >/dev/null || echo python3
    [ -n "${need_test_tools:-}" ] || return 0
    command -v redis-server >/dev/null || echo redis
    # The poolers that the tests put in front of a server. Debian keeps them where only root's PATH looks.
    local pooler
    for pooler in pgbouncer pgpool; do
        command -v "$pooler" >/dev/null || [ -x "/usr/sbin/$pooler" ] || echo "$pooler"
    done
    command -v envsubst >/dev/null || echo envsubst
    # Clients and peers of the tests; on a machine without apt they are nice to have.
    command -v apt-get >/dev/null || return 0
    command -v wrk >/dev/null || echo wrk
    command -v slowhttptest >/dev/null || echo slowhttptest
    command -v promtool >/dev/null || echo promtool
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
        echo chromium
}

# install_if_possible PACKAGE: installs with apt what is only nice to have; where that cannot be done, nothing is lost.
install_if_possible() {
    local -a root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo -n)
    { ${root[@]+"${root[@]}"} apt-get update -q && ${root[@]+"${root[@]}"} env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$1"; } >/dev/null 2>&1 || note "$1 cannot be installed here"
}

# install_prerequisites: installs what is missing with apt, or says what to install.
install_prerequisites() {
    local missing
    missing=$(missing_prerequisites)
    [ -n "$missing" ] || return 0
    step "Installing what is missing: $(tr '\n' ' ' <<<"$missing")"
    if ! command -v apt-get >/dev/null; then
        stop "please install what is missing, then run this again:
  macOS:          brew install libpq pkg-config postgresql@17 pgbouncer pgpool-ii gettext hiredis redis
                  export PKG_CONFIG_PATH=\"\$(brew --prefix libpq)/lib/pkgconfig\" PATH=\"\$(brew --prefix libpq)/bin:\$PATH\"
  Fedora, RHEL:   dnf install libpq-devel pkgconf-pkg-config postgresql-server openssl curl procps-ng pgbouncer pgpool-II gettext hiredis-devel openssl-devel redis python3
  Alpine:         apk add libpq-dev pkgconf postgresql openssl curl procps pgbouncer pgpool gettext hiredis-dev openssl-dev redis python3"
    fi
    local -a root=() packages=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || stop "installing packages needs root: run 'apt-get install' for the above as root."
        root=(sudo)
    fi
    local word
    for word in $missing; do
        case $word in
            libpq) packages+=(libpq-dev) ;;
            server) packages+=(postgresql) ;;
            psql) packages+=(postgresql-client) ;;
            ps) packages+=(procps) ;;
            hiredis) packages+=(libhiredis-dev libssl-dev) ;;
            redis) packages+=(redis-server redis-tools) ;;
            pgpool) packages+=(pgpool2) ;;
            envsubst) packages+=(gettext-base) ;;
            python) packages+=(python3 python3-venv) ;;
            promtool) packages+=(prometheus) ;;
            *) packages+=("$word") ;;
        esac
    done
    # Debian's package would start a server on port 5432. Nobody here needs that one.
    local answers=/etc/postgresql-common/createcluster.conf
    if [[ $missing == *server* ]] && [ ! -e "$answers" ]; then
        "${root[@]}" mkdir -p "${answers%/*}"
        echo 'create_main_cluster = false' | "${root[@]}" tee "$answers" >/dev/null
    fi
    "${root[@]}" apt-get update -q
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -q -y --no-install-recommends \
        -o Dpkg::Options::=--force-confold "${packages[@]}"
    # Nobody here needs the services that Debian's packages have started, either.
    local service
    for service in pgbouncer pgpool2 prometheus redis-server; do
        [[ " ${packages[*]} " == *" $service "* && -d /run/systemd/system ]] || continue
        "${root[@]}" systemctl disable -q --now "$service" || true
    done
    missing=$(missing_prerequisites)
    [ -z "$missing" ] || stop "still missing after the installation: $(tr '\n' ' ' <<<"$missing")"
}
