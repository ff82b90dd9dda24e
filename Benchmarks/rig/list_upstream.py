"""An upstream whose lists have any number of pages. It runs as a separate process and prints its port.

`/api/v2/registrations?courseId=KIND-PAGES` is a list of PAGES pages; KIND is one of `KINDS`. `more` identifies list
and page: `KIND-PAGES-NUMBER`. It also grants tokens.
"""

import json
import socket
import sys
import threading
import time

#: Bytes of a page, or its number of registrations. `slow` has ten, sent after ``PAUSE``. `large`
#: has registrations of a hundred parts, so that 5,000 pages have less than a million, the maximum of a list.
KINDS = {"ten": 10, "slow": 10, "hundred": 100 << 10, "mebibyte": 1 << 20, "large": 1 << 20}
#: Seconds that a slow answer takes. SCORM Cloud takes tens of milliseconds.
PAUSE = 0.002


def registration(number, parts=3):
    """A registration as SCORM Cloud writes it, with its activities."""
    return json.dumps({
        "id": f"registration-{number}", "instance": 0, "xapiRegistrationId": f"0b3c1f0e-5d1f-4b52-9d7b-{number:012}",
        "updated": "2026-11-05T14:21:09.000Z", "registrationCompletion": "COMPLETED",
        "registrationCompletionAmount": 1.0, "registrationSuccess": "PASSED", "score": {"scaled": 87.5},
        "totalSecondsTracked": 1843.25, "firstAccessDate": "2026-11-04T08:00:00.000Z",
        "lastAccessDate": "2026-11-05T14:21:09.000Z", "completedDate": "2026-11-05T14:21:09.000Z",
        "createdDate": "2026-11-01T10:00:00.000Z", "course": {"id": "golf", "title": "Golf Explained", "version": 3},
        "learner": {"id": f"learner-{number}", "email": f"learner{number}@school.example", "firstName": "Ada",
                    "lastName": "Byron", "tags": ["spring", "evening"]},
        "activityDetails": {"id": "SCO_1", "title": "Etiquette", "attempts": 2, "activityCompletion": "COMPLETED",
                            "activitySuccess": "PASSED", "score": {"scaled": 87.5}, "timeTracked": "0000:30:43.25",
                            "completionAmount": {"scaled": 1.0}, "suspended": False, "children": [
                                {"id": f"part-{part}", "title": f"Part {part}", "attempts": 1,
                                 "activityCompletion": "COMPLETED", "children": []} for part in range(parts)]},
    }, separators=(",", ":"))


def elements(kind):
    """The registrations of each page of this kind, without brackets."""
    limit = KINDS[kind]
    if kind in ("ten", "slow"):
        return ",".join(map(registration, range(limit))).encode()
    size, texts = 0, []
    while size < limit:
        texts.append(registration(len(texts), parts=100 if kind == "large" else 3))
        size += len(texts[-1]) + 1
    return ",".join(texts).encode()


class Lists:
    def __init__(self):
        self.elements = {kind: elements(kind) for kind in KINDS}

    def page(self, target):
        query = target.partition("?")[2]
        kind, pages, number = (query.partition("=")[2].split("-") + ["0"])[:3]
        number = int(number) + 1
        if kind == "slow":
            time.sleep(PAUSE)
        more = f',"more":"{kind}-{pages}-{number}"' if number < int(pages) else ""
        return b'{"registrations":[', self.elements[kind], f"]{more}}}".encode()

    def answer(self, target):
        if "oauth" in target:
            return (b'{"access_token":"token","token_type":"bearer","expires_in":3600}',)
        return self.page(target) if "registrations" in target else (b'{"courses":[]}',)

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting = b""
        while True:
            while b"\r\n\r\n" not in waiting:
                received = connection.recv(65536)
                if not received:
                    return
                waiting += received
            head, _, waiting = waiting.partition(b"\r\n\r\n")
            length = next((int(line[15:]) for line in head.lower().split(b"\r\n")
                           if line.startswith(b"content-length:")), 0)
            while len(waiting) < length:
                waiting += connection.recv(65536)
            waiting = waiting[length:]
            parts = self.answer(head.split(b" ", 2)[1].decode())
            size = sum(map(len, parts))
            self.send(connection, (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                   b"Content-Length: %d\r\n\r\n" % size, *parts))

    @staticmethod
    def send(connection, parts):
        sent = connection.sendmsg(parts)
        for part in parts:
            if sent < len(part):
                connection.sendall(memoryview(part)[sent:])
            sent = max(0, sent - len(part))


def main():
    lists = Lists()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def serve(connection):
        try:
            lists.serve(connection)
        except OSError:
            pass

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()  # until the rig has ended


if __name__ == "__main__":
    main()
