"""Resident memory at rest, with idle callers, and while a gibibyte passes; and the time to start.

Sizes are the resident sets of all the proxy's processes together. Goals are in megabytes of 10^6 bytes.
"""

import socket
import statistics
import threading
import time

from . import places
from .contenders import PREFIX
from .places import Unusable
from .processes import Origin, Proxy, cpu_seconds, resident_kib
from .progress import progress

CALLERS = (1_000, 9_900)
BULK = 1 << 30
WARM_UP = 1 << 26
PIECE = bytes(1 << 18)
STARTS = 5
# At rest means this many seconds after the last answer, with nothing in progress. That is long enough to release memory
# after a burst, and to write a log line.
REST_SECONDS = 3.0
MEGABYTE = 1_000_000


class Sampler:
    """Reads the resident size every 10 ms while a block runs."""

    def __init__(self, pids):
        self.pids = pids
        self.sizes = [resident_kib(pids)]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._sample, daemon=True)

    def _sample(self):
        while not self.over.wait(0.01):
            self.sizes.append(resident_kib(self.pids))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def read_head(caller):
    received = b""
    while b"\r\n\r\n" not in received:
        piece = caller.recv(65536)
        if not piece:
            raise Unusable("closed before the answer's head was complete")
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise Unusable(f"answered {head[:60]!r}")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    return int(fields[b"content-length"]), body


def ask(caller, path):
    """Sends a request on a kept connection. Returns the number of body bytes received."""
    caller.sendall(f"GET {PREFIX}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    length, body = read_head(caller)
    received, buffer = len(body), bytearray(1 << 18)
    while received < length:
        count = caller.recv_into(buffer)
        if not count:
            raise Unusable(f"closed after {received} of {length} bytes")
        received += count
    return received


def idle_callers(proxy):
    """Resident size with callers that have each made one request and wait, by the number of callers."""
    sizes, callers = {}, []
    try:
        for wanted in CALLERS:
            while len(callers) < wanted:
                caller = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
                callers.append(caller)
                ask(caller, "/courses")
            time.sleep(REST_SECONDS)
            sizes[wanted] = resident_kib(proxy.pids())
    except (OSError, Unusable) as reason:
        progress.say(f"{proxy.name}: gave up at {len(callers)} idle callers: {reason}")
    finally:
        for caller in callers:
            caller.close()
    return sizes


def pass_bytes(caller, upload, count):
    """Sends or fetches `count` bytes, a multiple of a piece, and checks that all arrived."""
    if not upload:
        if ask(caller, f"/courses/bulk/zip?bytes={count}") != count:
            raise Unusable("the download had the wrong size")
        return
    caller.sendall((f"POST {PREFIX}/courses/importJobs/upload?courseId=bulk HTTP/1.1\r\n"
                    "Host: 127.0.0.1\r\nContent-Type: application/octet-stream\r\n"
                    f"Content-Length: {count}\r\n\r\n").encode())
    for _ in range(count // len(PIECE)):
        caller.sendall(PIECE)
    length, body = read_head(caller)
    while len(body) < length:
        body += caller.recv(4096)
    if body != b'{"got":%d}\n' % count:
        raise Unusable(f"the origin counted {body!r}")


def bulk(proxy, upload):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as caller:
        # So that neither the end of the start nor the first use of code and buffers is counted.
        time.sleep(REST_SECONDS)
        pass_bytes(caller, upload, WARM_UP)
        pids = proxy.pids()
        cpu, began = cpu_seconds(pids), time.perf_counter()
        with Sampler(pids) as sampler:
            pass_bytes(caller, upload, BULK)
        return {"min_kib": min(sampler.sizes), "max_kib": max(sampler.sizes),
                "cpu_seconds": round(cpu_seconds(pids) - cpu, 3),
                "seconds": round(time.perf_counter() - began, 3)}


def at_rest(name, origin, tls, log):
    """Resident KiB of fresh processes that have answered once, and the milliseconds that their starts took."""
    sizes, starts = [], []
    for _ in range(STARTS):
        proxy = Proxy(name, origin, tls, log)
        starts.append(proxy.start_milliseconds)
        time.sleep(REST_SECONDS)
        sizes.append(resident_kib(proxy.pids()))
        proxy.stop()
    return statistics.median(sizes), statistics.median(starts)


def after_load(name, origin, tls, log):
    """Resident KiB at rest again, after two seconds of 64 busy callers."""
    proxy = Proxy(name, origin, tls, log)
    try:
        origin.load(proxy.port, 64, 2)
        time.sleep(REST_SECONDS)
        return resident_kib(proxy.pids())
    finally:
        proxy.stop()


def with_callers(name, origin, tls, log):
    proxy = Proxy(name, origin, tls, log)
    try:
        return idle_callers(proxy)
    finally:
        proxy.stop()


def pass_bulk(name, origin, tls, log, upload):
    proxy = Proxy(name, origin, tls, log)
    try:
        return bulk(proxy, upload)
    except (Unusable, OSError) as reason:
        progress.say(f"{name}: {'upload' if upload else 'download'}: {reason}")
        return None
    finally:
        proxy.stop()


def examine(name, tls, log, bulks=True):
    """Everything about one contender."""
    with Origin() as origin:
        progress.say(f"{name}: at rest")
        idle, started = at_rest(name, origin, tls, log)
        row = {"contender": name, "tls": tls, "log": log, "idle_kib": idle,
               "start_milliseconds": round(started, 1),
               "after_load_kib": after_load(name, origin, tls, log)}
        progress.say(f"{name}: idle callers")
        row["callers"] = with_callers(name, origin, tls, log)
        for way in ("upload", "download") if bulks else ():
            progress.say(f"{name}: {way}")
            row[way] = pass_bulk(name, origin, tls, log, way == "upload")
        places.record("memory", row)
        return row


def bulk_in_rounds(names, tls, log, rounds):
    """Passes a gibibyte up and one down through each contender, in rounds. Returns rows by direction and contender.
    A contender that fails once is left out."""
    found = {way: {name: [] for name in names} for way in ("upload", "download")}
    with Origin() as origin:
        for turn in range(rounds):
            for way, rows in found.items():
                progress.say(f"{way}, round {turn + 1} of {rounds}")
                for name in list(rows):
                    try:
                        row = pass_bulk(name, origin, tls, log, way == "upload")
                    except Unusable as reason:
                        progress.leave_out(name, reason)
                        row = None
                    if row is None:
                        del rows[name]
                        continue
                    rows[name].append(row)
                    places.record("bulk", {"contender": name, "way": way, "tls": tls, "log": log,
                                           "round": turn, **row})
    return found


def megabytes(kib):
    return kib * 1024 / MEGABYTE


def table(rows):
    def text(kib):
        return f"{megabytes(kib):.1f}" if kib is not None else "–"

    def moved(result):
        if not result:
            return f"{'–':>20}"
        sizes = f"{text(result['min_kib'])}–{text(result['max_kib'])}"
        return f"{sizes:>13} {result['cpu_seconds']:6.2f}"

    lines = [f"  {'contender':22} {'start ms':>8} {'rest MB':>7} {'after load':>10} {'1,000':>6}"
             f" {'9,900':>6} {'upload MB  CPU s':>20} {'download MB  CPU s':>20}"]
    for row in rows:
        callers = row["callers"] or {}
        lines.append(f"  {row['contender']:22} {row['start_milliseconds']:8.1f}"
                     f" {text(row['idle_kib']):>7} {text(row['after_load_kib']):>10}"
                     f" {text(callers.get(1_000)):>6} {text(callers.get(9_900)):>6}"
                     f" {moved(row['upload'])} {moved(row['download'])}")
    lines.append(f"  At rest: {REST_SECONDS:.0f} s after the last answer. MB: 10^6 bytes.")
    return "\n".join(lines)
