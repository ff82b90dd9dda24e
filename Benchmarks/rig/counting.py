"""Figures that do not depend on how busy the machine is: system calls and instructions per request."""

import dataclasses
import pathlib
import re
import signal
import subprocess
import time

from . import places, profile
from .contenders import PREFIX, Shape
from .places import Unusable, tool
from .processes import Origin, Proxy


@dataclasses.dataclass(frozen=True)
class Load:
    """The load on a proxy while it is measured."""

    connections: int = 64
    path: str = f"{PREFIX}/courses?since=2026"
    body: int = 0
    sources: int = 0

    def begin(self, origin, proxy, seconds):
        origin.begin_load(proxy.port, self.connections, seconds, self.path, self.body, self.sources)

    def run(self, origin, proxy, seconds):
        self.begin(origin, proxy, seconds)
        return origin.end_load()


def system_calls(name, tls, log, options):
    """System calls of all the proxy's threads, per request, by name."""
    strace = tool("strace")
    load = Load(options.connections)
    with Origin() as origin:
        proxy = Proxy(name, origin, tls, log)
        try:
            load.run(origin, proxy, 1)
            report = proxy.directory / "strace.txt"
            targets = [part for pid in proxy.pids() for part in ("-p", str(pid))]
            # It prints `attached` for each thread. A load before that would be counted wrongly.
            tracer = subprocess.Popen([strace, "-f", "-c", "-o", str(report), *targets],
                                      stderr=subprocess.PIPE, text=True)
            for _ in proxy.pids():
                tracer.stderr.readline()
            requests, _, bad = load.run(origin, proxy, options.seconds)
            time.sleep(0.2)
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=20)
        finally:
            proxy.stop()
    calls = {}
    for line in report.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and re.fullmatch(r"[\d.]+", fields[0]) and fields[-1] != "total":
            calls[fields[-1]] = int(fields[3]) / requests
    row = {"contender": name, "tls": tls, "log": log, "requests": requests, "bad": bad,
           "total": round(sum(calls.values()), 3),
           "calls": {call: round(count, 3) for call, count in
                     sorted(calls.items(), key=lambda item: -item[1]) if count >= 0.005}}
    places.record("syscalls", row)
    return row


def instructions(name, tls, log, seconds, load=Load(), shape=Shape(), label=None, functions=0):
    """User-space instructions per request, from two runs of different length under callgrind: the difference of their
    counts divided by the difference of their requests, so that the start cancels out. `functions` is the number of
    lines of the profile that are added to the row."""
    valgrind = tool("valgrind")

    def one(length):
        counts = places.WORK / f"callgrind.{(label or name).replace(' ', '-')}.{length}"

        def under_callgrind(command):
            if pathlib.Path(command[0]).name == "nginx":
                command = [*command, "-g", "master_process off;"]
            elif name.startswith("gateway"):
                # Valgrind 3.19 cannot read the debug information of newer compilers. Symbols suffice.
                lean = places.WORK / "gateway-without-debug-information"
                subprocess.run([tool("strip"), "--strip-debug", "-o", str(lean), command[0]],
                               check=True)
                command = [str(lean), *command[1:]]
            return [valgrind, "--tool=callgrind", f"--callgrind-out-file={counts}", *command]

        with Origin() as origin:
            proxy = Proxy(name, origin, tls, log, wrap=under_callgrind, shape=shape, label=label)
            try:
                requests, _, bad = load.run(origin, proxy, length)
            finally:
                proxy.stop()
        found = re.search(r"^(?:summary|totals): (\d+)", counts.read_text(), re.MULTILINE)
        if not found:
            raise Unusable(f"callgrind left no total in {counts}")
        return int(found[1]), requests, bad, counts

    short, long = one(2), one(2 + seconds)
    more_requests = long[1] - short[1]
    if more_requests < 1000:
        raise Unusable(f"only {more_requests} requests in {seconds} s: give it more --seconds")
    row = {"contender": label or name, "tls": tls, "log": log, "bad": short[2] + long[2],
           "connections": load.connections,
           "instructions": round((long[0] - short[0]) / more_requests)}
    places.record("instructions", row)
    if functions:
        row["profile"] = profile.table(short[3], long[3], more_requests, functions)
    return row
