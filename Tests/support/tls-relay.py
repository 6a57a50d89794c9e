"""A proxy that ends TLS and sends records as large as they may be (16 KiB), as many do; PostgreSQL's have 8 KiB at most.

tls-relay.py HOST PORT    prints the port that it listens at, and ends with its standard input
"""

import os
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

LARGEST = 16384
SSL_REQUEST = bytes([0, 0, 0, 8, 4, 210, 22, 47])


def own_context():
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = os.path.join(folder, "key"), os.path.join(folder, "certificate")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
            + ["-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def serve(client, target, context):
    if client.recv(len(SSL_REQUEST)) != SSL_REQUEST:
        return client.close()
    client.sendall(b"S")
    client = context.wrap_socket(client, server_side=True)
    server = socket.create_connection(target)
    held = b""
    # One thread for both ways: a TLS connection is not to be read and written at once.
    while True:
        # What is less than a record is held until the server has nothing more to say.
        ready = [client] if client.pending() else select.select([client, server], [], [], 0.005 if held else None)[0]
        if client in ready:
            data = client.recv(65536)
            if not data:
                break
            server.sendall(data)
        if server in ready:
            data = server.recv(65536)
            if not data:
                break
            held += data
        while len(held) >= LARGEST or held and server not in ready:
            client.sendall(held[:LARGEST])
            held = held[LARGEST:]
    client.close()
    server.close()


def listen(listener, target, context):
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(client, target, context), daemon=True).start()


context = own_context()
listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=listen, args=(listener, (sys.argv[1], int(sys.argv[2])), context), daemon=True).start()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
