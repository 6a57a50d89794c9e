#!/usr/bin/env bash
# Runs a command with a PostgreSQL and a streaming replica of it, and says how to take one of them away.
#
# The command finds what the function needs: DATABASE_URL and DATABASE_URL_REPLICA. Usage: with-replica.sh COMMAND...
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=examples/support/prerequisites.sh
source "$here/../support/prerequisites.sh"
# shellcheck source=examples/read-replica/servers.sh
source "$here/servers.sh"
[ $# -gt 0 ] || stop 'usage: with-replica.sh COMMAND...'

trap remove_servers EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
start_servers
psql -XqAt -v ON_ERROR_STOP=1 "$(url_of one)" -f "$here/notes.sql"
control="${servers_as[*]} $servers_bin/pg_ctl -D $servers"
note "the primary goes away with:    $control/one stop" >&2
note "the standby takes over with:   $control/two promote" >&2

one=127.0.0.1:$port_one two=127.0.0.1:$port_two
DATABASE_URL="${servers_url/HOSTS/$one,$two}&target_session_attrs=read-write" \
    DATABASE_URL_REPLICA="${servers_url/HOSTS/$two,$one}&target_session_attrs=prefer-standby" \
    VERNAL_ACQUIRE_RETRY=robust "$@"
