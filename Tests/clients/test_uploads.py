"""Uploads that survive faults, through the built gateway: the cloud finally receives what the client has sent, whatever
happened meanwhile. Run by scripts/client-test.

UPLOAD_MIB: the size of the upload in MiB, by default 64."""

import hashlib
import http.client
import os
import pathlib
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from gateway_under_test import GatewayUnderTest  # noqa: E402

MIB = 1 << 20
SIZE = int(os.environ.get("UPLOAD_MIB", "64")) * MIB
BLOCK = bytes(range(256)) * 4096


class Trouble(socketserver.StreamRequestHandler):
    """A token endpoint, and an import whose first attempt fails as the server's `trouble` says."""

    def handle(self):
        while line := self.rfile.readline():
            length = 0
            while (field := self.rfile.readline()) not in (b"\r\n", b""):
                if field.lower().startswith(b"content-length:"):
                    length = int(field.split(b":")[1])
            if b"token" in line.split(b" ")[1]:
                self.rfile.read(length)
                self.server.tokens += 1
                self.answer(200, b'{"access_token":"t%d","token_type":"bearer","expires_in":3600}' % self.server.tokens)
                continue
            self.server.attempts += 1
            is_first = self.server.attempts == 1
            digest, left = hashlib.sha256(), length
            lost_at = length * 6 // 10 if is_first and self.server.trouble == "lost" else 0
            while left > lost_at:
                piece = self.rfile.read(min(MIB, left - lost_at))
                if not piece:
                    return
                digest.update(piece)
                left -= len(piece)
            if lost_at:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if is_first and self.server.trouble == "refused":
                self.answer(401, b"{}")
            elif is_first and self.server.trouble == "busy":
                self.answer(503, b"{}", b"Retry-After: 1\r\n")
            else:
                self.server.digest = digest.hexdigest()
                self.answer(200, b'{"result":"job"}')

    def answer(self, status, body, fields=b""):
        self.wfile.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
                         % (status, fields, len(body)) + body)


class Cloud(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    trouble, attempts, tokens, digest = "", 0, 0, ""


class Uploads(unittest.TestCase):
    def start(self, trouble, spool):
        cloud = Cloud(("127.0.0.1", 0), Trouble)
        cloud.trouble = trouble
        threading.Thread(target=cloud.serve_forever, daemon=True).start()
        self.addCleanup(cloud.server_close)
        self.addCleanup(cloud.shutdown)
        under_test = GatewayUnderTest(cloud=cloud.server_address[1],
                                      more=f"uploads: {{spool: {spool}}}\n")
        self.addCleanup(under_test.stop)
        return cloud, under_test

    def blocks(self):
        for _ in range(SIZE // MIB):
            yield BLOCK

    def upload(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        connection.request("POST", "/api/v2/courses/importJobs/upload?courseId=c", body=self.blocks(),
                           headers={"Content-Type": "application/octet-stream", "Content-Length": str(SIZE)})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def check(self, trouble, spool):
        cloud, under_test = self.start(trouble, spool)
        expected = hashlib.sha256()
        for block in self.blocks():
            expected.update(block)
        self.assertEqual(self.upload(under_test.port), (200, b'{"result":"job"}'))
        self.assertEqual(cloud.digest, expected.hexdigest())
        self.assertEqual(cloud.attempts, 2)
        if spool == "disk":
            with open(f"/proc/{under_test.gateway.pid}/status") as status:
                peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024
            self.assertLess(peak, SIZE, "what is kept is not held in memory")

    def test_lost_connection_on_disk(self):
        self.check("lost", "disk")

    def test_lost_connection_in_memory(self):
        self.check("lost", "memory")

    def test_refused_token(self):
        self.check("refused", "disk")

    def test_busy(self):
        self.check("busy", "disk")

    @unittest.skipUnless(shutil.which("curl"), "curl is not here")
    def test_curl_with_chunks(self):
        cloud, under_test = self.start("", "disk")
        with tempfile.NamedTemporaryFile() as file:
            file.write(BLOCK)
            file.flush()
            done = subprocess.run(
                ["curl", "-s", "-w", "%{http_code}", "-F", f"file=@{file.name}",
                 f"http://127.0.0.1:{under_test.port}/api/v2/courses/importJobs/upload?courseId=c"],
                capture_output=True, check=True)
        self.assertEqual(done.stdout, b'{"result":"job"}200')
        self.assertEqual(cloud.attempts, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
