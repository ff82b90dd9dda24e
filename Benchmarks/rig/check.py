"""Tries once everything that all contenders must do, because one that answers wrongly is not worth measuring."""

import http.client

from .contenders import PREFIX
from .processes import Origin, Proxy


def ask(proxy, path, method="GET", body=None):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    try:
        connection.request(method, PREFIX + path, body=body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def checks(proxy, origin):
    def answers(path, wanted_bytes):
        status, body = ask(proxy, path)
        return status == 200 and len(body) == wanted_bytes

    def counted(body, wanted_bytes):
        return ask(proxy, "/registrations", "POST", body)[1] == b'{"got":%d}\n' % wanted_bytes

    yield ("the upstream sees a bearer token",
           lambda: b"Bearer ttt" in ask(proxy, "/courses?filter=echo")[1])
    yield "a chunked answer arrives whole", lambda: answers("/courses?filter=chunked", 1024)
    yield "3 MB arrive whole", lambda: answers("/courses/big/zip?bytes=3000000", 3_000_000)
    yield "2 MB leave whole", lambda: counted(b"x" * 2_000_000, 2_000_000)
    yield ("a chunked body leaves whole",
           lambda: counted((b"x" * 1000 for _ in range(500)), 500_000))
    for what, query in (("answers", "since=2026"), ("chunked answers", "filter=chunked")):
        yield (f"a second of {what} under load has no bad one",
               lambda query=query: clean(origin.load(
                   proxy.port, 64, 1, f"{PREFIX}/courses?{query}")))


def clean(load):
    requests, _, bad = load
    return requests > 0 and bad == 0


def check(name, tls, log):
    """Returns the promises that did not hold, with the reason if there is one."""
    failed = []
    with Origin() as origin:
        proxy = Proxy(name, origin, tls, log)
        try:
            for promise, holds in checks(proxy, origin):
                try:
                    if not holds():
                        failed.append(promise)
                except (OSError, http.client.HTTPException) as reason:
                    failed.append(f"{promise} ({reason})")
        finally:
            proxy.stop()
    return failed
