"""Rows 39 and 40: system calls that are interrupted or fail, and bytes that come one by one.

Short reads and writes are produced with real sockets: segments of one byte, and a window of a few. A library that
shortens the calls themselves would mislead an edge-triggered loop, which may take a short read for an empty socket
(epoll(7))."""

import pathlib
import signal
import threading
import time

from peers import Caller, answer
from rig import ANY, Skipped, row
from test_callers_gone import large_answer


def _strace(*injections):
    calls = sorted({name for injection in injections for name in injection.split(":")[0].split(",")})
    wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + ",".join(calls)]
    for injection in injections:
        wrapper += ["-e", "inject=" + injection]
    return dict(needs=["strace"], is_traced=True, wrapper=wrapper)


@row(39, "SIGPIPE", threads=2)
def broken_pipe(lab):
    for _ in range(20):
        lab.signal(signal.SIGPIPE)
        assert lab.call(expect=()).status == 200


@row("39b", "epoll_wait is interrupted every fifth time", **_strace("epoll_wait:error=EINTR:when=3+5"))
def interrupted_wait(lab):
    for _ in range(60):
        assert lab.call(expect=()).status == 200
    assert all(got.status == 200 for got in lab.calls_at_once(30, expect=()))


@row("39c", "reads, writes and accepts are interrupted",
     **_strace("recvfrom:error=EINTR:when=3+4", "sendto:error=EINTR:when=3+3",
               "accept4:error=EINTR:when=2+2", "write:error=EINTR:when=3+3"))
def interrupted_calls(lab):
    sent = []
    for _ in range(40):
        assert lab.call(expect=()).status == 200
    assert lab.call("POST", "/api/v2/registrations", b"u" * 300_000, expect=()).status == 200
    lab.upstream.on_request = large_answer(sent, 2 << 20)
    got = lab.call(expect=())
    assert got.is_complete and len(got.body) == 2 << 20, f"{len(got.body)} bytes, {got.end}"


@row("39d", "writes fail with EPIPE now and then", **_strace("sendto:error=EPIPE:when=20+9"))
def failing_writes(lab):
    outcomes = {}
    for _ in range(60):
        head, request_id = lab.head()
        lab.expect(request_id, ANY, ANY, ANY)
        with Caller(lab.port) as caller:
            got = caller.send(head).read_answer()
        # The fault hits the caller's or the upstream's connection: the answer is an error, a repeated attempt or cut,
        # but never half a success.
        assert got.is_complete or got.end in ("reset", "closed") and not got.status, f"{got.status} {got.raw}"
        outcomes[got.status] = outcomes.get(got.status, 0) + 1
    # `when` never ends, so the good call of the after-list needs a connection without faults.
    return {"note": f"answers by status: {outcomes}"}


@row("39e", "one system call in fifty is interrupted or reset", needs=["fiu-run"], wrapper=[
    "fiu-run", "-x", "-c",
    "enable_random name=posix/io/net/recv,probability=0.02,failinfo=4",
    "-c", "enable_random name=posix/io/net/send,probability=0.02,failinfo=4",
    "-c", "enable_random name=posix/io/net/accept,probability=0.02,failinfo=103"])
def random_interruptions(lab):
    if "fiu" not in pathlib.Path(f"/proc/{lab.pid}/maps").read_text():
        raise Skipped("libfiu is not loaded into the gateway")
    for _ in range(200):
        assert lab.call(expect=()).status == 200


def _byte_by_byte(send, data, pause=0.0005):
    for byte in data:
        send(bytes([byte]))
        time.sleep(pause)


@row(40, "every byte comes alone, in both directions")
def single_bytes(lab):
    body = b"one by one"

    def script(conversation, request):
        got = conversation.read_body(request)
        assert got in (b"", body) or got.startswith(b"a\r\n"), got
        if request.method == "GET":
            reply = answer(200, body)
        else:
            reply = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n7;x=y\r\n by one\r\n"
                     b"0\r\nX-T: 1\r\n\r\n")
        _byte_by_byte(conversation.send, reply)
        return True

    lab.upstream.on_request = script
    with Caller(lab.port) as caller:
        for method, fields, sent in (
                ("GET", "", b""), ("POST", f"Content-Length: {len(body)}\r\n", body),
                ("PUT", "Transfer-Encoding: chunked\r\n", b"a\r\none by one\r\n0\r\n\r\n")):
            path = "/api/v2/ping" if method == "GET" else "/api/v2/registrations"
            if method == "PUT":
                path = "/api/v2/courses/c/title"
            head, request_id = lab.head(method, path, fields)
            lab.expect(request_id)
            _byte_by_byte(caller.send, head + sent)
            got = caller.read_answer(method)
            assert got.status == 200 and got.body == body, f"{method}: {got.status} {got.body}"


@row("40b", "windows of a few bytes, in both directions", settings={"idle_timeout": "10s"})
def small_windows(lab):
    size = 400_000
    data = bytes(index % 251 for index in range(size))
    received = []

    def script(conversation, request):
        # Small reads with pauses keep the window small, and therefore the gateway's writes too.
        while len(conversation.buffer) < size:
            more = conversation.read(3000)
            if not more:
                return False
            conversation.buffer += more
        received.append(conversation.buffer[:size])
        conversation.buffer = b""
        conversation.send(answer(200, data))
        return True

    lab.upstream.listener.setsockopt(1, 8, 4096)  # SOL_SOCKET, SO_RCVBUF: accepted sockets inherit it
    lab.upstream.on_request = script
    head, request_id = lab.head("POST", "/api/v2/registrations", f"Content-Length: {size}\r\n")
    lab.expect(request_id)
    with Caller(lab.port, receive_buffer=2048) as caller:
        sender = threading.Thread(target=caller.send, args=(head + data,))
        sender.start()
        got = b""
        while not got.endswith(data[-1000:]) or len(got) < size:
            more = caller.connection.recv(1500)
            assert more, f"ended after {len(got)} bytes"
            got += more
        sender.join(10)
    assert received == [data], "the request's body was changed on its way"
    assert got.partition(b"\r\n\r\n")[2] == data, "the answer's body was changed on its way"
