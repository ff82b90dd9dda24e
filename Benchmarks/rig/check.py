"""A contender that answers wrongly is not worth measuring: what all must do, tried once."""

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


def check(name, tls, log):
    """Returns the names of the checks that failed."""
    with Origin() as origin:
        proxy = Proxy(name, origin, tls, log)
        try:
            status, head = ask(proxy, "/courses?filter=echo")
            chunks = (b"x" * 1000 for _ in range(500))
            outcome = {
                "the upstream sees a bearer token": status == 200 and b"Bearer ttt" in head,
                "a chunked answer arrives whole": len(ask(proxy, "/courses?filter=chunked")[1]) == 1024,
                "3 MB arrive whole": len(ask(proxy, "/courses/big/zip?bytes=3000000")[1]) == 3_000_000,
                "2 MB leave whole": ask(proxy, "/registrations", "POST", b"x" * 2_000_000)[1]
                == b'{"got":2000000}\n',
                "a chunked body leaves whole": ask(proxy, "/registrations", "POST", chunks)[1]
                == b'{"got":500000}\n',
                "a loaded second has no bad answer":
                origin.load(proxy.port, 64, 1)[2] == 0,
                "a loaded second of chunked answers has no bad answer":
                origin.load(proxy.port, 64, 1, f"{PREFIX}/courses?filter=chunked")[2] == 0,
            }
        finally:
            proxy.stop()
    return [text for text, holds in outcome.items() if not holds]
