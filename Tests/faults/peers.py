"""The gateway's peers, each scripted by the test: an upstream that answers with any bytes, a token endpoint, and a
caller that sees exactly what it received."""

import json
import socket
import ssl
import struct
import threading
import time

PATIENCE = 20.0


def reset(connection):
    """Closes with RST instead of FIN."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    if isinstance(connection, ssl.SSLSocket):
        # Without the TLS layer's closing message.
        connection = socket.socket(fileno=connection.detach())
    connection.close()


def answer(status=200, body=b"{}", fields=b""):
    """A whole answer."""
    return (b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n"
            % (status, len(body), fields)) + body


class Request:
    """The head of a request as it arrived."""

    def __init__(self, head):
        self.head = head
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = lines[0].split(" ")
        self.fields = [tuple(line.split(": ", 1)) for line in lines[1:] if line]

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name):
        return next(iter(self.all(name)), None)


class Conversation:
    """An accepted connection, for the script that runs on its thread."""

    def __init__(self, connection, server):
        self.connection, self.server = connection, server
        self.buffer = b""
        #: All bytes read so far.
        self.received = b""

    def read(self, size=65536):
        data = self.connection.recv(size)
        self.received += data[:1 << 20]
        return data

    def read_request(self):
        """The next head; None if the peer closed before."""
        while b"\r\n\r\n" not in self.buffer:
            data = self.read()
            if not data:
                return None
            self.buffer += data
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        request = Request(head)
        self.server.requests.append(request)
        return request

    def read_body(self, request):
        """The body; None if the peer closed before its end."""
        if "chunked" in (request.get("Transfer-Encoding") or ""):
            body = b""
            while True:
                line = self._take_line()
                chunk = None if line is None else self._take(int(line, 16) + 2)
                if chunk is None:
                    return None
                body += chunk[:-2]
                if chunk == b"\r\n":
                    return body
        return self._take(int(request.get("Content-Length") or 0))

    def _take_line(self):
        while b"\r\n" not in self.buffer:
            data = self.read()
            if not data:
                return None
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def _take(self, size):
        while len(self.buffer) < size:
            data = self.read()
            if not data:
                return None
            self.buffer += data
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        return body

    def send(self, data):
        self.connection.sendall(data)

    def reset(self):
        reset(self.connection)


class ScriptedServer:
    """Listens on loopback and runs a script for every connection on a separate thread.

    `on_connection(conversation)` gets the raw connection. By default it reads requests and calls
    `on_request(conversation, request)` for each, which returns whether the connection stays open.
    """

    def __init__(self, tls=None, on_request=None, address="127.0.0.1"):
        self.tls = tls
        self.on_request = on_request or self.answer_well
        self.on_connection = self.serve_requests
        self.requests, self.conversations = [], []
        self.accepted = 0
        self.open = set()
        self.lock = threading.Lock()
        self.address, self.port = address, 0
        self.listen()

    def listen(self):
        """Starts to accept: the first time on a free port, later on the same one."""
        self.listener = socket.create_server((self.address, self.port), backlog=4096)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def stop_listening(self):
        """Refuses connections from now on."""
        try:
            # Closing alone does not wake a thread that accepts.
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    @staticmethod
    def answer_well(conversation, request):
        if conversation.read_body(request) is None:
            return False
        conversation.send(answer())
        return True

    def serve_requests(self, conversation):
        while True:
            request = conversation.read_request()
            if request is None or not self.on_request(conversation, request):
                return

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.accepted += 1
                self.open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, bare):
        conversation = Conversation(bare, self)
        self.conversations.append(conversation)
        try:
            if self.tls:
                conversation.connection = self.tls.wrap_socket(bare, server_side=True)
                with self.lock:
                    self.open.discard(bare)
                    self.open.add(conversation.connection)
            self.on_connection(conversation)
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.open.discard(bare)
                self.open.discard(conversation.connection)
            try:
                conversation.connection.close()
            except OSError:
                pass

    def close_connections(self):
        """Closes every connection properly, so that the gateway keeps none."""
        with self.lock:
            connections = list(self.open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def received(self):
        """All bytes received, on all connections."""
        return b"".join(conversation.received for conversation in list(self.conversations))

    def stop(self):
        self.stop_listening()
        self.close_connections()


class TokenEndpoint(ScriptedServer):
    """Grants a new token to every request. `before_answer` may delay it, or answer in its place."""

    def __init__(self, lifetime=3600):
        super().__init__(on_request=self.grant)
        self.lifetime = lifetime
        self.tokens = []
        self.before_answer = None

    def grant(self, conversation, request):
        conversation.read_body(request)
        if self.before_answer is not None:
            instead = self.before_answer(request)
            if instead is not None:
                conversation.send(instead)
                return False
        with self.lock:
            self.tokens.append(f"CANARY-TOKEN-{len(self.tokens)}-{self.port}")
            token = self.tokens[-1]
        body = json.dumps({"access_token": token, "token_type": "bearer",
                           "expires_in": self.lifetime, "scope": "read"}).encode()
        conversation.send(answer(200, body, b"Connection: close\r\n"))
        return False


class Answer:
    """The answer that a caller received, possibly incomplete, and how it ended."""

    def __init__(self):
        self.status, self.fields, self.body = 0, {}, b""
        #: The status codes of interim answers before it.
        self.interim = []
        #: Whether the answer is complete according to its framing.
        self.is_complete = False
        #: "open", "closed" or "reset".
        self.end = "open"
        self.raw = b""

    @property
    def problem(self):
        return json.loads(self.body)

    @property
    def proxy_status(self):
        return self.fields.get("proxy-status", "")


class Caller:
    """A connection to the gateway, byte by byte."""

    def __init__(self, port, receive_buffer=None, patience=PATIENCE):
        # A port, or the path of a Unix socket.
        is_unix = not isinstance(port, int)
        self.connection = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.connection.settimeout(patience)
        self.connection.connect(str(port) if is_unix else ("127.0.0.1", port))
        if not is_unix:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.end = "open"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.connection.sendall(data)
        return self

    def _more(self):
        if self.end != "open":
            return False
        try:
            data = self.connection.recv(65536)
        except ConnectionResetError:
            self.end = "reset"
            return False
        if not data:
            self.end = "closed"
        self.buffer += data
        return bool(data)

    def read_answer(self, method="GET"):
        """The next answer, as far as it arrives."""
        result = Answer()
        while True:
            while b"\r\n\r\n" not in self.buffer:
                if not self._more():
                    result.end, result.raw = self.end, self.buffer
                    return result
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            if status >= 200:
                break
            result.interim.append(status)
        result.status = status
        for line in lines[1:]:
            name, _, value = line.partition(":")
            result.fields[name.strip().lower()] = value.strip()
        if method == "HEAD" or status in (204, 304):
            result.is_complete = True
        elif "chunked" in result.fields.get("transfer-encoding", ""):
            result.is_complete = self._read_chunks(result)
        elif "content-length" in result.fields:
            size = int(result.fields["content-length"])
            while len(self.buffer) < size and self._more():
                pass
            result.body, self.buffer = self.buffer[:size], self.buffer[size:]
            result.is_complete = len(result.body) == size
        else:
            while self._more():
                pass
            result.body, self.buffer = self.buffer, b""
            result.is_complete = self.end == "closed"
        result.end = self.end
        return result

    def _read_chunks(self, result):
        while True:
            while b"\r\n" not in self.buffer:
                if not self._more():
                    return False
            line, _, rest = self.buffer.partition(b"\r\n")
            size = int(line, 16)
            while len(rest) < size + 2:
                if not self._more():
                    result.body += rest[:size]
                    return False
                rest = self.buffer.partition(b"\r\n")[2]
            result.body += rest[:size]
            self.buffer = rest[size + 2:]
            if size == 0:
                return True

    def read_to_end(self):
        """Reads until the gateway closes, and returns how it closed."""
        while self._more():
            pass
        return self.end

    def reset(self):
        reset(self.connection)

    def close(self):
        try:
            self.connection.close()
        except OSError:
            pass


def eventually(condition, what, patience=PATIENCE):
    """Waits until `condition` returns a true value, and returns it."""
    deadline = time.monotonic() + patience
    while True:
        outcome = condition()
        if outcome:
            return outcome
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience:.0f} s: {what}")
        time.sleep(0.01)
