# shellcheck shell=bash
# To be sourced.

# free_port: prints a port that nobody has: the system chooses one, and gives it to no other so soon.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
