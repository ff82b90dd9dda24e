"""Lists as one answer through the built gateway: the same items as the official Python client gets with its own loop,
in less time, and with memory that does not grow with the list. Run by scripts/client-test.

LIST_PAGES: the number of pages of 1 MiB in the test of memory, by default 300."""

import http.client
import json
import os
import pathlib
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import rustici_software_cloud_v2 as scorm_cloud  # noqa: E402

from gateway_under_test import GatewayUnderTest  # noqa: E402

SEED = pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "large-seed"
PAGES = int(os.environ.get("LIST_PAGES", "300"))
MIB = 1 << 20


def whole_list(port, path, lines=False):
    """The answer to one call for a whole list: its fields and its bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    fields = {"X-Scorm-Pages": "all"} | ({"Accept": "application/x-ndjson"} if lines else {})
    connection.request("GET", path, headers=fields)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, body
    return answer.headers, body


class SameItems(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="scorm-gateway-lists."))
        seed = pathlib.Path(folder) / "seed.json"
        with open(seed, "wb") as file:
            subprocess.run([sys.executable, SEED], stdout=file, check=True)
        cls.under_test = GatewayUnderTest(seed=seed)
        cls.addClassCleanup(cls.under_test.stop)
        configuration = scorm_cloud.Configuration()
        configuration.host = f"http://127.0.0.1:{cls.under_test.port}/api/v2"
        cls.client = scorm_cloud.ApiClient(configuration)

    def loop(self, function, member):
        """All items, read with the client's own loop."""
        items, more = [], None
        while True:
            page = function(more=more) if more else function()
            items += getattr(page, member)
            more = page.more
            if not more:
                return items

    def test_courses(self):
        self.compare(scorm_cloud.CourseApi(self.client).get_courses, "courses", 1000)

    def test_registrations(self):
        self.compare(
            scorm_cloud.RegistrationApi(self.client).get_registrations, "registrations", 5000)

    def compare(self, function, member, count):
        path = f"/api/v2/{member}"
        begun = time.monotonic()
        by_hand = self.loop(function, member)
        between = time.monotonic()
        headers, body = whole_list(self.under_test.port, path + "?includeTotalCount=true")
        ended = time.monotonic()
        answer = json.loads(body)
        self.assertEqual(list(answer), [member])
        self.assertEqual(len(answer[member]), count)
        self.assertEqual([item["id"] for item in answer[member]], [item.id for item in by_hand])
        self.assertEqual([item.get("title") for item in answer[member]],
                         [getattr(item, "title", None) for item in by_hand])
        self.assertEqual(headers["X-Total-Count"], str(count))
        self.assertEqual(headers["X-Scorm-Pages-Expected"], str(count // 10))
        _, body = whole_list(self.under_test.port, path, lines=True)
        lines = [json.loads(line) for line in body.decode().split("\n") if line]
        self.assertEqual(lines[:-1], answer[member])
        self.assertEqual(lines[-1]["_end"], {"pages": count // 10, "items": count, "complete": True,
                                             "more": None, "error": None})
        print(f"{member}: {between - begun:.2f} s by the client's loop, {ended - between:.2f} s as one answer")
        self.assertLess(ended - between, between - begun)


class BigPages(socketserver.StreamRequestHandler):
    """A token endpoint, and a list with pages of 1 MiB."""

    def handle(self):
        while line := self.rfile.readline():
            target = line.split(b" ")[1]
            length = 0
            while (field := self.rfile.readline()) not in (b"\r\n", b""):
                if field.lower().startswith(b"content-length:"):
                    length = int(field.split(b":")[1])
            self.rfile.read(length)
            if b"token" in target:
                body = b'{"result":"t","access_token":"t","token_type":"bearer","expires_in":3600}'
            else:
                number = int(target.split(b"more=")[1]) + 1 if b"more=" in target else 1
                more = b',"more":"%d"' % number if number < PAGES else b""
                body = b'{"courses":[' + self.server.items + b"]" + more + b"}"
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                             % len(body) + body)


class Cloud(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class Memory(unittest.TestCase):
    def test_pages_of_a_mebibyte(self):
        cloud = Cloud(("127.0.0.1", 0), BigPages)
        item = b'{"id":"course","title":"' + b"x" * 10_000 + b'","tags":["a","b"]}'
        cloud.items = b",".join([item] * (MIB // len(item)))
        threading.Thread(target=cloud.serve_forever, daemon=True).start()
        self.addCleanup(cloud.server_close)
        self.addCleanup(cloud.shutdown)
        under_test = GatewayUnderTest(cloud=cloud.server_address[1])
        self.addCleanup(under_test.stop)
        process = f"/proc/{under_test.gateway.pid}"

        def memory(name):
            with open(f"{process}/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith(name)) * 1024

        # First a plain call of the same size, which allocates what any large answer needs.
        connection = http.client.HTTPConnection("127.0.0.1", under_test.port)
        connection.request("GET", "/api/v2/courses")
        connection.getresponse().read()
        connection.close()
        before = memory("VmRSS")
        with open(f"{process}/clear_refs", "w") as peak:
            peak.write("5")
        connection = http.client.HTTPConnection("127.0.0.1", under_test.port)
        connection.request("GET", "/api/v2/courses", headers={"X-Scorm-Pages": "all"})
        answer = connection.getresponse()
        begun, received = time.monotonic(), 0
        while piece := answer.read(MIB):
            received += len(piece)
        took = time.monotonic() - begun
        connection.close()
        self.assertGreater(received, PAGES * (MIB - 16 * 1024))
        grown = memory("VmHWM") - before
        print(f"{PAGES} pages of 1 MiB in {took:.1f} s: {grown // 1024} KiB more at the peak")
        self.assertLess(grown, MIB)


if __name__ == "__main__":
    unittest.main(verbosity=2)
