"""Rows 16 to 20: answers that break, come early, or come in more pieces than one."""

import time

from peers import Caller, answer
from rig import row

HEAD = b"HTTP/1.1 200 OK\r\n"


def broken_answer(data, ending):
    """A script that reads the request, sends `data`, and ends the connection in that way."""

    def script(conversation, request):
        conversation.read_body(request)
        if data:
            conversation.send(data)
            # What was sent is not to be overtaken by the reset.
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


#: `error.type` by the way the answer ended.
ANY_BREAK = {"reset": "connection-terminated", "end": "response-incomplete"}
_mark_breaks()


@row("16f", "answer cut: bad chunk size")
def bad_chunk(lab):
    lab.upstream.on_request = broken_answer(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\nhello\r\n", "end")
    got = lab.call(expect=("upstream/response-body", "response-malformed", 200))
    assert got.status == 200 and not got.is_complete and got.end == "reset", f"{got.status} {got.end}"


@row("16g", "answer cut: reset and end before a byte of it")
def before_a_byte(lab):
    # A POST that was sent is never sent twice, whatever the gateway thinks of the connection.
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
    got = lab.call(expect=("upstream/response-body", "response-incomplete", 502))
    assert got.status == 502 and "http_response_incomplete" in got.proxy_status, got.proxy_status
