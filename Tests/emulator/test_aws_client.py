"""An unmodified AWS client must not be able to tell the front from the service."""
import base64
import json
import time
import unittest

import boto3
import botocore.config
import botocore.exceptions
from harness import Emulator, wait_for


def client(emulator, retries=0):
    return boto3.client(
        "lambda",
        endpoint_url=emulator.url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=botocore.config.Config(retries={"max_attempts": retries}, read_timeout=30),
    )


class AWSClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.emulator = Emulator("-n", "1", "--timeout", "2s")
        cls.client = client(cls.emulator)

    @classmethod
    def tearDownClass(cls):
        assert cls.emulator.end() == 0, cls.emulator.said()

    def invoke(self, event, **options):
        return self.client.invoke(FunctionName="any-name", Payload=json.dumps(event), **options)

    def test_invoke(self):
        answer = self.invoke({"do": "echo", "text": "häl\"lo\n"})
        self.assertEqual(answer["StatusCode"], 200)
        self.assertEqual(answer["ExecutedVersion"], "$LATEST")
        self.assertNotIn("FunctionError", answer)
        self.assertEqual(json.load(answer["Payload"])["echo"]["text"], "häl\"lo\n")
        self.assertRegex(answer["ResponseMetadata"]["RequestId"], r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")

    def test_no_payload_is_an_empty_object(self):
        answer = self.client.invoke(FunctionName="f")
        self.assertEqual(json.load(answer["Payload"])["echo"], {})

    def test_function_error(self):
        answer = self.invoke({"do": "error"})
        self.assertEqual(answer["StatusCode"], 200)
        self.assertEqual(answer["FunctionError"], "Unhandled")
        self.assertEqual(json.load(answer["Payload"])["errorType"], "Function.Broken")

    def test_tail(self):
        answer = self.invoke({"do": "say", "text": "a word in the log"}, LogType="Tail")
        lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
        self.assertRegex(lines[0], r"^START RequestId: [0-9a-f-]{36} Version: \$LATEST$")
        self.assertIn("a word in the log", lines)
        self.assertRegex(lines[-2], r"^END RequestId: ")
        self.assertRegex(lines[-1], r"^REPORT RequestId: [0-9a-f-]{36}\tDuration: [0-9.]+ ms\tBilled Duration: \d+ ms\t")

    def test_tail_is_4_kilobytes(self):
        answer = self.invoke({"do": "log", "kilobytes": 100}, LogType="Tail")
        self.assertEqual(len(base64.b64decode(answer["LogResult"])), 4096)

    def test_event(self):
        before = json.load(self.invoke({})["Payload"])["count"]
        answer = self.invoke({"do": "sleep", "seconds": 0.1}, InvocationType="Event")
        self.assertEqual(answer["StatusCode"], 202)
        self.assertEqual(answer["Payload"].read(), b"")
        self.assertTrue(wait_for(lambda: self.emulator.ps()[0]["state"] == "idle"))
        after = json.load(self.invoke({})["Payload"])["count"]
        self.assertEqual(after, before + 2)

    def test_event_that_fails_is_tried_twice_again(self):
        with Emulator("--event-retry-pause", "200ms") as emulator:
            emulator.invoke({"do": "error"}, headers={"X-Amz-Invocation-Type": "Event"})
            said = lambda: emulator.said().count("START RequestId")
            self.assertTrue(wait_for(lambda: said() == 3), emulator.said())
            time.sleep(1)
            self.assertEqual(said(), 3)
            starts = {line.split()[-3] for line in emulator.said().splitlines() if "START RequestId" in line}
            self.assertEqual(len(starts), 1, "one identifier for all tries")
            self.assertIn("it is tried again in 0.4 seconds", emulator.said())
            self.assertIn("it is dropped", emulator.said())
            # A process that ends in the middle is a failure like any other, and a success ends it.
            emulator.invoke({"do": "exit", "status": 3}, headers={"X-Amz-Invocation-Type": "Event"})
            self.assertTrue(wait_for(lambda: said() == 6), emulator.said())
            emulator.invoke({}, headers={"X-Amz-Invocation-Type": "Event"})
            self.assertTrue(wait_for(lambda: said() == 7))
            time.sleep(1)
            self.assertEqual(said(), 7)

    def test_event_retries_can_be_left_out(self):
        with Emulator("--event-retries", "0") as emulator:
            emulator.invoke({"do": "error"}, headers={"X-Amz-Invocation-Type": "Event"})
            self.assertTrue(wait_for(lambda: "it is dropped" in emulator.said()), emulator.said())

    def test_dry_run(self):
        answer = self.invoke({}, InvocationType="DryRun")
        self.assertEqual(answer["StatusCode"], 204)

    def test_throttling(self):
        self.invoke({})
        self.invoke({"do": "sleep", "seconds": 1}, InvocationType="Event")
        self.assertTrue(wait_for(lambda: self.emulator.ps()[0]["state"] == "running"))
        with self.assertRaises(self.client.exceptions.TooManyRequestsException) as caught:
            self.invoke({})
        response = caught.exception.response
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 429)
        self.assertEqual(response["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded")
        self.assertTrue(wait_for(lambda: self.emulator.ps()[0]["state"] == "idle"))

    def test_client_context(self):
        context = {"custom": {"team": "red"}}
        answer = self.invoke(
            {"do": "context"}, ClientContext=base64.b64encode(json.dumps(context).encode()).decode()
        )
        headers = json.load(answer["Payload"])
        self.assertEqual(json.loads(headers["Lambda-Runtime-Client-Context"]), context)
        left = int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time()
        self.assertTrue(0 < left <= 2.01, left)

    def test_alias_and_arn(self):
        answer = self.client.invoke(FunctionName="users:live", Payload='{"do":"context"}')
        arn = json.load(answer["Payload"])["Lambda-Runtime-Invoked-Function-Arn"]
        self.assertTrue(arn.endswith(":live"), arn)
        answer = self.client.invoke(FunctionName="users", Qualifier="7", Payload='{"do":"context"}')
        self.assertEqual(answer["ExecutedVersion"], "7")
        arn = "arn:aws:lambda:us-east-1:012345678912:function:users:live"
        answer = self.client.invoke(FunctionName=arn, Payload='{"do":"context"}')
        self.assertTrue(json.load(answer["Payload"])["Lambda-Runtime-Invoked-Function-Arn"].endswith(":live"))

    def test_stream(self):
        answer = self.client.invoke_with_response_stream(
            FunctionName="f", Payload=json.dumps({"do": "stream", "pieces": ["one ", "two"], "pause": 0.05}), LogType="Tail"
        )
        pieces, complete = [], None
        for event in answer["EventStream"]:
            if "PayloadChunk" in event:
                pieces.append(event["PayloadChunk"]["Payload"])
            else:
                complete = event["InvokeComplete"]
        self.assertEqual(pieces, [b"one ", b"two"])
        self.assertNotIn("ErrorCode", complete)
        self.assertIn("REPORT", base64.b64decode(complete["LogResult"]).decode())

    def test_stream_that_breaks_off(self):
        answer = self.client.invoke_with_response_stream(
            FunctionName="f", Payload=json.dumps({"do": "stream", "pieces": ["half"], "fails": True})
        )
        events = list(answer["EventStream"])
        self.assertEqual(events[0]["PayloadChunk"]["Payload"], b"half")
        self.assertEqual(events[-1]["InvokeComplete"]["ErrorCode"], "Function.Halfway")
        self.assertEqual(events[-1]["InvokeComplete"]["ErrorDetails"], "{}")

    def test_too_large(self):
        with self.assertRaises(self.client.exceptions.RequestTooLargeException):
            self.client.invoke(FunctionName="f", Payload=json.dumps("x" * (6 * 1048576)))

    def test_response_too_large(self):
        limit = 6291556
        answer = self.invoke({"do": "big", "bytes": limit})
        self.assertEqual(len(answer["Payload"].read()), limit)
        answer = self.invoke({"do": "big", "bytes": limit + 1})
        self.assertEqual(json.load(answer["Payload"])["errorType"], "Function.ResponseSizeTooLarge")
        self.assertEqual(self.invoke({})["StatusCode"], 200)

    def test_no_json(self):
        with self.assertRaises(self.client.exceptions.InvalidRequestContentException):
            self.client.invoke(FunctionName="f", Payload=b"{nonsense")

    def test_timeout_kills_and_replaces(self):
        before = json.load(self.invoke({})["Payload"])["pid"]
        began = time.monotonic()
        answer = self.invoke({"do": "sleep", "seconds": 30})
        self.assertTrue(1.9 < time.monotonic() - began < 2.6)
        self.assertEqual(answer["FunctionError"], "Unhandled")
        error = json.load(answer["Payload"])
        self.assertEqual(error["errorType"], "Sandbox.Timedout")
        self.assertRegex(error["errorMessage"], r"^RequestId: \S+ Error: Task timed out after 2.00 seconds$")
        self.assertTrue(wait_for(lambda: not self.emulator.ps()))
        after = json.load(self.invoke({})["Payload"])["pid"]
        self.assertNotEqual(before, after)

    def test_crash(self):
        for event, words in [({"do": "exit", "status": 3}, "exit status 3"), ({"do": "crash"}, "segmentation fault")]:
            answer = self.invoke(event)
            self.assertEqual(answer["FunctionError"], "Unhandled")
            error = json.load(answer["Payload"])
            self.assertEqual(error["errorType"], "Runtime.ExitError")
            self.assertIn(words, error["errorMessage"])


if __name__ == "__main__":
    unittest.main()
