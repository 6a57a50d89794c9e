"""What goes wrong is said, with what to do about it, and leaves no process and no file behind."""
import http.client
import json
import os
import pty
import signal
import subprocess
import tempfile
import time
import unittest

from harness import BOOTSTRAP, VERNAL, Emulator, children_of, is_alive, wait_for


def refused(*arguments):
    result = subprocess.run([VERNAL, *arguments], capture_output=True, text=True, timeout=30)
    return result.returncode, result.stderr


class WrongProgram(unittest.TestCase):
    def test_missing(self):
        status, said = refused("run", "--no-database", "--listen", "127.0.0.1:0", "--", "./no-such-function")
        self.assertEqual(status, 66)
        self.assertIn("there is no file ./no-such-function; build it first", said)

    def test_not_executable(self):
        with tempfile.NamedTemporaryFile() as file:
            status, said = refused("run", "--no-database", "--", file.name)
            self.assertEqual(status, 66)
            self.assertIn(f"chmod +x {file.name}", said)

    def test_a_folder(self):
        status, said = refused("run", "--no-database", "--", "/tmp")
        self.assertEqual(status, 66)
        self.assertIn("is a folder", said)

    def test_not_a_program_of_this_machine(self):
        with tempfile.NamedTemporaryFile("w", suffix=".bin", delete=False) as file:
            file.write("nonsense\x00")
            os.chmod(file.name, 0o755)
        try:
            with Emulator(program=(file.name,)) as emulator:
                _, error = emulator.invoke({})
                self.assertEqual(error["errorType"], "Runtime.InvalidEntrypoint")
        finally:
            os.unlink(file.name)

    def test_wrong_usage(self):
        for arguments, words in [
            (["run"], "Write it after '--'"),
            (["run", "-n", "0", "--", "x"], "--environments has to be from 1"),
            (["run", "--timeout", "soon", "--", "x"], "--timeout"),
            (["run", "--listen", "nowhere", "--", "x"], "--listen"),
            (["run", "--freeze", "--concurrency-per-environment", "2", "--", "x"], "leave out --freeze"),
            (["run", "--env-file", "/no/file", "--", "x"], "/no/file cannot be read"),
            (["storm", "--max-connections", "3", "--", "x"], "--max-connections has to be from 4"),
            (["storm", "--path", "slow", "--", "x"], "--path has to begin with '/'"),
            (["storm", "--floor", "healthz", "--", "x"], "--floor has to begin with '/'"),
            (["storm", "--concurrency-per-environment", "0", "--", "x"], "--concurrency-per-environment has to be"),
            (["run", "--event-retries", "3", "--", "x"], "--event-retries has to be from 0 to 2"),
            (["invoke", "--data", "1", "--file", "x"], "--data or --file"),
            (["fault", "cut"], "needs an environment"),
            (["ps", "--url", "nonsense"], "--url has to be like"),
        ]:
            status, said = refused(*arguments)
            self.assertEqual(status, 64, arguments)
            self.assertIn(words, said, arguments)

    def test_too_few_files(self):
        result = subprocess.run(
            ["sh", "-c", f"ulimit -n 256; exec {VERNAL} storm -n 50 -- {BOOTSTRAP}"], capture_output=True, text=True
        )
        self.assertEqual(result.returncode, 64)
        self.assertIn("50 environments need about 864 open files, and the limit is 256: run 'ulimit -n 4096'", result.stderr)

    def test_nobody_there(self):
        for command in (["ps"], ["invoke"], ["freeze", "1"], ["fault", "fill-slots"]):
            status, said = refused(*command, "--url", "http://127.0.0.1:1")
            self.assertEqual(status, 69)
            self.assertIn("start 'vernal run' first", said)


class WrongFunction(unittest.TestCase):
    def test_never_asks(self):
        with Emulator("--timeout", "500ms", "--init-timeout", "500ms", program=(BOOTSTRAP, "--never-next")) as emulator:
            response, error = emulator.invoke({})
            self.assertEqual(response.getheader("X-Amz-Function-Error"), "Unhandled")
            self.assertEqual(error["errorType"], "Sandbox.Timedout")
            self.assertTrue(wait_for(lambda: emulator.ps() == []))

    def test_ends_in_its_start(self):
        with Emulator(program=(BOOTSTRAP, "--exit-in-init", "7")) as emulator:
            for _ in range(2):
                _, error = emulator.invoke({})
                self.assertEqual(error["errorType"], "Runtime.ExitError")
                self.assertIn("exit status 7", error["errorMessage"])
            self.assertTrue(wait_for(lambda: "no configuration, giving up" in emulator.said()))

    def test_says_why_it_cannot_start(self):
        with Emulator(program=(BOOTSTRAP, "--init-error")) as emulator:
            _, error = emulator.invoke({})
            self.assertEqual(error, {"errorMessage": "no database", "errorType": "Runtime.NoDatabase"})

    def test_starts_too_slowly_for_one_try_only(self):
        with Emulator(
            "--init-timeout", "300ms", "--timeout", "3s", program=(BOOTSTRAP, "--init-sleep", "0.6")
        ) as emulator:
            _, answer = emulator.invoke({})
            self.assertIn("echo", answer)

    def test_writes_megabytes(self):
        with Emulator("--timeout", "20s") as emulator:
            _, answer = emulator.invoke({"do": "log", "kilobytes": 8192})
            self.assertIn("echo", answer)
            self.assertTrue(wait_for(lambda: emulator.said().count("x" * 127) == 65536, 20))

    def test_uses_too_much_memory(self):
        with Emulator("--memory", "64", "--timeout", "10s") as emulator:
            _, error = emulator.invoke({"do": "memory", "megabytes": 200})
            self.assertEqual(error["errorType"], "Runtime.ExitError")
            self.assertIn("more than its 64 MB", emulator.said())

    def test_what_it_started_ends_with_it(self):
        with Emulator("--timeout", "5s") as emulator:
            _, answer = emulator.invoke({"do": "child"})
            child = children_of(answer["pid"])[0]
            emulator.tool("kill", "1")
            self.assertTrue(wait_for(lambda: not is_alive(child)))


class Ends(unittest.TestCase):
    def test_ports_taken(self):
        with Emulator() as emulator:
            status, said = refused(
                "run", "--no-database", "--listen", f"127.0.0.1:{emulator.port}", "--", BOOTSTRAP
            )
            self.assertEqual(status, 69)
            self.assertIn(f"cannot listen on 127.0.0.1:{emulator.port}", said)
            self.assertIn("choose another address with --listen", said)

    def test_two_emulators(self):
        with Emulator() as one, Emulator() as two:
            first, second = one.invoke({})[1], two.invoke({})[1]
            self.assertNotEqual(first["pid"], second["pid"])

    def check_end(self, number, *options, stopped=False, database=True):
        emulator = Emulator("--freeze", *options, database=database)
        pids = [emulator.invoke({})[1]["pid"]]
        self.assertEqual(len(emulator.temporary_files()), 1 if database else 0)
        self.assertTrue(emulator.wait_for_state("frozen"))
        status = emulator.end(number)
        self.assertTrue(wait_for(lambda: not any(map(is_alive, pids)), 10))
        return status

    def test_interrupted(self):
        self.assertEqual(self.check_end(signal.SIGINT), 0)

    def test_terminated(self):
        self.assertEqual(self.check_end(signal.SIGTERM), 0)

    def test_killed(self):
        self.assertEqual(self.check_end(signal.SIGKILL), -9)

    def test_after_a_child_was_killed(self):
        emulator = Emulator(database=True)
        pid = emulator.invoke({})[1]["pid"]
        os.kill(pid, signal.SIGKILL)
        self.assertTrue(wait_for(lambda: emulator.ps() == []))
        self.assertIn("echo", emulator.invoke({})[1])
        self.assertEqual(emulator.end(), 0)

    def test_terminated_with_grace(self):
        with tempfile.NamedTemporaryFile("r") as file:
            program = (BOOTSTRAP, "--term-file", file.name)
            emulator = Emulator("--shutdown", "term", "--freeze", program=program)
            emulator.invoke({})
            self.assertTrue(emulator.wait_for_state("frozen"))
            emulator.end()
            self.assertEqual(file.read(), "terminated\n")

    def test_killed_without_notice(self):
        with tempfile.NamedTemporaryFile("r") as file:
            emulator = Emulator("--shutdown", "kill", program=(BOOTSTRAP, "--term-file", file.name))
            emulator.invoke({})
            emulator.end()
            self.assertEqual(file.read(), "")

    def test_reaped(self):
        with Emulator("--idle-after", "300ms") as emulator:
            first = emulator.invoke({})[1]
            self.assertTrue(wait_for(lambda: emulator.ps() == []))
            self.assertFalse(is_alive(first["pid"]))
            self.assertNotEqual(emulator.invoke({})[1]["pid"], first["pid"])

    def test_watch(self):
        with tempfile.TemporaryDirectory() as folder:
            with Emulator("--watch", folder, "--build", "echo building") as emulator:
                first = emulator.invoke({})[1]["pid"]
                time.sleep(1.1)
                with open(os.path.join(folder, "changed.swift"), "w") as file:
                    file.write("x")
                self.assertTrue(wait_for(lambda: not is_alive(first)))
                self.assertIn("building", emulator.said())
                self.assertNotEqual(emulator.invoke({})[1]["pid"], first)


class Output(unittest.TestCase):
    def test_report_lines(self):
        with Emulator() as emulator:
            emulator.invoke({"do": "say", "text": "hello"})
            # What the function prints has a way of its own, and may come behind the report.
            self.assertTrue(wait_for(lambda: "REPORT" in emulator.said() and "[1] hello\n" in emulator.said()), emulator.said())
            said = emulator.said()
            self.assertRegex(said, r"\[1\] REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 512 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\n")
            self.assertNotIn("\x1b", said)
            init = float(said.split("Init Duration: ")[1].split(" ")[0])
            self.assertTrue(5 < init < 3000, init)

    def test_json(self):
        with Emulator("--log-format", "json") as emulator:
            emulator.invoke({"do": "say", "text": "hello"})
            self.assertTrue(wait_for(lambda: "platform.report" in emulator.said() and "hello" in emulator.said()))
            records = [json.loads(line) for line in emulator.said().splitlines()]
            self.assertIn({"hello"}, [{r["record"]} for r in records if r["type"] == "function"])
            report = next(r for r in records if r["type"] == "platform.report")
            self.assertEqual(report["record"]["status"], "success")

    def on_a_terminal(self, **variables):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [VERNAL, "run", "--listen", "127.0.0.1:0", "--no-database", "--", BOOTSTRAP],
            stdout=subprocess.PIPE, stderr=theirs, text=True, start_new_session=True,
            env={**os.environ, "TERM": "xterm", **variables},
        )
        os.close(theirs)
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/")
        connection.getresponse().read()
        connection.close()
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        shown = b""
        try:
            while more := os.read(ours, 65536):
                shown += more
        except OSError:
            pass
        os.close(ours)
        process.wait(10)
        process.stdout.close()
        return shown.decode()

    def test_live_view(self):
        shown = self.on_a_terminal()
        self.assertIn("1 idle", shown)
        self.assertIn("0 in flight", shown)
        self.assertIn("1 invocations", shown)
        self.assertIn("\x1b[2A", shown)
        self.assertRegex(shown, "\x1b\\[[0-9]+m")

    def test_no_color(self):
        shown = self.on_a_terminal(NO_COLOR="1")
        self.assertIn("1 idle", shown)
        self.assertNotRegex(shown, "\x1b\\[[0-9]+m")

    def test_variables(self):
        with tempfile.NamedTemporaryFile("w", suffix=".env") as file:
            file.write("# comment\nexport A=\"1 2\"\nB='x=y'\n")
            file.flush()
            with Emulator("--env-file", file.name, "--env", "B=z", "--env", "C=") as emulator:
                _, variables = emulator.invoke({"do": "environment"})
                self.assertEqual([variables[name] for name in "ABC"], ["1 2", "z", ""])

    def test_invoke_and_ps(self):
        with Emulator() as emulator:
            result = emulator.tool("invoke", "--event", "sqs", "--data", "hi")
            self.assertEqual(json.loads(result.stdout)["echo"]["Records"][0]["body"], "hi")
            result = emulator.tool("invoke", "--data", '{"do":"error"}', "--json", check=False)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(json.loads(result.stdout)["functionError"], "Unhandled")
            result = emulator.tool("ps")
            self.assertRegex(result.stdout, r"ENV +PID +STATE")
            self.assertEqual(json.loads(emulator.tool("ps", "--json").stdout)[0]["state"], "idle")
            self.assertEqual(emulator.tool("freeze", "9", check=False).returncode, 1)
            for kind in ("apigw-v2", "apigw-v1", "alb", "s3", "cloudevent"):
                result = emulator.tool("invoke", "--event", kind, "--path", "/v2/raw?a=b")
                self.assertEqual(result.returncode, 0, kind)


if __name__ == "__main__":
    unittest.main()
