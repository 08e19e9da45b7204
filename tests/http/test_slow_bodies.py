"""Whose body is waited for, and how many at once: a worker that waits answers nobody else."""
import select

import pytest

import signer
from client import Connection
from server import CALLER, COUNTERPART, FORM, PROXY, Answer, call_fields
from waiting import LONG

TOKEN, PUBLIC_URL = "slow-token-0123456789abcdef", "https://masking.example.com"
CLAIM = "X-Plivo-Signature-V3: AAAA\r\nX-Plivo-Signature-V3-Nonce: 1\r\n"
CLAIM_V2 = "X-Plivo-Signature-V2: AAAA\r\nX-Plivo-Signature-V2-Nonce: 1\r\n"


@pytest.fixture(scope="module")
def server(start_server):
    return start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL, WORKERS="4", ANSWER_DEADLINE_MS="20000")


def head(path="/answer", more="", method="POST", length=60000):
    return (f"{method} {path} HTTP/1.1\r\nHost: masking.example.com\r\nContent-Type: {FORM}\r\n"
            f"{more}Content-Length: {length}\r\n\r\n").encode()


@pytest.mark.parametrize("path, more, method, status", [
    ("/answer", "", "POST", 403),
    ("/answer", "X-Plivo-Signature-V3: AAAA\r\n", "POST", 403),
    ("/answer", CLAIM_V2, "POST", 403),
    ("/code/1", "", "POST", 403),
    ("/message", "", "POST", 403),
    ("/message", "X-Plivo-Signature-V2: AAAA\r\n", "POST", 403),
    ("/answer", CLAIM, "GET", 403),
    ("/healthz", "", "GET", 200),
    ("/healthz", "", "POST", 405),
    ("/nothing", CLAIM, "POST", 404),
])
def test_who_is_no_plivo_is_answered_before_his_body(server, path, more, method, status):
    """Promise 6: strangers get nothing, not even a worker that waits for them."""
    with server.connection() as connection:
        connection.send(head(path, more, method))
        reply = connection.reply()
        assert (reply.status, reply.closes) == (status, True)
        assert connection.closed()


def whole_call():
    fields = call_fields(CALLER, PROXY)
    signed = signer.headers_v3(TOKEN, "POST", PUBLIC_URL + "/answer", None, fields)
    more = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    body = signer.form(fields).encode()
    return head(more=more, length=len(body)) + body


@pytest.mark.parametrize("claim, path", [(CLAIM, "/answer"), (CLAIM_V2, "/message")])
def test_bodies_on_their_way_leave_a_worker_for_whole_requests(server, claim, path):
    """Of four workers three wait for bodies that never come; one more such is put off at once."""
    held = [Connection(server.address) for _ in range(4)]
    try:
        for one in held:
            one.send(head(path, claim) + b"From")
        put_off, *others = select.select(held, [], [], LONG)[0]
        assert put_off.reply().status == 503 and not others
        for _ in range(3):
            with server.connection() as plivo:
                plivo.send(whole_call())
                assert Answer(plivo.reply()).dial == (PROXY, COUNTERPART)
    finally:
        for one in held:
            one.close()
    with server.connection() as late:
        late.send(head(path, claim, length=5) + b"From=")
        assert late.reply().status == 403
