"""Row 36: SIGTERM at bad moments."""

import signal
import socket
import threading
import time

from peers import Caller, answer, eventually
from rig import Lab, row


def _slow(seconds):
    def script(conversation, request):
        conversation.read_body(request)
        time.sleep(seconds)
        conversation.send(answer(200, b"whole"))
        return True

    return script


def is_refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def _under_way(lab, count):
    eventually(lambda: lab.metric("scorm_gateway_exchanges_in_flight") == count, f"{count} are under way", 5)


def _ending(name, number, **options):
    """A row whose gateway ends. Checks the after-list of an end."""

    def mark(function):
        def run():
            lab = Lab(**options)
            try:
                lab.note_base()
                note = function(lab)
                lab.check_ended(0)
                return note
            finally:
                lab.stop()

        row(number, name, lab=False)(run)
        return function

    return mark


@_ending("SIGTERM in the middle of 40 calls", 36)
def in_the_middle(lab):
    lab.upstream.on_request = _slow(1.0)
    idle = Caller(lab.port)
    answers, threads = [], []
    for _ in range(40):
        thread = threading.Thread(target=lambda: answers.append(lab.call(expect=())))
        thread.start()
        threads.append(thread)
    _under_way(lab, 40)
    lab.signal(signal.SIGTERM)
    eventually(lambda: is_refused(lab.admin_port), "the admin address is given up", 1)
    assert idle.read_to_end() == "closed", "an idle caller is let go"
    try:
        Caller(lab.port).close()
        raise AssertionError("new callers are still accepted")
    except ConnectionRefusedError:
        pass
    for thread in threads:
        thread.join(10)
    assert len(answers) == 40
    for got in answers:
        assert got.status == 200 and got.body == b"whole" and got.is_complete, f"{got.status} {got.end}"
        assert got.fields.get("connection") == "close", "the answer does not say that the connection ends"


@_ending("SIGTERM twice", "36b")
def twice(lab):
    lab.upstream.on_request = _slow(15)
    head, request_id = lab.head()
    lab.expect(request_id, "gateway/response-head", "draining", 0)
    caller = Caller(lab.port).send(head)
    _under_way(lab, 1)
    lab.signal(signal.SIGTERM)
    time.sleep(0.3)
    assert lab.is_alive(), "the first one does not wait for what is under way"
    start = time.monotonic()
    lab.signal(signal.SIGTERM)
    lab.process.wait(5)
    took = time.monotonic() - start
    assert took < 1, f"the second one took {took:.1f} s"
    assert caller.read_answer().end == "reset", "the cut is not to be seen"
    return f"ended {took * 1000:.0f} ms after the second"


@_ending("SIGTERM while a token is fetched", "36c", settings={"more": "defaultApp: main"})
def while_fetching(lab):
    reached = threading.Event()

    def slow_grant(request):
        reached.set()
        time.sleep(1.0)

    lab.tokens.before_answer = slow_grant
    # An operation whose scope no call has used yet.
    answers = []
    thread = threading.Thread(target=lambda: answers.append(
        lab.call("GET", "/api/v2/registrations", expect=())))
    thread.start()
    assert reached.wait(5), "no token is fetched"
    lab.signal(signal.SIGTERM)
    thread.join(10)
    assert answers and answers[0].status == 200, f"{answers and answers[0].status}"


@_ending("SIGTERM while a token does not come", "36d")
def token_never_comes(lab):
    released = threading.Event()

    def no_grant(request):
        released.wait(20)

    lab.tokens.before_answer = no_grant
    head, request_id = lab.head("GET", "/api/v2/registrations")
    lab.expect(request_id, "gateway/credential", "token-timeout", 503)
    caller = Caller(lab.port).send(head)
    _under_way(lab, 1)
    lab.signal(signal.SIGTERM)
    start = time.monotonic()
    got = caller.read_answer()
    assert got.status == 503 and got.is_complete, f"{got.status}"
    code = lab.process.wait(10)
    took = time.monotonic() - start
    released.set()
    assert code == 0 and took < 9, f"{code} after {took:.1f} s"
    return f"ended after {took:.1f} s"


@_ending("SIGTERM while callers wait in the listener's queue", "36e", threads=1)
def backlog(lab):
    lab.upstream.on_request = _slow(0.2)
    # While stopped it cannot accept, so connections and their requests wait in the kernel.
    lab.signal(signal.SIGSTOP)
    callers = []
    for _ in range(30):
        head, request_id = lab.head()
        lab.expect(request_id)
        callers.append(Caller(lab.port).send(head))
    lab.signal(signal.SIGTERM)
    lab.signal(signal.SIGCONT)
    answers = [caller.read_answer() for caller in callers]
    served = sum(got.status == 200 and got.is_complete for got in answers)
    assert served == 30, f"{served} of 30 were served: {sorted({got.end for got in answers})}"


@_ending("SIGTERM while a body is uploaded", "36f")
def while_uploading(lab):
    head, request_id = lab.head("POST", "/api/v2/registrations", "Content-Length: 100000\r\n")
    lab.expect(request_id)
    caller = Caller(lab.port).send(head + b"u" * 50_000)
    _under_way(lab, 1)
    lab.signal(signal.SIGTERM)
    time.sleep(0.3)
    caller.send(b"u" * 50_000)
    got = caller.read_answer()
    assert got.status == 200 and got.is_complete and caller.read_to_end() == "closed", f"{got.status}"


@_ending("SIGTERM with nothing to do", "36g")
def idle(lab):
    start = time.monotonic()
    lab.signal(signal.SIGTERM)
    lab.process.wait(5)
    took = time.monotonic() - start
    assert took < 3, f"took {took:.1f} s"
    return f"ended after {took * 1000:.0f} ms"
