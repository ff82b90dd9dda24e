"""A built gateway with callers, limits and a journal, between a scripted upstream and a scripted token endpoint, with
traffic for the page to show."""

import datetime
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))

from peers import Caller, ScriptedServer, TokenEndpoint, answer, eventually  # noqa: E402

CALLERS = ("crm", "portal", "reports")
CONFIGURATION = """\
listen:
  - {{address: "127.0.0.1:{crm}", caller: crm}}
  - {{address: "127.0.0.1:{portal}", caller: portal}}
  - {{address: "127.0.0.1:{reports}", caller: reports}}
admin:
  address: "127.0.0.1:{admin}"
{admin_more}
upstream:
  url: http://127.0.0.1:{upstream}/api/v2
  proxy: none
apps:
  - {{name: academy, id: ACADEMY, secret: {{file: {folder}/secret}}}}
  - {{name: partners, id: PARTNERS, secret: {{file: {folder}/secret}}}}
defaultApp: academy
callers:
  - {{name: crm, apps: [academy, partners], allow: ["*"]}}
  - {{name: portal, apps: [academy], allow: ["read:*", "write:*"]}}
  - {{name: reports, apps: [academy], allow: ["read:*"]}}
tokens:
  url: http://127.0.0.1:{tokens}/token
limits:
  - {{name: all, per: app, rate: 300/1s, burst: 400, onExceed: queue}}
  - {{name: writes, per: caller, match: {{access: write}}, rate: 600/1m, burst: 100, concurrency: 8, onExceed: refuse}}
traffic:
  log: {{path: {folder}/traffic.log, format: json}}
  journal: {{path: {folder}/traffic.sqlite}}
"""
PATHS = ["/api/v2/courses", "/api/v2/registrations", "/api/v2/courses/{}", "/api/v2/registrations/{}",
         "/api/v2/registrations/{}/launchHistory", "/api/v2/ping"]


class World:
    def __init__(self, history=0, admin_more="", lines=()):
        """`history`: minutes of traffic in the journal when the gateway starts. `lines`: additional log lines."""
        self.temporary = tempfile.TemporaryDirectory(prefix="scorm-gateway-page.")
        self.folder = pathlib.Path(self.temporary.name)
        (self.folder / "secret").write_text("CANARY-SECRET-7261\n")
        (self.folder / "secret").chmod(0o600)
        self.dice = random.Random(7)
        self.upstream = ScriptedServer(on_request=self._answer)
        self.tokens = TokenEndpoint()
        #: The share of failing answers of the upstream, and the seconds of an answer.
        self.failing, self.pace = 0.02, 0.012
        self.pausing = 0
        self.admin_more = admin_more
        self.ports = dict.fromkeys((*CALLERS, "admin"), 0)
        self.process, self.load = None, None
        self.gateway = os.environ["GATEWAY"]
        if history or lines:
            self._import([*self._history(history), *lines])
        try:
            self.start()
        except BaseException:
            print(self.said(), file=sys.stderr)
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _answer(self, conversation, request):
        conversation.read_body(request)
        time.sleep(self.dice.lognormvariate(0, 0.5) * self.pace)
        if self.pausing > 0:
            self.pausing -= 1
            conversation.send(answer(429, b'{"message":"slow down"}', b"Retry-After: 20\r\n"))
            return True
        roll = self.dice.random()
        if roll < self.failing:
            conversation.send(answer(503, b'{"message":"try later"}'))
        elif "missing" in request.target:
            conversation.send(answer(404, b'{"message":"there is none"}'))
        else:
            conversation.send(answer(200, b'{"courses":[]}' * self.dice.randrange(1, 60)))
        return True

    def _history(self, minutes):
        """Lines of the log as the gateway writes them, with past times."""
        end = time.time()
        lines = []
        at = end - minutes * 60
        operations = [("GET", "/api/v2/courses", "GetCourses"), ("GET", "/api/v2/registrations", "GetRegistrations"),
                      ("GET", "/api/v2/registrations/r-{}", "GetRegistration"),
                      ("POST", "/api/v2/registrations", "CreateRegistration"),
                      ("GET", "/api/v2/courses/c-{}", "GetCourse")]
        while at < end - 2:
            phase = (end - at) / 60
            rate = 4 + 3 * abs(7 - phase) / 7 + (9 if 4 < phase < 6 else 0)
            at += self.dice.expovariate(rate)
            method, path, operation = self.dice.choices(operations, (5, 6, 7, 2, 4))[0]
            status, error, ended = 200, None, "completed"
            duration = self.dice.lognormvariate(-4.1, 0.45) * (3 if 4.5 < phase < 5.6 else 1)
            if self.dice.random() < (0.14 if 4.6 < phase < 5.4 else 0.004):
                status, error, ended = self.dice.choice(
                    [(503, None, "completed"), (502, "upstream-closed", "upstream/response-head"),
                     (504, "upstream-timeout", "upstream/response-head")])
            elif self.dice.random() < 0.012:
                status = 404
            stamp = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            line = {"timestamp": stamp, "request_id": f"{self.dice.getrandbits(64):016x}", "client.address": "127.0.0.1",
                    "http.request.method": method, "url.path": path.format(self.dice.randrange(400)),
                    "user_agent.original": "crm/4.2", "caller": self.dice.choices(CALLERS, (6, 3, 1))[0], "app": "academy",
                    "operation": operation, "credential": "token", "scope": "read:registration",
                    "upstream": [{"address": "cloud.scorm.com:443", "status": status, "duration": round(duration, 6)}],
                    "http.response.status_code": status, "http.request.body.size": 0,
                    "http.response.body.size": self.dice.randrange(200, 9000), "duration": round(duration + 0.0004, 6),
                    "queue_wait": 0, "token_wait": 0, "termination": ended}
            if error:
                line["error.type"] = error
            lines.append(json.dumps(line, separators=(",", ":")))
        return lines

    def _import(self, lines):
        log = self.folder / "history.log"
        log.write_text("\n".join(lines) + "\n")
        subprocess.run([self.gateway, "traffic", "import", str(log), "--journal", str(self.folder / "traffic.sqlite")],
                       check=True, stdout=subprocess.DEVNULL)

    # MARK: The process

    def start(self):
        configuration = self.folder / "gateway.yaml"
        configuration.write_text(CONFIGURATION.format(
            folder=self.folder, upstream=self.upstream.port, tokens=self.tokens.port,
            admin_more=self.admin_more, **self.ports))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SCORM_")}
        with open(self.folder / "gateway.out", "wb") as output:
            self.process = subprocess.Popen(
                [self.gateway, "serve", "-c", str(configuration), "--threads", "2"], stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, cwd=self.folder, env=environment)
        found = eventually(self._addresses, "the gateway serves")
        self.ports = dict(zip((*CALLERS, "admin"), found))
        eventually(lambda: self._is_ready(), "the gateway is ready")

    def said(self):
        return (self.folder / "gateway.out").read_text("utf-8", "replace")

    def _addresses(self):
        if self.process.poll() is not None:
            raise AssertionError("the gateway ended: " + self.said())
        admin = re.search(r"admin pages on http://[\d.]+:(\d+)", self.said())
        callers = re.findall(r"127\.0\.0\.1:(\d+)", self.said().split("admin pages")[0])
        return (*map(int, callers[:3]), int(admin[1])) if admin and len(callers) >= 3 else None

    def _is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.page}/readyz", timeout=5) as got:
                return got.status == 200
        except OSError:
            return False

    @property
    def page(self):
        return f"http://127.0.0.1:{self.ports['admin']}"

    def memory(self):
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def stop(self):
        self.quiet()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.upstream.stop()
        self.tokens.stop()
        self.temporary.cleanup()

    # MARK: Traffic

    def get(self, path):
        with urllib.request.urlopen(self.page + path, timeout=10) as got:
            return json.load(got)

    def call(self, path="/api/v2/ping", caller="crm", method="GET", fields="", request_id=None):
        """Makes a call on a new connection and returns its status."""
        if request_id:
            fields += f"X-Request-Id: {request_id}\r\n"
        with Caller(self.ports[caller]) as connection:
            connection.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode("latin-1"))
            return connection.read_answer(method).status

    def begin(self, rate, threads=4):
        """Makes `rate` calls per second until `quiet`."""
        self.load = threading.Event()
        for number in range(threads):
            threading.Thread(target=self._call, args=(self.load, rate / threads, number), daemon=True).start()

    def quiet(self):
        if self.load:
            self.load.set()

    def _call(self, ended, rate, number):
        dice = random.Random(number)
        caller, due, connection = CALLERS[number % len(CALLERS)], time.monotonic(), None
        while not ended.is_set():
            due = max(due + dice.expovariate(rate), time.monotonic() - 1)
            if ended.wait(max(0, due - time.monotonic())):
                break
            path = dice.choice(PATHS).format(f"item-{dice.randrange(500)}" if dice.random() > 0.03 else "missing")
            if dice.random() < 0.01:
                path = "/api/v2/unheard-of"
            method = "DELETE" if dice.random() < 0.01 else "GET"
            try:
                connection = connection or Caller(self.ports[caller], patience=10)
                connection.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {caller}/4.2\r\n\r\n".encode())
                if connection.read_answer(method).end != "open":
                    connection = connection.close()
            except OSError:
                connection = connection and connection.close()
        if connection:
            connection.close()
