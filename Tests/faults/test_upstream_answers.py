"""Rows 16 to 20: answers that break off, are early, or arrive in several pieces."""

import email.utils
import socket
import threading
import time

from peers import Caller, answer
from rig import row

HEAD = b"HTTP/1.1 200 OK\r\n"


def broken_answer(data, ending):
    """A script that reads the request, sends `data`, and ends the connection in the given way."""

    def script(conversation, request):
        conversation.read_body(request)
        if data:
            conversation.send(data)
            # The reset must not overtake the bytes sent before.
            time.sleep(0.1)
        if ending == "reset":
            conversation.reset()
        return False

    return script


BREAKS = {
    "reset in the middle of a counted body": (HEAD + b"Content-Length: 100000\r\n\r\n" + b"x" * 5000, "reset"),
    "end in the middle of a counted body": (HEAD + b"Content-Length: 100000\r\n\r\n" + b"x" * 5000, "end"),
    "end in the middle of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwo", "end"),
    "end before the last chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "end"),
    "reset in a body that ends with the connection": (HEAD + b"\r\nhello", "reset"),
}


def _mark_breaks():
    for place, (name, (data, ending)) in enumerate(BREAKS.items()):

        def function(lab, data=data, ending=ending):
            lab.upstream.on_request = broken_answer(data, ending)
            got = lab.call(expect=("upstream/response-body", ANY_BREAK[ending], 200))
            assert got.status == 200 and not got.is_complete, "the cut is not to be seen"
            assert got.end == "reset", f"the caller's connection was {got.end}"

        row(f"16{'abcde'[place]}", f"answer cut: {name}")(function)


#: The `error.type` for each way in which the answer ends.
ANY_BREAK = {"reset": "connection-terminated", "end": "response-incomplete"}
_mark_breaks()


@row("16f", "answer cut: bad chunk size")
def bad_chunk(lab):
    good, bad = HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"ZZ\r\nhello\r\n"

    def late(conversation, request):
        conversation.send(good)
        # The valid part is on its way to the caller.
        time.sleep(0.2)
        conversation.send(bad)
        return False

    lab.upstream.on_request = late
    got = lab.call(expect=("upstream/response-body", "response-malformed", 200))
    assert got.status == 200 and not got.is_complete and got.end == "reset", f"{got.status} {got.end}"
    lab.upstream.on_request = broken_answer(good + bad, "end")
    got = lab.call(expect=("upstream/response-body", "response-malformed", 502))
    assert got.status == 502 and got.is_complete, f"{got.status} {got.end}"


@row("16g", "answer cut: reset and end before a byte of it")
def before_a_byte(lab):
    # A POST that was sent is never sent again, whatever state the gateway believes the connection is in.
    for ending in ("reset", "end"):
        seen = len(lab.upstream.requests)
        lab.upstream.on_request = broken_answer(b"", ending)
        got = lab.call("POST", "/api/v2/registrations", b"{}",
                       expect=("upstream/response-head", "connection-terminated", 502))
        assert got.status == 502 and "connection_terminated" in got.proxy_status, got.proxy_status
        assert len(lab.upstream.requests) == seen + 1, "the POST was sent twice"


@row("16h", "answer cut: end in the middle of its head")
def in_the_head(lab):
    lab.upstream.on_request = broken_answer(HEAD + b"Content-Le", "end")
    got = lab.call(expect=("upstream/response-head", "response-incomplete", 502))
    assert got.status == 502 and "http_response_incomplete" in got.proxy_status, got.proxy_status


def _cpu_while_quiet(lab, seconds=1.0):
    before = lab.cpu_seconds()
    time.sleep(seconds)
    return (lab.cpu_seconds() - before) / seconds


@row(17, "upstream shuts its side down before an answer")
def half_closed_before(lab):
    released = threading.Event()

    def script(conversation, request):
        conversation.read_body(request)
        conversation.connection.shutdown(socket.SHUT_WR)
        released.wait(10)
        return False

    lab.upstream.on_request = script
    got = lab.call(expect=("upstream/response-head", "connection-terminated", 502))
    assert got.status == 502 and "connection_terminated" in got.proxy_status, got.proxy_status
    usage = _cpu_while_quiet(lab)
    released.set()
    assert usage <= 0.03, f"{usage:.0%} of a processor for a connection that is half closed"


@row("17b", "upstream shuts its side down after an answer")
def half_closed_after(lab):
    released = threading.Event()

    def script(conversation, request):
        conversation.read_body(request)
        conversation.send(answer())
        conversation.connection.shutdown(socket.SHUT_WR)
        released.wait(10)
        return False

    lab.upstream.on_request = script
    for _ in range(5):
        # Each call finds that the kept connection has ended, and takes another one.
        assert lab.call("POST", "/api/v2/registrations", b"{}", expect=()).status == 200
        time.sleep(0.05)
    usage = _cpu_while_quiet(lab)
    released.set()
    assert usage <= 0.03, f"{usage:.0%} of a processor for connections that are half closed"


@row("17c", "caller shuts its side down after its request")
def caller_half_closed(lab):
    def script(conversation, request):
        conversation.read_body(request)
        time.sleep(1.2)
        conversation.send(answer())
        return True

    lab.upstream.on_request = script
    head, request_id = lab.head()
    lab.expect(request_id)
    with Caller(lab.port) as caller:
        caller.send(head)
        caller.connection.shutdown(socket.SHUT_WR)
        time.sleep(0.1)
        usage = _cpu_while_quiet(lab)
        assert caller.read_answer().status == 200
    assert usage <= 0.03, f"{usage:.0%} of a processor for a caller that is half closed"


def _upload(lab, size, expect):
    """Sends a body of `size` bytes as fast as it is accepted, until something stops it."""
    head, request_id = lab.head("POST", "/api/v2/registrations", f"Content-Length: {size}\r\n")
    lab.expect(request_id, *expect)
    caller = Caller(lab.port)
    caller.send(head)
    sent, block = 0, b"u" * 65536
    try:
        while sent < size:
            caller.send(block)
            sent += len(block)
    except OSError:
        pass
    return caller.read_answer(), sent


@row(18, "early 413 while 100 MB are being uploaded")
def early_413(lab):
    def script(conversation, request):
        conversation.send(answer(413, b"too big", b"Connection: close\r\n"))
        conversation.connection.shutdown(socket.SHUT_WR)
        time.sleep(0.5)
        return False

    lab.upstream.on_request = script
    got, sent = _upload(lab, 100_000_000, ("completed", None, 413))
    assert got.status == 413 and got.is_complete and got.body == b"too big", f"{got.status} {got.end}"
    assert sent < 100_000_000, "the upload went on"
    return {"note": f"stopped after {sent >> 10} KiB"}


@row("18b", "early 413, and a reset right behind it")
def early_413_and_reset(lab):
    def script(conversation, request):
        conversation.send(answer(413, b"too big", b"Connection: close\r\n"))
        time.sleep(0.2)
        conversation.reset()
        return False

    lab.upstream.on_request = script
    got, _ = _upload(lab, 100_000_000, ("completed", None, 413))
    assert got.status == 413 and got.is_complete and got.body == b"too big", f"{got.status} {got.end}"


@row(19, "early 200 on a connection that is kept")
def early_200(lab):
    def script(conversation, request):
        conversation.send(answer(200, b"early"))
        conversation.read_body(request)
        return True

    lab.upstream.on_request = script
    got, _ = _upload(lab, 5_000_000, ("completed", None, 200))
    assert got.status == 200 and got.body == b"early" and got.is_complete
    assert got.fields.get("connection") == "close", "the rest of the body would pass for a request"
    # The rest of the body that is still arriving must not be read as the next request or its answer.
    connections = lab.upstream.accepted
    lab.upstream.on_request = lab.upstream.answer_well
    assert lab.call(expect=()).status == 200
    assert lab.upstream.accepted == connections + 1, "the connection was used again"


INTERIM = {
    "one 100": (b"HTTP/1.1 100 Continue\r\n\r\n", []),
    "100 twice": (b"HTTP/1.1 100 Continue\r\n\r\n" * 2, []),
    "103": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", [103]),
    "103 and 100": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", [103]),
}


@row(20, "interim answers")
def interim_answers(lab):
    for name, (data, passed) in INTERIM.items():

        def script(conversation, request, data=data):
            conversation.read_body(request)
            conversation.send(data)
            time.sleep(0.05)
            conversation.send(answer())
            return True

        lab.upstream.on_request = script
        for method, body in (("GET", None), ("POST", b"{}")):
            path = "/api/v2/ping" if method == "GET" else "/api/v2/registrations"
            got = lab.call(method, path, body, expect=())
            assert got.status == 200 and got.interim == passed, f"{name}: {got.status} {got.interim}"


@row("20b", "a flood of interim answers")
def interim_flood(lab):
    def script(conversation, request):
        conversation.read_body(request)
        conversation.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 200 + answer())
        return True

    lab.upstream.on_request = script
    got = lab.call(expect=("upstream/response-head", "response-malformed", 502))
    assert got.status == 502 and "http_protocol_error" in got.proxy_status
    assert len(got.interim) <= 16, f"{len(got.interim)} interim answers were passed on"


def _dies_when_used_again(conversation, request):
    """Answers the first request of a connection, and resets at the second."""
    conversation.read_body(request)
    if getattr(conversation, "is_used", False):
        conversation.reset()
        return False
    conversation.is_used = True
    conversation.send(answer())
    return True


@row(21, "kept connection dies when a GET uses it again")
def stale_get(lab):
    lab.upstream.on_request = _dies_when_used_again
    assert lab.call(expect=()).status == 200
    assert lab.call(expect=()).status == 200, "a GET that is safe to repeat was not"
    time.sleep(0.4)
    attempts = [line["upstream"] for line in lab.lines()][-1]
    assert len(attempts) == 2 and attempts[0].get("retry") in ("closed", "broken"), attempts


@row("21b", "kept connection dies when a POST uses it again")
def stale_post(lab):
    lab.upstream.on_request = _dies_when_used_again
    assert lab.call(expect=()).status == 200
    seen = len(lab.upstream.requests)
    got = lab.call("POST", "/api/v2/registrations", b"{}",
                   expect=("upstream/response-head", "connection-terminated", 502))
    assert got.status == 502 and len(lab.upstream.requests) == seen + 1, "the POST was sent twice"


@row("21c", "kept connection was closed while nobody used it")
def closed_while_idle(lab):
    for leave in ("end", "reset"):

        def script(conversation, request, leave=leave):
            conversation.read_body(request)
            conversation.send(answer())
            time.sleep(0.1)
            if leave == "reset":
                conversation.reset()
            return False

        lab.upstream.on_request = script
        assert lab.call(expect=()).status == 200
        time.sleep(0.3)
        assert lab.call("POST", "/api/v2/registrations", b"{}", expect=()).status == 200, leave


@row(22, "answer never comes")
def hang(lab):
    def script(conversation, request):
        conversation.read_body(request)
        conversation.read()
        return False

    lab.upstream.on_request = script
    start = time.monotonic()
    got = lab.call(expect=("upstream/response-head", "response-timeout", 504))
    took = time.monotonic() - start
    assert got.status == 504 and "http_response_timeout" in got.proxy_status, got.proxy_status
    assert 1.9 < took < 3, f"responseTimeout is 2 s, it took {took:.1f} s"


@row("22b", "answer is slow but moves")
def slow_but_moving(lab):
    def script(conversation, request):
        conversation.read_body(request)
        time.sleep(1.2)
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n":
            conversation.send(bytes([byte]))
            time.sleep(0.01)
        conversation.send(b"\r\n")
        for byte in b"slow":
            time.sleep(1.2)
            conversation.send(bytes([byte]))
        return True

    lab.upstream.on_request = script
    got = lab.call(expect=())
    assert got.status == 200 and got.body == b"slow", f"{got.status} {got.body} {got.end}"


@row("22c", "answer stops in the middle")
def stalls(lab):
    def script(conversation, request):
        conversation.read_body(request)
        conversation.send(HEAD + b"Content-Length: 100\r\n\r\nhello")
        conversation.read()
        return False

    lab.upstream.on_request = script
    start = time.monotonic()
    got = lab.call(expect=("upstream/response-body", "response-timeout", 200))
    took = time.monotonic() - start
    assert not got.is_complete and got.end == "reset" and 1.9 < took < 3, f"{got.end} {took:.1f} s"


@row("22d", "answer's head trickles for ever")
def endless_head(lab):
    def script(conversation, request):
        conversation.read_body(request)
        conversation.send(HEAD)
        while True:
            conversation.send(b"X-A: " + b"a" * 900 + b"\r\n")
            time.sleep(0.002)

    lab.upstream.on_request = script
    before = lab.cpu_seconds()
    got = lab.call(expect=("upstream/response-head", "response-malformed", 502))
    assert got.status == 502 and "http_response_header_section_size" in got.proxy_status, got.proxy_status
    return {"note": f"{lab.cpu_seconds() - before:.2f} s of processor time"}


@row(29, "429 and 503 that say when to come back")
def come_back_later(lab):
    for status in (429, 503):
        for form in ("seconds", "date"):
            when = "1" if form == "seconds" else email.utils.formatdate(time.time() + 2, usegmt=True)

            def script(conversation, request, status=status, when=when):
                conversation.read_body(request)
                conversation.send(answer(status, b"{}", b"Retry-After: %s\r\n" % when.encode()))
                return True

            lab.upstream.on_request = script
            got = lab.call(expect=("completed", None, status))
            assert got.status == status and got.fields["retry-after"] == when, got.fields
            lab.upstream.on_request = lab.upstream.answer_well
            # The whole app pauses, and the next call waits for its turn instead of failing.
            start = time.monotonic()
            assert lab.call(expect=()).status == 200
            waited = time.monotonic() - start
            assert 0.5 < waited < 4, f"waited {waited:.1f} s for a pause of {when}"
