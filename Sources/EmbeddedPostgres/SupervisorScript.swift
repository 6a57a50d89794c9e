/// The shell programs that make, hold and remove one cluster.
///
/// The supervisor outlives us by design: its standard input is a pipe that only our process writes to, so the end of
/// our process, for whatever reason, is an end of file there. It is one shell with one loop, so nothing it does can
/// overlap: when the pipe closes in the middle of a start, the start is finished first and then undone.
enum SupervisorScript {
    /// Makes the private folder and leaves the supervisor behind in it.
    ///
    /// Reads `TMPDIR` and `VERNAL_SUPERVISOR`. The folder of a unix socket must be short (about 100 bytes with the
    /// socket's name) and ours to write, also after root was given up; `/tmp` is the fallback for both.
    static let launcher = """
        umask 077
        base=${TMPDIR:-/tmp}
        base=${base%/}
        [ ${#base} -le 64 ] || base=/tmp
        folder=$(mktemp -d "$base/vernal-pg-XXXXXX" 2>/dev/null) || folder=$(mktemp -d /tmp/vernal-pg-XXXXXX) || exit 1
        printf '%s\\n' "$VERNAL_SUPERVISOR" >"$folder/supervisor.sh" || exit 1
        unset VERNAL_SUPERVISOR
        exec 3<&0
        /bin/sh "$folder/supervisor.sh" "$folder" <&3 3<&- 2>/dev/null &
        """

    /// Reads the password, starts the server, then obeys `start`, `stop fast|immediate|kill` and `remove`.
    ///
    /// Every reply is its length as eight digits and then its text: `ok…` or `failed…`. An end of file is `remove`
    /// without a reply. Reads `VERNAL_BIN`, `VERNAL_CONF`, `VERNAL_HBA`, `VERNAL_PORTS` and `VERNAL_TLS`.
    static let supervisor = #"""
        umask 077
        folder=$1
        data=$folder/data
        log=$folder/log
        name=${folder##*/}

        reply() { printf '%08d%s' "${#1}" "$1"; }

        # A failure with the end of the log, because the log may be about to be deleted.
        failure() { printf 'failed %s\n%s' "$problem" "$(tail -n 25 "$log" 2>/dev/null)"; }

        # The server tells its end through a file: a shell cannot wait for a child with a limit.
        launch() {
            rm -f "$folder/pid" "$folder/exited"
            {
                /bin/sh -c 'echo $$ >"$1/pid"; exec "$2/postgres" -D "$1/data" -p "$3"' sh \
                    "$folder" "$VERNAL_BIN" "$port"
                echo "$?" >"$folder/exited"
            } </dev/null >>"$log" 2>&1 &
            ticks=3000
            until grep -q '^ready' "$data/postmaster.pid" 2>/dev/null; do
                [ ! -e "$folder/exited" ] && [ "$ticks" -gt 0 ] || return 1
                ticks=$((ticks - 1))
                sleep 0.02
            done
        }

        running() { [ -e "$folder/pid" ] && [ ! -e "$folder/exited" ]; }

        await_exit() {
            ticks=$1
            until [ -e "$folder/exited" ]; do
                [ "$ticks" -gt 0 ] || return 1
                ticks=$((ticks - 1))
                sleep 0.02
            done
        }

        # INT is a fast shutdown, QUIT an immediate one. A server that a test has suspended must be woken to obey.
        # On QUIT the server itself kills backends that do not end within 5 s, hence the 8 s before KILL.
        halt() {
            [ -e "$folder/exited" ] || await_pid
            if running; then
                pid=$(cat "$folder/pid")
                if [ "$1" = KILL ]; then destroy; else kill "-$1" "$pid" && kill -CONT "$pid"; fi
                if [ "$1" = INT ]; then await_exit 1000 || kill -QUIT "$pid"; fi
                await_exit 400 || destroy
            fi
            # Left behind only by a server that was killed: its System V segment would outlive it.
            segment=$(sed -n 's/^ *[0-9][0-9]*  *\([0-9][0-9]*\)$/\1/p' "$data/postmaster.pid" 2>/dev/null)
            [ -z "$segment" ] || ipcrm -m "$segment"
            rm -f "$data/postmaster.pid"
        }

        # Backends that outlive their killed server for a moment would disturb the next start on the same data.
        destroy() {
            backends=$(ps -A -o pid= -o ppid= | while read -r child parent; do
                if [ "$parent" = "$pid" ]; then echo "$child"; fi
            done)
            kill -KILL "$pid" $backends
            await_exit 500
            for child in $backends; do
                ticks=50
                while kill -0 "$child" && [ "$ticks" -gt 0 ]; do
                    ticks=$((ticks - 1))
                    sleep 0.02
                done
            done
        }

        # The moment between the start of the runner and its first line.
        await_pid() {
            ticks=50
            until [ -e "$folder/pid" ] || [ "$ticks" -eq 0 ]; do
                ticks=$((ticks - 1))
                sleep 0.02
            done
        }

        remove() {
            trap '' TERM HUP INT
            [ -z "${port:-}" ] || halt QUIT
            # Backends of a server that was killed may write for another moment.
            for attempt in 1 2 3 4 5 6 7 8 9 10; do
                rm -rf "$folder" 2>/dev/null
                [ -e "$folder" ] || break
                sleep 0.2
            done
        }

        make_certificates() (
            cd "$folder" && mkdir tls && cd tls || exit 1
            cat >openssl.cnf <<'END'
        [req]
        distinguished_name = name
        prompt = no
        x509_extensions = authority
        [name]
        CN = vernal throw-away
        [authority]
        basicConstraints = critical, CA:TRUE
        keyUsage = critical, keyCertSign
        subjectKeyIdentifier = hash
        [server]
        basicConstraints = critical, CA:FALSE
        keyUsage = critical, digitalSignature
        extendedKeyUsage = serverAuth
        subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
        END
            for key in ca server; do openssl ecparam -name prime256v1 -genkey -noout -out "$key.key" || exit 1; done
            openssl req -config openssl.cnf -x509 -new -key ca.key -sha256 -days 30 \
                -subj '/CN=vernal throw-away authority' -out ca.crt &&
                openssl req -config openssl.cnf -new -key server.key -subj /CN=localhost -out server.csr &&
                openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -set_serial 1 -sha256 -days 30 \
                    -extfile openssl.cnf -extensions server -out server.crt
        )

        make_cluster() {
            case $(uname -s) in
                Darwin) locale=C ;;
                *) locale=C.UTF-8 ;;
            esac
            mkdir "$folder/socket" && printf '%s\n' "$password" >"$folder/password" || return 1
            "$VERNAL_BIN/initdb" -D "$data" -U vernal -E UTF8 --locale="$locale" --auth=scram-sha-256 \
                --pwfile="$folder/password" --no-sync </dev/null >>"$log" 2>&1 || return 1
            rm -f "$folder/password"
            {
                printf "unix_socket_directories = '%s'\ncluster_name = '%s'\n" "$folder/socket" "$name"
                if [ -n "$VERNAL_TLS" ]; then
                    printf "ssl = on\nssl_cert_file = '%s'\nssl_key_file = '%s'\n" \
                        "$folder/tls/server.crt" "$folder/tls/server.key"
                fi
                printf '%s' "$VERNAL_CONF"
            } >>"$data/postgresql.conf" && printf '%s' "$VERNAL_HBA" >"$data/pg_hba.conf" || return 1
            : >"$log"
            problem='The server did not accept its settings.'
            # Single-user mode: no client program and no open door without a password is needed for this.
            echo 'CREATE DATABASE vernal' |
                "$VERNAL_BIN/postgres" --single -D "$data" postgres >>"$log" 2>&1
        }

        # Only a bind says whether a port is free, so candidates are tried until the server got one.
        start_on_a_free_port() {
            for port in $VERNAL_PORTS; do
                : >"$log"
                launch && return 0
                halt QUIT
                grep -q 'could not create any TCP/IP sockets' "$log" || return 1
            done
            return 1
        }

        begin() {
            : >"$log"
            if [ -n "$VERNAL_TLS" ]; then
                problem="TLS needs the 'openssl' command; install the package 'openssl'."
                command -v openssl >/dev/null || return 1
                problem='The certificates could not be made.'
                make_certificates >>"$log" 2>&1 || return 1
            fi
            problem='The cluster could not be made (initdb).'
            make_cluster || return 1
            problem='The server did not start.'
            start_on_a_free_port
        }

        # Nobody may be there any more to read a reply; that must not end us before the folder is removed.
        trap '' PIPE
        trap 'remove; exit 0' TERM HUP INT
        IFS= read -r password || { remove; exit 0; }
        begin || { text=$(failure); remove; reply "$text"; exit 1; }
        reply "ok
        $port
        $folder"
        while IFS= read -r command; do
            case $command in
                start)
                    if running || { halt QUIT; launch; }; then reply ok; else
                        halt QUIT
                        problem="The server did not start again on port $port."
                        reply "$(failure)"
                    fi
                    ;;
                'stop fast') halt INT; reply ok ;;
                'stop immediate') halt QUIT; reply ok ;;
                'stop kill') halt KILL; reply ok ;;
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
