/// The shell program that holds one pooler, as `SupervisorScript` does for a server.
enum PoolerScript {
    /// Starts the pooler, then obeys `start`, `stop INT|TERM|KILL`, `signal NAME` and `remove`.
    ///
    /// Reads `VERNAL_POOLER` (`pgbouncer`, `pgpool` or `odyssey`), `VERNAL_PROGRAM` (its path), `VERNAL_READY` (what it logs when it is
    /// ready), `VERNAL_PORTS`, and `VERNAL_CONF`, in which `@folder@`, `@port@`, `@next@` (the port behind
    /// it), `@user@` and `@password@` stand for what is only known here. The first
    /// line of the input is the name and the password of the user, which must not be in the environment.
    static let supervisor = #"""
        umask 077
        folder=$1
        log=$folder/log

        reply() { printf '%08d%s' "${#1}" "$1"; }

        failure() { printf 'failed %s\n%s' "$problem" "$(tail -n 25 "$log" 2>/dev/null)"; }

        # With what the shell has built in: the arguments of a program are for everybody to see.
        name_user() {
            while IFS= read -r line; do
                while :; do
                    case $line in
                        *@user@*) line=${line%%@user@*}$user${line#*@user@} ;;
                        *@password@*) line=${line%%@password@*}$password${line#*@password@} ;;
                        *) break ;;
                    esac
                done
                printf '%s\n' "$line"
            done
        }

        write_files() {
            printf '%s\n' "$VERNAL_CONF" | sed -e "s|@folder@|$folder|g" -e "s|@port@|$port|g" \
                -e "s|@next@|$((port + 1))|g" >"$folder/pooler.conf"
            case $VERNAL_POOLER in
                pgbouncer) printf '"%s" "%s"\n' "$user" "$password" >"$folder/users" ;;
                pgpool)
                    printf '%s:TEXT%s\n' "$user" "$password" >"$folder/pool_passwd"
                    echo 'host all all 127.0.0.1/32 scram-sha-256' >"$folder/pool_hba.conf"
                    : >"$folder/pcp.conf"
                    ;;
                odyssey) name_user <"$folder/pooler.conf" >"$folder/named" && mv "$folder/named" "$folder/pooler.conf" ;;
            esac
        }

        run_pooler() {
            case $VERNAL_POOLER in
                pgbouncer) set -- "$folder/pooler.conf" ;;
                odyssey) set -- --console "$folder/pooler.conf" ;;
                pgpool) set -- -n -f "$folder/pooler.conf" -a "$folder/pool_hba.conf" -F "$folder/pcp.conf" ;;
            esac
            /bin/sh -c 'echo $$ >"$1/pid"; shift; exec "$@"' sh "$folder" "$VERNAL_PROGRAM" "$@"
        }

        launch() {
            rm -f "$folder/pid" "$folder/exited"
            write_files
            : >"$log"
            {
                run_pooler
                echo "$?" >"$folder/exited"
            } </dev/null >>"$log" 2>&1 &
            ticks=500
            until grep -q "$VERNAL_READY" "$log" 2>/dev/null; do
                [ ! -e "$folder/exited" ] && [ "$ticks" -gt 0 ] || return 1
                ticks=$((ticks - 1))
                sleep 0.02
            done
        }

        await_exit() {
            ticks=$1
            until [ -e "$folder/exited" ]; do
                [ "$ticks" -gt 0 ] || return 1
                ticks=$((ticks - 1))
                sleep 0.02
            done
        }

        # Children that outlive a killed pgpool, and its System V memory, would stay behind.
        destroy() {
            children=$(ps -A -o pid= -o ppid= | while read -r child parent; do
                if [ "$parent" = "$pid" ]; then echo "$child"; fi
            done)
            kill -KILL "$pid" $children
            await_exit 500
            [ "$VERNAL_POOLER" != pgpool ] || ipcs -m -p | while read -r segment _ creator _; do
                if [ "$creator" = "$pid" ]; then ipcrm -m "$segment"; fi
            done
        }

        halt() {
            [ -e "$folder/pid" ] && [ ! -e "$folder/exited" ] || return 0
            pid=$(cat "$folder/pid")
            if [ "$1" = KILL ]; then destroy; else
                kill "-$1" "$pid" && kill -CONT "$pid"
                await_exit 250 || destroy
            fi
        }

        remove() {
            trap '' TERM HUP INT
            halt INT
            for attempt in 1 2 3 4 5 6 7 8 9 10; do
                rm -rf "$folder" 2>/dev/null
                [ -e "$folder" ] || break
                sleep 0.2
            done
        }

        start_on_a_free_port() {
            for port in $VERNAL_PORTS; do
                launch && return 0
                halt KILL
                grep -qi 'address.* in use\|cannot listen\|failed to bind' "$log" || return 1
            done
            return 1
        }

        trap '' PIPE
        trap 'remove; exit 0' TERM HUP INT
        IFS=' ' read -r user password || { remove; exit 0; }
        problem='The pooler did not start.'
        start_on_a_free_port || { text=$(failure); remove; reply "$text"; exit 1; }
        reply "ok
        $port
        $folder"
        while IFS= read -r command; do
            case $command in
                start) if launch; then reply ok; else reply "$(failure)"; fi ;;
                'stop INT') halt INT; reply ok ;;
                'stop TERM') halt TERM; reply ok ;;
                'stop KILL') halt KILL; reply ok ;;
                'signal '*) kill "-${command#signal }" "$(cat "$folder/pid")"; reply ok ;;
                remove)
                        remove
                        reply ok
                        exit 0
                        ;;
                *) reply 'failed unknown command' ;;
            esac
        done
        remove
        """#
}
