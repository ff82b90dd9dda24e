"""Row 31 for temporary files: uploads (`uploads.spool`), and pages of lists that are too large for memory."""

import json
import os
import re

from disks import fill_up, small_disk
from peers import answer, eventually
from rig import Lab, row

MIB = 1 << 20
UPLOAD = "/api/v2/courses/importJobs/upload?courseId=golf"


def _free(folder):
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _check(lab, test):
    try:
        lab.note_base()
        test()
        lab.check_after()
    finally:
        lab.stop()


@row("31s", "uploads: the disk that keeps them is full", lab=False, needs=["mount"])
def uploads():
    body = os.urandom(6 * MIB)
    bodies = []

    def take(conversation, request):
        bodies.append(conversation.read_body(request))
        conversation.send(answer(200, b'{"jobId":"1"}'))
        return True

    def lose(conversation, request):
        while len(conversation.buffer) < 4 * MIB:
            conversation.buffer += conversation.read()
        bodies.append(None)
        conversation.reset()
        return False

    with small_disk() as folder:
        lab = Lab(settings={"more": f"uploads: {{spool: disk, folder: {folder}}}"})

        def test():
            before = _free(folder)
            for attempt in range(2):
                lab.upstream.on_request = take
                got = lab.call("POST", UPLOAD, body=body, expect=("completed", None, 200))
                assert got.status == 200 and bodies[-1] == body, f"upload {attempt}: {got.status}"
            lab.upstream.on_request = lose
            got = lab.call("POST", UPLOAD, body=body, expect=("upstream/request-body", "connection-terminated", 502))
            assert got.status == 502 and bodies == [body, body, None], "what is not kept is not sent again"
            eventually(lambda: _free(folder) == before, "nothing of it stays on the disk")
            told = lab.said().count("the disk is full")
            assert told == 1, f"the operator is told {told} times"

        _check(lab, test)


@row("31t", "lists: the disk for large pages is full, or there is none", lab=False, needs=["mount"])
def pages():
    item = json.dumps({"id": "x" * 1000})
    elements = ",".join([item] * (4 * MIB // (len(item) + 1)))

    def page(conversation, request):
        conversation.read_body(request)
        if "registrations" not in request.target:
            conversation.send(answer())
            return True
        number = int((re.search(r"more=(\d+)", request.target) or [0, "0"])[1])
        more = f',"more":"{number + 1}"' if number < 2 else ""
        conversation.send(answer(200, f'{{"registrations":[{elements}]{more}}}'.encode()))
        return True

    def walk(lab):
        lab.upstream.on_request = page
        got = lab.call(path="/api/v2/registrations", fields="X-Scorm-Pages: all\r\n",
                       expect=("completed", None, 200))
        items = json.loads(got.body)["registrations"]
        assert got.is_complete and len(items) == 3 * (elements.count("},") + 1), f"{len(items)} items"

    with small_disk() as folder:
        fill_up(folder)
        lab = Lab(environment={"TMPDIR": folder})
        _check(lab, lambda: walk(lab))
        lab = Lab(environment={"TMPDIR": folder + "/missing"})
        _check(lab, lambda: walk(lab))
