"""A captured request that is sent again: answered while Plivo itself may repeat it,
refused afterwards. The server's clock is moved on, so nobody waits."""
import struct
import subprocess
import uuid

import pytest

import signer
from server import CALLER, PAIRS, PROXY, ROOT, call_fields, eventually, is_sanitized
from test_metrics import read

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


def refused(server, **labels):
    """How many webhooks were refused for their signature, of those with these labels."""
    return sum(value for name, value in read(server).items()
               if name.startswith("masking_signatures_refused_total")
               and all(f'{label}="{wanted}"' in name for label, wanted in labels.items()))


def test_a_captured_request_is_refused_after_two_minutes(server, clock):
    """Promise 6: strangers get nothing, not even what Plivo once got."""
    fields = call_fields(CALLER, PROXY)
    headers = signed(fields)
    first = server.webhook(fields, headers=headers)
    assert first.dial
    clock.set_ahead(100)
    assert server.webhook(fields, headers=headers).xml == first.xml
    assert refused(server) == 0

    clock.set_ahead(180)
    reply = server.send(fields, headers=headers)
    assert reply.status == 403
    assert dict(fields)["CallUUID"].encode() not in reply.body and b"<" not in reply.body
    assert refused(server, reason="replayed", version="3") == refused(server) == 1
    eventually(lambda: "event=signature_refused reason=replayed version=3" in server.log)

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


def text_fields(sender, text):
    return [("MessageUUID", str(uuid.uuid4())), ("From", sender), ("To", PROXY), ("Type", "sms"),
            ("Text", text)]


@pytest.mark.parametrize("version", ["2", "3"])
def test_a_signature_carries_one_text_only(server, database, version):
    """Version 2 does not cover what is sent: one captured signature would send any text."""
    def headers(fields):
        url = PUBLIC_URL + "/message"
        return (signer.headers_v3(TOKEN, "POST", url, body=fields) if version == "3"
                else signer.headers_v2(TOKEN, url))
    fields = text_fields(CALLER, "Where are you?")
    captured = headers(fields)
    assert server.webhook(fields, "/message", headers=captured).message
    assert server.webhook(fields, "/message", headers=captured).message
    for n in range(20):
        forged = text_fields(PAIRS[n % 3][n % 2], f"forged {n}")
        assert server.send(forged, "/message", headers=captured).status == 403
        assert database.query("SELECT 1 FROM masking.messages WHERE message_uuid = %s",
                              dict(forged)["MessageUUID"]) == []
    assert server.send(fields, "/message?a=1", headers=captured).status == 403
    assert server.send(fields, "/message/", headers=captured).status == 403
    assert server.send(fields, "/message", "GET", captured).status == 403
    reason = "changed" if version == "2" else "wrong"  # which covers the text
    assert refused(server, version=version) == refused(server) == 23
    assert refused(server, reason=reason) >= 21
    # Who asks with a signature of his own is not disturbed.
    assert server.webhook(fields, "/message", headers=headers(fields)).message


@pytest.mark.parametrize("moved", [1, 2, -1])
def test_a_signature_carries_one_delivery_only(server, database, moved):
    """Version 2 writes the nonce behind the path, and both have digits."""
    text = text_fields(CALLER, "Where are you?")
    answer = server.webhook(text, "/message", headers=signer.headers_v2(TOKEN, PUBLIC_URL + "/message"))
    path = answer.message_attributes[0]["callbackUrl"].removeprefix(PUBLIC_URL)
    captured = signer.headers_v2(TOKEN, PUBLIC_URL + path)
    assert server.webhook([("Status", "queued")], path, headers=captured).empty
    nonce = captured["X-Plivo-Signature-V2-Nonce"]
    whole = path + nonce
    cut = len(path) + moved
    forged = {**captured, "X-Plivo-Signature-V2-Nonce": whole[cut:]}
    server.send([("Status", "failed"), ("ErrorCode", "200")], whole[:cut], headers=forged)
    assert database.orders("SELECT delivery FROM message_log WHERE message_uuid = %s", dict(text)["MessageUUID"]) == [("on its way",)]


def test_a_signature_carries_one_cut_of_its_fields_only(server, database):
    """Version 3 writes name and value one behind the other: the name of a field can pass for
    the end of a value, and the value of another for a field of its own."""
    number = PAIRS[1][0]
    fields = [("CallUUID", str(uuid.uuid4())), ("CallerName", "From" + number), ("To", PROXY)]
    headers = signed(fields)
    recut = sorted([*(field for field in fields if field[0] != "CallerName"), ("CallerName", ""),
                    ("From", number)])
    assert signer.signature_v3(TOKEN, "POST", PUBLIC_URL + "/answer",
                               headers["X-Plivo-Signature-V3-Nonce"], recut) == \
        headers["X-Plivo-Signature-V3"]
    assert server.webhook(fields, headers=headers).refusal
    assert server.send(recut, headers=headers).status == 403
    assert refused(server, reason="changed", version="3") == 1


def test_a_text_may_come_again_for_ten_minutes(server, clock):
    """Plivo sends a text that was not answered again after 60, 120 and 240 seconds."""
    fields = text_fields(CALLER, "Where are you?")
    headers = signer.headers_v3(TOKEN, "POST", PUBLIC_URL + "/message", body=fields)
    first = server.webhook(fields, "/message", headers=headers)
    for seconds in (60, 180, 420, 590):
        clock.set_ahead(seconds)
        assert server.webhook(fields, "/message", headers=headers).xml == first.xml
    clock.set_ahead(610)
    assert server.send(fields, "/message", headers=headers).status == 403
    assert refused(server, reason="replayed") == 1
