"""Plivo retries: the same CallUUID again is the same call, once on record."""
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from client import request_bytes
from server import (CALLER, COUNTERPART, FORM, PROXY, STRANGER, Answer, call_fields, eventually)
from signer import form


@pytest.mark.parametrize("caller", [CALLER, STRANGER, "anonymous"])
def test_same_call_again_gets_the_same_answer_and_one_row(patient_server, database, caller):
    """Promise 4: one row per CallUUID, however often Plivo repeats itself."""
    call_uuid = str(uuid.uuid4())
    answers = {patient_server.call(caller, call_uuid=call_uuid, method=method).xml
               for method in ("POST", "POST", "GET")}
    assert len(answers) == 1
    assert len(database.call_rows(call_uuid)) == 1


def at_the_same_moment(asks):
    """Runs all of these together, each on a thread of its own; their results."""
    barrier = threading.Barrier(len(asks))

    def run(ask):
        barrier.wait(60)
        return ask()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(run, asks))


@pytest.mark.parametrize("copies", [2, 8])
def test_same_call_at_the_same_moment(patient_server, database, copies):
    """Promise 4: also when the retry overtakes."""
    for _ in range(20):
        call_uuid = str(uuid.uuid4())
        answers = at_the_same_moment(
            [lambda: patient_server.call(CALLER, call_uuid=call_uuid)] * copies)
        assert {answer.dial for answer in answers} == {(PROXY, COUNTERPART)}
        assert database.call_rows(call_uuid) == ["connected"]


@pytest.fixture
def slow_record(database):
    """Each row takes a while to write, so that statements overlap."""
    database.query("""
        CREATE FUNCTION masking.linger() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_catalog.pg_sleep(0.01); RETURN NEW; END $$;
        CREATE TRIGGER linger BEFORE INSERT ON masking.calls
          FOR EACH ROW EXECUTE FUNCTION masking.linger()""")
    yield
    database.query("DROP FUNCTION masking.linger() CASCADE")


def test_same_calls_at_two_servers_at_the_same_moment(start_server, database, slow_record):
    """Promise 4 holds across servers: the database decides. The calls pile up behind a
    lock into large batches, in opposite order at the two servers: batches that locked
    their rows in the order of arrival would wait for each other in a circle."""
    # Of a silent database, a quarter of the workers may wait for an answer: all of these.
    servers = [start_server(ANSWER_DEADLINE_MS="20000", WORKERS="256") for _ in range(2)]
    before = database.cluster.deadlocks()
    calls = [str(uuid.uuid4()) for _ in range(50)]
    with database.locked("calls"):
        connections = []
        for pair in zip(calls, reversed(calls)):
            for place, call_uuid in zip(servers, pair):
                connections.append(place.connection())
                body = form(call_fields(CALLER, PROXY, call_uuid)).encode()
                connections[-1].send(request_bytes("POST", "/answer", {"Content-Type": FORM}, body))
        eventually(database.somebody_waits_for_a_lock)
    for connection in connections:
        assert Answer(connection.reply()).dial == (PROXY, COUNTERPART)
        connection.close()
    assert database.recorded(calls) == len(calls)
    assert database.cluster.deadlocks() == before


def test_order_changed_in_between_gets_the_new_answer(patient_server, database):
    """The retry must not ring an agent who left the order."""
    customer, agent, other = "14156661001", "14156661002", "14156661003"
    database.add_order("I-1", customer, agent)
    call_uuid = str(uuid.uuid4())
    assert patient_server.call(customer, call_uuid=call_uuid).dial == (PROXY, agent)
    database.orders("UPDATE orders SET agent_number = %s WHERE order_id = 'I-1'", other)
    assert patient_server.call(customer, call_uuid=call_uuid).dial == (PROXY, other)
    assert patient_server.call(agent, call_uuid=str(uuid.uuid4())).refusal
    assert database.call_rows(call_uuid) == ["connected"]


def test_order_placed_in_between_connects_the_retry(patient_server, database):
    customer, agent = "14156661005", "14156661006"
    call_uuid = str(uuid.uuid4())
    assert patient_server.call(customer, call_uuid=call_uuid).refusal
    database.add_order("I-2", customer, agent)
    assert patient_server.call(customer, call_uuid=call_uuid).dial == (PROXY, agent)
    assert database.call_rows(call_uuid) == ["connected"]


def test_record_has_one_row_for_each_call_and_no_more(patient_server, database):
    """Promise 4: every decision is on record, before the answer leaves."""
    before = database.query("SELECT count(*) FROM masking.calls")[0][0]
    for _ in range(25):
        patient_server.call(CALLER)
        patient_server.call(STRANGER)
    assert database.query("SELECT count(*) FROM masking.calls")[0][0] == before + 50
