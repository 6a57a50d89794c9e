# shellcheck shell=bash
# A PostgreSQL and a streaming replica of it, in a folder that is gone afterwards. To be sourced, after prerequisites.sh.

# start_servers: starts the servers "one", the primary, and "two", its standby; sets $servers (their folder), $servers_url (with
# HOSTS for what stands between @ and ?) and the numbers of their ports, $port_one and $port_two.
start_servers() {
    local initdb
    initdb=$(find_postgres initdb)
    [ -n "$initdb" ] || stop "there is no PostgreSQL server. Debian, Ubuntu: apt-get install postgresql"
    # The others may be missing where only a link to this one is.
    servers_bin=$(dirname "$(readlink -f "$initdb")")
    servers=$(mktemp -d "${TMPDIR:-/tmp}/servers-XXXXXX")
    servers_as=(env HOME="$servers")
    # PostgreSQL does not run as root.
    if [ "$(id -u)" -eq 0 ]; then
        servers_as=(setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$servers")
        chown 65534:65534 "$servers"
    fi
    servers_password=$(openssl rand -hex 16)
    (umask 077 && as_server sh -c 'cat >"$1"' sh "$servers/password" <<<"$servers_password")
    in_servers initdb -D "$servers/one" -U vernal -E UTF8 --auth=scram-sha-256 --pwfile="$servers/password" --no-sync
    # Nothing is flushed, because nothing need survive the machine.
    as_server tee -a "$servers/one/postgresql.conf" >/dev/null <<END_OF_SETTINGS
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 30
fsync = off
full_page_writes = off
dynamic_shared_memory_type = mmap
END_OF_SETTINGS
    choose_ports
    start_server one
    copy_server one two
    start_server two
    servers_url="postgresql://vernal:$servers_password@HOSTS/postgres?sslmode=disable"
}

# Each keeps its port when it goes away and comes back: below those that the system gives to others meanwhile.
choose_ports() {
    local port
    for _ in $(seq 20); do
        port_one=$((20000 + RANDOM % 6000))
        port_two=$((port_one + 6000))
        for port in "$port_one" "$port_two"; do
            if (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null; then continue 2; fi
        done
        return
    done
    stop 'there are no free ports from 20000 to 32000'
}

as_server() { "${servers_as[@]}" "$@"; }

# in_servers PROGRAM...: runs one of PostgreSQL's own programs, and shows what it says only when it fails.
in_servers() {
    local program=$1 said
    shift
    # A server inherits what it is started with: with a pipe, reading would never end.
    if ! as_server "$servers_bin/$program" "$@" >"$servers/said" 2>&1 </dev/null; then
        said=$(tail -n 20 "$servers/said")
        rm -f "$servers/said"
        printf '%s failed:\n%s\n' "$program" "$said" >&2
        return 1
    fi
    rm -f "$servers/said"
}

port_of() { if [ "$1" = one ]; then echo "$port_one"; else echo "$port_two"; fi; }

# url_of NAME: for psql.
url_of() { echo "${servers_url/HOSTS/127.0.0.1:$(port_of "$1")}"; }

start_server() {
    in_servers pg_ctl -D "$servers/$1" -l "$servers/$1.log" -o "-p $(port_of "$1")" -w start || {
        as_server tail -n 20 "$servers/$1.log" >&2
        return 1
    }
}

# stop_server NAME [MODE]: fast, which tells the clients, if nothing else is said.
stop_server() { in_servers pg_ctl -D "$servers/$1" -m "${2:-fast}" -w stop; }

# promote_server NAME: makes a primary of a standby.
promote_server() { in_servers pg_ctl -D "$servers/$1" -w promote; }

# copy_server FROM TO: makes TO a standby of FROM.
copy_server() {
    as_server rm -rf "$servers/$2"
    PGPASSWORD=$servers_password in_servers pg_basebackup -D "$servers/$2" -R -X stream -c fast --no-sync \
        -d "host=127.0.0.1 port=$(port_of "$1") user=vernal sslmode=disable application_name=$2"
}

# remove_servers: ends both, however they are, and leaves nothing.
remove_servers() {
    local name
    [ -n "${servers:-}" ] || return 0
    for name in one two; do
        if [ -e "$servers/$name/postmaster.pid" ]; then stop_server "$name" immediate || true; fi
    done
    rm -rf "$servers"
    servers=''
}
