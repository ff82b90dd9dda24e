"""Rows 26 to 28: no descriptors, no memory, no processor."""

import re
import resource
import signal
import socket
import threading
import time

from peers import Caller, answer, eventually
from rig import Lab, row


def _few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


@row(26, "64 descriptors and 200 callers", preexec=_few_descriptors, settings={"max_connections": 8})
def few_descriptors(lab):
    known = Caller(lab.port)
    head, request_id = lab.head()
    lab.expect(request_id)
    assert known.send(head).read_answer().status == 200
    crowd = []
    for _ in range(200):
        connection = socket.socket()
        connection.settimeout(5)
        connection.connect(("127.0.0.1", lab.port))
        crowd.append(connection)
    time.sleep(0.5)
    # Callers that connected before are served, and the log can still be reopened.
    before = lab.cpu_seconds()
    for _ in range(10):
        head, request_id = lab.head()
        lab.expect(request_id)
        got = known.send(head).read_answer()
        assert got.status == 200, f"{got.status} {got.body}"
        time.sleep(0.1)
    # Silent callers are closed to make room for new ones.
    lab.call(expect=("completed", None, 200), patience=60)
    rotated = lab.traffic_log.with_suffix(".1")
    eventually(lambda: len(lab.lines()) >= len(lab.expected), "all lines are out")
    text = lab.traffic_log.read_bytes()
    lab.traffic_log.rename(rotated)
    lab.signal(signal.SIGUSR1)
    eventually(lab.traffic_log.exists, "the log is opened anew", 5)
    usage = (lab.cpu_seconds() - before) / 1.5
    assert usage < 0.2, f"{usage:.0%} of a processor: it spins"
    complaints = re.findall("descriptor", lab.said())
    assert 1 <= len(complaints) <= 3, f"{len(complaints)} lines about descriptors: {lab.said()}"
    assert lab.admin("/healthz")[0] == 200, "the admin pages are out of descriptors too"
    for connection in crowd:
        connection.close()
    known.close()
    # Both files together have the expected lines.
    eventually(lambda: lab.call().status == 200 and True, "calls are served again")
    time.sleep(0.4)
    last = lab.lines()[-1]
    lab.expect(last["request_id"])
    lab.traffic_log.write_bytes(text + lab.traffic_log.read_bytes())
    return {"note": f"{usage:.0%} of a processor while they wait"}


@row("26b", "accept4 fails with EMFILE every third time", needs=["strace"], is_traced=True, wrapper=[
    "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=accept4",
    "-e", "inject=accept4:error=EMFILE:when=5+3"])
def accept_fails(lab):
    answers = lab.calls_at_once(40, expect=())
    assert all(got.status == 200 for got in answers), [got.status for got in answers]
    for _ in range(10):
        assert lab.call(expect=()).status == 200


@row("26c", "socket() fails with EMFILE for a while", needs=["strace"], is_traced=True, wrapper=[
    "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=socket",
    "-e", "inject=socket:error=EMFILE:when=20..60"])
def connect_fails(lab):
    # For a while no upstream connections can be made. Calls are answered, not dropped, and then it recovers.
    statuses = set()
    for _ in range(80):
        lab.upstream.close_connections()
        time.sleep(0.01)
        got = lab.call()
        statuses.add(got.status)
        assert got.status in (200, 502), got.status
        if got.status == 200:
            lab.expect(got.fields["x-request-id"])
        else:
            assert "connection_refused" in got.proxy_status, got.proxy_status
            lab.expect(got.fields["x-request-id"], "upstream/connect", "connection-refused", 502)
    assert statuses == {200, 502}, f"the fault was not met: {statuses}"


@row(27, "killed for want of memory, and started again at once", lab=False)
def killed():
    first = Lab()
    try:
        first.note_base()
        for _ in range(20):
            first.call(expect=())
        eventually(lambda: len(first.lines()) >= len(first.expected), "its lines are out")
        first.signal(signal.SIGKILL)
        first.process.wait(5)
        text = first.configuration.read_text().replace("127.0.0.1:0", f"127.0.0.1:{first.port}", 1)
        first.configuration.write_text(text)
        start = time.monotonic()
        first.start()
        first.good_call()
        took = time.monotonic() - start
        first.note_base()
        first.check_after()
        assert took < 2, f"{took:.1f} s until it served again"
        return f"serves again after {took * 1000:.0f} ms; every line of the log is whole"
    finally:
        first.stop()


@row(28, "stopped for 3 s in the middle of 300 calls",
     settings={"max_connections": 1000, "response_timeout": "2s", "idle_timeout": "2s"})
def stopped(lab):
    def script(conversation, request):
        conversation.read_body(request)
        time.sleep(1.0)
        conversation.send(answer())
        return True

    lab.upstream.on_request = script
    statuses = []

    def upload(number):
        head, request_id = lab.head("POST", "/api/v2/registrations", "Content-Length: 40000\r\n")
        lab.expect(request_id)
        with Caller(lab.port) as caller:
            caller.send(head + b"u" * 20_000)
            time.sleep(1.0)
            caller.send(b"u" * 20_000)
            statuses.append(caller.read_answer().status)

    def download(number):
        head, request_id = lab.head()
        lab.expect(request_id)
        with Caller(lab.port) as caller:
            statuses.append(caller.send(head).read_answer().status)

    threads = [threading.Thread(target=upload if number % 3 == 0 else download, args=(number,))
               for number in range(300)]
    for thread in threads:
        thread.start()
    eventually(lambda: lab.metric("scorm_gateway_exchanges_in_flight") == 300, "all are under way", 5)
    # While it is stopped, the answers and the rest of the bodies arrive, and every deadline passes.
    lab.signal(signal.SIGSTOP)
    time.sleep(3)
    lab.signal(signal.SIGCONT)
    for thread in threads:
        thread.join(20)
    wrong = [status for status in statuses if status != 200]
    assert len(statuses) == 300 and not wrong, f"{len(wrong)} of 300 failed: {sorted(set(wrong))}"
