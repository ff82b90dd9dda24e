"""Uploads with Python's http.client or with requests: KIND FRAMING COUNT FILE URL…

Prints a line for each upload: the number of the URL, the status, and the length of the answer's body, or the exception.
"""

import http.client
import pathlib
import sys
import urllib.parse


def pieces(body):
    for start in range(0, len(body), 65536):
        yield body[start:start + 65536]


def with_http_client(url, body, is_chunked):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        fields = {"Content-Type": "application/zip"}
        if is_chunked:
            fields["Transfer-Encoding"] = "chunked"
        connection.request("POST", path, body=pieces(body) if is_chunked else body, headers=fields,
                           encode_chunked=is_chunked)
        answer = connection.getresponse()
        return answer.status, len(answer.read())
    finally:
        connection.close()


def with_requests():
    import requests

    session = requests.Session()

    def upload(url, body, is_chunked):
        answer = session.post(url, data=pieces(body) if is_chunked else body, timeout=30,
                              headers={"Content-Type": "application/zip"})
        return answer.status_code, len(answer.content)

    return upload


def main():
    kind, framing, count, file, *urls = sys.argv[1:]
    upload = with_requests() if kind == "requests" else with_http_client
    body = pathlib.Path(file).read_bytes()
    for number, url in enumerate(urls):
        for _ in range(int(count)):
            try:
                status, length = upload(url, body, framing == "chunked")
                print(number, status, length, flush=True)
            except Exception as error:  # whatever a client raises counts as a miss and is printed
                print(number, "-", 0, repr(error)[:120], flush=True)


main()
