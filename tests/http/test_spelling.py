"""Plivo's words in another case than its documentation has: the same answers, the same records."""
import re
import uuid

import pytest

from plivo import callbacks
from server import CALLER, COUNTERPART, PROXY, WEBHOOKS, call_fields
from test_hangup_event import HANGUP
from test_messages import PICTURES, fields as text_fields

PUBLIC_URL = "https://calls.example.com"
# What Plivo says in words of its own; the rest are numbers, ids, links, and what people write.
WORDS = {"Event", "CallStatus", "Direction", "STIRVerification", "DialStatus", "DialRingStatus", "DialHangupCause",
         "DialAction", "DialBLegStatus", "DialBLegHangupCause", "DialBLegHangupCauseName", "DialBLegHangupSource",
         "HangupCause", "HangupCauseName", "HangupSource", "Type", "ContentType", "MimeType", "MessageIntent", "Status"}
TEXTS = [{"MessageIntent": "optout"}, {"MessageIntent": "optin"}, {"MessageIntent": "help"}, {"Text": None, **PICTURES},
         {"Text": None, "Type": "mms"}, {"Text": None, "Type": "whatsapp", "ContentType": "text", "MimeType": "text/plain"},
         {"Text": None, "Type": "whatsapp", "ContentType": "media", "MimeType": "audio/ogg"}]
ENDS = ("completed", "busy", "no-answer", "timeout", "failed", "cancel")
STATUSES = ("queued", "sent", "delivered", "undelivered", "failed", "rejected", "read")
LIVES = 2 + 2 * len(ENDS)


@pytest.fixture(scope="module")
def server(start_server):
    return start_server(PUBLIC_URL=PUBLIC_URL)


def a_life(call):
    """The webhooks of a call from its answer to its recording, then its end at the answer URL again."""
    yield "/answer", call_fields(CALLER, PROXY, call["uuid"])
    yield "/dial/event", callbacks.dial_answer(call)
    yield "/dial/event", callbacks.dial_connected(call)
    yield "/dial/event", callbacks.dial_hangup(call)
    yield "/dial/action", callbacks.dial_action(call)
    yield "/recording", callbacks.recording(call, "https://media.plivo.com/1.mp3", 40)
    yield "/hangup", callbacks.hangup(call)
    for path in WEBHOOKS:
        yield path, call_fields(CALLER, PROXY, call["uuid"], **HANGUP)


def lives(call):
    begins = ("/answer", call_fields(CALLER, PROXY, call["uuid"]))
    return [list(a_life(call))] + [
        [begins, ("/dial/action", callbacks.dial_action(call, status, "false", "X"))] for status in ENDS] + [
        [begins, ("/answer", call_fields(CALLER, PROXY, call["uuid"], Event=None, CallStatus=status))] for status in ENDS] + [
        [begins, ("/answer", call_fields(CALLER, PROXY, call["uuid"], Event="Hangup", CallStatus=None))]]


def told(server, database, spell):
    """What is answered and what is on record for all of them, without their ids."""
    answers, calls, messages = [], [], []

    def tell(path, fields, method="POST"):
        spelt = [(name, spell(value) if name in WORDS else value) for name, value in fields]
        xml = server.webhook(spelt, path, method).xml
        answers.append(re.sub("[0-9a-f]{8}-[0-9a-f-]{27}", "ID", path + xml))

    for number in range(LIVES):
        calls.append(str(uuid.uuid4()))
        call = {"uuid": calls[-1], "caller": CALLER, "callee": COUNTERPART, "proxy": PROXY}
        for path, fields in lives(call)[number]:
            tell(path, fields, "POST" if number % 2 else "GET")
    database.query("DELETE FROM masking.told_senders")
    for more in [*TEXTS, *({"Status": status} for status in STATUSES)]:
        messages.append(str(uuid.uuid4()))
        tell("/message", text_fields(CALLER, more.get("Text", "hi"), messages[-1], **{k: v for k, v in more.items() if k != "Text"}))
        if "Status" in more:
            tell(f"/message/status/{messages[-1]}/1/1/", [("MessageUUID", "x"), ("Status", more["Status"])])
    # Causes are shown in the words that came.
    return answers + database.query(
        "SELECT l.outcome, k.outcome, l.dial_status, l.rang, l.answered, l.talk_seconds, l.hung_up_by, lower(l.hangup_cause), l.cost"
        " FROM unnest(%s) WITH ORDINALITY AS u (call_uuid, place) JOIN masking.call_life l USING (call_uuid)"
        " JOIN masking.call_log k USING (call_uuid) ORDER BY place", calls) + database.query(
        "SELECT m.outcome, m.told, d.status FROM unnest(%s) WITH ORDINALITY AS u (message_uuid, place)"
        " JOIN masking.messages m USING (message_uuid) LEFT JOIN masking.deliveries d USING (message_uuid) ORDER BY place", messages)


@pytest.fixture(scope="module")
def documented(server, database):
    return told(server, database, str)


@pytest.mark.parametrize("spelling", ["upper", "lower", "title"])
def test_words_count_in_any_case(server, database, documented, spelling):
    """Promise 4. Above all nobody is rung for a call that has ended."""
    for said, meant in zip(told(server, database, getattr(str, spelling)), documented, strict=True):
        assert said == meant
    assert sum("<Dial" in str(one) for one in documented) == LIVES
