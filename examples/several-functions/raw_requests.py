"""Requests that no client library would send, on raw sockets: every one is refused, and none is taken for two.

Usage: raw_requests.py PORT    (of the function `echo`)
"""

import socket
import sys

port = int(sys.argv[1])
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
checks = 0


def exchange(data, shut=False, timeout=5):
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(data)
        if shut:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionResetError, socket.timeout) as error:
            received += f"<{type(error).__name__}>".encode()
        return received


def expect(what, condition, got):
    global checks
    if not condition:
        sys.exit(f"FAILED: {what}\n  got: {got!r}")
    checks += 1


def post(fields, body):
    return b"POST /first HTTP/1.1\r\nHost: h\r\n" + fields + b"\r\n" + body


# Two opinions about where a request ends. See PortSwigger's and RFC 9112's lists of them.
chunked = b"0\r\n\r\n" + SMUGGLED
vectors = {
    "CL.TE": post(b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", chunked),
    "TE.CL": post(b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", chunked),
    "CL.CL": post(b"Content-Length: 0\r\nContent-Length: 36\r\n", SMUGGLED),
    "CL list": post(b"Content-Length: 0, 36\r\n", SMUGGLED),
    "CL plus": post(b"Content-Length: +0\r\n", SMUGGLED),
    "CL minus": post(b"Content-Length: -1\r\n", SMUGGLED),
    "CL hex": post(b"Content-Length: 0x0\r\n", SMUGGLED),
    "CL space": post(b"Content-Length: 0 0\r\n", SMUGGLED),
    "CL empty": post(b"Content-Length: \r\n", SMUGGLED),
    "CL overflow": post(b"Content-Length: 18446744073709551616\r\n", SMUGGLED),
    "CL name with space": post(b"Content-Length : 36\r\n", SMUGGLED),
    "CL folded": post(b"Content-Length:\r\n 36\r\n", SMUGGLED),
    "TE name with space": post(b"Transfer-Encoding : chunked\r\n", chunked),
    "TE name with tab": post(b"Transfer-Encoding\t: chunked\r\n", chunked),
    "TE twice": post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunked),
    "TE twice, one unknown": post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", chunked),
    "TE unknown": post(b"Transfer-Encoding: xchunked\r\n", chunked),
    "TE identity": post(b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n", chunked),
    "TE list": post(b"Transfer-Encoding: chunked, identity\r\n", chunked),
    "TE quoted": post(b'Transfer-Encoding: "chunked"\r\n', chunked),
    "TE control": post(b"Transfer-Encoding: \x0bchunked\r\n", chunked),
    "TE folded": post(b"Transfer-Encoding:\r\n chunked\r\n", chunked),
    "TE after bare LF": post(b"X: y\nTransfer-Encoding: chunked\r\n", chunked),
    "TE after bare CR": post(b"X: y\rTransfer-Encoding: chunked\r\n", chunked),
    "TE after NUL": post(b"X: y\x00\r\nTransfer-Encoding: chunked\r\n", chunked),
    "chunk size negative": post(b"Transfer-Encoding: chunked\r\n", b"-1\r\n\r\n" + SMUGGLED),
    "chunk size hex prefix": post(b"Transfer-Encoding: chunked\r\n", b"0x0\r\n\r\n" + SMUGGLED),
    "chunk size overflow": post(b"Transfer-Encoding: chunked\r\n", b"10000000000000000\r\n\r\n" + SMUGGLED),
    "chunk size space": post(b"Transfer-Encoding: chunked\r\n", b" 0\r\n\r\n" + SMUGGLED),
    "chunk data too long": post(b"Transfer-Encoding: chunked\r\n", b"1\r\nab\r\n0\r\n\r\n" + SMUGGLED),
    "chunk with bare LF": post(b"Transfer-Encoding: chunked\r\n", b"0\n\n" + SMUGGLED),
    "chunked in 1.0": b"POST /first HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
    "two hosts": b"GET /first HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + SMUGGLED,
    "no host": b"GET /first HTTP/1.1\r\n\r\n" + SMUGGLED,
    "host with space": b"GET /first HTTP/1.1\r\nHost: a b\r\n\r\n" + SMUGGLED,
    "space before the first field": b"GET /first HTTP/1.1\r\n Host: h\r\n\r\n" + SMUGGLED,
    "tab in the request line": b"GET\t/first\tHTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED,
    "lower-case version": b"GET /first http/1.1\r\nHost: h\r\n\r\n" + SMUGGLED,
    "line break in the target": b"GET /first\rx HTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED,
    "no method": b" /first HTTP/1.1\r\nHost: h\r\n\r\n" + SMUGGLED,
}
for name, data in vectors.items():
    got = exchange(data)
    status = got[9:12]
    expect(f"{name}: refused", status in (b"400", b"501", b"505"), got)
    expect(f"{name}: once", got.count(b"HTTP/1.1 ") == 1 and b"smuggled" not in got, got)
    expect(f"{name}: closed", b"connection: close" in got.lower() and b"<" not in got, got)

# What is good stays good.
ok = exchange(post(b"Transfer-Encoding: chunked\r\nConnection: close\r\n", b"2;ext=v\r\nhi\r\n0\r\nTrailer: t\r\n\r\n"))
expect("chunks with an extension and a trailer", ok.startswith(b"HTTP/1.1 200") and ok.endswith(b"\r\n\r\nhi"), ok)
two = exchange(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
expect("pipelined requests in order", 0 < two.find(b"GET /1") < two.find(b"GET /2"), two)
star = exchange(b"OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
expect("OPTIONS *", star.startswith(b"HTTP/1.1 200") and star.endswith(b"OPTIONS *\n"), star)
whole = exchange(b"GET http://other/abs?x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
expect("an absolute target", whole.endswith(b"GET /abs?x\n"), whole)
old = exchange(b"GET /old HTTP/1.0\r\n\r\n")
expect("HTTP 1.0 is closed", old.startswith(b"HTTP/1.1 200") and old.endswith(b"GET /old\n"), old)
head = exchange(b"HEAD /head HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
expect("HEAD has a length and no body", b"Content-Length: 11\r\n" in head and head.endswith(b"\r\n\r\n"), head)

# Limits, and clients that go slowly or away.
expect("a long target", exchange(b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n")[9:12] == b"414", "")
expect("large fields", exchange(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 40000 + b"\r\n\r\n")[9:12] == b"431", "")
expect("many fields", exchange(b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * 200 + b"\r\n")[9:12] == b"431", "")
big = exchange(post(b"Expect: 100-continue\r\nContent-Length: 1048577\r\n", b""))
expect("a large body is refused before it is sent", big[9:12] == b"413" and b"100 Continue" not in big, big)
go = exchange(post(b"Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n", b"hi"))
expect("a body that is wanted is asked for", go.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"), go)
expect("a slow header", exchange(b"GET / HTTP/1.1\r\nHost: h\r\n")[9:12] == b"408", "")
expect("a slow body", exchange(post(b"Content-Length: 5\r\n", b"h"))[9:12] == b"408", "")
gone = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
for index, connection in enumerate(gone):
    connection.sendall([b"", b"GET", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", post(b"Content-Length: 9\r\n", b"x")][index % 4])
    if index % 2:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()
exchange(b"GET / HTTP/1.1\r\nHost: h\r\n", shut=True)
after = exchange(b"GET /after HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
expect("clients that go away take nobody with them", after.endswith(b"GET /after\n"), after)

print(f"raw requests: {checks} checks passed")
