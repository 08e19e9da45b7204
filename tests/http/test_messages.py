"""Text messages: forwarded as calls are, untouched, and kept nowhere."""
import re
import uuid

import pytest

import signer
from server import CALLER, COUNTERPART, PROXY, STRANGER, canonical, eventually

TEXTS = ["Here in 5 minutes", "<&> \"quoted\" 'too' ]]> <!-- --> <?xml?>", "two\nlines\n",
         "two\r\nlines", "tab\tend", "  spaces around  ", "Zo\u00eb \u0928\u092e\u0938\u094d\u0924\u0947 "
         "\U0001f355\U0001f1e9\U0001f1ea", "+14156667777 is my number", "a=b&c=d%20;+", "x" * 1600,
         "\u0436" * 737, "\U0001f355" * 368, "&amp;&lt;&#65;", "Stop here please"]
TOKEN = "auth-token"
PUBLIC_URL = "https://calls.example.com"


def fields(sender, text, message_uuid=None, dialled=PROXY, **more):
    """The parameters of a message as Plivo documents them."""
    values = {"From": sender, "To": dialled, "Type": "sms", "Text": text, "Units": "1",
              "MessageUUID": message_uuid or str(uuid.uuid4()), "TotalRate": "0",
              "TotalAmount": "0", "MessageIntent": "", **more}
    return [(name, value) for name, value in values.items() if value is not None]


def sentence(database, event):
    return database.query("SELECT words FROM masking.prompts WHERE event = %s AND language = 'en-US'",
                          event)[0][0]


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
    told = sentence(database, "unknown_sender")
    first = fields("14156660101", "hello?")
    answer = server.webhook(first, "/message")
    assert canonical(answer.xml) == canonical(oracle.message_xml(PROXY, "14156660101", told))
    assert server.webhook(fields("14156660101", "hello??"), "/message").empty
    assert server.webhook(fields("14156660101", "hello", dialled="14155550111"), "/message").empty
    assert server.webhook(first, "/message").message[2] == told, "a repeat is answered alike"


@pytest.mark.parametrize("sender, dialled, outcome", [
    ("07700900124", "442071838750", "unknown_sender_quiet"), ("07700900124", PROXY, "no_sender"),
    ("611611", PROXY, "no_sender"), ("AMAZON", PROXY, "no_sender")])
def test_a_stranger_without_a_number_to_write_to_is_sent_nothing(server, database, sender, dialled, outcome):
    """The server has a national number without its country; the database knows whose it would be."""
    message = str(uuid.uuid4())
    assert server.webhook(fields(sender, "hello?", message, dialled), "/message").empty
    assert outcomes(database, message) == [outcome]


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
                                         ("Text", "\ufffe"), ("Text", "\0\f")])
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
    told = sentence(database, "media")
    assert answer.messages == [(PROXY, COUNTERPART, "look"), (PROXY, CALLER, told)]
    answer = server.webhook(fields(CALLER, None, Body="look", **PICTURES), "/message")
    assert answer.message == (PROXY, COUNTERPART, "look"), "he is told once an hour"
    database.add_order("picture-1", "14156660701", "14156660702")
    answer = server.webhook(fields("14156660701", None, message, **PICTURES), "/message")
    assert answer.message == (PROXY, "14156660701", told)
    assert server.webhook(fields("14156660701", None, **PICTURES), "/message").empty
    assert outcomes(database, message) == ["media"]


def test_pictures_are_sent_on_as_links_when_allowed(start_server):
    server = start_server(FORWARD_MEDIA="yes")
    links = PICTURES["Media0"] + "\n" + PICTURES["Media1"]
    answer = server.webhook(fields(CALLER, None, Body="look", **PICTURES), "/message")
    assert answer.message == (PROXY, COUNTERPART, "look\n" + links)
    assert server.webhook(fields(CALLER, None, **PICTURES), "/message").message[2] == links
    # Links and all, no longer than Plivo takes, and no link is cut.
    letters = ("word " * 318)[:1590]
    parts = server.webhook(fields(CALLER, None, Body=letters, **PICTURES), "/message").messages
    assert [len(text) <= 1600 for *_, text in parts] == [True, True]
    assert "\n".join(text for *_, text in parts).split() == (letters + "\n" + links).split()


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


def test_a_text_that_cannot_be_asked_about_comes_again(server, database):
    """Promise 3: 503, and Plivo sends it again; 200 would lose it."""
    message = str(uuid.uuid4())
    with database.locked("messages"):
        assert server.send(fields(CALLER, "hi", message), "/message").status == 503
    eventually(lambda: outcomes(database, message) == ["apologised"])
    answer = server.webhook(fields(CALLER, "hi", message), "/message")
    assert answer.message == (PROXY, COUNTERPART, "hi"), "the second try is forwarded"
    assert outcomes(database, message) == ["forwarded"]


def test_what_was_answered_is_answered_alike(server, database):
    """Plivo sends again what it got no answer about; the text was sent on all the same, if its way is still open."""
    order, customer, agent, other = "again-1", "14156660301", "14156660302", "14156660303"
    database.add_order(order, customer, agent)
    sent = fields(customer, "the blue door")
    first = server.webhook(sent, "/message")
    assert first.message == (PROXY, agent, "the blue door")
    assert server.webhook(sent, "/message").message == first.message
    database.orders("UPDATE orders SET agent_number = %s WHERE order_id = %s", other, order)
    assert server.webhook(sent, "/message").message is None
    assert server.webhook(fields(customer, "hi"), "/message").message == (PROXY, other, "hi")


ODD = {b"mail me%00example.com": "mail meexample.com", b"hi%0C": "hi", b"bell%07": "bell",
       b"ok %ED%A0%BD": "ok \ufffd", b"caf%E9 %E9%E8.": "caf\ufffd \ufffd.", b"del%7F": "del",
       b"no%EF%BF%BEchar%EF%BF%BF": "nochar", b"cut %F0%9F%8D": "cut \ufffd", b"50% off": "50% off",
       b"%FF": "\ufffd", b"%C0%80": "\ufffd", b"%1Besc": "esc"}


@pytest.mark.parametrize("raw", ODD, ids=repr)
@pytest.mark.parametrize("name", ["Text", "Body"])
def test_one_odd_character_does_not_lose_a_text(server, database, raw, name):
    """Left out, or U+FFFD in its place; and nobody calls it a picture."""
    message = str(uuid.uuid4())
    body = signer.form(fields(CALLER, None, message)).encode() + f"&{name}=".encode() + raw
    answer = server.webhook_raw(body, "/message")
    assert answer.message == (PROXY, COUNTERPART, ODD[raw])
    assert outcomes(database, message) == ["forwarded"]


LONG = {"letters": ("lorem ipsum " * 170)[:2000], "a wall of letters": "x" * 2000,
        "a blank in front": " " + "x" * 1700, "euros": "\u20ac" * 900,
        "hindi": "\u0928\u092e\u0938\u094d\u0924\u0947 " * 150, "emoji": "\U0001f355" * 737,
        "whatsapp": "word\nline " * 400, "one emoji": ("hello there " * 100) + "\U0001f355"}


def gsm_size(text):
    """Characters of GSM 03.38, those of its extension counted twice; None: not written in it."""
    basic = set("@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\n\u00d8\u00f8\r\u00c5\u00e5\u0394_\u03a6\u0393\u039b\u03a9"
                "\u03a0\u03a8\u03a3\u0398\u039e\u00c6\u00e6\u00df\u00c9 !\"#\u00a4%&'()*+,-./0123456789:;<=>?\u00a1"
                "ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00c4\u00d6\u00d1\u00dc\u00a7\u00bfabcdefghijklmnopqrstuvwxyz"
                "\u00e4\u00f6\u00f1\u00fc\u00e0")
    extension = set("^{}\\[~]|\u20ac")
    if set(text) - basic - extension:
        return None
    return sum(1 + (letter in extension) for letter in text)


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_long_text_becomes_several(server, text):
    """Plivo takes 1,600 characters of GSM, or 737 others: more is refused, and lost."""
    parts = server.webhook(fields(CALLER, text), "/message").messages
    assert len(parts) > 1 and {part[:2] for part in parts} == {(PROXY, COUNTERPART)}
    texts = [part[2] for part in parts]
    for part in texts:
        assert part
        assert (gsm_size(text) is not None and gsm_size(part) <= 1600
                or len(part.encode("utf-16-le")) // 2 <= 737)
    if " " in text.strip():
        assert " ".join(texts).split() == text.split(), "cut at blanks, and nothing is lost"
    else:
        assert "".join(texts) == text


STOP_WORDS = ["STOP", "stop", " Stop. ", "STOPALL", "stop all", "Unsubscribe", "CANCEL", "End", "quit\n"]


@pytest.mark.parametrize("word", STOP_WORDS)
def test_stop_without_an_intent_is_plivos_business_in_north_america(server, database, word):
    """Who wrote learns what that did, and what undoes it: they may have meant the order."""
    database.query("DELETE FROM masking.told_senders")
    message, sender = str(uuid.uuid4()), "14156660401"
    told = (PROXY, sender, sentence(database, "stopped"))
    sent = fields(sender, word, message)
    assert server.webhook(sent, "/message").message == told
    assert server.webhook(sent, "/message").message == told, "a repeat is answered alike"
    assert server.webhook(fields(sender, word), "/message").empty, "once an hour"
    assert outcomes(database, message) == ["optout"]
    assert database.orders("SELECT outcome FROM message_log WHERE message_uuid = %s", message) == [
        ("the writer wants no more texts (STOP); the writer was told so",)]
    assert server.webhook(fields("14156667781", word + " it!"), "/message").message
    server.webhook(fields(sender, "START"), "/message")
    assert server.webhook(fields(sender, word), "/message").message == told, "but each that changes something"


@pytest.mark.parametrize("word", STOP_WORDS)
@pytest.mark.parametrize("customer, agent, proxy", [
    ("491711234567", "491717654321", "493012345670"), ("447700900123", "14156660412", "14155550191"),
    ("14156660413", "447700900124", "442071838751")], ids=["all abroad", "sender abroad", "number abroad"])
def test_stop_elsewhere_is_a_text(server, database, word, customer, agent, proxy):
    """No carrier's law there, and Plivo acts on it in the US and Canada only. What Plivo says is believed everywhere."""
    if database.query("SELECT count(*) FROM masking.orders WHERE order_id = %s", f"stop-{proxy}") == [(0,)]:
        database.add_order(f"stop-{proxy}", customer, agent)
    answer = server.webhook(fields(customer, word, dialled=proxy), "/message")
    assert [(src, dst, text.strip()) for src, dst, text in answer.messages] == [(proxy, agent, word.strip())]
    assert server.webhook(fields(agent, "hello?", dialled=proxy), "/message").message == (proxy, customer, "hello?")
    message = str(uuid.uuid4())
    assert server.webhook(fields(customer, word, message, proxy, MessageIntent="optout"), "/message").empty
    assert outcomes(database, message) == ["optout"]
    assert server.webhook(fields(customer, "START", message, proxy, MessageIntent="optin"), "/message").empty
    database.query("DELETE FROM masking.opted_out WHERE proxy = %s", proxy)


def test_stop_by_whatsapp_is_a_text(server):
    whatsapp = {"Type": "whatsapp", "ContentType": "text", "Body": "Cancel"}
    assert server.webhook(fields(CALLER, None, **whatsapp), "/message").message == (PROXY, COUNTERPART, "Cancel")


def test_after_stop_the_other_side_learns(server, database):
    database.add_order("stop-1", "14156660501", "14156660502")
    assert server.webhook(fields("14156660502", "STOP", MessageIntent="optout"), "/message").empty
    told = (PROXY, "14156660501", sentence(database, "opted_out"))
    assert server.webhook(fields("14156660501", "hello?"), "/message").message == told
    assert server.webhook(fields("14156660501", "hello??"), "/message").empty, "once an hour"
    assert server.webhook(fields("14156660502", "START", MessageIntent="optin"), "/message").empty
    assert server.webhook(fields("14156660501", "hello!"), "/message").message == (
        PROXY, "14156660502", "hello!")


def test_a_text_to_another_number_comes_from_the_orders_own(server, database):
    """As a call, with the setting any_number. Promise 1: never from another number than the receiver knows."""
    customer, agent, pool = "14156660801", "14156660802", ("14155550181", "14155550182")
    for number in pool:
        database.query("INSERT INTO masking.proxy_numbers (number) VALUES (%s)", number)
    try:
        database.add_order("elsewhere-1", customer, agent)
        own = database.orders("SELECT proxy_number FROM orders WHERE order_id = 'elsewhere-1'")[0][0]
        other = next(number for number in pool if number != own)
        told = (other, customer, sentence(database, "unknown_sender"))
        assert server.webhook(fields(customer, "hi", dialled=other), "/message").message == told
        database.query("UPDATE masking.settings SET is_on = true WHERE name = 'any_number'")
        sent = fields(customer, None, dialled=other, Body="look", **PICTURES)
        first = server.webhook(sent, "/message").messages
        assert first == [(own, agent, "look"), (other, customer, sentence(database, "media"))], \
            "who wrote is told from the number that he wrote to"
        assert server.webhook(sent, "/message").messages == first, "a repeat is answered alike"
        assert server.webhook(fields(agent, "coming", dialled=other), "/message").message == (own, customer, "coming")
        assert server.webhook(fields(agent, "STOP", dialled=own), "/message").message == (
            own, agent, sentence(database, "stopped"))
        told = (other, customer, sentence(database, "opted_out"))
        assert server.webhook(fields(customer, "hello?", dialled=other), "/message").message == told
        assert server.webhook(fields(agent, "START", dialled=own), "/message").empty
        assert server.webhook(fields(agent, "STOP", dialled=other), "/message").message[:2] == (other, agent)
        assert server.webhook(fields(customer, "hello", dialled=other), "/message").message == (own, agent, "hello"), \
            "that was another number's STOP"
        assert customer not in server.log and agent not in server.log
    finally:
        database.query("UPDATE masking.settings SET is_on = false WHERE name = 'any_number'")
        database.query("DELETE FROM masking.routes WHERE order_id = 'elsewhere-1'")
        database.query("DELETE FROM masking.proxy_numbers")


def test_two_machines_that_answer_each_other_end(server, database):
    database.add_order("pingpong-1", "14156660601", "14156660602")
    forwarded = 0
    for turn in range(200):
        sender = ("14156660601", "14156660602")[turn % 2]
        found = server.webhook(fields(sender, f"I am away ({turn})"), "/message").messages
        forwarded += len([one for one in found if one[1] != sender])
    assert forwarded == 20, "the setting texts_per_minute"
    assert database.query("SELECT count(*) FROM masking.messages WHERE outcome = 'too_many'") == [(180,)]
    assert 'answers_total{outcome="message_too_many"} 180' in server.metrics()


def test_what_became_of_a_text(start_server, database):
    """Plivo tells it at a URL of the message's own, signed; support reads it in words."""
    server = start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL)
    message = str(uuid.uuid4())
    sent = fields(CALLER, "long " * 500, message)
    answer = server.webhook(sent, "/message", headers=signer.headers_v2(TOKEN, f"{PUBLIC_URL}/message"))
    urls = [part["callbackUrl"] for part in answer.message_attributes]
    assert urls == [f"{PUBLIC_URL}/message/status/{message}/{part}/2/" for part in (1, 2)]
    assert {part["callbackMethod"] for part in answer.message_attributes} == {"POST"}

    def tell(url, status, code="000"):
        told = [("MessageUUID", str(uuid.uuid4())), ("From", PROXY), ("To", COUNTERPART),
                ("Status", status), ("ErrorCode", code), ("Units", "1")]
        path = url.removeprefix(PUBLIC_URL)
        assert server.webhook(told, path, headers=signer.headers_v2(TOKEN, url)).empty
        assert server.send(told, path, headers=signer.headers_v2("wrong", url)).status == 403
        return database.orders("SELECT delivery FROM message_log WHERE message_uuid = %s", message)

    assert tell(urls[0], "sent") == [("on its way",)]
    assert tell(urls[0], "delivered") == [("on its way",)]
    assert tell(urls[1], "delivered") == [("delivered",)]
    assert tell(urls[1], "failed", "200") == [("delivered",)], "a late one takes nothing back"
    once = str(uuid.uuid4())
    url = f"{PUBLIC_URL}/message/status/{once}/1/1/"
    server.webhook(fields(CALLER, "hi", once), "/message", headers=signer.headers_v2(TOKEN, f"{PUBLIC_URL}/message"))
    message = once
    assert tell(url, "Sent") == [("on its way",)]
    assert tell(url, "hibernating") == [("not known: Plivo told a status that is new here",)]
    assert tell(url, "rejected", "420") == [("not delivered: it could not be delivered in time (420)",)]
    with database.locked("deliveries"):
        told = [("MessageUUID", "x"), ("Status", "read")]
        headers = signer.headers_v2(TOKEN, urls[0])
        assert server.send(told, urls[0].removeprefix(PUBLIC_URL), headers=headers).status == 503
    assert COUNTERPART not in server.log


@pytest.mark.parametrize("intent", ["", " ", "null", "None", "undefined"])
def test_no_intent_however_it_is_written(server, intent):
    assert server.webhook(fields(CALLER, "hi", MessageIntent=intent), "/message").messages


@pytest.mark.parametrize("more, outcome", [
    ({"ContentType": "location"}, "place"), ({"ContentType": "Location", "Latitude": "91", "Longitude": "0"}, "place"),
    ({"ContentType": "location", "Latitude": "52,52", "Longitude": "13,4"}, "place"),
    ({"ContentType": "location", "Latitude": "nan", "Longitude": "0"}, "place"),
    ({"ContentType": "location", "Latitude": "52.52"}, "place"),
    ({"ContentType": "audio"}, "voice"), ({"ContentType": "media", "MimeType": "audio/ogg; codecs=opus"}, "voice"),
    ({"MimeType": "audio/ogg"}, "voice"), ({"ContentType": "video"}, "video"), ({"ContentType": "media", "MimeType": "video/mp4"}, "video"),
    ({"ContentType": "image"}, "picture"), ({"ContentType": "media", "MimeType": "Image/JPEG"}, "picture"),
    ({"ContentType": "document"}, "file"), ({"ContentType": "media", "MimeType": "application/pdf"}, "file"),
    ({"ContentType": "sticker"}, "sticker"), ({"ContentType": "contacts"}, "contact"), ({"ContentType": "contact"}, "contact"),
    ({"MimeType": "text/vcard"}, "contact"), ({"ContentType": "media"}, "media"), ({"ContentType": "unknown"}, "media"),
    ({"ContentType": "button"}, "media"), ({"ContentType": "order"}, "media"), ({"Type": "mms"}, "media"),
    ({"ContentType": "media", "MediaCount": "1", "MimeType": "video/mp4", "Media0": PICTURES["Media0"]}, "video")])
def test_who_sends_more_than_words_is_told_what_did_not_arrive(server, database, more, outcome):
    """Also with words, which arrive. WhatsApp's comes without a Media field at times."""
    more = {"Type": "whatsapp", **more}
    told = (PROXY, CALLER, sentence(database, outcome))
    database.query("DELETE FROM masking.told_senders")
    message = str(uuid.uuid4())
    assert server.webhook(fields(CALLER, "", message, **more), "/message").message == told
    assert outcomes(database, message) == [outcome]
    database.query("DELETE FROM masking.told_senders")
    message = str(uuid.uuid4())
    found = server.webhook(fields(CALLER, None, message, Body="look", **more), "/message").messages
    if outcome == "media":  # that there was more is not certain
        assert found == [(PROXY, COUNTERPART, "look")]
    else:
        assert found == [(PROXY, COUNTERPART, "look"), told]
        assert re.fullmatch("forwarded, but for (a[a-z ]+|something else); the writer was told so", database.orders(
            "SELECT outcome FROM message_log WHERE message_uuid = %s", message)[0][0])


PLACE = {"Type": "whatsapp", "ContentType": "location", "Latitude": "52.520008", "Longitude": "-13.4"}
LINK = "https://maps.google.com/?q=52.520008,-13.400000"


@pytest.mark.parametrize("more, text", [
    (PLACE, LINK), ({**PLACE, "Body": "here"}, f"here\n{LINK}"), ({**PLACE, "ContentType": None}, LINK),
    ({"LocationLatitude": " 52.520008", "LocationLongitude": "-13.4 ", "ContentType": "Location"}, LINK),
    ({**PLACE, "Latitude": "-5e-05", "Longitude": "+180"}, "https://maps.google.com/?q=-0.000050,180.000000"),
    ({"ContentType": "button", "Body": "Yes"}, "Yes"), ({"ContentType": "button", "ButtonText": "Yes"}, "Yes"),
    ({"ContentType": "reaction", "Reaction": "\U0001f44d\U0001f3fd"}, "\U0001f44d\U0001f3fd"),
    ({"ContentType": "reaction", "ReactionEmoji": "\u2764\ufe0f"}, "\u2764\ufe0f"),
    ({"ContentType": "reaction", "Body": "\U0001f44d"}, "\U0001f44d")])
def test_places_buttons_and_reactions_arrive(server, more, text):
    answer = server.webhook(fields(CALLER, None, **{"Type": "whatsapp", **more}), "/message")
    assert answer.message == (PROXY, COUNTERPART, text)


@pytest.mark.parametrize("more", [{"Reaction": ""}, {}, {"Body": ""}, {"Reaction": "null", "Button": "undefined", "Latitude": "0", "Longitude": "0.0"}])
def test_a_reaction_that_was_taken_back_is_nothing(server, database, more):
    message = str(uuid.uuid4())
    sent = fields(CALLER, None, message, Type="whatsapp", ContentType="reaction", **more)
    assert server.webhook(sent, "/message").empty
    assert outcomes(database, message) == ["empty"]


@pytest.mark.parametrize("path", ["/message/status/x", "/message/status/x/0/1/", "/message/status/x/2/1/",
                                  "/message/status/x/1/1001/", "/message/status//1/1/",
                                  "/message/status/%00/1/1/", "/message/status/x/1/1/1/", "/message/status/x/1/1"])
def test_an_odd_status_url_is_nothing(server, path):
    assert server.webhook([("Status", "sent")], path).empty
