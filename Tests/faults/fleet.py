"""Several gateways of one fleet, their store, an upstream that counts, and callers that call at a fixed rate.

An event loop on a separate thread runs upstream and callers, so that no test delays what is measured."""

import asyncio
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

from peers import eventually


class CountingUpstream:
    """Answers token requests and calls, and notes when each call arrived. `script` returns the answer to the call with
    a number."""

    def __init__(self, loop):
        self.loop, self.times, self.script = loop, [], lambda number: (200, "")
        # How long a call takes in seconds, the calls in progress, and their maximum.
        self.delay, self.under_way, self.most = 0, 0, 0
        # The largest delay of this loop in seconds: a busy machine delays calls, which spreads or bunches them.
        self.lateness = 0.0
        self.watch = asyncio.run_coroutine_threadsafe(self._watch(), loop)
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024), loop).result()
        self.port = server.sockets[0].getsockname()[1]

    async def _watch(self):
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            self.lateness = max(self.lateness, time.monotonic() - began - 0.01)

    async def _serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                if length:
                    await reader.readexactly(int(length[1]))
                if b"/oauth/" in head.split(b"\r\n", 1)[0]:
                    status, fields, body = 200, "", json.dumps(
                        {"result": "a" * 40, "access_token": "a" * 40, "expires_in": 900}).encode()
                else:
                    self.times.append(time.monotonic())
                    (status, fields), body = self.script(len(self.times) - 1), b"{}"
                    if self.delay:
                        await self._work(reader)
                writer.write((f"HTTP/1.1 {status} Some Reason\r\nContent-Type: application/json\r\n{fields}"
                              f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


    async def _work(self, reader):
        """Waits for `delay` seconds. Raises ConnectionError if the gateway disconnects before."""
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.wait_for(reader.read(1), self.delay)
            raise ConnectionError
        except asyncio.TimeoutError:
            pass
        finally:
            self.under_way -= 1


class Callers:
    """Calls one gateway evenly at a fixed rate over kept connections, whatever happens to the calls."""

    def __init__(self, loop, port, rate):
        self.port, self.rate, self.idle, self.waits, self.statuses = port, rate, [], [], {}
        self.ended = False
        self.task = asyncio.run_coroutine_threadsafe(self._run(), loop)

    async def _run(self):
        if not self.rate:
            return
        due, calls = time.monotonic(), set()
        while not self.ended:
            due += 1 / self.rate
            await asyncio.sleep(max(0, due - time.monotonic()))
            call = asyncio.ensure_future(self._call())
            calls.add(call)
            call.add_done_callback(calls.discard)
        for call in list(calls):
            call.cancel()

    async def _call(self):
        began, status = time.monotonic(), "cut"
        try:
            reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection(
                "127.0.0.1", self.port)
            writer.write(b"GET /api/v2/courses HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            await reader.readexactly(int(length[1]))
            status = int(head[9:12])
            self.idle.append((reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.waits.append((began, time.monotonic() - began, status))

    def end(self):
        self.ended = True

    def slowest(self, since, part=0.99):
        """The longest time in seconds that `part` of the calls since `since` took."""
        waits = sorted(wait for began, wait, _ in self.waits if began >= since)
        return waits[min(len(waits) - 1, int(len(waits) * part))] if waits else 0


class Store:
    """A `redis-server` on a Unix socket."""

    def __init__(self, folder, arguments=()):
        self.folder, self.socket = folder, pathlib.Path(folder) / "redis.sock"
        # Where gateways find it.
        self.place = getattr(self, "place", self.socket)
        self.arguments = arguments
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", self.folder,
             *map(str, self.arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self.socket.exists, "the store is there")

    def connect(self, number):
        """Makes a link for a gateway; a Unix socket needs none."""

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


class ObservedStore(Store):
    """A store behind a relay that counts questions for leases and can delay answers."""

    def __init__(self, folder, arguments=()):
        # The delay in seconds, and the number of questions by connection.
        self.delay, self.questions = 0, {}
        self.place = pathlib.Path(folder) / "relay.sock"
        super().__init__(folder, arguments)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(
            asyncio.start_unix_server(self._relay, str(self.place)), self.loop).result()

    async def _relay(self, reader, writer):
        number, tail, writers = len(self.questions), b"", [writer]
        self.questions[number] = 0
        try:
            back, forth = await asyncio.open_unix_connection(str(self.socket))
            writers.append(forth)
            answers = asyncio.ensure_future(self._bring(back, writer))
            while data := await reader.read(65536):
                tail = tail[-6:] + data
                self.questions[number] += tail.count(b":limit:")
                forth.write(data)
            answers.cancel()
        except OSError:
            pass
        finally:
            for each in writers:
                each.close()

    async def _bring(self, reader, writer):
        while data := await reader.read(65536):
            self.loop.call_later(self.delay, writer.write, data)
        writer.close()


class Member:
    """A gateway of the fleet."""

    def __init__(self, fleet, number):
        self.output = pathlib.Path(fleet.folder) / f"gateway-{number}.out"
        self.configuration = pathlib.Path(fleet.folder) / f"gateway-{number}.yaml"
        secret = pathlib.Path(fleet.folder) / "secret"
        secret.write_text("secret-of-the-test\n")
        secret.chmod(0o600)
        self.configuration.write_text(f"""
listen: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
upstream: {{url: "http://127.0.0.1:{fleet.upstream.port}/api/v2"}}
apps: [{{name: main, id: FLEET, secret: {{file: {secret}}}}}]
limits: [{fleet.limit}]
shared: {{url: "{fleet.store_url(number)}", onLoss: {fleet.on_loss}{fleet.more}}}
traffic: {{log: {{path: /dev/null}}, journal: null}}
""")
        self.start()

    def start(self):
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [os.environ["GATEWAY"], "serve", "-c", str(self.configuration), "--threads", "1"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        self.port, self.admin_port = eventually(self._ports, "the gateway serves")
        eventually(lambda: self.admin("/readyz")[0] == 200, "the gateway is ready")

    def said(self):
        return self.output.read_text()

    def _ports(self):
        found = {kind: port for kind, port in re.findall(
            r"(?m)(admin|listen|serv)\w*[^\n]*127\.0\.0\.1:(\d+)", self.said())}
        ports = re.findall(r"127\.0\.0\.1:(\d+)", self.said())
        admin = found.get("admin")
        served = next((port for port in ports if port != admin), None)
        return (int(served), int(admin)) if admin and served else None

    def admin(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metric(self, name):
        found = re.search(rf"(?m)^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", self.admin("/metrics")[1])
        return float(found[1]) if found else 0.0

    def state(self):
        """The state of the first shared limit, and its row."""
        for row in json.loads(self.admin("/api/limits?format=json")[1])["limits"]:
            if "shared" in row:
                return row["shared"]["state"], row["shared"]
        return None, {}

    def is_leased(self):
        state, row = self.state()
        return state == "leased" and row["granted"] > 0

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Fleet:
    """`url`, `more` and `store` are for a store that is not reached by its Unix socket. `url` may be a function of the
    gateway's number. `kind` makes the store."""

    def __init__(self, count, limit, on_loss="share", url=None, more="", store=(), kind=Store):
        self.temporary = tempfile.TemporaryDirectory(prefix="scorm-gateway-fleet.")
        self.folder, self.limit, self.on_loss = self.temporary.name, limit, on_loss
        self.url, self.more = url, more
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.members, self.callers, self.store = [], [], None
        try:
            self.upstream = CountingUpstream(self.loop)
            self.store = kind(self.folder, store)
            for number in range(count):
                self.store.connect(number)
                self.members.append(Member(self, number))
            for member in self.members:
                eventually(member.is_leased, "the limit is leased")
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def store_url(self, number):
        if callable(self.url):
            return self.url(number)
        return self.url or f"unix:{self.store.place}"

    def call(self, rates):
        self.callers = [Callers(self.loop, member.port, rate) for member, rate in zip(self.members, rates)]
        return self.callers

    def end(self):
        for callers in self.callers:
            callers.end()
        for member in self.members:
            member.end()
        if self.store:
            self.store.kill()
        if getattr(self, "upstream", None):
            self.upstream.watch.cancel()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.02), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.temporary.cleanup()


def most_beyond(fleet, burst, rate, jitter=0.1):
    """The most calls that may arrive in excess of the rate although no call too many starts: calls that started shortly
    after each other may reach the upstream together. `jitter` is that difference on an idle machine, in seconds."""
    return burst + (jitter + fleet.upstream.lateness) * rate


def largest_burst(times, rate):
    """The most calls in excess of the rate in any period. If the limit is kept, this is at most the burst."""
    most = best = 0.0
    for number, when in enumerate(times):
        most = max(most, 0.0) - ((when - times[number - 1]) * rate if number else 0)
        most = max(most, 0.0) + 1
        best = max(best, most)
    return best
