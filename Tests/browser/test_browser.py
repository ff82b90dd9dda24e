"""No request of a page in a browser on the gateway's own machine reaches the upstream, whatever the page tries.

The same page makes the same attempts at a server without a guard, which must receive all of them. That shows that the
browser does send them, and that the gateway stops them."""

import base64
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "faults"))

from peers import answer, eventually  # noqa: E402
from rig import Lab  # noqa: E402

PATIENCE = 90
BROWSER = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") \
    or shutil.which("google-chrome")
WAYS = ["simple GET", "no-cors GET", "no-cors POST", "PUT with preflight", "image", "script", "form POST"]


class Unguarded(http.server.ThreadingHTTPServer):
    """A service without a guard that allows pages everything. It notes the calls that reach it."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), UnguardedCall)
        self.calls = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """Ignores errors: browsers reset connections that they no longer need."""


class UnguardedCall(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.calls.append((self.command, self.path, self.headers.get("Host")))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Methods", "*")
        self.send_header("Access-Control-Allow-Headers", "*")
        self.send_header("Access-Control-Allow-Private-Network", "true")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_OPTIONS = _answer

    def log_message(self, *_):
        pass


class PageServer:
    """Serves the page and receives its reports. It also simulates DNS rebinding: with `then`, paths of the API on its
    own port are relayed to that port instead."""

    def __init__(self, targets, then=None):
        page = (HERE / "attack.html").read_text()
        self.page = page.replace("TARGETS", base64.b64encode(json.dumps(targets).encode()).decode()).encode()
        self.then = then
        self.reports = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(PATIENCE)
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            method, path = head.split(b" ")[:2]
            if self.then and path.startswith(b"/api/"):
                self._relay(connection, data)
                return
            length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                           if line.lower().startswith(b"content-length:")), 0)
            while len(body) < length:
                more = connection.recv(65536)
                if not more:
                    return
                body += more
            content = b""
            if path == b"/report":
                self.reports.append(json.loads(body))
            elif path == b"/":
                content = self.page
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
                               b"Content-Length: %d\r\n\r\n" % len(content) + content)
        except OSError:
            pass
        finally:
            connection.close()

    def _relay(self, connection, data):
        """Relays as if the browser had connected to the other port itself. One request per connection, because the next
        one may be a report."""
        data = data.replace(b"Connection: keep-alive", b"Connection: close", 1)
        with socket.create_connection(("127.0.0.1", self.then)) as other:
            other.sendall(data)
            other.settimeout(10)

            def back():
                try:
                    while more := other.recv(65536):
                        connection.sendall(more)
                except OSError:
                    pass
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

            threading.Thread(target=back, daemon=True).start()
            try:
                while more := connection.recv(65536):
                    other.sendall(more)
            except OSError:
                pass

    @property
    def is_finished(self):
        return any(report.get("finished") for report in self.reports)

    def outcomes(self, target):
        return {report["way"]: report["outcome"] for report in self.reports if report.get("target") == target}


def visit(page, host):
    """Opens the page under the name `host` and waits until it has made all attempts."""
    profile = tempfile.TemporaryDirectory(prefix="scorm-gateway-browser.", ignore_cleanup_errors=True)
    complaints = pathlib.Path(profile.name) / "complaints"
    with complaints.open("wb") as said:
        browser = subprocess.Popen(
            [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--no-proxy-server", "--disable-background-networking",
             f"--user-data-dir={profile.name}",
             "--host-resolver-rules=MAP rebound.test 127.0.0.1", f"http://{host}:{page.port}/"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
            start_new_session=True)
    try:
        eventually(lambda: page.is_finished or browser.poll() is not None, "the page has tried everything",
                   PATIENCE)
        if not page.is_finished:
            raise AssertionError("the browser ended: " + complaints.read_text("utf-8", "replace")[-2000:])
    finally:
        try:
            os.killpg(browser.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        browser.wait(10)
        profile.cleanup()


@unittest.skipUnless(BROWSER, "there is no Chromium here: install it, or name a browser in CHROMIUM")
class Browser(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.stop)
        self.reached = []

        def note(conversation, request):
            self.reached.append(f"{request.method} {request.target}")
            conversation.read_body(request)
            # Like an upstream that lets pages read its answers. The gateway must not pass that on either.
            conversation.send(answer(200, b"{}", b"Access-Control-Allow-Origin: *\r\n"))
            return True

        self.lab.upstream.on_request = note
        self.unguarded = Unguarded()
        self.addCleanup(self.unguarded.server_close)
        self.addCleanup(self.unguarded.shutdown)

    def check_control(self):
        """Checks that a request without Origin and with the right Host does reach the upstream, and is noted."""
        got = self.lab.call("GET", "/api/v2/ping?way=control")
        self.assertEqual(got.status, 200)
        self.assertNotIn("access-control-allow-origin", got.fields)
        self.assertEqual(self.reached, ["GET /api/v2/ping?way=control"])

    def check_refusals(self, kinds, at_least):
        """Checks that the attempts reached the gateway, which refused them for the right reasons."""
        def attempts():
            return [line for line in self.lab.lines() if "way=control" not in line.get("url.query", "")]

        eventually(lambda: len(attempts()) >= at_least, f"the log has {at_least} lines of attempts")
        for line in attempts():
            self.assertIn(line.get("error.type"), kinds, line)
            self.assertEqual(line["http.response.status_code"], 403, line)

    def check_attempts(self, page, target, may_be_silent=()):
        outcomes = page.outcomes(target)
        self.assertEqual(sorted(outcomes), sorted(WAYS), f"the page did not try everything at {target}")
        for way in ("simple GET", "PUT with preflight", "script"):
            if way not in may_be_silent:
                self.assertIn(outcomes[way], ("rejected", "error"), f"{target}: {way}")

    def unguarded_ways(self, host=None):
        return {path.partition("way=")[2] for method, path, named in self.unguarded.calls
                if method != "OPTIONS" and (host is None or named.startswith(host))}

    def test_pages_of_another_site(self):
        lab, control = self.lab.port, self.unguarded.server_port
        page = PageServer({
            "gateway": f"http://127.0.0.1:{lab}", "gateway by name": f"http://localhost:{lab}",
            "gateway by 0.0.0.0": f"http://0.0.0.0:{lab}", "admin pages": f"http://127.0.0.1:{self.lab.admin_port}",
            "unguarded": f"http://127.0.0.1:{control}", "unguarded by 0.0.0.0": f"http://0.0.0.0:{control}"})
        visit(page, "127.0.0.1")
        for target in ("gateway", "gateway by name", "gateway by 0.0.0.0", "admin pages"):
            self.check_attempts(page, target)
        self.assertEqual(self.reached, [], "a page reached the upstream")
        # All attempts reach a service without a guard.
        every = {"simple-get", "no-cors-get", "no-cors-post", "put", "image", "script", "form"}
        self.assertEqual(self.unguarded_ways("127.0.0.1"), every)
        by_zero = self.unguarded_ways("0.0.0.0")
        print(f"by 0.0.0.0 this browser sends: {sorted(by_zero) or 'nothing'}", file=sys.stderr)
        self.check_control()
        # By two names each. The refused preflight counts for its PUT.
        self.check_refusals({"browser-refused", "host-refused"}, 2 * len(WAYS))

    def test_pages_whose_name_was_rebound(self):
        # From one moment to the next, the gateway has the page's own origin.
        page = PageServer({"itself": ""}, then=self.lab.port)
        visit(page, "rebound.test")
        self.assertEqual(sorted(page.outcomes("itself")), sorted(WAYS))
        self.assertEqual(page.outcomes("itself")["simple GET"], "read 403")
        self.assertEqual(self.reached, [], "a page reached the upstream")
        self.check_refusals({"host-refused", "browser-refused"}, len(WAYS))
        self.assertIn("host-refused", {line.get("error.type") for line in self.lab.lines()})
        self.check_control()

        # The same trick works with a server that does not check Host.
        page = PageServer({"itself": ""}, then=self.unguarded.server_port)
        visit(page, "rebound.test")
        self.assertEqual(page.outcomes("itself")["simple GET"], "read 200")
        self.assertLessEqual({"simple-get", "no-cors-post", "put", "image", "form"}, self.unguarded_ways("rebound.test"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
