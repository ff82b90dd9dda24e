"""Rows 41 to 43: crowds. More uploads at once than fit into memory, silent connections, slow readers."""

import pathlib
import re
import resource
import selectors
import socket
import time

from peers import answer, eventually
from rig import ANY, MEMORY_ALLOWANCE, row

UPLOADS, UPLOAD_BYTES = 1_500, 256 * 1024


def _private_memory(mebibytes):
    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (mebibytes << 20, mebibytes << 20))

    return limit


def _private_bytes(lab):
    status = pathlib.Path(f"/proc/{lab.pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) << 10


class Upload:
    """A caller that sends and reads at the same time, as a client must to see an early answer."""

    def __init__(self, lab):
        head, self.request_id = lab.head("POST", "/api/v2/registrations", f"Content-Length: {UPLOAD_BYTES}\r\n")
        self.unsent = memoryview(head + bytes(UPLOAD_BYTES))
        self.received = b""
        self.is_over = False
        self.connection = socket.socket()
        self.connection.setblocking(False)
        self.connection.connect_ex(("127.0.0.1", lab.port))

    @property
    def status(self):
        return int(self.received[9:12]) if b"\r\n\r\n" in self.received else 0

    def go_on(self, events):
        if events & selectors.EVENT_WRITE and self.unsent:
            try:
                self.unsent = self.unsent[self.connection.send(self.unsent[:65536]):]
            except BlockingIOError:
                pass
            except OSError:
                # An early answer may still be read.
                self.unsent = self.unsent[:0]
        if events & selectors.EVENT_READ:
            try:
                data = self.connection.recv(65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            self.received += data
            self.is_over = not data or b"\r\n\r\n" in self.received
        return


def uploads_at_once(lab, patience=90):
    """Makes many uploads at once and returns their statuses; 0 for one without an answer."""
    with selectors.DefaultSelector() as selector:
        uploads = [Upload(lab) for _ in range(UPLOADS)]
        for upload in uploads:
            selector.register(upload.connection, selectors.EVENT_READ | selectors.EVENT_WRITE, upload)
        deadline, left = time.monotonic() + patience, len(uploads)
        while left and time.monotonic() < deadline:
            for key, events in selector.select(0.1):
                upload = key.data
                upload.go_on(events)
                if upload.is_over:
                    selector.unregister(upload.connection)
                    upload.connection.close()
                    left -= 1
                elif not upload.unsent and key.events & selectors.EVENT_WRITE:
                    selector.modify(upload.connection, selectors.EVENT_READ, upload)
    for upload in uploads:
        upload.connection.close()
        lab.expect(upload.request_id, ANY, ANY, ANY)
    return [upload.status for upload in uploads]


def _uploads(lab, limit):
    def script(conversation, request):
        # The upstream is slow, so bodies wait in the gateway.
        time.sleep(0.5)
        conversation.read_body(request)
        conversation.send(answer())
        return True

    lab.upstream.on_request = script
    statuses = uploads_at_once(lab)
    assert lab.is_alive(), f"the gateway ended with {lab.process.returncode}: {lab.said()[-2000:]}"
    unanswered = statuses.count(0)
    assert not unanswered, f"{unanswered} of {UPLOADS} uploads got no answer"
    assert set(statuses) <= {200, 503}, sorted(set(statuses))
    refused = {line.get("error.type") for line in lab.lines()} - {None}
    assert refused <= {"memory-low", "connection-limit", "caller-gone"}, refused
    eventually(lambda: lab.metric("scorm_gateway_memory_short") == 0, "there is memory again")
    # Code that was loaded meanwhile may stay.
    eventually(lambda: _private_bytes(lab) < 2 * MEMORY_ALLOWANCE, "memory is given back")
    if "memory-low" in refused:
        assert lab.said().count("memory is short") in (1, 2), lab.said()
    low = sum(line.get("error.type") == "memory-low" for line in lab.lines())
    return {"note": f"{statuses.count(200)} served, {low} refused for memory, "
                    f"{statuses.count(503) - low} for connections; limit {limit} MiB",
            # For the pages of the program's file that were read meanwhile. Private memory was checked above.
            "memory_allowance": 3 * MEMORY_ALLOWANCE}


@row(41, "1,500 uploads at once with 64 MiB of private memory", preexec=_private_memory(64),
     settings={"max_connections": 256, "idle_timeout": "20s", "response_timeout": "20s"})
def uploads_in_64(lab):
    return _uploads(lab, 64)


@row("41b", "1,500 uploads at once with 120 MiB of private memory", preexec=_private_memory(120),
     settings={"max_connections": 256, "idle_timeout": "20s", "response_timeout": "20s"})
def uploads_in_120(lab):
    return _uploads(lab, 120)


@row("41c", "1,500 uploads at once with 200 MiB of private memory", preexec=_private_memory(200),
     settings={"max_connections": 256, "idle_timeout": "20s", "response_timeout": "20s"})
def uploads_in_200(lab):
    return _uploads(lab, 200)


@row(42, "1,100 silent connections to the admin address")
def silent_admin(lab):
    crowd = []
    for _ in range(1_100):
        connection = socket.socket()
        connection.connect(("127.0.0.1", lab.admin_port))
        crowd.append(connection)
    for path in ("/healthz", "/readyz", "/metrics"):
        status, body = lab.admin(path)
        assert status == 200, f"{path}: {status} {body}"
    for connection in crowd:
        connection.close()


CALLERS = """\
callers:
  - {name: crowd, apps: [main], allow: ['*'], match: {address: 127.0.0.1}}
  - {name: other, apps: [main], allow: ['*'], match: {address: 127.0.0.2}}
"""


def _crowd_of_readers(lab, source):
    """Uses all connections for slow readers. Then calls from `source` must all be served."""
    big = bytes(8 << 20)

    def script(conversation, request):
        conversation.send(answer(body=big if "/courses" in request.target else b"{}"))
        return True

    lab.upstream.on_request = script
    crowd = []
    for _ in range(64):
        head, request_id = lab.head(path="/api/v2/courses")
        lab.expect(request_id, ANY, ANY, ANY)
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", lab.port))
        connection.sendall(head)
        crowd.append(connection)
    eventually(lambda: lab.metric("scorm_gateway_exchanges_in_flight") == 64, "all connections are taken")
    slowest = 0
    for _ in range(20):
        head, request_id = lab.head()
        lab.expect(request_id)
        start = time.monotonic()
        with socket.create_connection(("127.0.0.1", lab.port), 20, (source, 0)) as connection:
            connection.sendall(head)
            got = connection.recv(65536)
        assert got.startswith(b"HTTP/1.1 200"), got[:300]
        slowest = max(slowest, time.monotonic() - start)
    for connection in crowd:
        connection.close()
    return {"note": f"the slowest of 20 calls took {slowest:.1f} s"}


@row(43, "one caller's slow readers on every connection, and calls of another", threads=1,
     settings={"idle_timeout": "60s", "connect_timeout": "5s", "more": CALLERS})
def readers_and_another(lab):
    return _crowd_of_readers(lab, "127.0.0.2")


@row("43b", "slow readers on every connection, and calls of the same caller", threads=1,
     settings={"idle_timeout": "60s", "connect_timeout": "5s"})
def readers_and_their_own(lab):
    return _crowd_of_readers(lab, "127.0.0.1")
