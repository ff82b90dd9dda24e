"""The running proxy and origin, and what the kernel reports about them."""

import os
import pathlib
import resource
import signal
import socket
import ssl
import subprocess
import time

from . import places
from .contenders import CONTENDERS, PREFIX, Setting, Shape
from .places import Unusable

FIRST_REQUEST = (f"GET {PREFIX}/courses HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                 "Connection: close\r\n\r\n").encode()
START_DEADLINE = 60.0


def on_cores(*cores):
    """Returns what a child does before it becomes the measured program."""
    def apply():
        os.sched_setaffinity(0, {core % os.cpu_count() for core in cores})
        limit = min(places.DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        os.setsid()
        try:
            os.nice(places.NICENESS)
            # Where the kernel groups tasks by session, niceness counts only within a group. This makes the session of
            # the child count.
            pathlib.Path("/proc/self/autogroup").write_text(str(places.NICENESS))
        except OSError:
            pass  # not root, or no such grouping: more noise, but the same comparison
    return apply


def client_context():
    context = ssl.create_default_context(cafile=places.CALLERS_CA)
    context.load_cert_chain(places.CALLERS / "client.pem", places.CALLERS / "client.key")
    return context


class Origin:
    """The origin and load generator: one process on the load's core."""

    def __init__(self, *cores):
        self.cores = cores or (places.LOAD_CORE,)

    def __enter__(self):
        self.process = subprocess.Popen(
            [str(places.ORIGIN), str(places.CERTIFICATE), str(places.KEY)], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=on_cores(*self.cores))
        ready = self.process.stdout.readline().split()
        if len(ready) != 3:
            raise Unusable("the origin did not start")
        self.plain_port, self.tls_port = int(ready[1]), int(ready[2])
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)

    def use_client(self):
        """Makes callers with TLS present the client's certificate from now on."""
        self.process.stdin.write(f"use {places.CALLERS}/client.pem {places.CALLERS}/client.key\n")

    def secured_load(self, kind, port, connections, seconds, path=f"{PREFIX}/courses?since=2026"):
        """Like `load`, with callers that use TLS: `kept`, `fresh` or `idle`."""
        self.process.stdin.write(f"secured {kind} {port} {connections} {seconds} {path}\n")
        return self.end_load()

    def drop(self):
        """Disconnects idle callers."""
        self.process.stdin.write("drop\n")

    def load(self, *order, **more):
        """Runs one load. Returns the number of answered requests, the seconds, and the number of wrong answers."""
        self.begin_load(*order, **more)
        return self.end_load()

    def begin_load(self, port, connections, seconds, path=f"{PREFIX}/courses?since=2026", body=0,
                   sources=0):
        self.process.stdin.write(
            f"load {port} {connections} {seconds} {body} {sources} {path}\n")

    def paced(self, port, connections, seconds, rate, path=f"{PREFIX}/courses?since=2026"):
        """Sends requests at a fixed rate. Returns how many were timed, their microseconds (p50, p99, p999, the
        longest), and how many answers were wrong or missing."""
        self.process.stdin.write(f"paced {port} {connections} {seconds} {rate} {path}\n")
        answer = self.process.stdout.readline().split()
        if len(answer) != 6:
            raise Unusable("the load generator has ended; its last words are on standard error")
        count, *times, bad = map(int, answer)
        return count, times, bad

    def end_load(self):
        answer = self.process.stdout.readline().split()
        if len(answer) != 3:
            raise Unusable("the load generator has ended; its last words are on standard error")
        requests, elapsed, bad = answer
        return int(requests), float(elapsed), int(bad)


class Proxy:
    """A contender that has started and answers."""

    def __init__(self, name, origin, tls, log, wrap=None, cores=(places.PROXY_CORE,),
                 shape=Shape(), label=None):
        self.name = label or name
        self.context = client_context() if shape.secured else None
        self.port = places.free_port()
        mode = ("tls" if tls else "plain") + ("-log" if log else "")
        self.directory = places.WORK / "run" / f"{self.name.replace(' ', '-')}-{mode}"
        self.directory.mkdir(parents=True, exist_ok=True)
        for old in self.directory.glob("*.log"):
            old.unlink()
        command = CONTENDERS[name](
            Setting(self.directory, self.port, origin, tls, log, shape))
        command = wrap(command) if wrap else command
        with open(self.directory / "stdout.log", "wb") as output, \
             open(self.directory / "stderr.log", "wb") as errors:
            began = time.perf_counter()
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=errors, preexec_fn=on_cores(*cores))
        try:
            self._await_first_answer(began)
        except BaseException:
            self.stop()
            raise
        self.start_milliseconds = (time.perf_counter() - began) * 1000

    def _await_first_answer(self, began):
        answer = b""
        while not answer.startswith(b"HTTP/1.1 200"):
            if self.process.poll() is not None:
                raise Unusable(f"{self.name} ended with {self.process.returncode}, see "
                               f"{self.directory / 'stderr.log'}: {self._last_error()}")
            if time.perf_counter() - began > START_DEADLINE:
                raise Unusable(f"{self.name} gave no 200 in {START_DEADLINE:.0f} s: "
                               f"{answer[:100]!r}, see {self.directory}")
            try:
                with self._connect() as caller:
                    caller.sendall(FIRST_REQUEST)
                    answer = caller.recv(4096)
            except OSError:
                pass
            time.sleep(0.0005)

    def _connect(self):
        caller = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        return self.context.wrap_socket(caller, server_hostname="localhost") if self.context else caller

    def _last_error(self):
        lines = (self.directory / "stderr.log").read_text(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "no message"

    def pids(self):
        """The process and its descendants, because nginx works in a child."""
        children = {}
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                children.setdefault(int(after_name[1]), []).append(int(entry.name))
        found = [self.process.pid]
        for pid in found:
            found.extend(children.get(pid, []))
        return found

    def stop(self):
        """Asks the parent to end. Processes that have not ended after five seconds are killed."""
        pids = self.pids()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()


def cpu_seconds(pids):
    """Processor time of all present threads, by the scheduler's accounting. (The time of threads that have ended is
    missing, but every contender keeps its threads.)"""
    total = 0
    for pid in pids:
        try:
            for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
                total += int((thread / "schedstat").read_text().split()[0])
        except OSError:
            continue
    return total / 1e9


def resident_kib(pids):
    total = 0
    for pid in pids:
        try:
            pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
        total += pages * resource.getpagesize() // 1024
    return total


def machine_seconds():
    """Busy time of all cores together, including interrupts, and the time that the host took from this virtual
    machine, during which nothing here could run."""
    with open("/proc/stat") as stat:
        user, nice, system, _, _, irq, softirq, stolen = map(int, stat.readline().split()[1:9])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, stolen / tick
