"""Common HTTP clients call the built gateway by TLS with client certificates. Certificates, keys and authorities
change, and other processes take over, while a few threads call as fast as they can over new and kept connections.
No call fails.

Run by scripts/tls-test. A client that is not installed is skipped, with the reason.
"""

import argparse
import contextlib
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
CRM, OTHER = "URI:spiffe://corp/crm", "URI:spiffe://corp/stranger"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, stdin=subprocess.DEVNULL)


class Authority:
    """Signs certificates."""

    def __init__(self, folder, name):
        self.folder, self.name, self.count = folder, name, 0
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self.key,
                "-out", self.certificate, "-days", 30, "-subj", f"/CN={name}",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, names):
        self.count += 1
        base = self.folder / f"{self.name}-{self.count}"
        certificate, key, request = (base.with_suffix(end) for end in (".pem", ".key", ".csr"))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
                "-out", request, "-subj", "/CN=somebody", "-addext", f"subjectAltName={names}")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-set_serial", self.count,
                "-out", certificate, "-days", 2, "-copy_extensions", "copy")
        return certificate, key


def put(source, target):
    """Replaces a file by another one atomically."""
    temporary = target.with_suffix(".new")
    shutil.copy(source, temporary)
    temporary.rename(target)


class World:
    """A sandbox and a gateway in front of it, both processes of the built program."""

    def __init__(self, program, folder):
        self.folder, self.live = folder, folder / "live"
        self.live.mkdir()
        self.servers, self.clients = Authority(folder, "servers"), Authority(folder, "clients")
        self.use_pair(*self.servers.issue("DNS:localhost"))
        put(self.clients.certificate, self.live / "clients.pem")
        self.client = self.clients.issue(CRM)
        self.stranger = self.clients.issue(OTHER)
        self.processes = []
        port_file = folder / "sandbox.port"
        self.start([program, "sandbox", "--listen", "127.0.0.1:0", "--port-file", str(port_file)], "sandbox.log")
        self.await_true(lambda: port_file.exists() and port_file.read_text().strip(), "the sandbox's port")
        sandbox = re.search(r"\d+\s*$", port_file.read_text()).group().strip()
        (folder / "gateway.yaml").write_text(f"""
listen:
  - address: 127.0.0.1:0
    tls: {{certificate: {{file: live/tls.crt}}, key: {{file: live/tls.key}}, clientCA: {{file: live/clients.pem}}, client: required}}
admin: {{address: 127.0.0.1:0}}
upstream: {{url: "http://127.0.0.1:{sandbox}/api/v2"}}
apps: [{{name: main, id: SANDBOX, secret: {{env: APP_SECRET}}}}]
callers: [{{name: crm, match: {{certificate: {{uri: "spiffe://corp/crm"}}}}, apps: [main], allow: ["*"]}}]
traffic: {{log: {{path: traffic.log}}, journal: null}}
""")
        self.gateway = self.start([program, "serve", "-c", str(folder / "gateway.yaml"), "--threads", "2"], "gateway.log")
        self.port = int(self.await_true(lambda: self.told(r"serving callers on 127\.0\.0\.1:(\d+)"), "the gateway's port"))
        self.await_true(lambda: self.statuses(1) == [200], "a first call")

    def start(self, command, log):
        environment = {**os.environ, "APP_SECRET": "sandbox-secret", "STATE_DIRECTORY": str(self.folder / "none")}
        with open(self.folder / log, "ab") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
        self.processes.append(process.pid)
        return process

    def told(self, pattern):
        found = re.findall(pattern, (self.folder / "gateway.log").read_text(errors="replace"))
        return found[-1] if found else None

    def await_true(self, condition, what):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.05)
        raise AssertionError(f"no {what}:\n{(self.folder / 'gateway.log').read_text(errors='replace')[-2000:]}")

    def end(self):
        for process in reversed(self.processes):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def use_pair(self, certificate, key):
        put(certificate, self.live / "tls.crt")
        put(key, self.live / "tls.key")

    def context(self, pair=None):
        context = ssl.create_default_context(cafile=self.servers.certificate)
        if pair:
            context.load_cert_chain(*pair)
        return context

    def connect(self, context):
        return http.client.HTTPSConnection("localhost", self.port, context=context, timeout=20)

    def statuses(self, count, pair=None):
        """The statuses of calls over one connection, or the name of the error."""
        connection = self.connect(self.context(pair or self.client))
        try:
            return [ask(connection) for _ in range(count)]
        except (OSError, http.client.HTTPException) as error:
            return [type(error).__name__]
        finally:
            connection.close()


def ask(connection):
    connection.request("GET", "/api/v2/ping")
    answer = connection.getresponse()
    answer.read()
    return answer.status


class Load:
    """Threads that call until they are stopped, and keep the results other than 200."""

    def __init__(self, world, threads, keeps):
        self.world, self.keeps = world, keeps
        self.context = world.context(world.client)
        self.served, self.failures, self.is_stopping, self.lock = 0, [], False, threading.Lock()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        connection = None
        while not self.is_stopping:
            try:
                connection = connection or self.world.connect(self.context)
                connection.request("GET", "/api/v2/ping")
                answer = connection.getresponse()
                answer.read()
                with self.lock:
                    self.served += 1
                    if answer.status != 200:
                        self.failures.append(answer.status)
                if not self.keeps or answer.will_close:
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                with self.lock:
                    self.failures.append(repr(error))
                connection = None

    def stop(self):
        self.is_stopping = True
        for thread in self.threads:
            thread.join(30)


def loads(world):
    return [Load(world, 6, keeps=False), Load(world, 4, keeps=True)]


def finish(name, all_loads, began):
    for load in all_loads:
        load.stop()
    seconds = time.monotonic() - began
    failures = [failure for load in all_loads for failure in load.failures]
    new, kept = (load.served for load in all_loads)
    print(f"  {name}: {new / seconds:.0f} new connections a second, {kept} calls over kept ones, "
          f"{len(failures)} failed {failures[:3] or ''}", flush=True)
    return len(failures) + (new == 0) + (kept == 0)


def rotate(world, rounds):
    """Installs new key pairs, a pair whose second file comes late, and an authority that replaces another one."""
    all_loads, began = loads(world), time.monotonic()
    next_authority = Authority(world.folder, "next")
    for number in range(rounds):
        certificate, key = world.servers.issue("DNS:localhost")
        put(certificate, world.live / "tls.crt")
        time.sleep(1.2)
        put(key, world.live / "tls.key")
        if number == 1:
            both = world.clients.certificate.read_text() + next_authority.certificate.read_text()
            (world.folder / "both.pem").write_text(both)
            put(world.folder / "both.pem", world.live / "clients.pem")
        if number == 3:
            pair = next_authority.issue(CRM)
            for load in all_loads:
                # A new context: in one that is in use, the new certificate would briefly not match the key.
                load.context = world.context(pair)
            world.client = pair
        time.sleep(1.8)
    # Connections with the old certificates are judged again. Each is used up by a few calls.
    result = finish(f"{rounds} rotations", all_loads, began)
    put(next_authority.certificate, world.live / "clients.pem")
    world.await_true(lambda: world.statuses(1, world.clients.issue(CRM)) != [200], "end of the old authority")
    if world.statuses(2) != [200, 200]:
        print("  the new authority's client is not served")
        result += 1
    return result


def hand_over(world, times):
    all_loads, began = loads(world), time.monotonic()
    current = world.gateway.pid
    for number in range(times):
        before = [load.served for load in all_loads]
        os.kill(current, signal.SIGUSR2)
        pattern = r"process (\d+) has taken over"
        successor = world.await_true(
            lambda: (found := world.told(pattern)) and int(found) != current and int(found), f"hand-over {number}")
        world.processes.append(successor)
        current = successor
        world.await_true(lambda: all(load.served > old + 5 for load, old in zip(all_loads, before)), "calls after it")
    return finish(f"{times} hand-overs", all_loads, began)


def curl(world, pair):
    command = ["curl", "-q", "-s", "-4", "--noproxy", "*", "--cacert", str(world.servers.certificate),
               "--write-out", "%{http_code} ", "--output", os.devnull]
    if pair:
        command += ["--cert", str(pair[0]), "--key", str(pair[1])]
    url = f"https://localhost:{world.port}/api/v2/ping"
    return subprocess.run([*command, url, "--output", os.devnull, url, "--output", os.devnull, url],
                          capture_output=True, text=True, timeout=60).stdout.split()


def java(world, pair):
    trust = world.folder / "trust.p12"
    if not trust.exists():
        subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", world.servers.certificate,
                        "-keystore", trust, "-storetype", "PKCS12", "-storepass", "changeit"],
                       check=True, capture_output=True)
    arguments = ["java", str(HERE / "JavaClient.java"), f"https://localhost:{world.port}/api/v2/ping", str(trust)]
    if pair:
        store = world.folder / f"{pair[0].stem}.p12"
        openssl("pkcs12", "-export", "-in", pair[0], "-inkey", pair[1], "-out", store, "-passout", "pass:changeit")
        arguments.append(str(store))
    return [line.split()[0] for line in
            subprocess.run(arguments, capture_output=True, text=True, timeout=120).stdout.splitlines()]


def stock_clients(world):
    """Each client presents a valid certificate, an unknown one, and none."""
    clients = [("Python http.client", None, lambda pair: [str(s) for s in world.statuses(3, pair)] if pair
                else [str(s) for s in without(world)]),
               ("curl", None if shutil.which("curl") else "curl is not installed", lambda pair: curl(world, pair)),
               ("Java HttpClient", None if shutil.which("javac") else "no JDK is installed",
                lambda pair: java(world, pair))]
    misses = 0
    for name, reason, run in clients:
        if reason:
            print(f"  {name}: skipped, {reason}")
            continue
        good, stranger, nothing = run(world.client), run(world.stranger), run(None)
        is_right = good == ["200"] * 3 and stranger == ["403"] * 3 and not any(s.startswith("2") for s in nothing)
        print(f"  {name}: {' '.join(good)}; {' '.join(stranger)}; without a certificate {' '.join(nothing)}"
              + ("" if is_right else "  WRONG"), flush=True)
        misses += not is_right
    return misses


def without(world):
    connection = world.connect(world.context())
    try:
        return [ask(connection)]
    except (OSError, http.client.HTTPException) as error:
        return [type(error).__name__]
    finally:
        connection.close()


def half_closed(world):
    """A client that shuts down its direction after its request, without TLS's own end, is answered."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = world.context(world.client).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("localhost", world.port), timeout=20) as wire:

        def until_done(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    if outgoing.pending:
                        wire.sendall(outgoing.read())
                    if not (piece := wire.recv(65536)):
                        return b""
                    incoming.write(piece)

        until_done(caller.do_handshake)
        caller.write(b"GET /api/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wire.sendall(outgoing.read())
        wire.shutdown(socket.SHUT_WR)
        answer = until_done(caller.read)
    is_right = answer.startswith(b"HTTP/1.1 200")
    print(f"  half-closed: {answer[:15].decode()}" + ("" if is_right else "  WRONG"), flush=True)
    return not is_right


def main():
    parser = argparse.ArgumentParser(prog="scripts/tls-test", description=__doc__)
    parser.add_argument("--rotations", type=int, default=7, help="at least 5 (7)")
    parser.add_argument("--hand-overs", type=int, default=4)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tls-test-") as folder:
        world = World(os.environ["GATEWAY"], pathlib.Path(folder))
        try:
            misses = stock_clients(world) + half_closed(world)
            misses += rotate(world, max(5, arguments.rotations))
            misses += hand_over(world, arguments.hand_overs)
        finally:
            world.end()
    print("all well" if misses == 0 else f"{misses} things went wrong")
    return min(misses, 1)


if __name__ == "__main__":
    sys.exit(main())
