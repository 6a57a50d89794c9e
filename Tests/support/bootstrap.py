#!/usr/bin/env python3
"""A function for tests, on the Lambda runtime API and nothing but Python's own library.

The event says what to do: {"do": "echo" | "error" | "sleep" | "exit" | "log" | "stream" | "context" | "query" ...}.
Arguments say how to start: --never-next, --exit-in-init N, --init-error, --init-sleep S, --extension, --term-file F.
"""
import http.client
import json
import os
import signal
import sys
import threading
import time

HOST, _, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].rpartition(":")
BASE = "/2018-06-01/runtime"
STARTS = int(time.time() * 1000)
count = 0


def argument(name):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else None


def call(connection, method, path, body=b"", headers=None):
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return response, response.read()


def register_extension():
    connection = http.client.HTTPConnection(HOST, int(PORT))
    response, _ = call(
        connection, "POST", "/2020-01-01/extension/register", b'{"events":[]}', {"Lambda-Extension-Name": "test"}
    )
    identifier = response.getheader("Lambda-Extension-Identifier")

    def wait():
        call(connection, "GET", "/2020-01-01/extension/event/next", headers={"Lambda-Extension-Identifier": identifier})

    threading.Thread(target=wait, daemon=True).start()


def handle(connection, request_id, event, headers):
    """Does what the event says and answers; returns nothing."""
    global count
    count += 1
    if isinstance(event, dict) and event.get("version") == "2.0":
        path = event["rawPath"]
        if path == "/v2/raw":
            return respond(connection, request_id, ["not", "a", "response"])
        if path == "/v2/bad":
            return respond(connection, request_id, {"statusCode": "many"})
        if path == "/v2/stream":
            return stream(connection, request_id, ["Hello, ", "stream"], prelude={"statusCode": 201, "headers": {"X-A": "b"}, "cookies": ["c=d"]})
        if path == "/v2/error":
            return fail(connection, request_id)
        if path == "/v2/slow":
            time.sleep(float(event.get("queryStringParameters", {}).get("seconds", "0.1")))
        if path == "/v2/binary":
            return respond(
                connection,
                request_id,
                {"statusCode": 200, "headers": {"Content-Type": "image/png"}, "body": "iVBORw==", "isBase64Encoded": True},
            )
        return respond(
            connection,
            request_id,
            {
                "statusCode": 418,
                "headers": {"Content-Type": "application/json", "X-Count": count},
                "cookies": ["a=1; Path=/", "b=2"],
                "body": json.dumps({"event": event, "pid": os.getpid()}),
            },
        )
    what = event.get("do", "echo") if isinstance(event, dict) else "echo"
    if what == "error":
        return fail(connection, request_id)
    if what == "sleep":
        time.sleep(event["seconds"])
    if what == "exit":
        os._exit(event["status"])
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "child":
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
    if what == "log":
        line = "x" * 127
        for _ in range(event["kilobytes"] * 8):
            print(line)
        sys.stdout.flush()
    if what == "say":
        print(event["text"], flush=True)
    if what == "stream":
        return stream(connection, request_id, event["pieces"], event.get("pause", 0), event.get("fails", False))
    if what == "big":
        return respond(connection, request_id, "x" * (event["bytes"] - 2))
    if what == "memory":
        globals()["hog"] = bytearray(os.urandom(1024)) * (event["megabytes"] * 1024)
        time.sleep(2)
    if what == "context":
        return respond(connection, request_id, {name: value for name, value in headers.items()})
    if what == "environment":
        return respond(connection, request_id, dict(os.environ))
    if what == "twice":
        first, _ = call(connection, "POST", f"{BASE}/invocation/{request_id}/response", b'"first"')
        second, body = call(connection, "POST", f"{BASE}/invocation/{request_id}/response", b'"second"')
        print(f"second answer: {second.status} {body.decode()}", flush=True)
        return None
    if what == "wrong-id":
        wrong, body = call(connection, "POST", f"{BASE}/invocation/nonsense/response", b"1")
        return respond(connection, request_id, {"status": wrong.status, "body": json.loads(body)})
    if what == "next-again":
        again, body = call(connection, "GET", f"{BASE}/invocation/next")
        return respond(connection, request_id, {"same": again.getheader("Lambda-Runtime-Aws-Request-Id") == request_id})
    if what == "after":
        respond(connection, request_id, "answered")
        return time.sleep(event["seconds"])
    respond(connection, request_id, {"echo": event, "pid": os.getpid(), "count": count, "started": STARTS})


def respond(connection, request_id, value):
    response, body = call(connection, "POST", f"{BASE}/invocation/{request_id}/response", json.dumps(value).encode())
    if response.status != 202:
        print(f"response: {response.status} {body.decode()}", flush=True)


def fail(connection, request_id):
    error = {"errorMessage": "it went wrong", "errorType": "Function.Broken", "stackTrace": []}
    call(
        connection,
        "POST",
        f"{BASE}/invocation/{request_id}/error",
        json.dumps(error).encode(),
        {"Lambda-Runtime-Function-Error-Type": "Function.Broken"},
    )


def stream(connection, request_id, pieces, pause=0, fails=False, prelude=None):
    kind = "application/vnd.awslambda.http-integration-response" if prelude else "text/plain"
    connection.putrequest("POST", f"{BASE}/invocation/{request_id}/response")
    connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.putheader("Content-Type", kind)
    connection.endheaders()

    def piece(data):
        connection.send(b"%x\r\n%s\r\n" % (len(data), data))

    if prelude:
        piece(json.dumps(prelude).encode() + bytes(8))
    for text in pieces:
        piece(text.encode())
        time.sleep(pause)
    if fails:
        connection.send(b"0\r\nLambda-Runtime-Function-Error-Type: Function.Halfway\r\nLambda-Runtime-Function-Error-Body: e30=\r\n\r\n")
    else:
        connection.send(b"0\r\n\r\n")
    response = connection.getresponse()
    response.read()


def main():
    if "--never-next" in sys.argv:
        time.sleep(600)
    if argument("--exit-in-init"):
        print("no configuration, giving up", flush=True)
        sys.exit(int(argument("--exit-in-init")))
    if argument("--init-sleep"):
        time.sleep(float(argument("--init-sleep")))
    connection = http.client.HTTPConnection(HOST, int(PORT))
    if "--init-error" in sys.argv:
        error = b'{"errorMessage":"no database","errorType":"Runtime.NoDatabase"}'
        call(connection, "POST", f"{BASE}/init/error", error, {"Lambda-Runtime-Function-Error-Type": "Runtime.NoDatabase"})
        sys.exit(1)
    if argument("--term-file"):
        def ended(number, frame):
            with open(argument("--term-file"), "a") as file:
                file.write("terminated\n")
            os._exit(0)

        signal.signal(signal.SIGTERM, ended)
    if "--extension" in sys.argv:
        register_extension()
    while True:
        response, body = call(connection, "GET", f"{BASE}/invocation/next")
        if response.status != 200:
            print(f"next: {response.status} {body.decode()}", flush=True)
            sys.exit(1)
        try:
            event = json.loads(body)
        except ValueError:
            event = body.decode()
        handle(connection, response.getheader("Lambda-Runtime-Aws-Request-Id"), event, response.headers)


main()
