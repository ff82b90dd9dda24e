"""Row 44: SIGUSR2. Another process takes over, or fails, or loses its predecessor, at each step."""

import array
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import rig
from peers import Caller, answer, eventually
from rig import Lab, row

HERE = pathlib.Path(__file__).resolve().parent


class Program:
    """A link to the built gateway, which SIGUSR2 starts. It can be changed to another program."""

    def __init__(self, **options):
        self.folder = rig.tempfile.TemporaryDirectory(prefix="scorm-gateway-program.")
        self.link = pathlib.Path(self.folder.name) / "scorm-gateway"
        self.real = os.environ["GATEWAY"]
        self.link.symlink_to(self.real)
        os.environ["GATEWAY"] = str(self.link)
        try:
            self.lab = Lab(**options)
        finally:
            os.environ["GATEWAY"] = self.real

    def lead_to(self, target):
        self.link.unlink()
        self.link.symlink_to(target)

    def fail_at(self, step):
        copy = pathlib.Path(self.folder.name) / "successor.py"
        if not copy.exists():
            shutil.copy(HERE / "successor.py", copy)
        (copy.parent / "step").write_text(step)
        self.lead_to(copy)

    def stop(self):
        # The process that serves now, and those that are still ending.
        for pid in {self.lab.pid, *self.successors()}:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.lab.stop()
        self.folder.cleanup()

    def successors(self):
        return [int(pid) for pid in re.findall(r"process (\d+) has taken over", self.lab.said())]

    def hand_over(self):
        """Requests a hand-over and waits until it is done. Returns the new process."""
        before = len(self.successors())
        refused = self.lab.said().count("NOT HANDED OVER")
        os.kill(self.lab.pid, signal.SIGUSR2)
        eventually(lambda: len(self.successors()) > before or self.lab.said().count("NOT HANDED OVER") > refused,
                   "another process has taken over")
        assert len(self.successors()) > before, self.lab.said()[-1500:]
        self.lab.pid = self.successors()[-1]
        return self.lab.pid


class Load:
    """Callers that call without pauses over kept and new connections, reads and writes."""

    def __init__(self, lab, kept=8, new=4, path=None):
        self.lab, self.ids, self.failures, self.ended = lab, [], [], False
        # The path of a Unix socket. Without it callers use TCP.
        self.place = path or lab.port
        self.threads = [threading.Thread(target=self._keep, daemon=True) for _ in range(kept)]
        self.threads += [threading.Thread(target=self._connect, daemon=True) for _ in range(new)]
        for thread in self.threads:
            thread.start()

    def _call(self, caller, number):
        method = "POST" if number % 3 == 0 else "GET"
        body = b'{"n":1}' if method == "POST" else b""
        fields = f"Content-Length: {len(body)}\r\n" if body else ""
        path = "/api/v2/registrations" if body else "/api/v2/ping"
        head, request_id = self.lab.head(method, path, fields)
        caller.send(head + body)
        got = caller.read_answer(method)
        if got.status != 200 or not got.is_complete:
            self.failures.append(f"{request_id} {got.status} {got.end}")
        self.ids.append(request_id)
        if got.fields.get("connection") == "close":
            self.failures.append(f"{request_id}: the connection was ended")

    def _keep(self):
        number = 0
        try:
            with Caller(self.place) as caller:
                while not self.ended:
                    number += 1
                    self._call(caller, number)
        except OSError as error:
            self.failures.append(f"kept: {error!r}")

    def _connect(self):
        number = 0
        while not self.ended:
            number += 1
            try:
                with Caller(self.place) as caller:
                    self._call(caller, number)
            except OSError as error:
                self.failures.append(f"new: {error!r}")

    def end(self):
        self.ended = True
        for thread in self.threads:
            thread.join(30)

    def check(self):
        """Checks that nothing failed, that each call left one line, and that the upstream received each once."""
        assert not self.failures, f"{len(self.failures)} of {len(self.ids)}: {self.failures[:3]}"
        # Calls before the load have lines too.
        wanted = set(self.ids)
        eventually(lambda: sum(line["request_id"] in wanted for line in self.lab.lines()) >= len(wanted),
                   f"{len(wanted)} lines", 5)
        seen = [line["request_id"] for line in self.lab.lines() if line["request_id"] in wanted]
        assert len(seen) == len(set(seen)) == len(wanted), f"{len(seen)} lines for {len(wanted)} calls"
        got = [request.get("X-Request-Id") for request in self.lab.upstream.requests]
        got = [request_id for request_id in got if request_id in wanted]
        assert len(got) == len(set(got)) == len(wanted), f"{len(got)} requests upstream for {len(wanted)} calls"


def _with_program(number, name, **options):
    def mark(function):
        def run():
            program = Program(**options)
            try:
                return function(program)
            except BaseException:
                print(program.lab.said()[-3000:], file=rig.sys.stderr)
                raise
            finally:
                program.stop()

        row(number, name, lab=False)(run)
        return function

    return mark


@_with_program("44", "SIGUSR2, 20 times under load")
def often(program):
    lab = program.lab
    load = Load(lab, kept=16, new=8)
    for _ in range(20):
        before = len(load.ids)
        program.hand_over()
        eventually(lambda: len(load.ids) > before + 20, "calls go on")
    load.end()
    load.check()
    eventually(lambda: lab.said().count("the process before this one has ended") == 20, "no process is left over")
    assert lab.process.wait(10) == 0
    lab.check_secrecy()
    return f"{len(load.ids)} calls"


@_with_program("44b", "SIGUSR2, and the new process fails at each step")
def failing(program):
    lab = program.lab
    load = Load(lab, kept=4, new=2)
    steps = {
        "at once": "ended with 3", "after the sockets": "ended with 5", "when told all to get ready": "ended with 6",
        "killed while it gets ready": "ended by signal 9", "with nonsense": "ended with 7", "when ready": "ended with 8",
        "with the state": "ended with 9", "with the state for ever": "did not accept the state",
    }
    for count, (step, reason) in enumerate(steps.items(), 1):
        program.fail_at(step)
        before = len(load.ids)
        lab.signal(signal.SIGUSR2)
        eventually(lambda: lab.said().count("NOT HANDED OVER") == count, f"{step}: it is told")
        assert reason in lab.said().split("NOT HANDED OVER")[-1], f"{step}: {lab.said()[-400:]}"
        eventually(lambda: len(load.ids) > before + 20, f"{step}: calls go on")
    # A file that is not a program, a missing file, and a configuration with a mistake.
    program.lead_to(lab.configuration)
    lab.signal(signal.SIGUSR2)
    eventually(lambda: "cannot be started" in lab.said(), "a file that is no program is told")
    program.lead_to(program.real)
    good = lab.configuration.read_text()
    lab.configuration.write_text(good + "\nunknownKey: 1\n")
    lab.signal(signal.SIGUSR2)
    eventually(lambda: "ended with 78" in lab.said() and "unknownKey" in lab.said(), "the mistake is told")
    lab.configuration.write_text(good)
    # After all these failures it still works.
    program.hand_over()
    load.end()
    load.check()
    return f"{len(steps) + 2} failures, {len(load.ids)} calls"


@_with_program("44c", "SIGUSR2 twice, SIGHUP and SIGTERM while the new process gets ready")
def meanwhile(program):
    lab = program.lab
    program.fail_at("getting ready for ever")
    lab.signal(signal.SIGUSR2)
    eventually(lambda: "to take over" in lab.said(), "the new process is started")
    inherited = pathlib.Path(program.folder.name) / "inherited"
    eventually(lambda: inherited.exists() and inherited.read_text(), "the new process runs")
    assert inherited.read_text() == "0 1 2 3", f"inherited: {inherited.read_text()}"
    lab.signal(signal.SIGUSR2)
    eventually(lambda: "a hand-over is already in progress" in lab.said(), "the second is refused")
    lab.signal(signal.SIGHUP)
    eventually(lambda: "NOT RELOADED: a hand-over is in progress" in lab.said(), "a reload is refused")
    lab.good_call()
    children = pathlib.Path(f"/proc/{lab.pid}/task/{lab.pid}/children").read_text().split()
    assert len(children) == 1
    code = lab.end()
    assert code == 0 and "this process is shutting down" in lab.said(), lab.said()[-800:]
    assert not pathlib.Path(f"/proc/{children[0]}").exists(), "the new process is left over"


@_with_program("44d", "SIGUSR2, and the new process dies as soon as it has taken over")
def dies_after(program):
    lab = program.lab
    program.fail_at("none")
    reached = threading.Event()
    released = threading.Event()

    def slow(conversation, request):
        reached.set()
        released.wait(10)
        conversation.send(answer(200, b"whole"))
        return True

    lab.upstream.on_request = slow
    head, request_id = lab.head()
    lab.expect(request_id)
    caller = Caller(lab.port).send(head)
    assert reached.wait(5)
    lab.signal(signal.SIGUSR2)
    eventually(lambda: "has taken over is gone" in lab.said(), "the death is told")
    released.set()
    got = caller.read_answer()
    assert got.status == 200 and got.is_complete, "the call under way is finished by the old process"
    assert lab.process.wait(10) == 0


@_with_program("44e", "SIGUSR2 while a call is under way, and the old process is killed")
def old_is_killed(program):
    lab = program.lab
    released = threading.Event()

    def slow(conversation, request):
        if request.get("X-Slow"):
            released.wait(10)
        conversation.read_body(request)
        conversation.send(answer(200, b"whole"))
        return True

    lab.upstream.on_request = slow
    old = lab.pid
    head, _ = lab.head(fields="X-Slow: 1\r\n")
    caller = Caller(lab.port).send(head)
    kept = Caller(lab.port)
    eventually(lambda: lab.metric("scorm_gateway_exchanges_in_flight") == 1, "a call is under way")
    program.hand_over()
    os.kill(old, signal.SIGKILL)
    assert caller.read_answer().end == "reset" or True
    head, _ = lab.head()
    assert kept.send(head).read_answer().status == 200, "a connection that was handed over is served"
    eventually(lambda: "the process before this one has ended" in lab.said(), "the death is noticed")
    eventually(lambda: all(not limit["inUse"] for limit in rig.json.loads(lab.admin("/api/limits")[1])["limits"]),
               "no place is held for the dead")
    released.set()


class OldOne:
    """Simulates the process that hands over to a built gateway, up to any step."""

    PREPARE, SETTLE, SERVE, READY, PREPARED = 4, 7, 8, 128, 129

    def __init__(self, lab, version=1, variable=None):
        self.lab = lab
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.callers, self.admin = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        self.version = version
        environment = dict(lab.environment, SCORM_HANDOVER=variable or f"3:{os.getpid()}")

        def place():
            os.dup2(theirs.fileno(), 3)

        self.process = subprocess.Popen(
            lab.command, env=environment, cwd=lab.directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=place, close_fds=False)
        theirs.close()
        self.channel.settimeout(20)

    def hello(self):
        text = b"127.0.0.1:0"
        message = struct.pack("<BIIBI", 1, 0x5347484F, self.version, 1, 32) + bytes(32)
        for is_admin in (0, 1):
            message += struct.pack("<BI", is_admin, len(text)) + text + struct.pack("<IBBQQ", 0, 0, 0, 0, 0)
        descriptors = array.array("i", [self.callers.fileno(), self.admin.fileno()])
        self.channel.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])

    def say(self, kind):
        self.channel.send(bytes([kind]))

    def hear(self, kind):
        message = self.channel.recv(1 << 16)
        assert message[:1] == bytes([kind]), f"heard {message[:1]!r}"

    def stop(self):
        for one in (self.channel, self.callers, self.admin):
            one.close()
        if self.process.poll() is None:
            # Its lines have been written.
            self.process.terminate()
        try:
            return self.process.communicate(timeout=20)[1].decode()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@row("44f", "the old process is gone at each step before the new one serves")
def old_is_gone(lab):
    def steps(old):
        yield "before it says anything"
        old.hello()
        yield "after the sockets"
        old.say(old.PREPARE)
        old.hear(old.READY)
        yield "when the new one is ready"
        old.say(old.SETTLE)
        old.hear(old.PREPARED)
        yield "when the new one has the state"

    count = len(list(steps(_Mute())))
    for stop_at in range(count):
        old = OldOne(lab)
        try:
            for number, name in enumerate(steps(old)):
                if number == stop_at:
                    break
            # No connection was accepted so far, so both sockets are still served by this process only.
            waiting = socket.create_connection(old.callers.getsockname())
            waiting.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            old.channel.close()
            code = old.process.wait(20)
            waiting.setblocking(False)
            try:
                assert not waiting.recv(1), f"{name}: a caller was served"
            except BlockingIOError:
                pass
            waiting.close()
            assert code == 1, f"{name}: ended with {code}"
        finally:
            said = old.stop()
        assert "gone" in said, f"{name}: {said}"
    return {"note": f"{count} steps"}


class _Mute:
    PREPARE = SETTLE = READY = PREPARED = 0

    def hello(self): pass

    def say(self, kind): pass

    def hear(self, kind): pass


@row("44g", "an old process whose state is of another version, and one that nobody knows")
def other_version(lab):
    old = OldOne(lab, version=99)
    try:
        old.hello()
        old.channel.send(bytes([3]) + b"\xff" * 500)
        old.say(old.PREPARE)
        old.hear(old.READY)
        old.channel.send(bytes([5]) + b"\xff" * 500)
        old.say(old.SETTLE)
        old.hear(old.PREPARED)
        old.say(old.SERVE)
        head, request_id = lab.head()
        lab.expect(request_id)
        port = old.callers.getsockname()[1]
        with Caller(port) as caller:
            assert caller.send(head).read_answer().status == 200, "it serves without the state"
    finally:
        said = old.stop()
    assert "in version 99" in said and "start empty" in said, said
    stranger = OldOne(lab, variable="3:1")
    try:
        assert stranger.process.wait(20) == 1
    finally:
        said = stranger.stop()
    assert "SCORM_HANDOVER is set" in said, said


@_with_program("44h", "a limit of 100/1s through 20 hand-overs",
               settings={"limits_more": "  - {name: quota, per: app, rate: 100/1s, burst: 20, onExceed: refuse}"})
def quota(program):
    lab = program.lab
    admitted, ended = [], threading.Event()

    def keep():
        with Caller(lab.port) as caller:
            while not ended.is_set():
                head, _ = lab.head()
                got = caller.send(head).read_answer()
                if got.status == 200:
                    admitted.append(time.monotonic())

    threads = [threading.Thread(target=keep, daemon=True) for _ in range(8)]
    # The burst is available again.
    time.sleep(1.0)
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for number in range(20):
        program.hand_over()
        time.sleep(max(0, start + (number + 1) * 0.5 - time.monotonic()))
    ended.set()
    for thread in threads:
        thread.join(20)
    took = time.monotonic() - start
    most = 20 + 100 * took + 1
    assert len(admitted) <= most, f"{len(admitted)} calls in {took:.1f} s: at most {most:.0f}"
    assert len(admitted) >= 0.8 * 100 * took, f"only {len(admitted)} calls in {took:.1f} s"
    return f"{len(admitted)} calls in {took:.1f} s"
