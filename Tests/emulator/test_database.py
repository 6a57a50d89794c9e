"""Functions with a database: the embedded default, faults, freezes, storms. Needs USERS_FUNCTION, the example's binary."""
import json
import os
import subprocess
import tempfile
import time
import unittest

from browser import Browser
from harness import BOOTSTRAP, USERS, VERNAL, Emulator, process_state, wait_for


def storm(*options, program=(USERS,), timeout=200):
    result = subprocess.run(
        [VERNAL, "storm", "--json", *options, "--", *program], capture_output=True, text=True, timeout=timeout
    )
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return json.loads(result.stdout)


class Database(unittest.TestCase):
    def session(self, emulator):
        response, body = emulator.request("GET", "/session")
        self.assertEqual(response.status, 200, body)
        return json.loads(body)["backendPID"]

    def test_the_embedded_default(self):
        with Emulator("-n", "2", program=(USERS,), database=True) as emulator:
            response, body = emulator.request("POST", "/users", b'{"name":"Ada"}', {"Content-Type": "application/json"})
            self.assertEqual((response.status, json.loads(body)), (201, {"id": 1, "name": "Ada"}))
            response, body = emulator.request("GET", "/users")
            self.assertEqual(json.loads(body), [{"id": 1, "name": "Ada"}])
            result = emulator.tool("invoke", "--event", "apigw-v2", "--path", "/users/1")
            self.assertIn("Ada", result.stdout)

    def test_a_backend_that_ends_while_its_function_is_frozen_is_no_error(self):
        # Frozen for longer than the pool's idle time, and the connection is gone at the server.
        options = ("-n", "1", "--freeze", "--env", "VERNAL_IDLE_TIMEOUT=1s")
        with Emulator(*options, program=(USERS,), database=True) as emulator:
            before = self.session(emulator)
            self.assertTrue(emulator.wait_for_state("frozen"))
            self.assertEqual(emulator.tool("fault", "terminate-backend", "1").stdout, "1 connections terminated\n")
            time.sleep(1.5)
            self.assertEqual(emulator.ps()[0]["state"], "frozen")
            self.assertNotEqual(self.session(emulator), before)
            self.assertEqual(emulator.ps()[0]["invocations"], 2)

    def test_a_backend_that_ends_a_moment_ago_is_no_error_either(self):
        with Emulator("-n", "1", "--freeze", program=(USERS,), database=True) as emulator:
            before = self.session(emulator)
            self.assertTrue(emulator.wait_for_state("frozen"))
            emulator.tool("fault", "terminate-backend", "1")
            time.sleep(0.6)
            self.assertNotEqual(self.session(emulator), before)

    def test_a_link_that_is_cut_while_its_function_is_frozen(self):
        with Emulator("-n", "1", "--freeze", "--faults", program=(USERS,), database=True) as emulator:
            before = self.session(emulator)
            self.assertTrue(emulator.wait_for_state("frozen"))
            self.assertEqual(emulator.ps()[0]["link"], "forward")
            emulator.tool("fault", "cut", "1")
            response, _ = emulator.request("GET", "/session")
            self.assertGreaterEqual(response.status, 500)
            emulator.tool("fault", "heal", "1")
            self.assertNotEqual(self.session(emulator), before)

    def test_a_link_that_is_stalled_ends_within_the_deadline(self):
        options = ("-n", "1", "--freeze", "--faults", "--timeout", "4s")
        with Emulator(*options, program=(USERS,), database=True) as emulator:
            self.session(emulator)
            self.assertTrue(emulator.wait_for_state("frozen"))
            emulator.tool("fault", "stall", "1")
            began = time.monotonic()
            response, _ = emulator.request("GET", "/session")
            self.assertGreaterEqual(response.status, 500)
            self.assertLess(time.monotonic() - began, 4.5)

    def test_a_server_that_restarts_while_everybody_is_frozen(self):
        with Emulator("-n", "1", "--freeze", program=(USERS,), database=True) as emulator:
            self.session(emulator)
            self.assertTrue(emulator.wait_for_state("frozen"))
            self.assertEqual(emulator.tool("fault", "restart-server").returncode, 0)
            time.sleep(0.6)
            self.session(emulator)

    def test_a_server_that_is_full(self):
        options = ("-n", "1", "--max-connections", "8", "--timeout", "3s")
        with Emulator(*options, program=(USERS,), database=True) as emulator:
            self.assertRegex(emulator.tool("fault", "fill-slots").stdout, r"^\d slots taken: the server is full\n$")
            response, _ = emulator.request("GET", "/session")
            self.assertGreaterEqual(response.status, 500)
            self.assertRegex(emulator.tool("fault", "free-slots").stdout, r"^\d slots given back\n$")
            self.session(emulator)

    def test_a_database_that_cannot_be_reached(self):
        variables = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
        with Emulator("-n", "1", program=(USERS,), database=True, environment=variables) as emulator:
            response, _ = emulator.request("GET", "/users")
            self.assertGreaterEqual(response.status, 500)
            self.assertTrue(wait_for(lambda: "refused" in emulator.said()), emulator.said())


class Storm(unittest.TestCase):
    def test_a_storm_in_numbers(self):
        result = storm("-n", "20", "--max-connections", "13", "--path", "/slow?ms=20", "--timeout", "20s")
        self.assertEqual(result["environments"], 20)
        self.assertEqual(result["invocations"], 20)
        self.assertEqual(result["failed"], 0, result["statuses"])
        self.assertEqual(result["usableSlots"], 10)
        self.assertTrue(1 <= result["peakConnections"] <= 10, result)
        self.assertGreater(result["makespanMs"], result["idealMs"] * 0.5)
        self.assertGreaterEqual(result["firstRowMs"]["p50"], 20)
        self.assertGreaterEqual(result["firstRowMs"]["p99"], result["firstRowMs"]["p50"])
        self.assertGreater(result["connectMs"]["p50"], 0)
        rows = result["perEnvironment"]
        self.assertEqual([row["invocations"] for row in rows], [1] * 20)
        self.assertEqual(sum(row["refused"] for row in rows), result["refusedConnects"])
        for row in rows:
            self.assertGreater(row["initMs"], 0)
            self.assertGreater(row["spawnMs"], 0)

    def test_waves_reuse_the_frozen_environments(self):
        result = storm("-n", "5", "--waves", "3", "--rest", "300ms", "--path", "/session")
        self.assertEqual((result["invocations"], result["failed"]), (15, 0))
        self.assertEqual(len(result["perEnvironment"]), 5)
        self.assertEqual([row["invocations"] for row in result["perEnvironment"]], [3] * 5)
        self.assertEqual(result["idleInTransactionWhileFrozen"], 0)

    def test_a_function_that_fails_alone_ends_it_with_a_reason(self):
        result = subprocess.run(
            [VERNAL, "storm", "-n", "2", "--", BOOTSTRAP, "--exit-in-init", "3"], capture_output=True, text=True
        )
        self.assertEqual(result.returncode, 66)
        self.assertIn("one environment alone already fails", result.stderr)
        self.assertIn("no configuration, giving up", result.stderr)


class Report(unittest.TestCase):
    def open(self, page, path):
        page.open(f"file://{path}")
        page.wait_for("location.protocol === 'file:' && document.readyState === 'complete'")

    def asked(self, page):
        return {url for url in page.asked if not url.startswith(("file:", "data:"))}

    def test_the_page_shows_the_numbers_and_asks_the_network_for_nothing(self):
        with tempfile.TemporaryDirectory() as folder, Browser() as page:
            path = os.path.join(folder, "storm.html")
            result = storm("-n", "8", "--max-connections", "8", "--path", "/slow?ms=20", "--report", path)
            self.open(page, path)
            for name in ("invocations", "failed", "peakConnections", "refusedConnects", "makespanMs", "idealMs"):
                self.assertEqual(float(page.value(f"document.getElementById('{name}').textContent")), float(result[name]), name)
            self.assertEqual(page.value("document.querySelectorAll('svg').length"), 3)
            self.assertEqual(page.value("document.querySelectorAll('tr').length"), 1 + 5 + 1 + 8)
            self.assertNotIn("NaN", page.value("document.documentElement.outerHTML"))
            page.screenshot("report")
            self.assertEqual(page.complaints, [])
            self.assertEqual(self.asked(page), set())

    def test_the_test_would_notice(self):
        with tempfile.TemporaryDirectory() as folder, Browser() as page:
            path = os.path.join(folder, "wrong.html")
            with open(path, "w") as file:
                file.write('<img src="http://192.0.2.1/x.png"><script>nonsense()</script>')
            self.open(page, path)
            self.assertEqual(self.asked(page), {"http://192.0.2.1/x.png"})
            self.assertTrue(any("nonsense" in complaint for complaint in page.complaints), page.complaints)


if __name__ == "__main__":
    unittest.main()
