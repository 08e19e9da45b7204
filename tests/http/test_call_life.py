"""A call after its answer: what Plivo is asked to tell, what it tells, what is on record."""
import random
import re
import uuid
from functools import partial

import pytest

from plivo import callbacks
from server import CALLER, COUNTERPART, PROXY, STRANGER, call_fields, canonical, eventually
from waiting import in_threads

PUBLIC_URL = "https://calls.example.com/masking"
COLUMNS = ("c.outcome", "c.side", "c.order_ids", "c.proxy", "c.repeats", "c.earlier_answers",
           "l.has_ended", "l.dial_status", "l.rang", "l.answered", "l.ring_seconds",
           "l.talk_seconds", "l.call_seconds", "l.hung_up_by", "l.hangup_cause", "l.hangup_code",
           "l.cost")


@pytest.fixture(scope="module")
def server(start_server):
    return start_server(PUBLIC_URL=PUBLIC_URL, RING_TIMEOUT="30", CALL_TIME_LIMIT="3600")


def new_call(caller=CALLER, callee=COUNTERPART):
    return {"uuid": str(uuid.uuid4()), "caller": caller, "callee": callee, "proxy": PROXY}


def begun(server, **numbers):
    call = new_call(**numbers)
    server.call(call["caller"], call["proxy"], call["uuid"])
    return call


def row(database, call):
    rows = database.query(f"""
        SELECT {', '.join(COLUMNS)}
        FROM masking.calls c JOIN masking.call_life l USING (call_uuid)
        WHERE call_uuid = %s""", call["uuid"])
    assert len(rows) == 1
    return dict(zip((name[2:] for name in COLUMNS), rows[0]))


def test_dial_says_where_to_tell_and_how_long(server, oracle):
    answer = server.call(CALLER)
    assert answer.dial == (PROXY, COUNTERPART)
    assert canonical(answer.xml) == canonical(oracle.dial_xml(
        PROXY, COUNTERPART, action=f"{PUBLIC_URL}/dial/action#rc=3&rp=all", method="POST",
        callbackUrl=f"{PUBLIC_URL}/dial/event#rc=3&rp=all", callbackMethod="POST", timeout="30",
        timeLimit="3600", callerName=PROXY))


def test_without_a_setting_a_call_lasts_half_an_hour(start_server):
    dial = start_server(PUBLIC_URL=PUBLIC_URL).call(CALLER)._root.find("Dial")
    assert dial.get("timeLimit") == "1800"


def test_the_callee_is_shown_no_name_of_the_caller(server):
    """Promise 1. Plivo's default for callerName is the caller's name, and that is often the number."""
    dial = server.call(CALLER, CallerName=f"+{CALLER}")._root.find("Dial")
    assert (dial.get("callerId"), dial.get("callerName")) == (PROXY, PROXY)


def test_a_callee_who_must_press_a_key(start_server, database, oracle):
    """As Plivo's SDK writes it. Support staff are asked for none."""
    server = start_server(PUBLIC_URL=PUBLIC_URL, CONFIRM_CALLS="yes", SUPPORT_NUMBER="14156660909")
    again = "#rc=3&rp=all"
    assert canonical(server.call(CALLER).xml) == canonical(oracle.dial_xml(
        PROXY, COUNTERPART, action=f"{PUBLIC_URL}/dial/action{again}", method="POST",
        callbackUrl=f"{PUBLIC_URL}/dial/event{again}", callbackMethod="POST", timeout="25",
        timeLimit="TIME_LIMIT", confirmSound=f"{PUBLIC_URL}/recording/announcement{again}",
        confirmKey="1", confirmTimeout="10", callerName=PROXY).replace("TIME_LIMIT", re.search(
            'timeLimit="([0-9]+)"', server.call(CALLER).xml).group(1)))
    assert "confirm" not in server.call(STRANGER).xml
    heard = server.webhook([("From", PROXY), ("To", COUNTERPART)], "/recording/announcement")
    sentence = database.query("SELECT say FROM masking.prompt('press_key', 14155550100)")[0][0]
    assert sentence in heard.xml and "recorded" not in heard.xml


@pytest.mark.parametrize("lost", ["/dial/event", "/dial/action"])
def test_a_pressed_key_is_known_by_what_is_left_of_the_events(start_server, database, lost):
    """Connected, or completed: with the key asked for nothing else is possible."""
    server = start_server(PUBLIC_URL=PUBLIC_URL, CONFIRM_CALLS="yes")
    call = begun(server)
    for path, fields in events_of("talk", call)[1:]:
        if path != lost:
            server.webhook(fields, path)
    assert database.query("SELECT outcome FROM masking.call_log WHERE call_uuid = %s",
                          call["uuid"]) == [("they talked",)]


def test_a_call_of_three_webhooks(start_server, database):
    """What is known of a call whose callee's leg is not told of."""
    server = start_server(PUBLIC_URL=PUBLIC_URL, CALLEE_EVENTS="no")
    call = begun(server)
    dial = server.call(CALLER)._root.find("Dial")
    assert dial.get("action").startswith(f"{PUBLIC_URL}/dial/action") and dial.get("callbackUrl") is None
    for path, fields in events_of("talk", call):
        if path != "/dial/event":
            server.webhook(fields, path)
    assert database.query("SELECT outcome, ring_seconds, talk_seconds, hung_up_by, hangup_code FROM masking.call_log"
                          " WHERE call_uuid = %s", call["uuid"]) == [("answered", 7, 42, "agent", 4000)]


def test_without_a_public_url_it_is_the_tutorials_xml(start_server, oracle):
    answer = start_server(RING_TIMEOUT="30").call(CALLER)
    assert canonical(answer.xml) == canonical(oracle.dial_xml(PROXY, COUNTERPART))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_talk_is_told_by_its_row(server, database, method):
    """Promise 4. Ring and talk seconds, who hung up, why, and what it cost."""
    call = begun(server)
    for path, fields in [("/dial/event", callbacks.dial_answer(call)),
                         ("/dial/event", callbacks.dial_connected(call)),
                         ("/dial/event", callbacks.dial_hangup(call)),
                         ("/dial/action", callbacks.dial_action(call)),
                         ("/hangup", callbacks.hangup(call))]:
        assert server.webhook(fields, path, method).empty
    told = row(database, call)
    assert (told["outcome"], told["dial_status"]) == ("connected", "completed")
    assert (told["rang"], told["answered"]) == (True, True)
    assert (told["ring_seconds"], told["talk_seconds"]) == (7, 42)
    assert (told["hung_up_by"], told["hangup_cause"], told["hangup_code"]) \
        == ("callee", "Normal Hangup", 4000)
    assert str(told["cost"]) == "0.01850"


def test_a_cost_as_a_program_writes_it(server, database):
    call = begun(server)
    server.webhook(callbacks.dial_hangup(call, DialBLegTotalCost=" 1E-3 "), "/dial/event")
    server.webhook(callbacks.hangup(call, TotalCost="5e-05"), "/hangup")
    assert str(row(database, call)["cost"]) == "0.00105"


@pytest.mark.parametrize("status, rang, event", [
    ("busy", "false", "busy"), ("no-answer", "true", "no_answer"), ("timeout", "false", "timeout"),
    ("failed", "false", "failed"), ("unheard-of", "false", "failed")])
def test_who_is_not_connected_hears_why(server, database, oracle, status, rang, event):
    """Promise 3. Plivo runs what the action returns, so it is XML, with a sentence."""
    call = begun(server)
    answer = server.webhook(callbacks.dial_action(call, status, rang, "X"), "/dial/action")
    sentence = database.query("SELECT say FROM masking.prompt(%s, 14155550100)", event)[0][0]
    assert answer.refusal == sentence
    assert canonical(answer.xml) == canonical(
        oracle.refusal_xml(sentence, {"voice": "WOMAN", "language": "en-US"}))
    assert row(database, call)["dial_status"] == status


@pytest.mark.parametrize("status", ["completed", "cancel"])
def test_who_talked_or_gave_up_hears_nothing(server, oracle, status):
    answer = server.webhook(callbacks.dial_action(begun(server), status), "/dial/action")
    assert canonical(answer.xml) == canonical(oracle.empty_xml())


def test_the_sentence_is_a_row_in_the_language_of_the_number(server, database, oracle):
    database.query("INSERT INTO masking.proxy_numbers (number, language) VALUES"
                   " ('14155550177', 'hi-IN')")
    answer = server.call(STRANGER, "14155550177")
    words, voice = database.query("SELECT words, voice FROM masking.prompts WHERE event ="
                                  " 'unknown_caller' AND language = 'hi-IN'")[0]
    assert canonical(answer.xml) == canonical(
        oracle.refusal_xml(words, {"voice": voice, "language": "hi-IN"}))
    assert voice.startswith("Polly.")


def test_changing_the_row_changes_the_next_call(server, database, oracle):
    words = "Ünknown <caller> & \"co\" 'x' ]]> \U0001f355"
    database.query("UPDATE masking.prompts SET words = %s WHERE event = 'unknown_caller'"
                   " AND language = 'en-US'", words)
    answer = server.call(STRANGER)
    assert answer.refusal == words
    assert canonical(answer.xml) == canonical(
        oracle.refusal_xml(words, {"voice": "WOMAN", "language": "en-US"}))
    database.query("UPDATE masking.prompts SET play_url = 'https://cdn.example.com/a.mp3?x=1&y=2'"
                   " WHERE event = 'unknown_caller' AND language = 'en-US'")
    answer = server.call(STRANGER)
    assert canonical(answer.xml) == canonical(
        oracle.play_xml("https://cdn.example.com/a.mp3?x=1&y=2"))
    longest = "é" * 500
    database.query("UPDATE masking.prompts SET play_url = NULL, words = %s WHERE event ="
                   " 'unknown_caller' AND language = 'en-US'", longest)
    assert server.call(STRANGER).refusal == longest
    database.query("DELETE FROM masking.prompts WHERE event = 'unknown_caller'")
    assert len(server.call(STRANGER).refusal.split()) > 3


def events_of(kind, call):
    """(path, fields) of everything Plivo would tell of such a call, the answer included."""
    first = [("/answer", call_fields(call["caller"], call["proxy"], call["uuid"]))]
    if kind == "talk":
        return first + [("/dial/event", callbacks.dial_answer(call)),
                        ("/dial/event", callbacks.dial_connected(call)),
                        ("/dial/event", callbacks.dial_hangup(call)),
                        ("/dial/action", callbacks.dial_action(call)),
                        ("/hangup", callbacks.hangup(call))]
    return first + [("/dial/event", callbacks.dial_hangup(
                        call, 0, "Callee", DialBLegHangupCauseName="Busy Line",
                        DialBLegHangupCauseCode=3010, AnswerTime="")),
                    ("/dial/action", callbacks.dial_action(call, "busy", "false", "USER_BUSY")),
                    ("/answer", callbacks.hangup(call, 5, "Plivo", HangupCauseCode=4010,
                                                 HangupCauseName="End Of XML Instructions"))]


@pytest.mark.parametrize("seed", range(30))
def test_any_order_and_any_number_of_times_come_out_the_same(server, database, seed):
    """Plivo repeats and reorders, and so do the networks between. What is on record is
    the same as after one delivery each, in order; "repeats" alone counts the answers."""
    luck = random.Random(seed)
    kind = luck.choice(["talk", "busy"])
    straight, shuffled = new_call(), new_call()
    for path, fields in events_of(kind, straight):
        server.webhook(fields, path)
    deliveries = events_of(kind, shuffled)
    deliveries += luck.choices(deliveries, k=luck.randrange(6))
    luck.shuffle(deliveries)
    for path, fields in deliveries:
        server.webhook(fields, path)
    wanted, got = row(database, straight), row(database, shuffled)
    asked = sum(fields == deliveries_answer(shuffled) for _, fields in deliveries)
    assert got.pop("repeats") == asked - 1 and wanted.pop("repeats") == 0
    assert len(got.pop("earlier_answers") or []) == asked - 1 and not wanted.pop("earlier_answers")
    assert got == wanted


def deliveries_answer(call):
    return call_fields(call["caller"], call["proxy"], call["uuid"])


def test_deliveries_at_the_same_moment_lose_nothing(server, database):
    """Each event twice, all of them at once, for a few calls at once."""
    straight = new_call()
    for path, fields in events_of("talk", straight):
        server.webhook(fields, path)
    calls = [new_call() for _ in range(4)]
    deliveries = [event for call in calls for event in events_of("talk", call)] * 2
    random.Random(1).shuffle(deliveries)
    in_threads(*[partial(server.webhook, fields, path) for path, fields in deliveries])
    wanted = row(database, straight)
    assert wanted.pop("repeats") == 0 and not wanted.pop("earlier_answers")
    for call in calls:
        got = row(database, call)
        assert got.pop("repeats") == 1 and len(got.pop("earlier_answers")) == 1
        assert got == wanted


@pytest.mark.parametrize("seed", range(20))
def test_what_was_dropped_leaves_what_the_rest_says(server, database, seed):
    """Any part of the events, in any order: the same as that part in order."""
    luck = random.Random(seed)
    straight, shuffled = new_call(), new_call()
    part = luck.sample(range(6), luck.randrange(1, 6))
    for place in sorted(part):
        path, fields = events_of("talk", straight)[place]
        server.webhook(fields, path)
    for place in part:
        path, fields = events_of("talk", shuffled)[place]
        server.webhook(fields, path)
    assert row(database, straight) == row(database, shuffled)


def test_events_that_overtake_their_call_are_joined_when_it_appears(server, database):
    call = new_call()
    server.webhook(callbacks.hangup(call), "/hangup")
    assert row(database, call)["outcome"] == "not_asked"
    server.call(call["caller"], call["proxy"], call["uuid"])
    told = row(database, call)
    assert (told["outcome"], told["side"], told["call_seconds"]) == ("connected", "customer", 42)


def test_no_number_of_a_party_gets_into_the_record(server, database):
    """Promise 1. Wherever Plivo, or somebody with its key, puts one."""
    call = new_call()
    callee_in = {name: COUNTERPART for name in ("HangupCauseName", "HangupSource", "HangupCause")}
    for path, fields in events_of("talk", call):
        server.webhook(fields, path)
    server.webhook(callbacks.hangup(call, **callee_in, StartTime=COUNTERPART), "/hangup")
    server.webhook(callbacks.dial_action(call, COUNTERPART, "+1 415 666 7777", CALLER),
                   "/dial/action")
    server.webhook(callbacks.dial_hangup(call, DialBLegHangupCauseName="x 1-415-666-7777"),
                   "/dial/event")
    text = database.query("SELECT c::text FROM masking.calls c WHERE call_uuid = %s",
                          call["uuid"])[0][0]
    # Seven digits: what is left after a country's and an area's code, and too many for chance.
    digits = "".join(filter(str.isdigit, text.replace(call["uuid"], "")))
    assert CALLER[-7:] not in digits and COUNTERPART[-7:] not in digits
    assert not any(number in server.log for number in (CALLER, COUNTERPART))


@pytest.mark.parametrize("path", ["/dial/action", "/dial/event", "/hangup"])
@pytest.mark.parametrize("missing", [None, "", "no id!", "x" * 65])
def test_an_event_without_a_usable_id_is_answered_and_leaves_nothing(server, database, path,
                                                                     missing):
    before = database.calls()
    fields = [(name, value) for name, value in callbacks.hangup(new_call()) if name != "CallUUID"]
    if missing is not None:
        fields.append(("CallUUID", missing))
    server.webhook(fields, path)
    assert database.calls() == before


@pytest.mark.parametrize("action", ["digits", "later"])
def test_dial_events_that_say_nothing_for_the_record_are_taken(server, database, action):
    before = database.calls()
    call = new_call()
    fields = dict(callbacks.dial_answer(call), Event="DialDigitsMatch", DialAction=action,
                  DialDigitsMatch="5", DialDigitsPressedBy="ALeg")
    assert server.webhook(fields.items(), "/dial/event").empty
    assert database.calls() == before


def test_events_survive_an_outage(server, database):
    """Plivo has its answer in time, and the event is on record once the database is back."""
    call = begun(server)
    with database.locked("calls"):
        assert server.webhook(callbacks.dial_hangup(call), "/dial/event").empty
        answer = server.webhook(callbacks.dial_action(call, "busy", "false"), "/dial/action")
        assert answer.refusal.startswith("The person you are calling")
        assert server.webhook(callbacks.hangup(call), "/hangup").empty
    eventually(lambda: row(database, call)["dial_status"] == "busy")
    eventually(lambda: row(database, call)["call_seconds"] == 42)
    assert row(database, call)["hung_up_by"] == "callee"
