"""Text messages: forwarded as calls are, untouched, and kept nowhere."""
import uuid

import pytest

import signer
from server import CALLER, COUNTERPART, PROXY, STRANGER, canonical, eventually

TEXTS = ["Here in 5 minutes", "<&> \"quoted\" 'too' ]]> <!-- --> <?xml?>", "two\nlines\n",
         "two\r\nlines", "tab\tend", "  spaces around  ", "Zo\u00eb \u0928\u092e\u0938\u094d\u0924\u0947 "
         "\U0001f355\U0001f1e9\U0001f1ea", "+14156667777 is my number", "a=b&c=d%20;+", "x" * 1600,
         "\U0001f355" * 737, "&amp;&lt;&#65;", "STOP"]
TOKEN = "auth-token"
PUBLIC_URL = "https://calls.example.com"


def fields(sender, text, message_uuid=None, dialled=PROXY, **more):
    """The parameters of a message as Plivo documents them."""
    values = {"From": sender, "To": dialled, "Type": "sms", "Text": text, "Units": "1",
              "MessageUUID": message_uuid or str(uuid.uuid4()), "TotalRate": "0",
              "TotalAmount": "0", "MessageIntent": "", **more}
    return [(name, value) for name, value in values.items() if value is not None]


def outcomes(database, message_uuid):
    return [row[0] for row in database.query(
        "SELECT outcome FROM masking.messages WHERE message_uuid = %s", message_uuid)]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:12]))
def test_a_text_arrives_untouched(server, oracle, text, method):
    """Promise 1: the receiver sees the proxy number. As Plivo's SDK writes it."""
    answer = server.webhook(fields(CALLER, text), "/message", method)
    assert answer.message == (PROXY, COUNTERPART, text)
    if "\r" not in text:  # an XML parser takes a bare one for a line end, and the SDK writes it so
        assert canonical(answer.xml) == canonical(oracle.message_xml(PROXY, COUNTERPART, text))


def test_both_ways_and_by_any_notation(server):
    assert server.webhook(fields(COUNTERPART, "hi"), "/message").message == (PROXY, CALLER, "hi")
    assert server.webhook(fields("+1 415 666 7777", "hi", dialled="+14155550100"),
                          "/message").message == (PROXY, COUNTERPART, "hi")


@pytest.mark.parametrize("intent", ["optout", "optin", "help", "OptOut", "something-new"])
@pytest.mark.parametrize("sender", [CALLER, STRANGER])
def test_what_is_meant_for_plivo_is_never_forwarded(server, database, intent, sender):
    message = str(uuid.uuid4())
    assert server.webhook(fields(sender, "STOP", message, MessageIntent=intent), "/message").empty
    assert outcomes(database, message) == [
        intent.lower() if intent.lower() in ("optout", "optin", "help") else "intent"]


def test_a_stranger_gets_one_sentence_an_hour(server, database, oracle):
    sentence = database.query("SELECT words FROM masking.prompts WHERE event = 'unknown_sender'"
                              " AND language = 'en-US'")[0][0]
    first = fields("14156660101", "hello?")
    answer = server.webhook(first, "/message")
    assert canonical(answer.xml) == canonical(oracle.message_xml(PROXY, "14156660101", sentence))
    assert server.webhook(fields("14156660101", "hello??"), "/message").empty
    assert server.webhook(fields("14156660101", "hello", dialled="14155550111"), "/message").empty
    assert server.webhook(first, "/message").message[2] == sentence, "a repeat is answered alike"


def test_two_proxies_cannot_keep_each_other_talking(server, database):
    """Whatever one is sent it would forward or answer, and so on, for ever."""
    for number in ("14155550120", "14155550121"):
        database.query("INSERT INTO masking.proxy_numbers (number) VALUES (%s)", number)
    assert server.webhook(fields("14155550121", "hi", dialled="14155550120"), "/message").empty
    assert server.webhook(fields("14155550120", "hi", dialled="14155550121"), "/message").empty
    # Numbers of ours that the pool does not know: the exchange ends by itself.
    sender, receiver, text, passed = "14155550131", "14155550130", "hi", 0
    while passed < 20:
        answer = server.webhook(fields(sender, text, dialled=receiver), "/message")
        if answer.empty:
            break
        sender, receiver, text = answer.message
        passed += 1
    assert passed <= 2
    database.query("DELETE FROM masking.proxy_numbers")


@pytest.mark.parametrize("sender", ["", "PIZZA", "anonymous", None])
def test_who_has_no_number_is_not_answered(server, database, sender):
    message = str(uuid.uuid4())
    assert server.webhook(fields(sender, "hi", message), "/message").empty
    assert outcomes(database, message) == ["no_sender"]


@pytest.mark.parametrize("name, value", [("MessageUUID", None), ("MessageUUID", ""),
                                         ("To", None), ("Text", None), ("Text", ""),
                                         ("Text", "bell \x07"), ("Text", "no XML \uffff"),
                                         ("Text", "\ufffe")])
def test_what_cannot_be_sent_is_not_sent(server, name, value):
    changed = [(n, v) for n, v in fields(CALLER, "hi") if n != name]
    if value is not None:
        changed.append((name, value))
    assert server.webhook(changed, "/message").empty


PICTURES = {"Type": "mms", "MediaCount": "2", "Media0": "https://media.plivo.com/a/1.jpg?x=1&y=2",
            "Media1": "https://media.plivo.com/a/2.jpg", "Media2": "javascript:alert(1)"}


def test_pictures_stay_here_unless_allowed(server, database):
    message = str(uuid.uuid4())
    answer = server.webhook(fields(CALLER, None, Body="look", **PICTURES), "/message")
    assert answer.message == (PROXY, COUNTERPART, "look")
    assert server.webhook(fields(CALLER, None, message, **PICTURES), "/message").empty
    assert outcomes(database, message) == ["media"]


def test_pictures_are_sent_on_as_links_when_allowed(start_server):
    server = start_server(FORWARD_MEDIA="yes")
    links = PICTURES["Media0"] + "\n" + PICTURES["Media1"]
    answer = server.webhook(fields(CALLER, None, Body="look", **PICTURES), "/message")
    assert answer.message == (PROXY, COUNTERPART, "look\n" + links)
    assert server.webhook(fields(CALLER, None, **PICTURES), "/message").message[2] == links


def test_the_text_is_kept_nowhere(server, database):
    """Promise 4: that it passed is on record; promise 1: nothing else is."""
    message, secret = str(uuid.uuid4()), "meet me behind the bakery"
    server.webhook(fields(CALLER, secret, message), "/message")
    row = database.query("SELECT m::text FROM masking.messages m WHERE message_uuid = %s", message)
    assert "SAMPLE-1" in row[0][0] and "bakery" not in row[0][0]
    assert CALLER not in row[0][0] and COUNTERPART not in row[0][0]
    assert "bakery" not in server.log and CALLER not in server.log


def test_either_version_of_the_signature_will_do(start_server):
    """Promise 6. Plivo signs messages with version 2; some it signs with version 3 too."""
    server = start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL)
    sent, url = fields(CALLER, "hi"), f"{PUBLIC_URL}/message"
    v3, v2 = signer.headers_v3(TOKEN, "POST", url, body=sent), signer.headers_v2(TOKEN, url)
    for headers in (v3, v2, {**v2, **v3}):
        assert server.webhook(sent, "/message", headers=headers).message[2] == "hi"
    wrong = signer.headers_v2("another token", url)
    for headers in ({}, wrong, {**v2, "X-Plivo-Signature-V3": "x", "X-Plivo-Signature-V3-Nonce": "1"}):
        assert server.send(sent, "/message", headers=headers).status == 403
    headers = signer.headers_v2(TOKEN, f"{PUBLIC_URL}/answer")
    assert server.send(fields(CALLER, "hi"), "/answer", headers=headers).status == 403


def test_nothing_is_sent_on_a_guess(server, database):
    """Promise 3: an outage gets Plivo a good answer; it is on record once it is over."""
    message = str(uuid.uuid4())
    with database.locked("messages"):
        assert server.webhook(fields(CALLER, "hi", message), "/message").empty
    eventually(lambda: outcomes(database, message))
