"""A built gateway between a scripted upstream and a scripted token endpoint, and the checks after every fault.

A row of the fault catalogue is a function marked `@row`. It gets a `Lab`, causes the fault, declares with `lab.expect`
which line each request must leave in the traffic log, and returns. The lab then checks the after-list:

- the process is alive, and `/healthz` and `/readyz` are correct,
- descriptors, threads and memory are back to their values before the fault,
- nothing is in flight, no limit holds a permit or a waiting call,
- each request left exactly one line, with the right termination, `error.type` and status,
- no output contains a secret or a token,
- the next valid request succeeds.
"""

import base64
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from peers import Caller, ScriptedServer, TokenEndpoint, eventually  # noqa: E402

APP, SECRET = "CANARY-APP-ID", "CANARY-SECRET-7261"
#: Bytes by which an idle process may grow: caches, spare buffers, pages that the allocator keeps.
MEMORY_ALLOWANCE = 12 << 20

CONFIGURATION = """\
listen:
  - address: 127.0.0.1:0
admin:
  address: 127.0.0.1:0
upstream:
  url: {upstream_url}
  connectTimeout: {connect_timeout}
  responseTimeout: {response_timeout}
  idleTimeout: {idle_timeout}
  maxConnections: {max_connections}
  proxy: none
{upstream_more}
apps:
  - name: main
    id: {app}
    secret: {{file: {secret_file}}}
{apps_more}
tokens:
  url: http://127.0.0.1:{token_port}/token
limits:
  - {{name: all-calls, per: gateway, rate: 1000000/1s, burst: 1000000, concurrency: 20000}}
{limits_more}
traffic:
  log: {{path: {traffic_log}, format: json}}
  journal: null
{more}
"""


#: Matches any value in a line.
ANY = "any"


class Skipped(Exception):
    """The row cannot be tested on this machine."""


def require(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise Skipped(f"{program} is not installed")


ROWS = []


def row(number, name, **options):
    """Marks a function as a row of the catalogue. `options` are passed to the `Lab`, and `needs` names required
    programs. With `lab=False` the function gets no lab and makes its own."""

    def mark(function):
        ROWS.append((number, name, function, options))
        return function

    return mark


class Lab:
    """Gateway, upstream and token endpoint.

    - `tls`: an `ssl.SSLContext` for the upstream; `host`: the name in `upstream.url`.
    - `settings`: values for the placeholders of `CONFIGURATION`; `more` and its like are YAML.
    - `wrapper`: a command that runs the binary, such as strace with its options. With `is_traced` the gateway is its
      child.
    """

    def __init__(self, tls=None, host=None, settings=None, wrapper=(), is_traced=False, threads=2,
                 environment=None, upstream_port=None, is_ready=True, preexec=None,
                 before_token=None):
        self.temporary = tempfile.TemporaryDirectory(prefix="scorm-gateway-faults.")
        self.directory = pathlib.Path(self.temporary.name)
        self.traffic_log = self.directory / "traffic.log"
        self.output = self.directory / "gateway.out"
        self.upstream = ScriptedServer(tls=tls)
        self.tokens = TokenEndpoint()
        self.tokens.before_answer = before_token
        self.expected, self.anonymous = {}, []
        self.sequence = itertools.count(1)
        self.process = None
        self.is_traced = is_traced
        host = host or "127.0.0.1"
        values = dict(
            upstream_url=f"{'https' if tls else 'http'}://{host}:"
                         f"{upstream_port or self.upstream.port}/api/v2",
            connect_timeout="2s", response_timeout="2s", idle_timeout="2s", max_connections=64,
            upstream_more="", apps_more="", limits_more="", more="", app=APP, secret_file=self.directory / "secret",
            token_port=self.tokens.port, traffic_log=self.traffic_log)
        values.update(settings or {})
        (self.directory / "secret").write_text(SECRET + "\n")
        (self.directory / "secret").chmod(0o600)
        self.configuration = self.directory / "gateway.yaml"
        self.configuration.write_text(CONFIGURATION.format(**values))
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(
            ("SCORM_", "HTTP_", "HTTPS_", "http_", "https_", "NO_PROXY", "no_proxy"))}
        self.environment.update(environment or {})
        self.command = [*wrapper, os.environ["GATEWAY"], "serve", "-c", str(self.configuration),
                        "--threads", str(threads)]
        self.preexec, self.is_ready = preexec, is_ready
        try:
            self.start()
        except BaseException:
            print(self.said(), file=sys.stderr)
            self.stop()
            raise

    # MARK: The process

    def start(self):
        """Starts or restarts the gateway, and waits until it is ready."""
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                cwd=self.directory, env=self.environment, preexec_fn=self.preexec)
        self.port, self.admin_port = eventually(self._ports, "the gateway serves")
        self.pid = self._find_pid()
        if self.is_ready:
            eventually(lambda: self.admin("/readyz")[0] == 200, "the gateway is ready")

    def said(self):
        """The gateway's standard output and error."""
        return self.output.read_text("utf-8", "replace")

    def _ports(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway ended with {self.process.returncode}: {self.said()}")
        callers = re.search(r"serving callers on [\d.]+:(\d+)", self.said())
        admin = re.search(r"admin pages on http://[\d.]+:(\d+)", self.said())
        return (int(callers[1]), int(admin[1])) if callers and admin else None

    def _find_pid(self):
        if not self.is_traced:
            return self.process.pid
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    def is_alive(self):
        return self.process.poll() is None

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self, patience=20):
        """Sends SIGTERM and returns the exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(patience)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            # The traced gateway first, because its tracer ends with it.
            for pid in {getattr(self, "pid", self.process.pid), self.process.pid}:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait(10)
        self.upstream.stop()
        self.tokens.stop()
        self.temporary.cleanup()

    # MARK: What can be seen of it

    def descriptors(self):
        return sorted(os.listdir(f"/proc/{self.pid}/fd"), key=int)

    def thread_count(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def memory(self):
        """The resident memory in bytes."""
        pages = int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self):
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def admin(self, path):
        """The status and body of an admin page."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}{path}", timeout=10) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name):
        """The value of a metric without labels, or the sum over its labels."""
        found = re.findall(rf"^{re.escape(name)}(?:\{{[^}}]*\}})? (\S+)$", self.admin("/metrics")[1], re.M)
        return sum(float(value) for value in found) if found else None

    def lines(self):
        """The lines of the traffic log, which must be strict JSON."""
        if not self.traffic_log.exists():
            return []
        text = self.traffic_log.read_bytes().decode("utf-8")
        return [json.loads(line) for line in text.split("\n")[:-1]]

    # MARK: Calls

    def next_id(self):
        return f"row-{next(self.sequence)}"

    def head(self, method="GET", path="/api/v2/ping", fields="", request_id=None):
        request_id = request_id or self.next_id()
        return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {request_id}\r\n"
                f"{fields}\r\n").encode(), request_id

    def call(self, method="GET", path="/api/v2/ping", body=None, fields="", expect=None, patience=20):
        """Makes a request on a new connection. `expect` has the arguments of `expect`, without the id."""
        if body is not None:
            fields += f"Content-Length: {len(body)}\r\n"
        head, request_id = self.head(method, path, fields)
        if expect is not None:
            self.expect(request_id, *expect)
        with Caller(self.port, patience=patience) as caller:
            try:
                caller.send(head + (body or b""))
            except (ConnectionResetError, BrokenPipeError):
                pass
            return caller.read_answer(method)

    def expect(self, request_id, termination="completed", error=None, status=200):
        """Declares the line that the request must leave. `ANY` stands for values that are not known beforehand."""
        self.expected[request_id] = (termination, error, status)

    def expect_anonymous(self, termination, error=None, status=200):
        """Declares a line for bytes without a request id."""
        self.anonymous.append((termination, error, status))

    def calls_at_once(self, count, **options):
        """Makes `count` calls, each on a thread, and returns their answers."""
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.call(**options)), daemon=True)
                   for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(answers) == count, f"{count - len(answers)} of {count} calls failed on the caller's side"
        return answers

    def good_call(self):
        """Checks that upstream and gateway answer normally again."""
        answer = self.call(expect=("completed", None, 200))
        assert answer.status == 200 and answer.is_complete, f"a good request got {answer.status}"

    # MARK: Before and after

    def rest(self):
        """Closes kept connections and waits until nothing is in flight."""
        eventually(lambda: self.metric("scorm_gateway_exchanges_in_flight") == 0, "nothing is in flight")
        self.upstream.close_connections()

    def note_base(self):
        """Warms up and notes the process's resources at rest."""
        for _ in range(3):
            self.good_call()
        self.rest()
        self.base_descriptors = self._settled(lambda: len(self.descriptors()))
        self.base_threads = self.thread_count()
        self.base_memory = self.memory()

    @staticmethod
    def _settled(measure):
        """The measured value, once it has not changed for 0.3 s."""
        value, since = measure(), time.monotonic()
        while time.monotonic() - since < 0.3:
            time.sleep(0.02)
            now = measure()
            if now != value:
                value, since = now, time.monotonic()
        return value

    def check_after(self, ready=200, memory_allowance=MEMORY_ALLOWANCE):
        """Checks the after-list."""
        assert self.is_alive(), f"the gateway ended with {self.process.returncode}: {self.said()[-2000:]}"
        self.upstream.on_request = ScriptedServer.answer_well
        self.upstream.on_connection = self.upstream.serve_requests
        self.tokens.before_answer = None
        eventually(lambda: self.admin("/readyz")[0] == ready, f"/readyz says {ready}")
        assert self.admin("/healthz")[0] == 200, "/healthz does not say 200"
        self.good_call()
        self.rest()
        limits = json.loads(self.admin("/api/limits")[1])["limits"]
        assert all(not limit["inUse"] and not limit["waiting"] for limit in limits), f"held: {limits}"
        eventually(lambda: len(self.descriptors()) <= self.base_descriptors,
                   f"descriptors are back to {self.base_descriptors}, from {len(self.descriptors())}")
        assert self.thread_count() == self.base_threads, \
            f"{self.thread_count()} threads, before {self.base_threads}"
        grown = self.memory() - self.base_memory
        assert grown <= memory_allowance, f"{grown >> 20} MiB more memory than before"
        self.check_lines()
        self.check_secrecy()

    def check_ended(self, status=0):
        """Checks the after-list of a gateway that was asked to end: the exit status, the lines, no secret."""
        code = self.process.wait(20)
        assert code == status, f"ended with {code}: {self.said()[-2000:]}"
        self.check_lines()
        self.check_secrecy()

    def check_lines(self):
        """Checks that each request has one line with the expected values."""
        count = len(self.expected) + len(self.anonymous)
        eventually(lambda: len(self.lines()) >= count, f"{count} lines, of {len(self.lines())}", 5)
        time.sleep(0.3)
        unclaimed = list(self.anonymous)
        seen = set()
        for line in self.lines():
            entry = (line["termination"], line.get("error.type"), line["http.response.status_code"])
            request_id = line["request_id"]
            wanted = self.expected.get(request_id)
            if wanted is None:
                match = next((w for w in unclaimed if w == entry), None)
                assert match, f"a line nobody expects: {line}"
                unclaimed.remove(match)
                continue
            assert request_id not in seen, f"two lines for {request_id}"
            seen.add(request_id)
            assert all(want in (ANY, got) for want, got in zip(wanted, entry)), \
                f"{request_id}: expected {wanted}, the log says {entry}"
        missing = set(self.expected) - seen
        assert not missing and not unclaimed, f"no line for {sorted(missing)} {unclaimed}"

    def check_secrecy(self):
        """Checks that no output or log contains a secret."""
        secrets = [SECRET, base64.b64encode(f"{APP}:{SECRET}".encode()).decode(), *self.tokens.tokens]
        for path in self.directory.rglob("*"):
            if path.is_file() and path.name not in ("secret", "core"):
                content = path.read_bytes()
                for secret in secrets:
                    assert secret.encode() not in content, f"a secret stands in {path.name}"
