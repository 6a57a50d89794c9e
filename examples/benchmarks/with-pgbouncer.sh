#!/usr/bin/env bash
# Runs a command with a PgBouncer of its own (transaction mode, one server connection) in front of the server of DATABASE_URL.
# The command finds PGBOUNCER_URL and PGBOUNCER_PID. Usage: with-pgbouncer.sh COMMAND...
set -euo pipefail

[[ ${DATABASE_URL:-} =~ ^postgresql://([^:]+):([^@]+)@([^:/]+):([0-9]+)/([^?]+) ]] ||
    { echo 'with-pgbouncer.sh: DATABASE_URL is not postgresql://user:password@host:port/database' >&2; exit 64; }
user=${BASH_REMATCH[1]} password=${BASH_REMATCH[2]} host=${BASH_REMATCH[3]} port=${BASH_REMATCH[4]} database=${BASH_REMATCH[5]}
PATH=$PATH:/usr/sbin
command -v pgbouncer >/dev/null || { echo 'PgBouncer is missing. Debian, Ubuntu: apt-get install pgbouncer' >&2; exit 69; }

folder=$(mktemp -d "${TMPDIR:-/tmp}/with-pgbouncer-XXXXXX")
pooler=''
finish() {
    [ -z "$pooler" ] || { kill -INT "$pooler" && wait "$pooler"; } 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

printf '"%s" "%s"\n' "$user" "$password" >"$folder/users"
configure() { # PORT
    cat >"$folder/pgbouncer.ini" <<END
[databases]
* = host=$host port=$port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $1
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $folder/users
pool_mode = transaction
default_pool_size = 1
END
}
configure 0

# PgBouncer does not run as root.
as=()
if [ "$(id -u)" -eq 0 ]; then
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chown -R 65534:65534 "$folder"
fi
# start PORT: whether PgBouncer is up there.
start() {
    configure "$1"
    "${as[@]}" pgbouncer "$folder/pgbouncer.ini" >"$folder/log" 2>&1 &
    pooler=$!
    for _ in $(seq 100); do
        if grep -q 'process up' "$folder/log"; then return; fi
        kill -0 "$pooler" 2>/dev/null || break
        sleep 0.05
    done
    if grep -q 'process up' "$folder/log"; then return; fi
    { kill -INT "$pooler" && wait "$pooler"; } 2>/dev/null || true
    pooler=''
    return 1
}
# Somebody else may have a port.
for _ in 1 2 3 4 5; do
    listen=$((20000 + RANDOM % 12000))
    if start "$listen"; then break; fi
    # Anything but a taken port fails with each.
    grep -qi 'address already in use' "$folder/log" || break
done
[ -n "$pooler" ] || { cat "$folder/log" >&2; exit 69; }

# Whoever ends this script means the command, which would otherwise stay.
export PGBOUNCER_URL=postgresql://$user:$password@127.0.0.1:$listen/$database?sslmode=disable PGBOUNCER_PID=$pooler
"$@" <&0 &
command=$!
trap 'kill -TERM "$command" 2>/dev/null' TERM INT HUP
code=0
wait "$command" || code=$?
# A signal that was passed on ends the wait before the command has ended.
while kill -0 "$command" 2>/dev/null; do wait "$command" || code=$?; done
exit "$code"
