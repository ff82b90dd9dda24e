"""Resident memory: at rest, with idle callers, while a gibibyte passes; and the time to start."""

import socket
import statistics
import threading
import time

from . import places
from .contenders import PREFIX
from .places import Unusable
from .processes import Origin, Proxy, cpu_seconds, resident_kib

CALLERS = (1_000, 9_900)
BULK = 1 << 30
PIECE = bytes(1 << 18)
STARTS = 5


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
    """One request on a kept connection; returns how many bytes of body came."""
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
    """Resident size with callers that have made one request each and wait, by their number."""
    sizes, callers = {}, []
    try:
        for wanted in CALLERS:
            while len(callers) < wanted:
                caller = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
                callers.append(caller)
                ask(caller, "/courses")
            time.sleep(0.5)
            sizes[wanted] = resident_kib(proxy.pids())
    except (OSError, Unusable) as reason:
        print(f"  {proxy.name}: gave up at {len(callers)} idle callers: {reason}")
    finally:
        for caller in callers:
            caller.close()
    return sizes


def bulk(proxy, upload):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as caller:
        ask(caller, "/courses")  # so that the first touch of code and buffers is not counted
        pids = proxy.pids()
        cpu, began = cpu_seconds(pids), time.perf_counter()
        with Sampler(pids) as sampler:
            if upload:
                caller.sendall((f"POST {PREFIX}/courses/importJobs/upload?courseId=bulk HTTP/1.1\r\n"
                                "Host: 127.0.0.1\r\nContent-Type: application/octet-stream\r\n"
                                f"Content-Length: {BULK}\r\n\r\n").encode())
                for _ in range(BULK // len(PIECE)):
                    caller.sendall(PIECE)
                length, body = read_head(caller)
                while len(body) < length:
                    body += caller.recv(4096)
                if body != b'{"got":%d}\n' % BULK:
                    raise Unusable(f"the origin counted {body!r}")
            elif ask(caller, f"/courses/bulk/zip?bytes={BULK}") != BULK:
                raise Unusable("the download had the wrong size")
        return {"min_kib": min(sampler.sizes), "max_kib": max(sampler.sizes),
                "cpu_seconds": round(cpu_seconds(pids) - cpu, 3),
                "seconds": round(time.perf_counter() - began, 3)}


def examine(name, tls, log):
    with Origin() as origin:
        starts = []
        for _ in range(STARTS):
            proxy = Proxy(name, origin, tls, log)
            starts.append(proxy.start_milliseconds)
            time.sleep(0.3)
            idle = resident_kib(proxy.pids())
            proxy.stop()
        row = {"contender": name, "tls": tls, "log": log, "idle_kib": idle,
               "start_milliseconds": round(statistics.median(starts), 1)}
        for measurement in ("callers", "upload", "download"):
            proxy = Proxy(name, origin, tls, log)
            try:
                row[measurement] = (idle_callers(proxy) if measurement == "callers"
                                    else bulk(proxy, measurement == "upload"))
            except (Unusable, OSError) as reason:
                print(f"  {name}: {measurement}: {reason}")
                row[measurement] = None
            finally:
                proxy.stop()
        places.record("memory", row)
        return row


def table(rows):
    def mib(kib):
        return f"{kib / 1024:.1f}" if kib is not None else "–"

    def moved(result):
        if not result:
            return f"{'–':>20}"
        sizes = f"{mib(result['min_kib'])}–{mib(result['max_kib'])}"
        return f"{sizes:>13} {result['cpu_seconds']:6.2f}"

    lines = [f"  {'contender':12} {'start ms':>8} {'idle MiB':>8} {'1,000':>7} {'9,900':>7}"
             f" {'upload MiB  CPU s':>20} {'download MiB  CPU s':>20}"]
    for row in rows:
        callers = row["callers"] or {}
        lines.append(f"  {row['contender']:12} {row['start_milliseconds']:8.1f}"
                     f" {mib(row['idle_kib']):>8} {mib(callers.get(1_000)):>7}"
                     f" {mib(callers.get(9_900)):>7} {moved(row['upload'])} {moved(row['download'])}")
    return "\n".join(lines)
