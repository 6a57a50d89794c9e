#!/usr/bin/env bash
# Runs the function with a primary and a streaming replica of its own, and takes one, then the other away from it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=examples/support/prerequisites.sh
source "$here/../support/prerequisites.sh"
# shellcheck source=examples/support/function-test.sh
source "$here/../support/function-test.sh"
# shellcheck source=examples/read-replica/servers.sh
source "$here/servers.sh"
begin_test read-replica
clean_up() { remove_servers; }
start_servers

sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
sql "$(url_of one)" -f "$here/notes.sql"
# hosts URL-PARAMETERS NAME...: the URL that names these servers, in this order.
hosts() {
    local parameters=$1 list='' name
    shift
    for name in "$@"; do list+=,127.0.0.1:$(port_of "$name"); done
    echo "${servers_url/HOSTS/${list#,}}$parameters"
}
# write TEXT: the status, and whether a standby has written.
write() { curl -s -m 20 -w ' %{http_code}' "$base/notes" -d "{\"text\":\"$1\"}" | sed -E 's/.*"fromStandby":([a-z]*).* /\1 /'; }
# last [QUERY]: the last note, and whether a standby has read it.
last() { curl -s -m 20 "$base/notes${1:-}" | sed -E 's/.*"fromStandby":([a-z]*),"id":[0-9]*,"text":"([^"]*)".*/\1 \2/'; }

# Connections to where they are wanted less are replaced after some seconds, so that the test need not wait for 15 minutes.
serve read-replica VERNAL_ACQUIRE_RETRY=robust VERNAL_MAX_LIFETIME_REPLICA=2s \
    DATABASE_URL="$(hosts '&target_session_attrs=read-write' one two)" \
    DATABASE_URL_REPLICA="$(hosts '&target_session_attrs=prefer-standby' two one)"
expect 'a write goes to the primary' 'false 201' "$(write first)"
expect_soon 'a read comes from the standby, once the note has arrived there' 'true first' last
expect 'or from the primary, if it is asked for' 'false first' "$(last '?fresh=1')"
expect 'the standby has a connection of the function' 1 "$(sql "$(url_of two)" -c \
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vernal' AND pg_is_in_recovery()")"

stop_server two
expect 'without the standby a read comes from the primary' 'false first' "$(last)"
expect 'and a write goes there as before' 'false 201' "$(write second)"
expect 'of which the next read knows at once' 'false second' "$(last)"
start_server two
expect_soon 'the standby that is back is read from when the connection is old enough' 'true second' last

# A failover: the primary is gone, and a write waits until there is another one.
stop_server one
expect 'without the primary reads go on' 'true second' "$(last)"
write third >"$work/third" &
writer=$!
sleep 1
promote_server two
wait "$writer"
expect 'a write during the failover is done when it is over' 'false 201' "$(cat "$work/third")"
expect 'the next one needs nothing of that' 'false 201' "$(write fourth)"
expect_soon 'reads come from the new primary, as there is no other' 'false fourth' last
expect 'it has all of it' 4 "$(sql "$(url_of two)" -c 'SELECT count(*) FROM notes')"

# The old primary comes back as a standby of the new one: the two have changed places.
copy_server two one
start_server one
expect_soon 'and is read from' 'true fourth' last
expect 'while writes stay with the new one' 'false 201' "$(write fifth)"

# No primary at all: the answer comes before the deadline, and says that nothing was done.
stop_server two
# Half a second after its last use a connection is looked at before it is lent: nothing is sent to a server that is gone.
sleep 0.6
began=$SECONDS
expect 'without any primary a write is refused' 503 "$(status "$base/notes" -d '{"text":"lost"}')"
expect 'within the time of the request' yes "$([ $((SECONDS - began)) -le 5 ] && echo yes)"
expect 'for a reason that the log has' yes "$([ "$(logged 'session is read-only.*no server')" -gt 0 ] && echo yes)"
expect 'and reads still go on' 'true fifth' "$(last)"
end_function

# What target_session_attrs is for: without it the first server that answers is taken, and a standby takes no writes.
serve read-replica DATABASE_URL="$(hosts '' one two)" \
    DATABASE_URL_REPLICA="$(hosts '&target_session_attrs=prefer-standby' one two)"
expect 'a write to a standby is an error' 500 "$(status "$base/notes" -d '{"text":"lost"}')"
expect 'with the SQLSTATE 25006' 1 "$(logged '25006.*the handler failed')"
end_function

test_passed
