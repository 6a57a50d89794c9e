#!/usr/bin/env python3
"""Shows what a password costs at each connect: the hash of it is worked out anew, in as many rounds as the server keeps with it.

Usage: vernal postgres --trust-socket -- ./scram.py .build/release/benchmarks [ROUNDS]

The role of DATABASE_URL gets its own password once more, kept with 4,096 rounds, which is the default, and with one. That is for a server
that came for the measurement.
"""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse

if "VERNAL_PG_LOG" not in os.environ:
    sys.exit("run it under vernal postgres: it changes how the server keeps a password")
program, rounds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "10"
place = urllib.parse.urlparse(os.environ["DATABASE_URL"])


def text(data):
    return base64.b64encode(data).decode()


def kept(password, iterations):
    """What PostgreSQL keeps of a password, as RFC 5803 writes it."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${iterations}:{text(salt)}${text(stored)}:{text(server)}"


print(f"{'rounds':>8} {'over':5} {'':28} {'p50':>9} {'CPU':>9}")
for iterations in 4096, 1:
    secret = kept(urllib.parse.unquote(place.password), iterations)
    # On its input, because every user of the machine sees the arguments.
    subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", os.environ["VERNAL_PG_SOCKET_URL"]], check=True, text=True,
                   input=f"ALTER ROLE {place.username} PASSWORD '{secret}';")
    with tempfile.NamedTemporaryFile() as report:
        subprocess.run([program, "--filter", "connect t", "--rounds", rounds, "--json", report.name], check=True,
                       stdout=subprocess.DEVNULL)
        for line in json.load(report):
            print(f"{iterations:8} {line['transport']:5} {line['name']:28} {line['p50us'] / 1000:6.2f} ms {line['cpuUs'] / 1000:6.2f} ms")
