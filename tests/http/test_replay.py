"""A captured request that is sent again: answered while Plivo itself may repeat it,
refused afterwards. The server's clock is moved on, so nobody waits."""
import struct
import subprocess

import pytest

import client
import signer
from server import CALLER, PROXY, ROOT, call_fields, eventually, is_sanitized

PUBLIC_URL = "https://masking.example.com"
TOKEN = "replay-token-0123456789"
pytestmark = pytest.mark.skipif(is_sanitized(), reason="nothing may be preloaded before it")


class Clock:
    """The server's clock since boot, which can be set ahead. See tests/outage/faults.c."""

    def __init__(self, place):
        library, self._path = place / "faults.so", place / "faults"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-D_GNU_SOURCE", "-o", library,
                        ROOT / "tests" / "outage" / "faults.c"], check=True)
        self.settings = {"LD_PRELOAD": str(library), "FAULTS": str(self._path)}
        self.set_ahead(0)

    def set_ahead(self, seconds):
        # In place: the server has the file mapped.
        with open(self._path, "r+b" if self._path.exists() else "wb") as file:
            file.write(struct.pack("qqqq", 0, 0, 0, seconds))


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


@pytest.fixture
def server(start_server, clock):
    yield start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL, **clock.settings)
    clock.set_ahead(0)


def signed(fields):
    return signer.headers_v3(TOKEN, "POST", PUBLIC_URL + "/answer", body=fields)


def metric(server, name):
    text = client.exchange(server.metrics_address, "GET", "/metrics").body.decode()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


def test_a_captured_request_is_refused_after_two_minutes(server, clock):
    """Promise 6: strangers get nothing, not even what Plivo once got."""
    fields = call_fields(CALLER, PROXY)
    headers = signed(fields)
    first = server.webhook(fields, headers=headers)
    assert first.dial
    clock.set_ahead(100)
    assert server.webhook(fields, headers=headers).xml == first.xml
    assert metric(server, "masking_replays_refused_total") == 0

    clock.set_ahead(180)
    reply = server.send(fields, headers=headers)
    assert reply.status == 403
    assert dict(fields)["CallUUID"].encode() not in reply.body and b"<" not in reply.body
    assert metric(server, "masking_replays_refused_total") == 1
    assert metric(server, "masking_signatures_refused_total") == 0
    eventually(lambda: "event=signature_refused reason=replayed" in server.log)

    # A new signature over the same call is Plivo, who alone can make one.
    assert server.webhook(fields, headers=signed(fields)).xml == first.xml


def test_the_nonce_counts_whatever_else_is_sent_with_it(server, clock):
    """V2's nonce does not stand for V3's: nobody refreshes a capture with another header."""
    fields = call_fields(CALLER, PROXY)
    headers = signed(fields)
    assert server.webhook(fields, headers=headers).dial
    clock.set_ahead(180)
    more = {**headers, "X-Plivo-Signature-V2": "x", "X-Plivo-Signature-V2-Nonce": "1"}
    assert server.send(fields, headers=more).status == 403
