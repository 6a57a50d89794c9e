#!/usr/bin/env bash
# Installs what the peers need: packages of Debian with apt (as root, or with sudo), packages of PyPI into a virtual environment
# below ~/.cache/vernal. Nothing of it is part of this repository.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vernal/benchmark-peers
mkdir -p "$cache"

root=()
[ "$(id -u)" -eq 0 ] || root=(sudo)
# install PACKAGE...: packages of Debian.
install() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"; }
if command -v apt-get >/dev/null; then
    "${root[@]}" apt-get update -q
    install python3 python3-venv
fi

# An environment without pip is what a venv leaves that has failed half-way.
if [ ! -x "$cache/python/bin/pip" ]; then
    rm -rf "$cache/python"
    python3 -m venv "$cache/python" || {
        rm -rf "$cache/python"
        echo 'install.sh: python3 cannot make a virtual environment: install its module venv' >&2
        exit 69
    }
fi
"$cache/python/bin/pip" install -q 'psycopg[binary,pool]==3.3.*' 'sqlalchemy==2.*' 'asyncpg==0.*'

command -v apt-get >/dev/null || {
    echo 'Only Python peers: the others come from Debian.'
    exit 0
}
packages=(golang-go golang-github-jackc-pgx-v4-dev libhikaricp-java libpostgresql-jdbc-java libslf4j-java)
command -v java >/dev/null || packages+=(default-jre-headless)
install "${packages[@]}"

# Debian's node-pg wants Debian's Node. Another one runs it as well, so it is only unpacked.
if command -v node >/dev/null && [ ! -d /usr/share/nodejs/pg ] && [ ! -d "$cache/node" ]; then
    folder=$(mktemp -d "${TMPDIR:-/tmp}/node-pg-XXXXXX")
    trap 'rm -rf "$folder"' EXIT
    (cd "$folder" && apt-get -o APT::Sandbox::User= -q download node-pg node-xtend node-split2)
    for package in "$folder"/*.deb; do dpkg-deb -x "$package" "$cache/node"; done
fi
echo 'The peers are installed.'
