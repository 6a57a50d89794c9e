#!/usr/bin/env python3
"""Runs a command with the database as far away as in a cloud: with-delay.py MILLISECONDS COMMAND...

What goes to the server of DATABASE_URL, and what comes back, is held up for half of that time each.
"""
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

if len(sys.argv) < 3:
    sys.exit(__doc__)
pause = float(sys.argv[1]) / 2000
url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
server = (url.hostname, url.port or 5432)


def carry(source, sink):
    """In the order in which it comes; whoever waits for the answer sends nothing meanwhile, so nothing queues up."""
    try:
        while data := source.recv(1 << 16):
            time.sleep(pause)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        sink.close()


def serve(listener):
    while True:
        client, _ = listener.accept()
        upstream = socket.create_connection(server)
        for end in client, upstream:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for ends in (client, upstream), (upstream, client):
            threading.Thread(target=carry, args=ends, daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listener,), daemon=True).start()
login = url.netloc.rpartition("@")[0]
near = url._replace(netloc=f"{login}@{url.hostname}:{listener.getsockname()[1]}")
environment = {name: value for name, value in os.environ.items() if name not in ("VERNAL_PG_SOCKET_URL", "PGBOUNCER_URL")}
environment["DATABASE_URL"] = near.geturl()
sys.exit(subprocess.run(sys.argv[2:], env=environment).returncode)
