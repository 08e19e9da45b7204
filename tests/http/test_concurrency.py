"""Many calls at once: each gets its own answer, each is on record."""
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from server import FORM, PROXY, STRANGER, call_fields
from client import Connection, request_bytes
from server import Answer
from signer import form

PLENTY = 100


@pytest.fixture(scope="module")
def counterparts(database):
    """Who reaches whom: a hundred pairs, so that crossed wires would show."""
    pairs = [(f"1415666{2000 + 2 * i}", f"1415666{2001 + 2 * i}") for i in range(PLENTY)]
    for i, (customer, agent) in enumerate(pairs):
        database.add_order(f"C-{i}", customer, agent)
    return dict(pairs) | {agent: customer for customer, agent in pairs}


def request_for(caller, call_uuid):
    body = form(call_fields(caller, PROXY, call_uuid)).encode()
    return request_bytes("POST", "/answer", {"Content-Type": FORM, "Connection": "close"}, body)


@pytest.mark.parametrize("together", [32, 200])
def test_calls_at_once_reach_the_right_person(patient_server, database, counterparts, together):
    """Promise 2: never the wrong person. All connections are open and all requests
    are written before the first answer is read."""
    callers = (list(counterparts) * 2)[:together - 2] + [STRANGER, "anonymous"]
    calls = [(caller, str(uuid.uuid4())) for caller in callers]
    connections = [Connection(patient_server.address) for _ in calls]
    for connection, call in zip(connections, calls):
        connection.send(request_for(*call))
    for connection, (caller, _) in zip(connections, calls):
        answer = Answer(connection.reply())
        connection.close()
        wanted = counterparts.get(caller)
        assert answer.dial == ((PROXY, wanted) if wanted else None)
        assert wanted or answer.refusal
    assert database.recorded([call_uuid for _, call_uuid in calls]) == len(calls)


def test_threads_that_keep_calling_get_right_answers(patient_server, database, counterparts):
    """Promise 2, with batches that form and dissolve."""
    callers = list(counterparts)
    made = []
    lock = threading.Lock()

    def keep_calling(start):
        with Connection(patient_server.address) as connection:
            for i in range(50):
                caller = callers[(start * 17 + i) % len(callers)]
                call_uuid = str(uuid.uuid4())
                body = form(call_fields(caller, PROXY, call_uuid)).encode()
                reply = connection.request("POST", "/answer", {"Content-Type": FORM}, body)
                assert Answer(reply).dial == (PROXY, counterparts[caller])
                with lock:
                    made.append(call_uuid)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(keep_calling, range(32)))
    assert database.recorded(made) == len(made) == 32 * 50


def test_one_bad_call_does_not_spoil_its_neighbours(patient_server, database, counterparts):
    """Bad input shares a batch with good calls, and is refused alone."""
    bad = ["", "sip:x@y", "9" * 200, "' OR 1=1", "\u0661", "<Number>"]
    callers = [caller for pair in zip(list(counterparts), bad * 10) for caller in pair]
    calls = [(caller, str(uuid.uuid4())) for caller in callers]
    connections = [Connection(patient_server.address) for _ in calls]
    for connection, call in zip(connections, calls):
        connection.send(request_for(*call))
    for connection, (caller, _) in zip(connections, calls):
        answer = Answer(connection.reply())
        connection.close()
        if caller in counterparts:
            assert answer.dial == (PROXY, counterparts[caller])
        else:
            assert answer.refusal
    assert database.recorded([call_uuid for _, call_uuid in calls]) == len(calls)
