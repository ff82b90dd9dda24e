"""A headless Chromium, controlled with its DevTools protocol over two pipes: no port, no package."""

import base64
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

BROWSER = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") \
    or shutil.which("google-chrome")
KEYS = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowRight": 39}


class Chromium:
    """A browser with one page."""

    def __init__(self, width=1024, height=768):
        self.profile = tempfile.TemporaryDirectory(prefix="scorm-gateway-browser.", ignore_cleanup_errors=True)
        reads, self.writes = os.pipe()
        self.answers, writes = os.pipe()
        # Not among the numbers used below.
        high_reads, high_writes = (fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in (reads, writes))
        os.close(reads)
        os.close(writes)

        def preexec():
            # Chromium reads commands from 3 and writes answers to 4.
            os.dup2(high_reads, 3)
            os.dup2(high_writes, 4)

        self.process = subprocess.Popen(
            [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--no-proxy-server", "--disable-background-networking", "--hide-scrollbars", "--remote-debugging-pipe",
             "--enable-precise-memory-info", f"--user-data-dir={self.profile.name}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=preexec, start_new_session=True)
        os.close(high_reads)
        os.close(high_writes)
        self.number, self.results, self.changed = 0, {}, threading.Condition()
        #: Errors of the page: exceptions, console errors, violations of its content security policy.
        self.complaints = []
        self.requests = []
        threading.Thread(target=self._listen, daemon=True).start()
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.page(f"{domain}.enable")
        self.resize(width, height)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(10)
        os.close(self.writes)
        self.profile.cleanup()

    def _listen(self):
        waiting = b""
        while True:
            try:
                data = os.read(self.answers, 1 << 20)
            except OSError:
                return
            if not data:
                return
            *messages, waiting = (waiting + data).split(b"\0")
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message):
        with self.changed:
            if "id" in message:
                self.results[message["id"]] = message
            elif message["method"] == "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(message["params"]["exceptionDetails"])[:2000])
            elif message["method"] == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.complaints.append(json.dumps(message["params"]["entry"])[:2000])
            elif message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            self.changed.notify_all()

    def call(self, method, session=None, **parameters):
        with self.changed:
            self.number += 1
            number = self.number
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.writes, json.dumps(message).encode() + b"\0")
        with self.changed:
            if not self.changed.wait_for(lambda: number in self.results, 60):
                raise TimeoutError(method)
            answer = self.results.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def page(self, method, **parameters):
        return self.call(method, self.session, **parameters)

    def open(self, url):
        self.page("Page.navigate", url=url)

    def evaluate(self, script):
        """The value of a script, which may be a promise."""
        result = self.page("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(json.dumps(result["exceptionDetails"])[:3000])
        return result["result"].get("value")

    def wait(self, script, what=None, patience=20):
        """Waits until the script's value is true."""
        end = time.monotonic() + patience
        while True:
            try:
                value = self.evaluate(script)
            except (RuntimeError, AssertionError):
                value = None  # the page is being loaded
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not within {patience} s: {what or script}\n{self.text()[:3000]}\n{self.complaints[-3:]}")
            time.sleep(0.1)

    def text(self):
        return self.evaluate("document.body.innerText")

    def key(self, key):
        code = {"key": key, "windowsVirtualKeyCode": KEYS.get(key, ord(key.upper()[0]))}
        text = "\r" if key == "Enter" else key if len(key) == 1 else None
        self.page("Input.dispatchKeyEvent", type="keyDown", **code, **({"text": text} if text else {}))
        self.page("Input.dispatchKeyEvent", type="keyUp", **code)

    def type(self, text):
        self.page("Input.insertText", text=text)

    def resize(self, width, height):
        self.page("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        self.page("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def point(self, x, y):
        self.page("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def picture(self, path):
        data = self.page("Page.captureScreenshot", format="png", captureBeyondViewport=False)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def heap(self):
        """The bytes of the page's objects after garbage collection."""
        self.page("HeapProfiler.collectGarbage")
        return self.page("Runtime.getHeapUsage")["usedSize"]
