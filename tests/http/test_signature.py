"""Only what Plivo signed is answered, and Plivo's own SDK agrees on what that is."""
import os
import random
import secrets
import uuid
from dataclasses import dataclass, replace

import pytest

import signer
from client import Connection, request_bytes
from server import (CALLER, COUNTERPART, FORM, PROXY, WEBHOOKS, Answer, call_fields, eventually)

REQUESTS = 1000
SEED = int(os.environ.get("SEED", 0)) or secrets.randbits(32)
TOKEN, SECOND_TOKEN = secrets.token_hex(20), secrets.token_hex(20)
PUBLIC_URL = "https://masking.example.com"

# The SDKs' own test vectors (plivo-go, plivo-ruby): they judge our signer.
SDK_TOKEN, SDK_NONCE = "Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4", "31627761595286130198"
SDK_URL = "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml"
SDK_BODY = (
    "Direction=outbound&From=19792014278&ALegUUID=3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
    "&CallStatus=in-progress&BillRate=0.002&ParentAuthID=MANWVLYTK4ZWU1YTY4QA"
    "&To=sip%3APlivoSignature382029104058171078704104%40phone-qa.voice.plivodev.com"
    "&ALegRequestUUID=3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
    "&CallUUID=3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
    "&RequestUUID=3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
    "&SIP-H-To=%3Csip%3APlivoSignature382029104058171078704104%4052.9.11.55"
    "%3Btransport%3Dudp%3E%3Btag%3D1&SessionStart=2020-04-08+11%3A34%3A33.238707&Event=StartApp")
SDK_VECTORS = [
    ("POST", SDK_URL + "/?a=b&c=d", SDK_BODY, "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c="),
    ("GET", f"{SDK_URL}/?a=b&c=d&{SDK_BODY}", "", "UBq8jAtd32wR8EK9VgxbBn4n5rpI/l1H9iN4WfSEHFQ="),
    ("POST", SDK_URL, SDK_BODY, "iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0="),
    ("GET", f"{SDK_URL}?{SDK_BODY}", "", "i/MQsaQSAd6fiKhOh2qeeeLHZ9faldADSb3/7+Akfbc="),
]


@pytest.fixture(scope="module")
def server(start_server):
    return start_server(PLIVO_AUTH_TOKEN=f"{TOKEN},{SECOND_TOKEN}", PUBLIC_URL=PUBLIC_URL)


@pytest.mark.parametrize("method, url, body, signature", SDK_VECTORS, ids=["S1", "S2", "S3", "S4"])
def test_our_signer_makes_the_sdks_vectors(oracle, method, url, body, signature):
    pairs = signer.pairs(body)
    assert signer.signature_v3(SDK_TOKEN, method, url, SDK_NONCE, pairs) == signature
    assert oracle.valid_v3(SDK_TOKEN, method, url, SDK_NONCE, signature, pairs)


def test_our_v2_signer_makes_the_sdks_vector(oracle):
    signature = signer.signature_v2("my_auth_token", "https://answer.url", "12345")
    assert signature == "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc="
    assert oracle.valid_v2("my_auth_token", "https://answer.url", "12345", signature)


@dataclass(frozen=True)
class Webhook:
    """A request as Plivo would make it: what is signed, and what is sent."""
    method: str
    path: str
    query: tuple
    body: tuple
    nonce: str

    @property
    def target(self):
        return self.path + ("?" + signer.form(self.query) if self.query else "")

    def signature(self, token):
        return signer.signature_v3(token, self.method, PUBLIC_URL + self.target, self.nonce,
                                   self.body)

    def raw(self, signature, close=False):
        headers = {"X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": self.nonce}
        if close:
            headers["Connection"] = "close"
        if self.method == "POST":
            headers["Content-Type"] = FORM
        return request_bytes(self.method, self.target, headers, signer.form(self.body).encode())


def a_call(method="POST", path="/answer", **more):
    fields = tuple(call_fields(CALLER, PROXY, **more))
    if method == "POST":
        return Webhook(method, path, (), fields, signer.new_nonce())
    return Webhook(method, path, fields, (), signer.new_nonce())


def ask(server, webhook, signature):
    with Connection(server.address) as connection:
        connection.send(webhook.raw(signature, close=True))
        return connection.reply()


def assert_forbidden(reply):
    """403, no body worth reading, nobody's number."""
    assert reply.status == 403
    assert len(reply.body) < 200 and b"Number" not in reply.body and b"1415" not in reply.body


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", WEBHOOKS + [path + "/" for path in WEBHOOKS])
def test_signed_call_is_answered_on_every_path(server, oracle, path, method):
    webhook = a_call(method, path)
    signature = webhook.signature(TOKEN)
    assert oracle.valid_v3(TOKEN, method, PUBLIC_URL + webhook.target, webhook.nonce, signature,
                           webhook.body)
    assert Answer(ask(server, webhook, signature)).dial == (PROXY, COUNTERPART)


@pytest.mark.parametrize("query", ["", "?a=b&c=d"])
def test_the_sdks_own_example_is_answered(start_server, oracle, query):
    """S1 and S3 with our host and path, S2 and S4 likewise. They share a nonce, which a server
    takes once."""
    pairs = tuple(signer.pairs(SDK_BODY))
    own = tuple(signer.pairs(query[1:]))
    for webhook in (Webhook("POST", "/answer", own, pairs, SDK_NONCE),
                    Webhook("GET", "/answer", own + pairs, (), SDK_NONCE)):
        signature = webhook.signature(TOKEN)
        assert oracle.valid_v3(TOKEN, webhook.method, PUBLIC_URL + webhook.target,
                               webhook.nonce, signature, webhook.body)
        server = start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL)
        assert Answer(ask(server, webhook, signature)).refusal  # nobody of ours is calling


def test_either_token_counts_while_one_is_rotated(server):
    for token in (TOKEN, SECOND_TOKEN):
        webhook = a_call()
        assert Answer(ask(server, webhook, webhook.signature(token))).dial


@pytest.mark.parametrize("layout", ["{good}", "AAAA,{good}", "{good},AAAA", "AAAA, {good}",
                                    "{wrong},{good}", "{wrong} , {good} ", " {good}"])
def test_one_good_value_of_a_list_is_enough(server, layout):
    webhook = a_call()
    values = layout.format(good=webhook.signature(TOKEN), wrong=webhook.signature("x" * 40))
    assert Answer(ask(server, webhook, values)).dial == (PROXY, COUNTERPART)


@pytest.mark.parametrize("values", ["", ",", "AAAA", "=" * 44, "A" * 44, "A" * 4000, ", , ,"],
                         ids=lambda values: values[:44] or "empty")
def test_values_that_are_no_signature(server, values):
    """Promise 6: unsigned or forged webhooks are refused."""
    assert_forbidden(ask(server, a_call(), values))


@pytest.mark.parametrize("path", WEBHOOKS)
@pytest.mark.parametrize("drop", ["X-Plivo-Signature-V3", "X-Plivo-Signature-V3-Nonce", None])
def test_missing_header_is_forbidden(server, path, drop):
    """Promise 6: strangers get nothing."""
    fields = call_fields(CALLER, PROXY)
    headers = signer.headers_v3(TOKEN, "POST", PUBLIC_URL + path, body=fields)
    assert server.send(fields, path, headers=headers).status == 200
    headers = {k: v for k, v in headers.items() if drop is not None and k != drop}
    assert_forbidden(server.send(fields, path, headers=headers))


def test_v2_alone_is_not_enough_for_a_call(server, oracle):
    """V2 covers no parameter: whoever saw one could ask for any caller."""
    headers = signer.headers_v2(TOKEN, PUBLIC_URL + "/answer")
    assert oracle.valid_v2(TOKEN, PUBLIC_URL + "/answer", headers["X-Plivo-Signature-V2-Nonce"],
                           headers["X-Plivo-Signature-V2"])
    assert_forbidden(server.send(call_fields(CALLER, PROXY), headers=headers))


def test_forged_call_leaves_no_row_and_is_not_routed(server, database):
    """Promise 6, and the record holds Plivo's calls only."""
    call_uuid = str(uuid.uuid4())
    webhook = a_call(call_uuid=call_uuid)
    assert_forbidden(ask(server, webhook, webhook.signature("another token")))
    assert database.call_rows(call_uuid) == []


def test_forged_hangup_is_forbidden_too(server):
    assert_forbidden(ask(server, a_call(Event="Hangup", CallStatus="completed"), "AAAA"))


def test_host_and_forwarded_headers_do_not_decide_what_was_signed(server):
    """The signed address is built from PUBLIC_URL, never from what a client may say."""
    fields = call_fields(CALLER, PROXY)
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example",
              "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example;proto=http"}
    good = signer.headers_v3(TOKEN, "POST", PUBLIC_URL + "/answer", body=fields)
    assert server.send(fields, headers={**forged, **good}).status == 200
    bad = signer.headers_v3(TOKEN, "POST", "http://evil.example/answer", body=fields)
    assert_forbidden(server.send(fields, headers={**forged, **bad}))


@pytest.mark.parametrize("public_url, signed", [
    ("https://masking.example.com/", "https://masking.example.com"),
    ("https://masking.example.com:8443", "https://masking.example.com:8443"),
    ("https://masking.example.com/voice/eu", "https://masking.example.com/voice/eu"),
    ("http://masking.example.com", "http://masking.example.com"),
    ("https://Masking.Example.COM", "https://Masking.Example.COM")])
def test_public_url_is_what_plivo_was_told(start_server, public_url, signed):
    server = start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=public_url)
    fields = call_fields(CALLER, PROXY)
    good = signer.headers_v3(TOKEN, "POST", signed + "/answer", body=fields)
    assert server.webhook(fields, headers=good).dial == (PROXY, COUNTERPART)
    bad = signer.headers_v3(TOKEN, "POST", signed + ":444/answer", body=fields)
    assert_forbidden(server.send(fields, headers=bad))


def test_a_path_of_public_url_is_taken_off(start_server):
    """Whether or not the proxy in front has taken it off before: the shipped one does not."""
    server = start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL + "/masking")
    for path in WEBHOOKS:
        for sent in (path, "/masking" + path, "/masking" + path + "/"):
            fields = call_fields(CALLER, PROXY)
            dialled = PUBLIC_URL + "/masking" + path + ("/" if sent.endswith("/") else "")
            good = signer.headers_v3(TOKEN, "POST", dialled, body=fields)
            answer = server.webhook(fields, sent, headers=good)
            assert answer.dial == (PROXY, COUNTERPART)
            assert f'action="{PUBLIC_URL}/masking/dial/action#' in answer.xml
            bad = signer.headers_v3(TOKEN, "POST", PUBLIC_URL + sent.replace("/masking", ""),
                                    body=fields)
            assert_forbidden(server.send(fields, sent, headers=bad))
    for path in ("/masking", "/masking/", "/maskinganswer", "/masking/masking/answer",
                 "/other/answer"):
        assert server.send(fields, path, headers=good).status == 404
    code = [("CallUUID", str(uuid.uuid4())), ("From", CALLER), ("To", PROXY), ("Digits", "123456")]
    good = signer.headers_v3(TOKEN, "POST", PUBLIC_URL + "/masking/code/2", body=code)
    assert server.webhook(code, "/masking/code/2", headers=good)
    eventually(lambda: "attempt=2" in server.log)


def test_fields_of_odd_names_are_neither_trouble_nor_a_signature(server):
    """What another proxy than the shipped one lets through."""
    fields = call_fields(CALLER, PROXY)
    good = signer.headers_v3(TOKEN, "POST", PUBLIC_URL + "/answer", body=fields)
    odd = {change(name): value for name, value in good.items()
           for change in (lambda name: name.replace("-", "_"), lambda name: name.replace("-", "."))}
    assert server.webhook(fields, headers={**odd, **good}).dial == (PROXY, COUNTERPART)
    assert_forbidden(server.send(fields, headers=odd))


def test_while_it_moves_it_answers_for_several_addresses(start_server):
    """Signed for any; what our answers name is the first."""
    old, new = "https://old.example.com/a", "https://new.example.com/b"
    server = start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=f"{new}, {old}/")
    for path, base in (("/b/answer", new), ("/a/answer", old), ("/answer", old), ("/answer", new)):
        fields = call_fields(CALLER, PROXY)
        good = signer.headers_v3(TOKEN, "POST", base + "/answer", body=fields)
        answer = server.webhook(fields, path, headers=good)
        assert answer.dial == (PROXY, COUNTERPART)
        assert f'action="{new}/dial/action#' in answer.xml and "old.example" not in answer.xml
        bad = signer.headers_v3(TOKEN, "POST", "https://third.example.com/answer", body=fields)
        assert_forbidden(server.send(fields, path, headers=bad))


def test_several_slashes_are_signed_as_they_were_dialled(start_server):
    """Plivo signs the URL that it was given, and so does whoever stands behind a proxy that leaves the path alone."""
    server = start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=f"{PUBLIC_URL}/x")
    fields = call_fields(CALLER, PROXY)
    for path, dialled in (("//answer", "//answer"), ("/answer//", "/answer//"), ("/x//answer", "//answer")):
        good = signer.headers_v3(TOKEN, "POST", f"{PUBLIC_URL}/x{dialled}", body=fields)
        assert server.webhook(fields, path, headers=good).dial == (PROXY, COUNTERPART)
        other = signer.headers_v3(TOKEN, "POST", f"{PUBLIC_URL}/x/answer", body=fields)
        assert_forbidden(server.send(fields, path, headers=other))
    eventually(lambda: server.send(fields, "/x//answer") and f'expected="{PUBLIC_URL}/x/answer" path="//answer"' in server.log)
    text = [("MessageUUID", "1"), ("From", CALLER), ("To", PROXY), ("Text", "hi")]
    url = f"{PUBLIC_URL}/x//message"
    assert server.webhook(text, "//message", headers=signer.headers_v2(TOKEN, url)).message
    url = f"{PUBLIC_URL}/x/message//status/1/1/1//"
    told = server.webhook([("Status", "sent")], "/message//status/1/1/1//", headers=signer.headers_v2(TOKEN, url))
    assert told.empty
    eventually(lambda: "message=(not-a-uuid) status=sent" in server.log)
    url = f"{PUBLIC_URL}/x//code//2"
    sent = [*fields, ("Digits", "1234")]
    server.webhook(sent, "//code//2", headers=signer.headers_v3(TOKEN, "POST", url, body=sent))
    eventually(lambda: "attempt=2" in server.log)


def test_the_log_says_which_url_was_expected(start_server):
    """The commonest trouble of a first day is a PUBLIC_URL that Plivo does not dial."""
    server = start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=f"{PUBLIC_URL}/x,http://b.example.com")
    fields = call_fields(CALLER, PROXY)
    headers = signer.headers_v3(TOKEN, "POST", PUBLIC_URL + "/answer", body=fields)
    assert_forbidden(server.send(fields, "/x/answer?From=" + CALLER, headers=headers))
    expected = (f'reason=wrong version=3 expected="{PUBLIC_URL}/x/answer or '
                'http://b.example.com/answer"')
    eventually(lambda: expected in server.log)
    assert CALLER not in server.log


def test_the_last_burst_is_told_of(start_server):
    """One line a second; and what came behind it is counted, even when no more comes."""
    server = start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL)
    for _ in range(50):
        assert_forbidden(server.send(call_fields(CALLER, PROXY)))

    def told():
        lines = [line for line in server.log.splitlines() if "event=signature_refused" in line]
        return len([line for line in lines if "reason=" in line]) + sum(
            int(line.rpartition("suppressed=")[2]) for line in lines if "suppressed=" in line) == 50
    eventually(told)


def test_connected_says_that_plivos_way_leads_here(start_server, database):
    """Through the front door, before a number is touched: signed, and no call."""
    server = start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL + "/masking")
    url = PUBLIC_URL + "/masking/connected"
    before = database.query("SELECT count(*) FROM masking.calls")
    for path in ("/masking/connected", "/connected"):
        reply = server.exchange("GET", path, signer.headers_v3(TOKEN, "GET", url))
        assert (reply.status, reply.body) == (200, b"ok\n")
        assert reply.headers["content-type"].startswith("text/plain")
        for headers in ({}, signer.headers_v3("x" * 40, "GET", url), signer.headers_v2(TOKEN, url),
                        signer.headers_v3(TOKEN, "GET", PUBLIC_URL + "/connected")):
            assert_forbidden(server.exchange("GET", path, headers))
        reply = server.exchange("POST", path, signer.headers_v3(TOKEN, "POST", url))
        assert (reply.status, reply.headers["allow"]) == (405, "GET")
    assert database.query("SELECT count(*) FROM masking.calls") == before
    assert "event=call" not in server.log


# Random requests -------------------------------------------------------------

# Nothing from U+E000 on beside the emoji: there the SDK's order of UTF-16 units and
# the order of bytes differ, and nobody but Plivo knows which of them it signs by.
LETTERS = ("abcXYZ019 +&=%#.;,:/?@!$'()*[]_~-\"<>\\^`{|}"
           "\u00e9\u00fc\u00df\u0416\u4e2d\u0627\u05d0\u0e01\u20ac")
RARE = "\U0001f355\u0301\t"


def random_text(rng, longest):
    return "".join(rng.choice(RARE if rng.random() < 0.05 else LETTERS)
                   for _ in range(rng.randint(0, longest)))


def random_pairs(rng, most):
    """Names and values of any kind, empty values and repeated names among them."""
    pairs = []
    for _ in range(rng.randint(0, most)):
        name = rng.choice(pairs)[0] if pairs and rng.random() < 0.3 else \
            rng.choice(["X-PH-", "tag", "\u00e9", "_", "Z", "a b", "&"]) + random_text(rng, 6)
        pairs.append((name, random_text(rng, 12)))
    return pairs


def random_webhook(rng):
    method = rng.choice(["GET", "POST"])
    path = rng.choice(WEBHOOKS) + rng.choice(["", "/"])
    call_uuid = str(uuid.UUID(int=rng.getrandbits(128)))
    pairs = call_fields(CALLER, PROXY, call_uuid) + random_pairs(rng, 5)
    rng.shuffle(pairs)
    own = [("q" + name, value) for name, value in random_pairs(rng, 3)]
    nonce = "".join(rng.choice("0123456789") for _ in range(20))
    if method == "GET":
        query = pairs + own
        rng.shuffle(query)
        return Webhook(method, path, tuple(query), (), nonce)
    return Webhook(method, path, tuple(own), tuple(pairs), nonce)


def other_byte(rng, text):
    """The text with one ASCII byte changed, added or (if it is long) removed."""
    spot = rng.randrange(len(text) + 1)
    if spot == len(text) or not text[spot].isascii():
        return text[:spot] + rng.choice("ab01") + text[spot:]
    if len(text) > 1 and rng.random() < 0.2:
        return text[:spot] + text[spot + 1:]
    return text[:spot] + rng.choice([c for c in "ab01" if c != text[spot]]) + text[spot + 1:]


def with_other_pair(rng, webhook, change):
    kind = rng.choice([kind for kind in ("query", "body") if getattr(webhook, kind)])
    pairs = list(getattr(webhook, kind))
    spot = rng.randrange(len(pairs))
    name, value = pairs[spot]
    pairs[spot] = (name, other_byte(rng, value)) if change == "value" \
        else (other_byte(rng, name), value)
    return replace(webhook, **{kind: tuple(pairs)})


def with_other_path(rng, webhook):
    """Another path of the table: one byte more or less, or another letter case."""
    path = webhook.path
    if path.startswith("/handleincoming") and rng.random() < 0.5:
        spot = rng.randrange(1, len("/handleincoming"))
        return replace(webhook, path=path[:spot] + path[spot].upper() + path[spot + 1:])
    return replace(webhook, path=path[:-1] if path.endswith("/") else path + "/")


def with_other_method(webhook):
    """The same parameters by the other method. (A GET and a POST with the same query
    and no body have, by Plivo's algorithm, the same signature, so they move.)"""
    if webhook.method == "GET":
        return replace(webhook, method="POST", query=(), body=webhook.query)
    return replace(webhook, method="GET", query=webhook.query + webhook.body, body=())


def changes(rng, webhook, signature):
    """(what changed, request, signature) for each thing an attacker could change."""
    yield "value", with_other_pair(rng, webhook, "value"), signature
    yield "name", with_other_pair(rng, webhook, "name"), signature
    yield "path", with_other_path(rng, webhook), signature
    yield "nonce", replace(webhook, nonce=other_byte(rng, webhook.nonce)), signature
    yield "token", webhook, webhook.signature(other_byte(rng, TOKEN))
    yield "method", with_other_method(webhook), signature
    yield "signature", webhook, other_byte(rng, signature)


def test_random_signed_requests_are_answered_and_no_change_survives(server, oracle):
    """Promise 6. 1,000 requests, seven changes of each; SEED=… repeats a run."""
    print(f"SEED={SEED}")
    rng = random.Random(SEED)
    connection = Connection(server.address)

    def get(webhook, signature):
        nonlocal connection
        connection.send(webhook.raw(signature))
        reply = connection.reply()
        if reply.closes:
            connection.close()
            connection = Connection(server.address)
        return reply

    for _ in range(REQUESTS):
        webhook = random_webhook(rng)
        signature = webhook.signature(TOKEN)
        assert oracle.valid_v3(TOKEN, webhook.method, PUBLIC_URL + webhook.target, webhook.nonce,
                               signature, webhook.body), webhook
        for what, request, value in changes(rng, webhook, signature):
            reply = get(request, value)
            assert reply.status == 403, (what, reply.status, request, webhook)
        assert Answer(get(webhook, signature)).dial == (PROXY, COUNTERPART), webhook
    connection.close()


def test_no_token_and_no_signature_in_the_log(server):
    """Promise 1, for secrets. The log is at its most talkative here."""
    webhook = a_call()
    signature = webhook.signature(TOKEN)
    assert ask(server, webhook, signature).status == 200
    log = server.log
    assert TOKEN not in log and SECOND_TOKEN not in log and signature not in log
    with open(f"/proc/{server.process.pid}/cmdline", encoding="utf-8") as cmdline:
        assert TOKEN not in cmdline.read()
