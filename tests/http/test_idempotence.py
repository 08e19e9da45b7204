"""Plivo retries: the same CallUUID again is the same call, once on record."""
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from server import CALLER, COUNTERPART, PROXY, STRANGER


@pytest.mark.parametrize("caller", [CALLER, STRANGER, "anonymous"])
def test_same_call_again_gets_the_same_answer_and_one_row(server, database, caller):
    """Promise 4: one row per CallUUID, however often Plivo repeats itself."""
    call_uuid = str(uuid.uuid4())
    answers = {server.call(caller, call_uuid=call_uuid, method=method).xml
               for method in ("POST", "POST", "GET")}
    assert len(answers) == 1
    assert len(database.call_rows(call_uuid)) == 1


def at_the_same_moment(asks):
    """Runs all of these together, each on a thread of its own; their results."""
    barrier = threading.Barrier(len(asks))

    def run(ask):
        barrier.wait()
        return ask()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(run, asks))


@pytest.mark.parametrize("copies", [2, 8])
def test_same_call_at_the_same_moment(server, database, copies):
    """Promise 4: also when the retry overtakes."""
    for _ in range(20):
        call_uuid = str(uuid.uuid4())
        answers = at_the_same_moment(
            [lambda: server.call(CALLER, call_uuid=call_uuid)] * copies)
        assert {answer.dial for answer in answers} == {(PROXY, COUNTERPART)}
        assert database.call_rows(call_uuid) == ["connected"]


def test_same_call_at_two_servers_at_the_same_moment(server, start_server, database):
    """Promise 4 holds across servers: the database decides. Many calls in each batch,
    in opposite order, so that batches could wait for each other in a circle."""
    other = start_server()
    calls = [str(uuid.uuid4()) for _ in range(24)]
    asks = [lambda call_uuid=call_uuid, place=place: place.call(CALLER, call_uuid=call_uuid)
            for place, order in ((server, calls), (other, list(reversed(calls))))
            for call_uuid in order]
    answers = at_the_same_moment(asks)
    assert {answer.dial for answer in answers} == {(PROXY, COUNTERPART)}
    assert database.recorded(calls) == len(calls)


def test_order_changed_in_between_gets_the_new_answer(server, database):
    """The retry must not ring an agent who left the order."""
    customer, agent, other = "14156661001", "14156661002", "14156661003"
    database.add_order("I-1", customer, agent)
    call_uuid = str(uuid.uuid4())
    assert server.call(customer, call_uuid=call_uuid).dial == (PROXY, agent)
    database.orders("UPDATE orders SET agent_number = %s WHERE order_id = 'I-1'", other)
    assert server.call(customer, call_uuid=call_uuid).dial == (PROXY, other)
    assert server.call(agent, call_uuid=str(uuid.uuid4())).refusal
    assert database.call_rows(call_uuid) == ["connected"]


def test_order_placed_in_between_connects_the_retry(server, database):
    customer, agent = "14156661005", "14156661006"
    call_uuid = str(uuid.uuid4())
    assert server.call(customer, call_uuid=call_uuid).refusal
    database.add_order("I-2", customer, agent)
    assert server.call(customer, call_uuid=call_uuid).dial == (PROXY, agent)
    assert database.call_rows(call_uuid) == ["connected"]


def test_record_has_one_row_for_each_call_and_no_more(server, database):
    """Promise 4: every decision is on record, before the answer leaves."""
    before = database.query("SELECT count(*) FROM masking.calls")[0][0]
    for _ in range(25):
        server.call(CALLER)
        server.call(STRANGER)
    assert database.query("SELECT count(*) FROM masking.calls")[0][0] == before + 50
