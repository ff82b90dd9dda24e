"""Rows 23 to 25: many slow or silent callers at once."""

import resource
import selectors
import socket
import time

from peers import Caller, reset
from rig import Lab, Skipped, row
from test_callers_gone import large_answer

#: Other callers must not notice: seconds that a good call may take meanwhile.
NOTICEABLE = 1.0


def allow_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count:
        raise Skipped(f"{count} descriptors are needed, {hard} are allowed")
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def _watch_others(lab, seconds):
    """Makes valid calls for `seconds` and returns the time of the slowest."""
    slowest, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        lab.good_call()
        slowest = max(slowest, time.monotonic() - start)
        time.sleep(0.05)
    assert slowest < NOTICEABLE, f"others waited {slowest:.2f} s"
    return slowest


@row(23, "200 callers read 50 MB slowly",
     settings={"max_connections": 600, "response_timeout": "20s", "idle_timeout": "5s"})
def slow_readers(lab):
    sent = []
    large, well = large_answer(sent), lab.upstream.answer_well
    lab.upstream.on_request = lambda conversation, request: (
        large if "/courses" in request.target else well)(conversation, request)
    callers = []
    for _ in range(200):
        caller = Caller(lab.port, receive_buffer=4096)
        head, request_id = lab.head(path="/api/v2/courses")
        lab.expect(request_id, "caller/response-body", "caller-gone", 200)
        caller.send(head)
        callers.append(caller)
    end, peak, slowest = time.monotonic() + 5, 0, 0
    while time.monotonic() < end:
        for caller in callers:
            caller.connection.recv(1024)
        peak = max(peak, lab.memory())
        start = time.monotonic()
        lab.good_call()
        slowest = max(slowest, time.monotonic() - start)
        time.sleep(0.1)
    assert slowest < NOTICEABLE, f"others waited {slowest:.2f} s"
    # The high-water mark and one read for each, doubled.
    bound = lab.base_memory + 200 * 2 * (128 + 64 << 10) + (16 << 20)
    assert peak < bound, f"{peak >> 20} MiB resident"
    for caller in callers:
        caller.close()
    return {"note": f"at most {peak >> 20} MiB resident, others waited {slowest * 1000:.0f} ms at most",
            # The allocator may keep the memory of 200 queues.
            "memory_allowance": 40 << 20}


def _open(lab, count, first):
    """Opens `count` callers, each of which has sent `first()`."""
    allow_descriptors(count + 256)
    callers = []
    for _ in range(count):
        callers.append(Caller(lab.port).send(first()))
    return callers


def _cut_times(callers, since):
    """Reads until all are closed. Returns for each the seconds until then, and what it received."""
    watched = selectors.DefaultSelector()
    for caller in callers:
        caller.connection.setblocking(False)
        watched.register(caller.connection, selectors.EVENT_READ, caller)
    times = []
    deadline = time.monotonic() + 25
    while watched.get_map() and time.monotonic() < deadline:
        for key, _ in watched.select(0.2):
            caller = key.data
            try:
                data = caller.connection.recv(65536)
            except ConnectionResetError:
                data, caller.end = b"", "reset"
            caller.buffer += data
            if not data:
                times.append(time.monotonic() - since)
                watched.unregister(caller.connection)
    assert not watched.get_map(), f"{len(watched.get_map())} slow callers were never cut"
    return times


@row(24, "1000 callers send their heads byte by byte")
def slow_heads(lab):
    since = time.monotonic()
    callers = _open(lab, 1000, lambda: b"GET /api/v2/ping HTTP/1.1\r\nHost: localhost\r\nX-A: ")
    for _ in callers:
        lab.expect_anonymous("caller/request", "request-timeout", 408)
    opened = time.monotonic() - since
    slowest = 0
    while time.monotonic() - since < 8:
        for caller in callers:
            caller.send(b"a")
        slowest = max(slowest, _watch_others(lab, 0.3))
        time.sleep(0.5)
    times = _cut_times(callers, since)
    assert min(times) > 9.5 and max(times) < 11.5 + opened, f"cut after {min(times):.1f} to {max(times):.1f} s"
    assert all(caller.buffer.startswith(b"HTTP/1.1 408 ") for caller in callers)
    return {"note": f"cut after {min(times):.1f} to {max(times):.1f} s, others waited {slowest * 1000:.0f} ms"}


@row("24b", "1000 callers send their bodies byte by byte")
def slow_bodies(lab):
    since = time.monotonic()

    def first():
        head, request_id = lab.head("POST", "/api/v2/registrations", "Content-Length: 10000\r\n")
        lab.expect(request_id, "caller/request-body", "request-timeout", 408)
        return head + b"{"

    callers = _open(lab, 1000, first)
    opened = time.monotonic() - since
    for caller in callers:
        try:
            caller.send(b" ")
        except OSError:
            pass
    slowest = _watch_others(lab, 1)
    times = _cut_times(callers, since)
    assert min(times) > 1.5 and max(times) < 3.5 + opened, f"cut after {min(times):.1f} to {max(times):.1f} s"
    assert all(caller.buffer.startswith(b"HTTP/1.1 408 ") for caller in callers)
    return {"note": f"cut after {min(times):.1f} to {max(times):.1f} s, others waited {slowest * 1000:.0f} ms"}


@row("24c", "1000 callers do not read their answers",
     settings={"max_connections": 3000, "response_timeout": "20s"})
def no_reading(lab):
    sent = []
    # More than the kernel's buffers and the gateway's mark hold, so that the gateway must wait for the caller.
    lab.upstream.on_request = large_answer(sent, 8 << 20)
    callers = []
    allow_descriptors(4096)
    for _ in range(1000):
        caller = Caller(lab.port, receive_buffer=2048)
        head, request_id = lab.head()
        lab.expect(request_id, "caller/response-body", "caller-too-slow", 200)
        callers.append(caller.send(head))
    time.sleep(0.5)
    end = time.monotonic() + 20
    while lab.metric("scorm_gateway_exchanges_in_flight") and time.monotonic() < end:
        time.sleep(0.2)
    assert time.monotonic() < end, "callers that do not read are never cut"
    lab.upstream.on_request = lab.upstream.answer_well
    for caller in callers:
        caller.close()
    return {"memory_allowance": 64 << 20}


@row(25, "10000 idle callers, who then all call", lab=False)
def crowd():
    count = 10_000
    allow_descriptors(count + 1000)
    lab = Lab(settings={"idle_timeout": "30s", "response_timeout": "30s", "max_connections": 512,
                        "connect_timeout": "20s"})
    try:
        lab.note_base()
        connections = []
        for _ in range(count):
            connection = socket.socket()
            connection.connect(("127.0.0.1", lab.port))
            connections.append(connection)
        start = time.monotonic()
        lab.good_call()
        new_caller = time.monotonic() - start
        idle = lab.memory()
        assert idle - lab.base_memory < 20 << 20, f"{(idle - lab.base_memory) >> 20} MiB for idle callers"
        watched = selectors.DefaultSelector()
        sent_at, ids, took, refused = {}, {}, [], 0
        start = time.monotonic()
        for connection in connections:
            head, request_id = lab.head()
            ids[connection] = request_id
            watched.register(connection, selectors.EVENT_READ)
            sent_at[connection] = time.monotonic()
            connection.send(head)
        while len(took) < count:
            ready = watched.select(20)
            assert ready, f"{count - len(took)} calls were not answered"
            for key, _ in ready:
                data = key.fileobj.recv(4096)
                if data.startswith(b"HTTP/1.1 200 "):
                    lab.expect(ids[key.fileobj])
                else:
                    # More of them wait for the upstream than the limit allows, and get an error that says so.
                    assert data.startswith(b"HTTP/1.1 503 ") and b"connection_limit_reached" in data, data
                    lab.expect(ids[key.fileobj], "gateway/connect", "connection-limit", 503)
                    refused += 1
                took.append(time.monotonic() - sent_at[key.fileobj])
                watched.unregister(key.fileobj)
        total = time.monotonic() - start
        took.sort()
        for connection in connections:
            reset(connection)
        lab.check_after(memory_allowance=48 << 20)
        return (f"{(idle - lab.base_memory) >> 10} KiB for {count} idle callers, a new one waited "
                f"{new_caller * 1000:.1f} ms; all answered in {total:.1f} s, {refused} with 503, p99 {took[count * 99 // 100]:.1f} s")
    finally:
        lab.stop()
