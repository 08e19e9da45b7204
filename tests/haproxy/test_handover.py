"""What a server gets to see of a request: behind this proxy is one that writes it down."""
import os
import re
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from server import eventually

# Any order and bytes; escapes, capitals and dots that a helpful proxy would tidy up.
TARGETS = ["/answer", "/answer/", "/answer?", "/answer?b=2&a=1&b=1", "/Handle%49ncoming/",
           "/a/../answer", "//answer", "/answer?From=%2B1%20%zz&x", "/answer%00x", "/answer;v=1"]


class Backend(socketserver.ThreadingTCPServer):
    """Answers every request 200 and keeps it, but for HAProxy's own questions."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []

    def handle_error(self, *_):
        """HAProxy resets the connections of its checks."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path not in ("/readyz", "/healthz"):
            # Not self.path: that one is tidied up.
            target = self.requestline.split(" ")[1]
            self.server.seen.append((self.command, target, self.headers, body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST = _answer

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def backend():
    with Backend() as backend:
        threading.Thread(target=backend.serve_forever, daemon=True).start()
        yield backend
        backend.shutdown()


@pytest.fixture(scope="module")
def proxy(start_proxy, backend):
    proxy = start_proxy(backend.server_address)
    eventually(proxy.ready)
    return proxy


@pytest.fixture
def seen(proxy, backend):
    """seen(method, target, headers, body): the request as the server got it."""
    def send(method, target, headers=None, body=b""):
        backend.seen.clear()
        assert proxy.exchange(method, target, headers, body).status == 200
        assert len(backend.seen) == 1
        return backend.seen[0]
    return send


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_target_is_handed_over_as_it_came(seen, method, target):
    assert seen(method, target)[:2] == (method, target)


def test_the_body_and_the_signature_fields_are_handed_over_as_they_came(seen):
    headers = {"X-Plivo-Signature-V3": "abc+/=,def==, ghi=", "X-Plivo-Signature-V3-Nonce": "1"}
    body = bytes(range(256))
    _, _, fields, got = seen("POST", "/answer", headers, body)
    assert got == body
    assert {name: fields[name] for name in headers} == headers


def test_the_sender_address_is_what_the_proxy_saw(seen):
    """Duplicates of any spelling go; a server that read the first one would believe it."""
    _, _, fields, _ = seen("POST", "/answer", {
        "X-Forwarded-For": "192.0.2.1", "x-forwarded-for": "192.0.2.2",
        "X-FORWARDED-FOR": "192.0.2.3, 192.0.2.4"})
    assert fields.get_all("X-Forwarded-For") == ["127.0.0.1"]


def test_no_upgrade_is_handed_over(seen):
    _, _, fields, _ = seen("GET", "/answer", {"Connection": "Upgrade", "Upgrade": "websocket",
                                              "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
    assert fields["Upgrade"] is None
    assert "upgrade" not in (fields["Connection"] or "").lower()


def test_no_more_fields_are_handed_over_than_the_server_sees(seen, proxy):
    """The library behind keeps 64 and forgets the rest; the guard before it says 50."""
    most = {f"X-{n}": "1" for n in range(48)}
    assert len(seen("GET", "/answer", most)[2]) <= 50
    assert proxy.exchange("GET", "/answer", {**most, "X-48": "1", "X-49": "1"}).status == 400


def test_a_request_is_handed_over_when_it_is_complete(proxy, backend):
    """Not a byte of it before: the server would give it a thread."""
    backend.seen.clear()
    with proxy.connection() as connection:
        connection.send(b"POST /answer HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab")
        assert proxy.exchange("GET", "/other").status == 200
        assert [request[1] for request in backend.seen] == ["/other"]
        connection.send(b"c")
        assert connection.reply().status == 200
    assert [request[1] for request in backend.seen] == ["/other", "/answer"]


def test_a_client_that_says_close_is_closed(proxy):
    with proxy.connection() as connection:
        assert connection.request("GET", "/answer", {"Connection": "close"}).closes
        assert connection.closed()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_it_serves_as_the_user_it_is_told(start_proxy, backend):
    proxy = start_proxy(backend.server_address, RUN_AS="haproxy")
    eventually(proxy.ready)
    children = Path(f"/proc/{proxy.process.pid}/task/{proxy.process.pid}/children").read_text()
    for child in children.split():
        status = Path(f"/proc/{child}/status").read_text()
        assert re.search(r"^Uid:\t(?!0\b)(\d+)\t\1\t", status, re.M), status
        assert re.search(r"^Gid:\t(?!0\b)(\d+)\t\1\t", status, re.M), status
    assert children
