"""An application without a hangup URL posts its hangup events to the answer URL."""
import uuid

import pytest

from server import CALLER, COUNTERPART, PROXY, STRANGER, WEBHOOKS, canonical

HANGUP = {"Event": "Hangup", "CallStatus": "completed", "HangupCause": "NORMAL_CLEARING",
          "HangupCauseCode": "4000", "HangupCauseName": "Normal Hangup", "HangupSource": "Caller",
          "Duration": "12", "BillDuration": "60", "TotalCost": "0.00475"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", WEBHOOKS)
def test_hangup_gets_an_empty_response_and_no_route(server, database, oracle, path, method):
    """Promise 3, and plainly nobody is rung for a call that has ended."""
    call_uuid = str(uuid.uuid4())
    assert server.call(CALLER, call_uuid=call_uuid, path=path).dial == (PROXY, COUNTERPART)
    answer = server.call(CALLER, call_uuid=call_uuid, path=path, method=method, **HANGUP)
    assert answer.empty
    assert canonical(answer.xml) == canonical(oracle.empty_xml())
    assert database.call_rows(call_uuid) == ["connected"]


@pytest.mark.parametrize("caller", [CALLER, STRANGER, "anonymous", None])
@pytest.mark.parametrize("sign", [{"Event": "Hangup", "CallStatus": None},
                                  {"Event": None, "CallStatus": "completed"},
                                  {"Event": "Hangup", "CallStatus": "completed"},
                                  {"Event": "Hangup", "CallStatus": "no-answer"}])
def test_either_sign_of_a_hangup_is_enough(server, database, caller, sign):
    call_uuid = str(uuid.uuid4())
    assert server.call(caller, call_uuid=call_uuid, **sign).empty
    assert "connected" not in database.call_rows(call_uuid)


def test_hangup_does_not_rewrite_a_refusal(server, database):
    """Promise 4: the record keeps what was decided."""
    call_uuid = str(uuid.uuid4())
    server.call(STRANGER, call_uuid=call_uuid)
    assert server.call(STRANGER, call_uuid=call_uuid, **HANGUP).empty
    assert database.call_rows(call_uuid) == ["unknown_caller"]


@pytest.mark.parametrize("status", ["ringing", "in-progress", None])
def test_other_events_of_a_live_call_are_still_answered(server, status):
    answer = server.call(CALLER, CallStatus=status, Event=None)
    assert answer.dial == (PROXY, COUNTERPART)
