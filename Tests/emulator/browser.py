"""A headless Chromium that is told what to do over a pipe, as its developer tools are: no port, no driver, no package."""
import base64
import fcntl
import itertools
import json
import os
import select
import subprocess
import tempfile
import time


def find():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = subprocess.run(["sh", "-c", f"command -v {name}"], capture_output=True, text=True).stdout.strip()
        if found:
            return found
    raise AssertionError("no Chromium: run ./Tests/run.sh, which installs it")


def moved(descriptor):
    other = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return other


class Browser:
    """One page. `complaints` is what its scripts and the browser said was wrong, `asked` what it asked the network for."""

    KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "ArrowDown": (40, ""), "ArrowRight": (39, "")}

    def __init__(self, width=1280, height=900, is_phone=False, is_dark=False):
        self.complaints, self.asked = [], []
        self.numbers = itertools.count(1)
        self.answers = {}
        self.rest = b""
        program = find()
        self.folder = tempfile.TemporaryDirectory(prefix="vernal-browser-")
        to_read, self.to = os.pipe()
        self.source, to_write = os.pipe()
        # Not where the browser expects the other one.
        to_read, to_write = moved(to_read), moved(to_write)
        self.process = subprocess.Popen(
            [
                "bash", "-c", f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}', program, "--headless", "--no-sandbox",
                "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--no-first-run", "--no-pings", "--disable-dev-shm-usage", "--remote-debugging-pipe",
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
                f"--user-data-dir={self.folder.name}/profile", "about:blank",
            ],
            pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self.session = None
        try:
            self.prepare(width, height, is_phone, is_dark)
        except BaseException:
            self.process.kill()
            self.clean_up()
            raise

    def prepare(self, width, height, is_phone, is_dark):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if is_phone else 1,
            mobile=is_phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.session = None
            self.call("Browser.close")
        except (AssertionError, OSError):
            self.process.kill()
        self.clean_up()

    def clean_up(self):
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
        os.close(self.to)
        os.close(self.source)
        # Its helpers write for a moment longer than it lives.
        for _ in range(50):
            try:
                self.folder.cleanup()
                return
            except OSError:
                time.sleep(0.1)

    def call(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + 60
        while number not in self.answers:
            assert time.monotonic() < end, f"no answer to {method}"
            self.read(1)
        answer = self.answers.pop(number)
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def read(self, seconds):
        if not select.select([self.source], [], [], seconds)[0]:
            return
        more = os.read(self.source, 1 << 20)
        assert more, "the browser has ended"
        *whole, self.rest = (self.rest + more).split(b"\0")
        for text in whole:
            message = json.loads(text)
            if "id" in message:
                self.answers[message["id"]] = message
            else:
                self.note(message["method"], message["params"])

    def note(self, method, event):
        if method == "Network.requestWillBeSent":
            self.asked.append(event["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(event["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif method == "Log.entryAdded" and event["entry"]["level"] == "error":
            self.complaints.append(event["entry"]["text"])

    def open(self, url):
        self.call("Page.navigate", url=url)

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, (expression, result["exceptionDetails"])
        return result["result"].get("value")

    def wait_for(self, expression, seconds=15):
        """Waits until an expression is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self.value(f"!!({expression})"):
                    return
            except AssertionError:
                pass  # The page is not there yet.
            self.read(0.05)
        raise AssertionError(f"{expression} did not become true; {self.complaints}")

    def press(self, key):
        code, text = self.KEYS.get(key, (ord(key.upper()[0]), key))
        down = {"type": "keyDown", "key": key, "windowsVirtualKeyCode": code}
        if text:
            down["text"] = text
        self.call("Input.dispatchKeyEvent", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def screenshot(self, name):
        """Keeps a picture of the whole page where VERNAL_SCREENSHOTS says."""
        folder = os.environ.get("VERNAL_SCREENSHOTS")
        if not folder:
            return
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(os.path.join(folder, name + ".png"), "wb") as file:
            file.write(base64.b64decode(data))
