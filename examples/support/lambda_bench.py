"""Measures a Lambda custom runtime against a runtime API on this machine.

lambda_bench.py BINARY [EVENT] [INVOCATIONS]    prints the figures as JSON

startMs      process start to the first /next: the best and the median of 11 starts
cpuUs        CPU of the function's process for one invocation, from /next to the next /next
roundTripUs  one invocation as the runtime API sees it
idleKiB      resident memory when it waits for the first invocation
busyKiB      the same after all invocations
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time

binary = sys.argv[1]
event = (sys.argv[2] if len(sys.argv) > 2 else '{"action":"echo","text":"hi"}').encode()
invocations = int(sys.argv[3]) if len(sys.argv) > 3 else 20000

listener = socket.create_server(("127.0.0.1", 0))
environment = {**os.environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listener.getsockname()[1]}", "LOG_LEVEL": "error"}


class Connection:
    def __init__(self, connection):
        self.socket, self.rest = connection, b""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self):
        """Reads one request; gives its first line and its body."""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(65536) or sys.exit("the function closed the connection")
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(self.rest) < length:
            self.rest += self.socket.recv(65536)
        body, self.rest = self.rest[:length], self.rest[length:]
        return head.split(b"\r\n")[0].decode(), body

    def answer(self, status, headers=b"", body=b""):
        self.socket.sendall(b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n%s" % (status, headers, len(body), body))


def start():
    """Starts the function and serves it until it waits for an invocation."""
    began = time.perf_counter()
    process = subprocess.Popen([binary], env=environment)
    extension = poller = None
    while poller is None or extension is None:
        connection = Connection(listener.accept()[0])
        line, _ = connection.request()
        if "/extension/register" in line:
            connection.answer(200, b"Lambda-Extension-Identifier: e\r\n")
            extension = connection
        elif "/invocation/next" in line:
            took = time.perf_counter() - began
            poller = connection
        else:
            sys.exit(f"unexpected: {line}")
    return process, extension, poller, took * 1000


def cpu(process):
    """The CPU time of all threads in nanoseconds."""
    total = 0
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        with open(f"/proc/{process.pid}/task/{thread}/schedstat") as file:
            total += int(file.read().split()[0])
    return total


def resident(process):
    with open(f"/proc/{process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def invoke(poller, number):
    deadline = int(time.time() * 1000) + 3000
    headers = b"Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-%012d\r\n" % number
    headers += b"Lambda-Runtime-Deadline-Ms: %d\r\n" % deadline
    headers += b"Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:012345678912:function:f\r\n"
    headers += b"Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\r\n"
    poller.answer(200, headers + b"Content-Type: application/json\r\n", event)
    line, body = poller.request()
    if not line.endswith("/response HTTP/1.1"):
        sys.exit(f"unexpected: {line} {body}")
    poller.answer(202, b"", b'{"status":"OK"}')
    poller.request()


def stop(process):
    process.terminate()
    if process.wait(timeout=5) != 0:
        sys.exit(f"the function ended with {process.returncode}")


starts = []
for _ in range(11):
    process, extension, poller, took = start()
    starts.append(took)
    stop(process)
process, extension, poller, _ = start()
time.sleep(0.2)
idle = resident(process)
for number in range(1000):
    invoke(poller, number)
before, began = cpu(process), time.perf_counter()
for number in range(invocations):
    invoke(poller, number)
after, ended = cpu(process), time.perf_counter()
busy = resident(process)
stop(process)
print(json.dumps({
    "startMs": {"min": round(min(starts), 1), "p50": round(statistics.median(starts), 1)},
    "cpuUs": round((after - before) / invocations / 1000, 1),
    "roundTripUs": round((ended - began) / invocations * 1e6, 1),
    "idleKiB": idle,
    "busyKiB": busy,
}))
