"""Rows 14 and 15: callers that disconnect in the middle."""

import socket

from peers import Caller, answer, eventually
from rig import row

UPLOAD = 1_000_000


def _aborted_uploads(lab, fields, first, leave, arrived=None):
    """A caller sends a part of its body and disconnects. Returns how the upstream's connection ended."""
    endings = []

    def script(conversation, request):
        try:
            body = conversation.read_body(request)
            endings.append("complete" if body is not None else "end")
        except ConnectionResetError:
            endings.append("reset")
        return False

    lab.upstream.on_request = script
    head, request_id = lab.head("POST", "/api/v2/registrations", fields)
    lab.expect(request_id, "caller/request-body", "caller-gone", 0)
    with Caller(lab.port) as caller:
        caller.send(head + first)
        eventually(lambda: lab.upstream.conversations[-1].received.endswith(arrived or first[-1000:]),
                   "the upstream has what was sent")
        leave(caller)
        eventually(lambda: endings, "the upstream sees the end")
    assert endings == ["reset"], f"what the caller did not finish ended upstream with: {endings}"
    assert not lab.upstream.conversations[-1].received.endswith(b"0\r\n\r\n")


def _leave_with_end(caller):
    caller.connection.shutdown(socket.SHUT_WR)


def _leave_with_reset(caller):
    caller.reset()


@row(14, "caller ends in the middle of a long upload")
def counted_end(lab):
    _aborted_uploads(lab, f"Content-Length: {UPLOAD}\r\n", b"u" * 100_000, _leave_with_end)


@row("14b", "caller resets in the middle of a long upload")
def counted_reset(lab):
    _aborted_uploads(lab, f"Content-Length: {UPLOAD}\r\n", b"u" * 100_000, _leave_with_reset)


@row("14c", "caller ends in the middle of a chunked upload")
def chunked_end(lab):
    # On the wire the chunk ends with 0 CR LF CR LF, which must not be taken for the last chunk.
    data = b"u" * 99_995 + b"\r\n0\r\n"
    _aborted_uploads(lab, "Transfer-Encoding: chunked\r\n",
                     b"%x\r\n%s\r\n" % (len(data), data) + b"4\r\nu", _leave_with_end,
                     arrived=b"\r\n1\r\nu\r\n")


@row("14d", "caller goes in the middle of a short upload")
def short_upload(lab):
    seen = len(lab.upstream.requests)
    for leave in (_leave_with_end, _leave_with_reset):
        head, request_id = lab.head("POST", "/api/v2/registrations", "Content-Length: 1000\r\n")
        lab.expect(request_id, "caller/request-body", "caller-gone", 0)
        with Caller(lab.port) as caller:
            caller.send(head + b"u" * 500)
            eventually(lambda: lab.metric("scorm_gateway_exchanges_in_flight") == 1, "it is under way")
            leave(caller)
            eventually(lambda: lab.metric("scorm_gateway_exchanges_in_flight") == 0, "it has ended")
    assert len(lab.upstream.requests) == seen, "half a body reached the upstream"


LARGE = 50 << 20


def large_answer(sent, size=LARGE):
    """A script that answers with a large body. `sent` gets the number of bytes sent."""

    def script(conversation, request):
        conversation.read_body(request)
        conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        block, done = b"z" * 65536, 0
        try:
            while done < size:
                conversation.send(block[:size - done])
                done += len(block)
        except OSError:
            sent.append(done)
            return False
        sent.append(done)
        return True

    return script


def _gone_while_reading(lab, leave):
    sent = []
    lab.upstream.on_request = large_answer(sent)
    head, request_id = lab.head()
    lab.expect(request_id, "caller/response-body", "caller-gone", 200)
    with Caller(lab.port, receive_buffer=4096) as caller:
        caller.send(head)
        while len(caller.buffer) < 1024:
            caller.buffer += caller.connection.recv(1024)
        leave(caller)
    eventually(lambda: sent, "the upstream is not read any more")
    # Only what the kernel's buffers on both sides and the gateway's limit hold, not the whole answer.
    assert sent[0] < LARGE // 2, f"{sent[0] >> 20} MiB were read for nobody"
    return {"note": f"the upstream got rid of {sent[0] >> 10} KiB"}


@row(15, "caller closes while its answer streams")
def closes_while_reading(lab):
    return _gone_while_reading(lab, lambda caller: caller.close())


@row("15b", "caller resets while its answer streams")
def resets_while_reading(lab):
    return _gone_while_reading(lab, _leave_with_reset)
