"""The same function under the real Runtime Interface Emulator and under ours. Needs RIE, its binary."""
import http.client
import json
import os
import re
import socket
import subprocess
import time
import unittest

from harness import BOOTSTRAP, USERS, Emulator, wait_for

RIE = os.environ.get("RIE", "")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RealEmulator:
    def __init__(self, *program, timeout=2):
        self.port = free_port()
        self.process = subprocess.Popen(
            [
                RIE, "--log-level", "error", "--runtime-api-address", f"127.0.0.1:{free_port()}",
                "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}", *program, "handler",
            ],
            env={**os.environ, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        assert wait_for(self.listens)

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)

    def invoke(self, event):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
        try:
            return connection.getresponse().read()
        finally:
            connection.close()


def without_identifiers(body):
    """What differs from invocation to invocation is taken out."""
    text = re.sub(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", "ID", body.decode())
    return re.sub(r'"(pid|started|count|backendPID)": ?\d+', r'"\1": 0', text)


@unittest.skipUnless(RIE, "RIE is not set: Tests/emulator/run.sh gets it")
class SideBySide(unittest.TestCase):
    def both(self, event, program=(BOOTSTRAP,), timeout=2):
        with RealEmulator(*program, timeout=timeout) as real:
            expected = real.invoke(event)
            after = real.invoke({"do": "echo"})
        with Emulator("-n", "1", "--timeout", f"{timeout}s", program=(*program, "handler")) as ours:
            _, body = ours.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
            # Back at work, or replaced, as under the real one.
            _, again = ours.request("POST", "/2015-03-31/functions/function/invocations", '{"do":"echo"}')
        self.assertEqual(without_identifiers(again), without_identifiers(after))
        return expected, body

    def test_same_bodies(self):
        for event in (
            {"do": "echo", "text": "ä\u0000\n"}, {"do": "error"}, {"do": "wrong-id"}, {"do": "next-again"}, {"do": "twice"},
            {"do": "exit", "status": 3}, {"do": "exit", "status": 0}, {"do": "crash"}, {"do": "stream", "pieces": ["a", "b"]},
        ):
            with self.subTest(event):
                expected, body = self.both(event)
                self.assertEqual(without_identifiers(body), without_identifiers(expected))

    def test_same_limit(self):
        for size in (6291556, 6291557):
            expected, body = self.both({"do": "big", "bytes": size}, timeout=10)
            if size == 6291556:
                self.assertEqual(body, expected)
            else:
                self.assertEqual(json.loads(body)["errorType"], json.loads(expected)["errorType"])

    def test_same_deadline(self):
        expected, body = self.both({"do": "sleep", "seconds": 10})
        self.assertEqual(expected.decode(), "Task timed out after 2.00 seconds")
        # The service says so in JSON, the RIE in plain text.
        self.assertTrue(json.loads(body)["errorMessage"].endswith(expected.decode()))

    def test_same_init_error(self):
        expected, body = self.both({}, program=(BOOTSTRAP, "--init-error"))
        self.assertEqual(json.loads(body), json.loads(expected))

    @unittest.skipUnless(USERS, "USERS_FUNCTION is not set")
    def test_the_example(self):
        event = {
            "version": "2.0", "routeKey": "$default", "rawPath": "/healthz", "rawQueryString": "", "headers": {},
            "requestContext": {"http": {"method": "GET", "path": "/healthz"}, "stage": "$default"}, "isBase64Encoded": False,
        }
        expected, body = self.both(event, program=(USERS,))
        # The function writes its keys in another order each time.
        self.assertEqual(json.loads(without_identifiers(body)), json.loads(without_identifiers(expected)))
        self.assertEqual(json.loads(body)["statusCode"], 200)


if __name__ == "__main__":
    unittest.main()
