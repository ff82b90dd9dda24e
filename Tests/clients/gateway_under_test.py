"""The built binary as processes: a simulated SCORM Cloud, and a gateway in front of it.

A recorder at the token endpoint is between the two, so that a test knows the tokens that the gateway received, and can
search for them where they must not be.
"""

import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

DEADLINE = 20.0
APP, SECRET = "SANDBOX", "sandbox-secret"
TOKEN_PATH = "/api/v2/oauth/authenticate/application/token"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, what, process=None):
    """Waits until `condition` returns a true value, and returns it."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        outcome = condition()
        if outcome:
            return outcome
        if process is not None and process.poll() is not None:
            raise AssertionError(f"ended with {process.returncode} before {what}")
        time.sleep(0.01)
    raise AssertionError(f"not within {DEADLINE:.0f} s: {what}")


class TokenRecorder(http.server.ThreadingHTTPServer):
    """Relays token requests to the sandbox and keeps credentials and tokens for comparison."""

    daemon_threads = True

    def __init__(self, upstream):
        super().__init__(("127.0.0.1", 0), RecordedTokenRequest)
        self.upstream = upstream
        self.tokens, self.authorizations = [], []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class RecordedTokenRequest(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kept = {name: self.headers[name] for name in ("Authorization", "Content-Type", "Accept")
                if self.headers[name]}
        self.server.authorizations.append(self.headers.get("Authorization", ""))
        request = urllib.request.Request(self.server.upstream + self.path, data=body, headers=kept)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                status, content = answer.status, answer.read()
            self.server.tokens.append(json.loads(content)["access_token"])
        except urllib.error.HTTPError as refused:
            status, content = refused.code, refused.read()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class GatewayUnderTest:
    """Sandbox, recorder and gateway; `stop` ends all of them and is safe to call twice."""

    def __init__(self, seed=None, cloud=None, more=""):
        """`seed`: a file with the sandbox's initial data. `cloud`: the port of a server that replaces the sandbox.
        `more`: additional lines of the configuration."""
        self.more = more
        self.binary = os.environ["GATEWAY"]
        self.processes, self.outputs = [], []
        self.temporary = tempfile.TemporaryDirectory(prefix="scorm-gateway-client.")
        self.directory = pathlib.Path(self.temporary.name)
        self.traffic_log = self.directory / "traffic.log"
        self.port, self.admin_port, sandbox_port = free_port(), free_port(), cloud or free_port()
        self.sandbox_port = sandbox_port
        self.recorder = None
        try:
            if cloud is None:
                options = ["--seed", str(seed)] if seed else []
                sandbox = self._start("sandbox", "--listen", f"127.0.0.1:{sandbox_port}", *options)
                eventually(lambda: self._accepts(sandbox_port), "the sandbox listens", sandbox)
            self.recorder = TokenRecorder(f"http://127.0.0.1:{sandbox_port}")
            self.gateway = self._start("serve", "-c", str(self._configuration(sandbox_port)))
            eventually(self._ready, "the gateway is ready", self.gateway)
        except BaseException:
            print(self.output("sandbox"), self.output("serve"), file=sys.stderr)
            self.stop()
            raise

    def _start(self, *arguments):
        output = open(self.directory / f"{arguments[0]}.out", "wb")
        self.outputs.append(output)
        process = subprocess.Popen([self.binary, *arguments], stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT, cwd=self.directory,
                                   env=os.environ | {"STATE_DIRECTORY": str(self.directory)})
        self.processes.append(process)
        return process

    def _configuration(self, sandbox_port):
        secret = self.directory / "secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        path = self.directory / "gateway.yaml"
        path.write_text(f"""\
listen:
  - address: 127.0.0.1:{self.port}
admin:
  address: 127.0.0.1:{self.admin_port}
upstream:
  url: http://127.0.0.1:{sandbox_port}/api/v2
apps:
  - name: main
    id: {APP}
    secret: {{file: {secret}}}
tokens:
  url: http://127.0.0.1:{self.recorder.server_port}{TOKEN_PATH}
traffic:
  log: {{path: {self.traffic_log}, format: json}}
  journal: null
{self.more}
""")
        return path

    @staticmethod
    def _accepts(port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            return False

    def _ready(self):
        try:
            url = f"http://127.0.0.1:{self.admin_port}/readyz"
            with urllib.request.urlopen(url, timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def output(self, command):
        """The output of the process of this command."""
        path = self.directory / f"{command}.out"
        return path.read_text(errors="replace") if path.exists() else ""

    def drain(self):
        """Asks the gateway to end as an operator would, and returns its exit code."""
        self.gateway.send_signal(signal.SIGTERM)
        return self.gateway.wait(DEADLINE)

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        if self.recorder is not None:
            self.recorder.stop()
            self.recorder = None
        for output in self.outputs:
            output.close()
        self.temporary.cleanup()
