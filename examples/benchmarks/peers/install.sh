#!/usr/bin/env bash
# Installs what the peers need: packages of Debian with apt (as root, or with sudo), packages of PyPI into a virtual environment
# below ~/.cache/vernal. Nothing of it is part of this repository.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vernal/benchmark-peers
mkdir -p "$cache"

if [ ! -x "$cache/python/bin/python" ]; then
    python3 -m venv "$cache/python"
fi
"$cache/python/bin/pip" install -q 'psycopg[binary,pool]==3.3.*' 'sqlalchemy==2.*' 'asyncpg==0.*'

command -v apt-get >/dev/null || {
    echo 'Only Python peers: the others come from Debian.'
    exit 0
}
root=()
[ "$(id -u)" -eq 0 ] || root=(sudo)
packages=(golang-go golang-github-jackc-pgx-v4-dev libhikaricp-java libpostgresql-jdbc-java libslf4j-java)
command -v java >/dev/null || packages+=(default-jre-headless)
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}"

# Debian's node-pg wants Debian's Node. Another one runs it as well, so it is only unpacked.
if command -v node >/dev/null && [ ! -d /usr/share/nodejs/pg ] && [ ! -d "$cache/node" ]; then
    folder=$(mktemp -d "${TMPDIR:-/tmp}/node-pg-XXXXXX")
    trap 'rm -rf "$folder"' EXIT
    (cd "$folder" && apt-get -o APT::Sandbox::User= -q download node-pg node-xtend node-split2)
    for package in "$folder"/*.deb; do dpkg-deb -x "$package" "$cache/node"; done
fi
echo 'The peers are installed.'
