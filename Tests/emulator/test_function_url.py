"""Any HTTP request becomes an event, and the result a response; and what the runtime API says to a function."""
import json
import time
import unittest

from harness import Emulator, process_state, wait_for


class FunctionURL(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.emulator = Emulator("-n", "2", "--timeout", "3s")

    @classmethod
    def tearDownClass(cls):
        assert cls.emulator.end() == 0, cls.emulator.said()

    def test_event(self):
        response, body = self.emulator.request(
            "PUT",
            "/a%20b/c?x=1&y=a%20b&x=2",
            b'{"k":1}',
            {"Content-Type": "application/json", "Cookie": "p=q; r=s", "X-Many": "1"},
        )
        self.assertEqual(response.status, 418)
        self.assertEqual(response.getheader("X-Count") is not None, True)
        self.assertEqual(response.headers.get_all("Set-Cookie"), ["a=1; Path=/", "b=2"])
        event = json.loads(body)["event"]
        self.assertEqual(event["rawPath"], "/a%20b/c")
        self.assertEqual(event["rawQueryString"], "x=1&y=a%20b&x=2")
        self.assertEqual(event["queryStringParameters"], {"x": "1,2", "y": "a b"})
        self.assertEqual(event["cookies"], ["p=q", "r=s"])
        self.assertEqual(event["headers"]["x-many"], "1")
        self.assertNotIn("cookie", event["headers"])
        self.assertEqual((event["body"], event["isBase64Encoded"]), ('{"k":1}', False))
        self.assertEqual(event["requestContext"]["http"]["method"], "PUT")
        self.assertEqual(event["requestContext"]["http"]["sourceIp"], "127.0.0.1")

    def test_binary(self):
        _, body = self.emulator.request("POST", "/", b"\xff\x00", {"Content-Type": "application/octet-stream"})
        event = json.loads(body)["event"]
        self.assertEqual((event["body"], event["isBase64Encoded"]), ("/wA=", True))
        response, body = self.emulator.request("GET", "/v2/binary")
        self.assertEqual((response.getheader("Content-Type"), body), ("image/png", b"\x89PNG"))

    def test_what_is_no_response_is_a_body(self):
        response, body = self.emulator.request("GET", "/v2/raw")
        self.assertEqual((response.status, response.getheader("Content-Type")), (200, "application/json"))
        self.assertEqual(json.loads(body), ["not", "a", "response"])

    def test_what_is_a_wrong_response_is_an_error(self):
        for path in ["/v2/bad", "/v2/error"]:
            response, body = self.emulator.request("GET", path)
            self.assertEqual((response.status, body), (502, b"Internal Server Error"))

    def test_stream(self):
        response, body = self.emulator.request("GET", "/v2/stream")
        self.assertEqual((response.status, body), (201, b"Hello, stream"))
        self.assertEqual(response.getheader("X-A"), "b")
        self.assertEqual(response.getheader("Set-Cookie"), "c=d")

    def test_head_and_many_on_one_connection(self):
        response, body = self.emulator.request("HEAD", "/")
        self.assertEqual((response.status, body), (418, b""))

    def test_runtime_api(self):
        _, answer = self.emulator.invoke({"do": "next-again"})
        self.assertEqual(answer, {"same": True})
        _, answer = self.emulator.invoke({"do": "wrong-id"})
        self.assertEqual((answer["status"], answer["body"]["errorType"]), (400, "InvalidRequestID"))
        _, answer = self.emulator.invoke({"do": "twice"})
        self.assertEqual(answer, "first")
        self.assertTrue(wait_for(lambda: "second answer: 403" in self.emulator.said()))
        self.assertIn("InvalidStateTransition", self.emulator.said())

    def test_environment(self):
        _, variables = self.emulator.invoke({"do": "environment"})
        expected = {
            "AWS_LAMBDA_FUNCTION_NAME": "bootstrap",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": "us-east-1",
            "TZ": ":UTC",
        }
        for name, value in expected.items():
            self.assertEqual(variables.get(name), value)
        self.assertNotIn("AWS_LAMBDA_MAX_CONCURRENCY", variables)

    def test_work_after_the_answer_does_not_hold_the_client(self):
        self.emulator.invoke({})
        began = time.monotonic()
        _, answer = self.emulator.invoke({"do": "after", "seconds": 0.5})
        self.assertEqual(answer, "answered")
        self.assertLess(time.monotonic() - began, 0.4)

    def test_control_is_not_for_pages(self):
        response, _ = self.emulator.request("GET", "/_vernal/environments")
        self.assertEqual(response.status, 403)


class Freeze(unittest.TestCase):
    def test_frozen_while_it_waits(self):
        with Emulator("-n", "1", "--freeze") as emulator:
            _, first = emulator.invoke({})
            self.assertTrue(wait_for(lambda: process_state(first["pid"]) == "T"))
            self.assertEqual(emulator.ps()[0]["state"], "frozen")
            _, second = emulator.invoke({})
            self.assertEqual((second["pid"], second["count"]), (first["pid"], 2))
            self.assertTrue(wait_for(lambda: process_state(first["pid"]) == "T"))
            self.assertEqual(emulator.tool("thaw", "1").returncode, 0)
            self.assertTrue(wait_for(lambda: process_state(first["pid"]) == "S"))
            self.assertEqual(emulator.tool("freeze", "1").returncode, 0)
            self.assertTrue(wait_for(lambda: process_state(first["pid"]) == "T"))

    def test_no_signal_is_lost_in_a_hurry(self):
        with Emulator("-n", "1", "--freeze", "--quiet") as emulator:
            result = emulator.tool("invoke", "-n", "500", "--json")
            self.assertEqual(json.loads(result.stdout)["failed"], 0)


class ManyAtATime(unittest.TestCase):
    def test_managed_instances(self):
        with Emulator("-n", "1", "--concurrency-per-environment", "2", "--timeout", "1s") as emulator:
            _, variables = emulator.invoke({"do": "environment"})
            self.assertEqual(variables["AWS_LAMBDA_MAX_CONCURRENCY"], "2")
            self.assertEqual(variables["AWS_LAMBDA_INITIALIZATION_TYPE"], "lambda-managed-instances")
            # The deadline does not end the process there.
            _, error = emulator.invoke({"do": "sleep", "seconds": 1.5})
            self.assertEqual(error["errorType"], "Sandbox.Timedout")
            self.assertTrue(wait_for(lambda: "response: 410" in emulator.said()))
            self.assertEqual(len(emulator.ps()), 1)


class HTTPMode(unittest.TestCase):
    def test_a_server_of_its_own(self):
        server = (
            "import http.server, os\n"
            "class H(http.server.BaseHTTPRequestHandler):\n"
            "    def do_GET(self):\n"
            "        self.send_response(203); self.end_headers(); self.wfile.write(self.path.encode())\n"
            "http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n"
        )
        with Emulator("--mode", "http", "-n", "1", program=("python3", "-c", server)) as emulator:
            response, body = emulator.request("GET", "/x?y=z")
            self.assertEqual((response.status, body), (203, b"/x?y=z"))
            self.assertEqual(emulator.ps()[0]["state"], "idle")


if __name__ == "__main__":
    unittest.main()
