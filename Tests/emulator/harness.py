"""Starts `vernal run`, talks to it, ends it, and looks whether something was left behind."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERNAL = os.environ.get("VERNAL", str(ROOT / ".build/debug/vernal"))
BOOTSTRAP = str(ROOT / "Tests/support/bootstrap.py")
USERS = os.environ.get("USERS_FUNCTION", "")


class Emulator:
    """`vernal run` with some options; `with` ends it with SIGINT and waits for that, and for the end of its server."""

    def __init__(self, *options, program=(BOOTSTRAP,), database=False, environment=None):
        extra = [] if database else ["--no-database"]
        self.log = tempfile.NamedTemporaryFile("w+", prefix="vernal-test-", suffix=".log")
        # Its own, where nobody else's servers are counted; short enough for a socket, and open to PostgreSQL when root has been
        # given up.
        self.temporary = tempfile.TemporaryDirectory(prefix="vernal-test-", dir="/tmp", ignore_cleanup_errors=True)
        os.chmod(self.temporary.name, 0o1777)
        variables = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        variables["TMPDIR"] = self.temporary.name
        variables.update(environment or {})
        self.process = subprocess.Popen(
            [VERNAL, "run", "--listen", "127.0.0.1:0", *extra, *options, "--", *program],
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=variables,
            text=True,
            start_new_session=True,
        )
        line = self.process.stdout.readline()
        match = re.search(r"http://[0-9.]+:(\d+)", line)
        if not match:
            self.end()
            raise AssertionError(f"no URL: {line!r} {self.said()}")
        self.url, self.port = match[0], int(match[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self, number=signal.SIGINT, timeout=20):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout)
            raise
        finally:
            self.process.stdout.close()
            wait_for(lambda: not self.temporary_files(), 15)
            left = self.temporary_files()
            self.temporary.cleanup()
        assert not left, f"left behind: {left}"
        return status

    def temporary_files(self):
        """The folders of servers that are there now."""
        return {path.name for path in pathlib.Path(self.temporary.name).glob("vernal-pg-*")}

    def said(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text()

    def request(self, method, path, body=None, headers=None, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def invoke(self, event, name="function", headers=None):
        response, body = self.request(
            "POST", f"/2015-03-31/functions/{name}/invocations", json.dumps(event), headers
        )
        return response, json.loads(body) if body else None

    def ps(self):
        response, body = self.request("GET", "/_vernal/environments", headers={"X-Vernal": "1"})
        assert response.status == 200, body
        return json.loads(body)

    def order(self, path):
        response, body = self.request("POST", f"/_vernal/{path}", headers={"X-Vernal": "1"})
        return response.status, json.loads(body)["message"]

    def tool(self, *arguments, check=True):
        return subprocess.run(
            [VERNAL, *arguments, "--url", self.url], capture_output=True, text=True, check=check, timeout=60
        )

    def wait_for_state(self, state, environment=1, seconds=10):
        return wait_for(lambda: any(e["id"] == environment and e["state"] == state for e in self.ps()), seconds)


def wait_for(condition, seconds=10):
    """Waits until a condition holds; whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_alive(pid):
    """Whether a process is there and has not ended."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def process_state(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def children_of(pid):
    found = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True).stdout
    pairs = [tuple(map(int, line.split())) for line in found.splitlines()]
    return [child for child, parent in pairs if parent == pid]
