"""Who is not on an order hears a sentence and is hung up on. Nobody is rung."""
import uuid

import pytest

from server import CALLER, COUNTERPART, PROXY, STRANGER, call_fields, canonical

ANONYMOUS = ["", "anonymous", "Anonymous", "Restricted", "Unknown", "unavailable", "Unavailable",
             "0", "0000000000"]
SIP = ["sip:user123@phone.plivo.com", "sip:14156667777@app.plivo.com", "sips:a@b",
       "<sip:14156667777@1.2.3.4>", "14156667777@phone.plivo.com"]
MALFORMED = ["07971442086", "123456", "1415666777712345678", "1415666777x", "0x14156667777",
             "+", "++14156667777", "14156667777,14156667778", "1415666\uff17777", "null", "-1",
             "\u0661\u0664\u0661\u0665\u0666\u0666\u0666\u0667\u0667\u0667\u0667"]


def assert_refused(answer, oracle):
    """Speak and Hangup as the SDK writes them: a real sentence, no Number element."""
    assert answer.refusal and len(answer.refusal.split()) >= 3, answer
    assert "<Number" not in answer.xml and "<Dial" not in answer.xml
    wanted = oracle.refusal_xml(answer.refusal, answer.speak_attributes)
    assert canonical(answer.xml) == canonical(wanted)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("caller", [STRANGER] + ANONYMOUS + SIP + MALFORMED,
                         ids=lambda caller: caller or "empty")
def test_caller_without_an_order_is_refused(server, database, oracle, caller, method):
    """Promise 3: the service says so in speech. Promise 4: refusals are on record too."""
    call_uuid = str(uuid.uuid4())
    assert_refused(server.call(caller, call_uuid=call_uuid, method=method), oracle)
    outcomes = database.call_rows(call_uuid)
    assert len(outcomes) == 1 and outcomes[0] != "connected"


def test_unknown_and_hidden_callers_are_told_apart_on_record(server, database):
    """Promise 4: the record says why."""
    unknown, hidden = str(uuid.uuid4()), str(uuid.uuid4())
    server.call(STRANGER, call_uuid=unknown)
    server.call("anonymous", call_uuid=hidden)
    assert database.call_rows(unknown) == ["unknown_caller"]
    assert database.call_rows(hidden) == ["no_caller_id"]


@pytest.mark.parametrize("dialled", [None, "", "sip:masking@app.plivo.com", "letters",
                                     "0", "123", "1" * 200], ids=lambda dialled: str(dialled)[:30])
def test_unusable_dialled_number_is_refused(server, database, oracle, dialled):
    """Without it there is no caller ID to show: dialling would unmask the caller."""
    call_uuid = str(uuid.uuid4())
    assert_refused(server.call(CALLER, dialled, call_uuid), oracle)
    outcomes = database.call_rows(call_uuid)
    assert len(outcomes) == 1 and outcomes[0] != "connected"


def test_nobody_is_connected_to_himself(server, oracle):
    """Promise 2. A proxy number that calls itself, a party that dials itself."""
    assert_refused(server.call(PROXY, PROXY), oracle)
    answer = server.call(CALLER, CALLER)
    assert answer.refusal or answer.dial[1] != CALLER


@pytest.mark.parametrize("written", ["+14156667777", " 14156667777", "0014156667777",
                                     "1 415 666 7777", "+1 (415) 666-7777", "1.415.666.7777"])
def test_known_caller_however_the_number_is_written(server, written):
    assert server.call(written).dial == (PROXY, COUNTERPART)
    assert server.call(CALLER, written.replace("666", "555").replace("7777", "0100")).dial \
        == (PROXY, COUNTERPART)


def test_fields_we_do_not_know_cost_nobody_the_call(server):
    """Plivo's set grows without notice."""
    fields = call_fields(CALLER, PROXY, CallerName="Zo\u00eb M\u00fcller \U0001f355",
                         STIRVerification="Not Applicable", ForwardedFrom="",
                         SessionStart="2020-04-08 11:34:33.238707")
    fields += [(f"X-PH-Extra{i}", f"value {i}") for i in range(60)]
    fields += [("Repeated", "1"), ("Repeated", "2")]
    assert server.webhook(fields).dial == (PROXY, COUNTERPART)
    assert server.webhook(fields, method="GET").dial == (PROXY, COUNTERPART)
