"""Common HTTP clients see every answer that arrives before their upload has ended: each uploads 20 MB several times for
each kind of early answer, with a length and in chunks, and must get the status and the body every time.

Run by scripts/early-answer-test. A client that is not installed is skipped, with the reason.
"""

import argparse
import base64
import collections
import importlib.util
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "faults"))

from peers import answer, eventually  # noqa: E402
from rig import Lab  # noqa: E402

UPLOAD = "/api/v2/courses/importJobs/upload?courseId="
LIMITED = "/api/v2/courses/importJobs/noUpload?courseId=a"
#: Name, path, status. First the gateway's own, then the upstream's, which reads on, leaves the rest unread, or
#: closes at once.
KINDS = [
    ("404", "/api/v2/nothing/here", 404),
    ("403", "/api/v2/oauth/authenticate/application/token", 403),
    ("429", LIMITED, 429),
    ("503", "/apps/broken" + UPLOAD + "a", 503),
    ("409 reads on", UPLOAD + "reads-on", 409),
    ("409 stalls", UPLOAD + "stalls", 409),
    ("413 closes", UPLOAD + "closes", 413),
]
CLIENT_TIMEOUT = 300


def refuse(conversation, request):
    """The upstream. It refuses uploads before it has read them, in the way that their course is named."""
    course = request.target.rpartition("courseId=")[2]
    if course in ("reads-on", "stalls", "closes"):
        status = 413 if course == "closes" else 409
        conversation.send(answer(status, b'{"message": "no"}'))
        if course == "reads-on":
            while conversation.read():
                pass
        elif course == "stalls":
            # The gateway ends the connection. Nothing is read before that.
            time.sleep(0.2)
        return False
    if conversation.read_body(request) is None:
        return False
    conversation.send(answer())
    return True


def fail_for_broken(request):
    """The token endpoint. It has no token for the app with the id BROKEN."""
    if base64.b64encode(b"BROKEN").decode() in (request.get("Authorization") or ""):
        return answer(500, b"{}", b"Connection: close\r\n")
    return None


def curl_commands(file):
    """curl waits for 100 Continue by default; `Expect:` disables that."""
    command = ["curl", "--silent", "--output", "-", "--write-out", "\n%{http_code}", "--max-time", "30",
               "--header", "Content-Type: application/zip", "--request", "POST"]
    by_length = ["--data-binary", f"@{file}"]
    chunked = ["--upload-file", str(file), "--header", "Transfer-Encoding: chunked", "--header", "Expect:"]
    return [("curl, waiting for 100", command + by_length),
            ("curl", command + by_length + ["--header", "Expect:"]), ("curl, chunks", command + chunked)]


def run_curl(command, count, urls):
    for number, url in enumerate(urls):
        for _ in range(count):
            done = subprocess.run([*command, url], capture_output=True, text=True, timeout=60)
            body, _, status = done.stdout.rpartition("\n")
            yield number, status, len(body), f"exit {done.returncode}" if done.returncode else ""


def run_program(command, kind, framing, count, file, urls):
    """Runs a client's program, which prints a line for each of its uploads."""
    process = subprocess.run([*command, kind, framing, str(count), file, *urls], capture_output=True,
                             text=True, timeout=CLIENT_TIMEOUT)
    lines = process.stdout.splitlines()
    if len(lines) != count * len(urls):
        raise RuntimeError(f"{len(lines)} uploads made: {process.stderr[-500:]}")
    for line in lines:
        number, status, length, *error = line.split(" ", 3)
        yield int(number), status, int(length), "".join(error)


def clients(file, count, urls):
    """The name of each client, why it is skipped, and how to run it."""
    has_curl = shutil.which("curl") is not None
    for name, command in curl_commands(file):
        yield name, None if has_curl else "curl is not installed", \
            lambda command=command: run_curl(command, count, urls)
    programs = [
        ("Node fetch", ["node", str(HERE / "node_client.mjs")], "fetch"),
        ("Node http", ["node", str(HERE / "node_client.mjs")], "http"),
        ("Python http.client", [sys.executable, str(HERE / "python_client.py")], "http.client"),
        ("Python requests", [sys.executable, str(HERE / "python_client.py")], "requests"),
        ("Java HttpClient", ["java", str(HERE / "JavaClient.java")], "java"),
    ]
    for name, command, kind in programs:
        missing = None
        if shutil.which(command[0]) is None:
            missing = f"{command[0]} is not installed"
        elif kind == "requests" and importlib.util.find_spec("requests") is None:
            missing = "the package requests is not installed"
        elif kind == "java" and shutil.which("javac") is None:
            missing = "no JDK is installed, only a runtime"
        for framing in ("length", "chunked"):
            yield name + (", chunks" if framing == "chunked" else ""), missing, \
                lambda command=command, kind=kind, framing=framing: \
                run_program(command, kind, framing, count, file, urls)


def main():
    parser = argparse.ArgumentParser(prog="scripts/early-answer-test", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CLIENT", help="a part of a client's name")
    parser.add_argument("--count", type=int, default=20, help="uploads for each kind of answer (20)")
    parser.add_argument("--megabytes", type=int, default=20, help="of each upload (20)")
    arguments = parser.parse_args()
    size = arguments.megabytes * 1_000_000
    lab = Lab(is_ready=False, settings={
        "response_timeout": "20s", "idle_timeout": "20s",
        "apps_more": "  - name: broken\n    id: BROKEN\n    secret: {env: BROKEN_SECRET}",
        "limits_more": "  - {name: none, match: {operation: CreateNoUploadAndImportCourseJob}, rate: 1/1h,"
                       " burst: 1, onExceed: refuse}",
    }, environment={"BROKEN_SECRET": "CANARY-SECRET-7261"}, before_token=fail_for_broken)
    misses = ran = 0
    try:
        lab.upstream.on_request = refuse
        eventually(lambda: lab.call().status == 200, "calls are answered")
        assert lab.call("POST", LIMITED, body=b"{}").status == 200, "the first call that is limited passes"
        urls = [f"http://127.0.0.1:{lab.port}{path}" for _, path, _ in KINDS]
        print(f"{'':28}" + "".join(f"{name:>14}" for name, _, _ in KINDS) + "       s")
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x" * size)
            file.flush()
            for name, missing, run in clients(file.name, arguments.count, urls):
                if arguments.names and not any(word.lower() in name.lower() for word in arguments.names):
                    continue
                if missing:
                    print(f"{name:28}skipped: {missing}", flush=True)
                    continue
                began = time.monotonic()
                seen, errors = collections.Counter(), set()
                for number, status, length, error in run():
                    if status == str(KINDS[number][2]) and length > 0 and not error:
                        seen[number] += 1
                    else:
                        errors.add(f"{KINDS[number][0]}: {status} {error}".strip())
                ran += 1
                misses += arguments.count * len(KINDS) - seen.total()
                print(f"{name:28}" + "".join(f"{f'{seen[i]} of {arguments.count}':>14}"
                                             for i in range(len(KINDS)))
                      + f"{time.monotonic() - began:8.1f}", flush=True)
                for error in sorted(errors)[:5]:
                    print(f"    {error}")
        assert lab.is_alive(), "the gateway ended"
    finally:
        lab.stop()
    print(f"{misses} answers were not seen" if misses else "every answer was seen")
    return 1 if misses or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
