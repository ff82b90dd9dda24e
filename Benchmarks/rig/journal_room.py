"""The disk space of a journal's files while a gateway writes them as fast as it can."""

import contextlib
import dataclasses
import http.client
import os
import re
import sqlite3
import threading
import time

from .contenders import Shape
from .counting import Load as Calls
from .places import Unusable
from .processes import Origin, Proxy

MIB = 1 << 20
#: Seconds between two looks at the files.
STEP = 0.002
SECONDS = 10


@dataclasses.dataclass(frozen=True)
class Load:
    name: str
    size: int  # the journal's maxSize
    beside: str = ""  # what else uses the file


LOADS = (
    Load("16 MiB", 16 * MIB),
    Load("16 MiB, a reader holds on", 16 * MIB, "reader"),
    Load("16 MiB, searches", 16 * MIB, "searches"),
    Load("512 MiB", 512 * MIB))


@dataclasses.dataclass
class Largest:
    log: int = 0
    files: int = 0
    said: str = ""


def size(path):
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def watch(journal, largest, stop):
    while not stop.is_set():
        log = size(f"{journal}-wal")
        largest.log = max(largest.log, log)
        largest.files = max(largest.files, log + size(journal) + size(f"{journal}-shm"))
        stop.wait(STEP)


def admin(proxy):
    text = (proxy.directory / "gateway.yaml").read_text()
    return http.client.HTTPConnection(re.search(r"admin:\n  address: (\S+)", text).group(1), timeout=60)


def ask(proxy, page):
    with contextlib.closing(admin(proxy)) as connection:
        connection.request("GET", page)
        return connection.getresponse().read().decode()


def search(proxy, stop):
    while not stop.is_set():
        ask(proxy, "/api/traffic?text=nothing-has-this")


def metric(proxy, name):
    found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", ask(proxy, "/metrics"), re.MULTILINE)
    if not found:
        raise Unusable(f"the gateway has no metric {name}")
    return sum(float(value) for value in found)


def measure(load):
    """The largest size of the files while the gateway gets as many calls as it can serve."""
    largest, stop = Largest(), threading.Event()
    with Origin() as origin:
        proxy = Proxy("gateway-with-journal", origin, tls=False, log=False, label="gateway-journal-room",
                      shape=Shape(journal_size=f"{load.size // MIB}MiB"))
        journal = proxy.directory / "traffic.sqlite"
        threads = [threading.Thread(target=watch, args=(journal, largest, stop))]
        if load.beside == "searches":
            threads.append(threading.Thread(target=search, args=(proxy, stop)))
        try:
            with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as reader:
                if load.beside == "reader":
                    reader.execute("BEGIN")
                    reader.execute("SELECT count(*) FROM blocks").fetchall()
                for thread in threads:
                    thread.start()
                requests, _, bad = Calls().run(origin, proxy, SECONDS)
            if bad:
                raise Unusable(f"{bad} answers were wrong")
            # Once nothing holds the file, the waiting records are written.
            end = time.monotonic() + 60
            while metric(proxy, "scorm_gateway_journal_queue_bytes") > 0:
                if time.monotonic() > end:
                    raise Unusable("the journal's queue does not empty")
                time.sleep(0.05)
            dropped = metric(proxy, "scorm_gateway_journal_records_dropped_total")
            largest.said = f"{requests / SECONDS:,.0f} calls/s, {dropped:,.0f} lost"
        finally:
            stop.set()
            for thread in threads:
                if thread.is_alive():
                    thread.join()
            proxy.stop()
    return largest
