"""Row 13: an upstream that cannot be reached."""

import socket
import struct
import threading
import time

import certificates
from peers import eventually
from rig import Lab, row


@row(13, "upstream refuses connections")
def refused(lab):
    lab.upstream.stop_listening()
    for _ in range(20):
        got = lab.call(expect=("upstream/connect", "connection-refused", 502))
        assert got.status == 502 and "connection_refused" in got.proxy_status, got.proxy_status
    lab.upstream.listen()


@row("13b", "upstream swallows connections")
def swallowed(lab):
    lab.upstream.stop_listening()
    # A listener with a full queue drops new connections, so the TCP handshake is never answered.
    silent = socket.socket()
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    silent.bind(("127.0.0.1", lab.upstream.port))
    silent.listen(0)
    fillers = []
    while True:
        filler = socket.socket()
        filler.settimeout(0.3)
        fillers.append(filler)
        try:
            filler.connect(("127.0.0.1", lab.upstream.port))
        except TimeoutError:
            break
    start = time.monotonic()
    answers = lab.calls_at_once(20, expect=("upstream/connect", "connection-timeout", 504))
    took = time.monotonic() - start
    assert all(got.status == 504 and "connection_timeout" in got.proxy_status for got in answers)
    assert 1.9 < took < 3.5, f"connectTimeout is 2 s, it took {took:.1f} s"
    for each in (silent, *fillers):
        each.close()
    lab.upstream.listen()
    return {"note": f"answered after {took:.1f} s"}


class NameServer:
    """Answers queries for IPv4 addresses in the given way: silence, no such name, or 127.0.0.1."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.9", 53))
        self.mode = "silence"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, asker = self.socket.recvfrom(2048)
            except OSError:
                return
            if self.mode == "silence":
                continue
            end = question.index(b"\0", 12) + 5
            is_ipv4 = struct.unpack("!H", question[end - 4:end - 2])[0] == 1
            records = self.mode == "address" and is_ipv4
            code = 0x8183 if self.mode == "no such name" else 0x8180
            head = question[:2] + struct.pack("!HHHHH", code, 1, 1 if records else 0, 0, 0)
            record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 1, 4) + bytes([127, 0, 0, 1])
            self.socket.sendto(head + question[12:end] + (record if records else b""), asker)


@row("13c", "upstream's name does not resolve", lab=False, needs=["unshare", "mount", "openssl"])
def names():
    authority = certificates.Authority()
    server = NameServer()
    resolver = authority.directory / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.9\noptions timeout:3 attempts:1\n")
    lab = Lab(tls=authority.server_context("upstream.test"), host="upstream.test", is_ready=False,
              settings={"upstream_more": f"  caFile: {authority.path}", "connect_timeout": "1s"},
              wrapper=["unshare", "-m", "sh", "-c",
                       f'mount --bind "{resolver}" /etc/resolv.conf && exec "$@"', "sh"])
    try:
        assert lab.admin("/readyz")[0] == 503, "ready without knowing the upstream's address"
        # The first look-up takes at least 3 s. Until it ends, it is unknown that the name does not resolve.
        got = lab.call(expect=("gateway/connect", "name-resolution-timeout", 504))
        assert got.status == 504 and "dns_timeout" in got.proxy_status, got.proxy_status
        server.mode = "no such name"
        start = time.monotonic()
        while time.monotonic() - start < 20:
            got = lab.call()
            request_id = got.fields["x-request-id"]
            kind = got.problem["type"].rpartition(":")[2]
            assert kind in ("name-resolution-failed", "name-resolution-timeout"), kind
            lab.expect(request_id, "gateway/connect", kind, got.status)
            if kind == "name-resolution-failed":
                assert got.status == 502 and "dns_error" in got.proxy_status, got.proxy_status
                break
        else:
            raise AssertionError("a name that does not exist is never told")
        assert lab.admin("/readyz")[0] == 503
        server.mode = "address"
        start = time.monotonic()
        eventually(lambda: _tries(lab), "the name is found again", 30)
        took = time.monotonic() - start
        lab.note_base()
        lab.check_after()
        return f"found again after {took:.1f} s"
    finally:
        lab.stop()
        server.socket.close()


def _tries(lab):
    got = lab.call()
    if got.status == 200:
        lab.expect(got.fields["x-request-id"], "completed", None, 200)
        return True
    kind = got.problem["type"].rpartition(":")[2]
    lab.expect(got.fields["x-request-id"], "gateway/connect", kind, got.status)
    time.sleep(0.1)
    return False
