"""A strict HTTP/1.1 client on a bare socket, for what http.client would hide.

It can send any bytes, and accepts only well-formed answers: a status line and a
Content-Length, or an error that ends with the connection (CivetWeb writes those by
itself, to what it cannot parse). Judging what an answer means is left to server.py
and the tests.
"""
import re
import socket
from dataclasses import dataclass

TIMEOUT = 60  # seconds; only ever reached when something hangs


class BadAnswer(AssertionError):
    """The peer sent something that is not one whole HTTP/1.1 answer."""


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes = b""

    @property
    def closes(self):
        return self.headers.get("connection", "").lower() == "close"


class Connection:
    def __init__(self, address, timeout=TIMEOUT, source=None):
        """source: the address to come from, as 127.0.0.2."""
        self._socket = socket.create_connection(address, timeout, source and (source, 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def fileno(self):
        """For select."""
        return self._socket.fileno()

    def send(self, raw):
        self._socket.sendall(raw)

    def finish_sending(self):
        self._socket.shutdown(socket.SHUT_WR)

    def _more(self):
        try:
            chunk = self._socket.recv(65536)
        except ConnectionResetError:
            chunk = b""
        self._pending += chunk
        return bool(chunk)

    def interim(self):
        """Waits for a "100 Continue"; False when the final answer comes instead."""
        while b"\r\n\r\n" not in self._pending:
            if not self._more():
                raise BadAnswer("closed while waiting for 100 Continue")
        if not self._pending.startswith(b"HTTP/1.1 100 "):
            return False
        self._pending = self._pending.partition(b"\r\n\r\n")[2]
        return True

    def reply(self, head=False):
        """The next answer; None when the peer closed without sending a byte."""
        while b"\r\n\r\n" not in self._pending:
            if not self._more():
                if self._pending:
                    raise BadAnswer(f"answer cut short: {self._pending!r}")
                return None
        top, _, rest = self._pending.partition(b"\r\n\r\n")
        status_line, *lines = top.decode("latin-1").split("\r\n")
        status = re.fullmatch(r"HTTP/1\.[01] ([1-5]\d\d) [ -~]*", status_line)
        if not status:
            raise BadAnswer(f"not a status line: {status_line!r}")
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not re.fullmatch(r"[A-Za-z0-9-]+", name) or name.lower() in headers:
                raise BadAnswer(f"bad or repeated header field: {line!r}")
            headers[name.lower()] = value.strip()
        self._pending = rest
        reply = Reply(int(status[1]), headers)
        if not head:
            reply.body = self._body(reply)
        return reply

    def _body(self, reply):
        length = reply.headers.get("content-length")
        if length is None and reply.status >= 400 and reply.closes:
            while self._more():
                pass
            length = str(len(self._pending))
        if not re.fullmatch(r"\d+", length or ""):
            raise BadAnswer(f"no usable Content-Length: {reply}")
        while len(self._pending) < int(length):
            if not self._more():
                raise BadAnswer("body cut short")
        body, self._pending = self._pending[:int(length)], self._pending[int(length):]
        return body

    def closed(self):
        """Waits for the end of the connection: True if no further byte came first."""
        while self._more():
            pass
        return self._pending == b""

    def request(self, method, target, headers=None, body=b""):
        self.send(request_bytes(method, target, headers, body))
        return self.reply(head=method == "HEAD")


def request_bytes(method, target, headers=None, body=b""):
    fields = {"Host": "masking.example.com", **(headers or {})}
    if (body or method == "POST") and "Content-Length" not in fields:
        fields["Content-Length"] = str(len(body))
    lines = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def exchange(address, method, target, headers=None, body=b"", source=None):
    """One request on a connection of its own."""
    with Connection(address, source=source) as connection:
        return connection.request(method, target, headers, body)
