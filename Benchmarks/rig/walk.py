"""Lists as one answer: processor time compared with relaying the same pages one by one, time compared with the
upstream's own answers and with a loop in Python, and memory."""

import http.client
import json
import pathlib
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse

from . import places
from .contenders import PREFIX
from .memory import Sampler
from .places import Unusable
from .processes import Proxy, cpu_seconds, on_cores
from .progress import progress

MIB = 1 << 20
LIST = f"{PREFIX}/registrations"
#: Pages of each walk before memory is measured, and the seconds for which these walks go on.
WARM_UP, SETTLING = 40, 2.5
#: Pages of a list whose processor time is measured, by the kind of page.
PAGES = {"ten": 1_000, "hundred": 400, "mebibyte": 60}
SMALL_PAGES = 1_000
CPU_BOUND, UPSTREAM_BOUND, LOOP_BOUND, MEMORY_BOUND = 1.5, 1.2, 0.5, 1.0
#: For a page so large that it passes through a file; SCORM Cloud has none (docs/performance.md).
FILE_BOUND = 3.5


class ListUpstream:
    """``list_upstream``, on the load's core."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(pathlib.Path(__file__).with_name("list_upstream.py"))], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=on_cores(places.LOAD_CORE))
        self.plain_port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)


class Caller:
    """A kept connection that looks at nothing but the framing, to take as little time as possible."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray(256 << 10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, query, fields=""):
        """The answer's head, and the part of the body that came with it."""
        self.socket.sendall(f"GET {LIST}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._some()
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise Unusable(f"answered {received[:300]!r}")
        return head.lower(), body

    def _some(self):
        count = self.socket.recv_into(self.buffer)
        if not count:
            raise Unusable("closed in the middle of an answer")
        return self.buffer[:count]

    def page(self, query):
        head, body = self.ask(query)
        left = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]) - len(body)
        while left > 0:
            count = self.socket.recv_into(self.buffer)
            if not count:
                raise Unusable("closed in the middle of a page")
            left -= count

    def pages(self, kind, count):
        """Reads all pages of a list, one by one. Their names are known, so no page is parsed."""
        self.page(f"courseId={kind}-{count}")
        for number in range(1, count):
            self.page(f"more={kind}-{count}-{number}")

    def walk(self, kind, count):
        """Reads the list as one answer. The last chunk is unmistakable, because a list ends with a bracket."""
        _, body = self.ask(f"courseId={kind}-{count}", "X-Scorm-Pages: all\r\n")
        last, size = bytes(body[-5:]), len(body)
        while last != b"0\r\n\r\n":
            received = self._some()
            size += len(received)
            last = (last + bytes(received[-5:]))[-5:]
        return size


def python_loop(port, count):
    """The loop that a user would write: reads each page and requests its `more`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    query, items = {"courseId": f"ten-{count}"}, 0
    while query:
        connection.request("GET", f"{LIST}?{urllib.parse.urlencode(query)}")
        page = json.loads(connection.getresponse().read())
        items += len(page["registrations"])
        query = {"more": page["more"]} if "more" in page else None
    connection.close()
    if items != 10 * count:
        raise Unusable(f"the loop in Python got {items} items")


def seconds(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def processor_ratio(proxy, kind, rounds):
    """Processor time of a list as one answer, relative to its pages one by one: the median of rounds."""
    pids, count, rows = proxy.pids(), PAGES[kind], []
    with Caller(proxy.port) as caller:
        for turn in range(rounds + 1):
            costs = []
            for action in (caller.pages, caller.walk):
                before = cpu_seconds(pids)
                action(kind, count)
                costs.append((cpu_seconds(pids) - before) * 1e6)
            if turn > 0:  # the first turn is a warm-up
                rows.append(costs)
    places.record("walk", {"what": f"processor, {kind}", "pages": count, "microseconds": rows})
    progress.say(f"{kind}: " + ", ".join(f"{name} {statistics.median(costs) / count:.0f} µs a page"
                                         for name, costs in zip(("one by one", "one answer"), zip(*rows))))
    return statistics.median(walk / pages for pages, walk in rows)


def time_ratios(proxy, upstream, rounds):
    """Time of a list of small pages as one answer, relative to the upstream's own answers and to a loop in Python.

    With an upstream that takes no time, only the way through the proxy would be compared with the upstream's answers.
    So that upstream takes 2 ms. The loop is compared with an upstream that takes no time, because that shows its own
    cost best.
    """
    rows = []
    with Caller(proxy.port) as caller, Caller(upstream.plain_port) as direct:
        for turn in range(rounds + 1):
            row = [seconds(lambda: direct.pages("slow", SMALL_PAGES)),
                   seconds(lambda: caller.walk("slow", SMALL_PAGES)),
                   seconds(lambda: caller.walk("ten", SMALL_PAGES)),
                   seconds(lambda: python_loop(proxy.port, SMALL_PAGES))]
            if turn > 0:
                rows.append(row)
    places.record("walk", {"what": "time", "pages": SMALL_PAGES, "seconds": rows})
    names = ("upstream of 2 ms alone", "one answer", "one answer of a quick upstream", "loop in Python")
    progress.say("1,000 pages of 10: " + ", ".join(f"{name} {statistics.median(times):.3f} s"
                                                   for name, times in zip(names, zip(*rows))))
    return (statistics.median(slow / direct for direct, slow, _, _ in rows),
            statistics.median(quick / loop for _, _, quick, loop in rows))


def growth(proxy, count):
    """The largest growth of resident memory, in MiB, while `count` pages of a mebibyte pass, after a warm-up."""
    with Caller(proxy.port) as caller:
        # Meanwhile the gateway releases memory that only the start needed. Parts of it that a walk and the periodic
        # work need are read again before memory is counted.
        caller.walk("large", WARM_UP)
        time.sleep(1)
        began = time.perf_counter()
        while time.perf_counter() - began < SETTLING:
            caller.walk("large", WARM_UP)
        with Sampler(proxy.pids()) as sampler:
            size = caller.walk("large", count)
    if size < count * MIB:
        raise Unusable(f"{size} bytes came of {count} pages of a mebibyte")
    grown = (max(sampler.sizes) - sampler.sizes[0]) / 1024
    places.record("walk", {"what": "memory", "pages": count, "MiB": grown})
    return grown


def measure(pages, rounds):
    """Prints each figure with its bound and verdict. Returns whether all bounds hold."""
    holds = True

    def say(what, figure, bound, strictly=False):
        nonlocal holds
        fits = figure < bound if strictly else figure <= bound
        holds = holds and fits
        print(f"  {what:66} {figure:6.2f}  {'<' if strictly else '≤'} {bound:4.2f}  "
              f"{'holds' if fits else 'EXCEEDED'}", flush=True)

    with ListUpstream() as upstream:
        # Without limits, because they are not measured here, and a list is of class `batch`.
        proxy = Proxy("gateway-without-limits", upstream, tls=False, log=True, label="gateway-walk")
        try:
            for what, kind, bound in (("10 registrations", "ten", CPU_BOUND), ("100 KiB", "hundred", CPU_BOUND),
                                      ("1 MiB, by a file", "mebibyte", FILE_BOUND)):
                say(f"CPU, pages of {what}: one answer / pages one by one",
                    processor_ratio(proxy, kind, rounds), bound)
            by_upstream, by_loop = time_ratios(proxy, upstream, rounds)
            say("time, 1,000 pages of 10: one answer / those of an upstream of 2 ms", by_upstream, UPSTREAM_BOUND)
            say("time, 1,000 pages of 10: one answer / a loop in Python", by_loop, LOOP_BOUND, strictly=True)
            say(f"memory, {pages:,} pages of 1 MiB: growth in MiB", growth(proxy, pages), MEMORY_BOUND,
                strictly=True)
        finally:
            proxy.stop()
    return holds
