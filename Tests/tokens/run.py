#!/usr/bin/env python3
"""Tests of tokens that need the built program, and can run for hours.

    run.py [--minutes M] [steady] [clock] [canary]

steady  calls without pauses while tokens live for 5 s: no 401 at the upstream, no token older than its life,
        at most one request for a token during its life. Takes a third of a minute, or --minutes.
clock   the wall clock jumps by an hour, ahead and back, while the program runs (needs libfaketime), without effect.
canary  no log, answer, metric, command line, environment or core written by gcore contains a secret, including the
        collector's, or a token (needs gdb, and permission to trace).

GATEWAY names the program; without it the debug build is used.
"""

import base64
import glob
import http.client
import http.server
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

ROOT = pathlib.Path(__file__).resolve().parents[2]
GATEWAY = os.environ.get("GATEWAY", str(ROOT / ".build/debug/scorm-gateway"))
SECRET = "CANARY-SECRET-5f31"
COLLECTOR = "CANARY-COLLECTOR-93c0"
BASIC = base64.b64encode(f"CANARY-ID:{SECRET}".encode()).decode()


class Cloud(http.server.ThreadingHTTPServer):
    """Grants tokens with a fixed life, and judges each call by the age of its token."""

    daemon_threads = True

    def __init__(self, life):
        super().__init__(("127.0.0.1", 0), Handler)
        self.life, self.tokens, self.granted, self.calls, self.exports = life, {}, [], [], []
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, address):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def respond(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path.endswith("/v1/traces"):
            self.server.exports.append(self.headers.get("X-Api-Key"))
            return self.respond(200, {})
        if not self.path.endswith("/token"):
            return self.judge()
        cloud, given = self.server, self.headers.get("Authorization", "")
        if given != "Basic " + BASIC:
            return self.respond(401, {"error": "invalid_client"})
        with cloud.lock:
            token = f"CANARY-TOKEN-{len(cloud.granted)}-{os.urandom(6).hex()}"
            cloud.tokens[token] = time.monotonic()
            cloud.granted.append((body, time.monotonic()))
        self.respond(200, {"access_token": token, "token_type": "bearer", "expires_in": cloud.life})

    def do_GET(self):
        self.judge()

    def judge(self):
        cloud, given = self.server, self.headers.get("Authorization", "")
        since = cloud.tokens.get(given.removeprefix("Bearer "))
        age = time.monotonic() - since if since is not None else None
        good = given == "Basic " + BASIC or (age is not None and age < cloud.life)
        with cloud.lock:
            cloud.calls.append((200 if good else 401, age))
        self.respond(200 if good else 401, {})


class Gateway:
    def __init__(self, cloud, environment=None, wrapper=()):
        self.folder = tempfile.TemporaryDirectory(prefix="scorm-gateway-tokens.")
        folder = pathlib.Path(self.folder.name)
        self.log, self.output = folder / "traffic.log", folder / "output"
        (folder / "gateway.yaml").write_text(f"""
listen: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
upstream: {{url: "http://127.0.0.1:{cloud.server_port}/api/v2", proxy: none}}
apps: [{{name: main, id: CANARY-ID, secret: {{env: CANARY_VARIABLE}}}}]
tokens: {{stateFile: {folder}/scopes}}
policy: {{sensitiveForwarded: [GetConnectorsList]}}
traffic: {{log: {{path: {self.log}}}, journal: {{path: {folder}/traffic.sqlite}}}}
""")
        environment = dict(os.environ, CANARY_VARIABLE=SECRET, **(environment or {}))
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [*wrapper, GATEWAY, "serve", "-c", str(folder / "gateway.yaml"), "--threads", "2"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
        self.port = self.found(r"serving callers on [\d.]+:(\d+)")
        self.admin_port = self.found(r"admin pages on http://[\d.]+:(\d+)")
        until(lambda: self.admin("/readyz")[0] == 200, "ready: " + self.said())

    def said(self):
        return self.output.read_text("utf-8", "replace")

    def found(self, pattern):
        try:
            return int(until(lambda: re.search(pattern, self.said()), "started")[1])
        except AssertionError:
            raise AssertionError(f"not started, status {self.process.poll()}: {self.said()}") from None

    def admin(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError("in vain: " + what)


def caller(gateway):
    return http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=15)


def call(connection, path="/api/v2/courses"):
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), dict(answer.getheaders())


def steady(minutes):
    cloud = Cloud(5)
    gateway = Gateway(cloud)
    end = time.monotonic() + (minutes * 60 if minutes else 20)
    statuses = {}

    def work(path):
        connection = caller(gateway)
        while time.monotonic() < end:
            status, _, _ = call(connection, path)
            statuses[status] = statuses.get(status, 0) + 1
            time.sleep(0.002)

    paths = ["/api/v2/courses", "/api/v2/registrations"] * 2
    threads = [threading.Thread(target=work, args=(path,)) for path in paths]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.monotonic() - started
    assert gateway.stop() == 0
    ages = [age for _, age in cloud.calls if age is not None]
    assert set(statuses) == {200}, statuses
    assert all(status == 200 for status, _ in cloud.calls)
    assert max(ages) < 5, max(ages)
    keys = {}
    for body, at in cloud.granted:
        keys.setdefault(body, []).append(at)
    for body, times in keys.items():
        gaps = [b - a for a, b in zip(times, times[1:])]
        # A token is renewed at 70 % of its life at the earliest: at most one request in that time.
        assert all(gap > 3.4 for gap in gaps), (body, min(gaps))
        assert len(times) <= spent / 3.5 + 2, (body, len(times))
    print(f"  {len(cloud.calls)} calls in {spent:.0f} s, {len(cloud.granted)} tokens of {len(keys)} keys,"
          f" oldest token sent {max(ages):.2f} s")


def clock():
    library = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not library:
        return "libfaketime is not installed"
    with tempfile.NamedTemporaryFile("w", suffix=".faketime") as jump:
        jump.write("+0")
        jump.flush()
        cloud = Cloud(20)
        gateway = Gateway(cloud, {
            "LD_PRELOAD": library[0], "FAKETIME_TIMESTAMP_FILE": jump.name, "FAKETIME_NO_CACHE": "1",
            # libfaketime moves the environment when it creates its shared memory, and Swift finds the arguments by the
            # location of the environment. So a shell's `env` creates it first.
            "DONT_FAKE_MONOTONIC": "1"}, wrapper=["env"])
        connection = caller(gateway)
        assert call(connection)[0] == 200
        dates = []
        for offset in ("+1h", "-1h", "+24h", "+0"):
            jump.seek(0)
            jump.truncate()
            jump.write(offset)
            jump.flush()
            before = len(cloud.granted)
            end = time.monotonic() + 2
            while time.monotonic() < end:
                status, _, _ = call(connection)
                assert status == 200, status
                time.sleep(0.01)
            status, _, fields = call(connection, "/api/v2/no-such")
            dates.append(fields["Date"])
            assert status == 404 and gateway.admin("/readyz")[0] == 200
            assert len(cloud.granted) == before, "a jump of the wall clock fetched a token"
        # The clock did jump.
        assert len({date[:22] for date in dates}) >= 3, dates
        assert gateway.stop() == 0
        print(f"  clock seen: {', '.join(dates)}; {len(cloud.granted)} tokens")
    return None


def dumped(pid, *options):
    if not shutil.which("gcore"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcore", *options, "-o", folder + "/core", str(pid)], capture_output=True)
        files = glob.glob(folder + "/core.*")
        return pathlib.Path(files[0]).read_bytes() if files else None


def canary():
    cloud = Cloud(300)
    gateway = Gateway(cloud, {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{cloud.server_port}",
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-api-key={COLLECTOR}", "OTEL_BSP_SCHEDULE_DELAY": "50"})
    connection = caller(gateway)
    texts = {}
    for path in ("/api/v2/courses", "/api/v2/registrations", "/api/v2/contentConnectors", "/api/v2/no-such"):
        status, body, fields = call(connection, path)
        texts["answer of " + path] = f"{status} {body} {fields}"
    # A token that is refused, so that errors mention it.
    with cloud.lock:
        granted = list(cloud.tokens)
        for token in granted:
            cloud.tokens[token] -= 1000
    texts["answer after a revocation"] = str(call(connection))
    granted = list(cloud.tokens)
    assert len(granted) > 3
    for path in ("/", "/healthz", "/readyz?verbose", "/metrics", "/api/limits", "/api/tokens"):
        texts["admin " + path] = gateway.admin(path)[1]
    until(lambda: cloud.exports, "spans exported")
    assert set(cloud.exports) == {COLLECTOR}, "the collector got its header field"
    process = f"/proc/{gateway.process.pid}"
    for name in ("environ", "cmdline"):
        texts[name] = pathlib.Path(process, name).read_bytes().decode("utf-8", "replace")
    dumpable = pathlib.Path(process, "environ").stat().st_uid == 0
    core = dumped(gateway.process.pid)
    # Includes the pages that are excluded from dumps, where the search must find them.
    everything = dumped(gateway.process.pid, "-a") if core else None
    assert gateway.stop() == 0
    texts["log"] = gateway.log.read_text()
    texts["output"] = gateway.said()
    texts["state file"] = (pathlib.Path(gateway.folder.name) / "scopes").read_text()
    secrets = [SECRET, BASIC, COLLECTOR] + granted
    for where, text in texts.items():
        for secret in secrets:
            assert secret not in text, f"{secret[:12]}… stands in {where}"
    assert "read:course" in texts["state file"] and texts["log"].count("\n") >= 5
    if core is None:
        print("  without a core: gcore is missing, or may not trace")
        return
    # The core is from this program and contains what it should.
    assert b"scorm-gateway" in core and b"read:course" in core
    found = [secret for secret in secrets if secret.encode() in core]
    print(f"  {len(texts)} outputs; a core of {len(core) >> 20} MiB; owner of /proc/PID is root: {dumpable}")
    assert all(secret.encode() in everything for secret in (SECRET, COLLECTOR, granted[-1])), "the search finds nothing"
    assert not found, f"{len(found)} secrets stand in the core: {[s[:13] for s in found]}"


def main():
    arguments = sys.argv[1:]
    minutes = 0.0
    if "--minutes" in arguments:
        at = arguments.index("--minutes")
        minutes = float(arguments[at + 1])
        del arguments[at:at + 2]
    proofs = {"steady": lambda: steady(minutes), "clock": clock, "canary": canary}
    failed = False
    for name in arguments or proofs:
        started = time.monotonic()
        try:
            skipped = proofs[name]()
            result = f"skip: {skipped}" if skipped else "pass"
        except AssertionError as error:
            result, failed = f"FAIL: {error}", True
        print(f"{name:8} {result} ({time.monotonic() - started:.1f} s)", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
