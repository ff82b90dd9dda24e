"""Uploads of common HTTP clients survive faults with `uploads.spool`: each client uploads a file while the upstream
closes the connection after 60 %, answers 401, or answers 503 with Retry-After, each once per upload. Every upload must be
answered with 200, and the upstream must finally have received the whole file, checked by its SHA-256.

Run by scripts/upload-test. A client that is not installed is skipped, with the reason.
"""

import argparse
import collections
import hashlib
import random
import socket
import sys
import tempfile
import time

# Imported first, because it adds the folder of the others to the path, and a module of the same name is in this one.
from run import UPLOAD, clients
from peers import answer, eventually
from rig import Lab

TROUBLES = ["lost", "401", "503"]
#: The part of the upload that is sent when the connection is lost.
PART = 0.6


class Upstream:
    """Fails the first attempt of each upload in the way that its course is named, and reads the second."""

    def __init__(self, size):
        self.size = size
        self.attempts = collections.Counter()
        #: The SHA-256 of each accepted upload, by trouble.
        self.taken = collections.defaultdict(list)

    def __call__(self, conversation, request):
        trouble = request.target.rpartition("courseId=")[2]
        if trouble not in TROUBLES:
            conversation.send(answer())
            return True
        self.attempts[trouble] += 1
        is_first = self.attempts[trouble] % 2 == 1
        digest, count = hashlib.sha256(), 0
        for piece in body(conversation, request):
            digest.update(piece)
            count += len(piece)
            if is_first and trouble == "lost" and count >= self.size * PART:
                conversation.connection.shutdown(socket.SHUT_RDWR)
                return False
        if not is_first:
            self.taken[trouble].append(digest.hexdigest())
            conversation.send(answer(200, b'{"result":"job"}'))
        elif trouble == "401":
            conversation.send(answer(401))
        else:
            conversation.send(answer(503, fields=b"Retry-After: 1\r\n"))
        return True


def body(conversation, request):
    """The body in pieces as it arrives. Raises OSError if the peer closes before its end."""
    def some():
        data = conversation.buffer or conversation.connection.recv(1 << 18)
        conversation.buffer = b""
        if not data:
            raise OSError("the peer has gone")
        return data

    def take(size):
        while size > 0:
            data = some()
            conversation.buffer = data[size:]
            size -= min(size, len(data))
            yield data[:len(data) - len(conversation.buffer)]

    def line():
        data = b""
        while not data.endswith(b"\r\n"):
            data += b"".join(take(1))
        return data

    if "chunked" not in (request.get("Transfer-Encoding") or ""):
        yield from take(int(request.get("Content-Length") or 0))
        return
    while size := int(line(), 16):
        yield from take(size)
        line()
    line()


def main():
    parser = argparse.ArgumentParser(prog="scripts/upload-test", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CLIENT", help="a part of a client's name")
    parser.add_argument("--count", type=int, default=2, help="uploads for each trouble (2)")
    parser.add_argument("--megabytes", type=int, default=20, help="of each upload (20)")
    parser.add_argument("--spool", choices=("disk", "memory"), default="disk")
    arguments = parser.parse_args()
    source = random.Random(7261)
    content = b"".join(source.randbytes(1_000_000) for _ in range(arguments.megabytes))
    expected = hashlib.sha256(content).hexdigest()
    lab = Lab(settings={"response_timeout": "20s", "idle_timeout": "20s",
                        "more": f"uploads: {{spool: {arguments.spool}}}"})
    misses = ran = 0
    try:
        urls = [f"http://127.0.0.1:{lab.port}{UPLOAD}{trouble}" for trouble in TROUBLES]
        print(f"{'':28}" + "".join(f"{trouble:>12}" for trouble in TROUBLES) + "       s")
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            for name, missing, run in clients(file.name, arguments.count, urls):
                if arguments.names and not any(word.lower() in name.lower() for word in arguments.names):
                    continue
                if missing:
                    print(f"{name:28}skipped: {missing}", flush=True)
                    continue
                began = time.monotonic()
                upstream = lab.upstream.on_request = Upstream(len(content))
                seen, errors = collections.Counter(), set()
                for number, status, length, error in run():
                    if status == "200" and length > 0 and not error:
                        seen[number] += 1
                    else:
                        errors.add(f"{TROUBLES[number]}: {status} {error}".strip())
                for number, trouble in enumerate(TROUBLES):
                    whole = upstream.taken[trouble].count(expected)
                    if whole != arguments.count or upstream.attempts[trouble] != 2 * arguments.count:
                        errors.add(f"{trouble}: {whole} arrived whole, in {upstream.attempts[trouble]} attempts")
                    seen[number] = min(seen[number], whole)
                ran += 1
                misses += arguments.count * len(TROUBLES) - seen.total() + len(errors)
                print(f"{name:28}" + "".join(f"{f'{seen[i]} of {arguments.count}':>12}"
                                             for i in range(len(TROUBLES)))
                      + f"{time.monotonic() - began:8.1f}", flush=True)
                for error in sorted(errors)[:5]:
                    print(f"    {error}")
        eventually(lambda: lab.metric("scorm_gateway_exchanges_in_flight") == 0, "nothing is in flight")
        lab.check_secrecy()
        assert lab.is_alive(), "the gateway ended"
    finally:
        lab.stop()
    print("uploads were lost or damaged" if misses else "every upload arrived whole")
    return 1 if misses or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
