"""SIGTERM: calls in hand finish. The process then ends with exit 0."""
import signal
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from client import BadAnswer, Connection
from server import CALLER, COUNTERPART, PROXY, Answer, eventually, raw_call


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_calls_in_hand_finish(start_server, database, name):
    """Promise 7. The database is held still, so that every call is surely in hand when
    the signal comes; the deadline is long, so that each gets its true answer."""
    server = start_server(ANSWER_DEADLINE_MS="20000")
    server.call(CALLER)
    calls = [str(uuid.uuid4()) for _ in range(12)]
    with database.locked("calls", "routes"):
        connections = [Connection(server.address) for _ in calls]
        for connection, call_uuid in zip(connections, calls):
            connection.send(raw_call(CALLER, call_uuid))
        eventually(database.somebody_waits_for_a_lock)
        server.process.send_signal(getattr(signal, name))
        eventually(lambda: not accepts(server.address))
    for connection in connections:
        assert Answer(connection.reply()).dial == (PROXY, COUNTERPART)
        connection.close()
    server.wait()
    assert database.recorded(calls) == len(calls)


def accepts(address):
    try:
        Connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def test_under_load_no_recorded_call_loses_its_answer(start_server, database):
    """Promise 4 and 7: what is on record was answered, whole, to the caller."""
    server = start_server()
    answered, asked, lock = set(), set(), threading.Lock()
    under_way = threading.Event()

    def keep_calling(_):
        while True:
            call_uuid = str(uuid.uuid4())
            with lock:
                asked.add(call_uuid)
                if len(asked) > 200:
                    under_way.set()
            try:
                with Connection(server.address) as connection:
                    connection.send(raw_call(CALLER, call_uuid))
                    reply = connection.reply()
            except (ConnectionError, TimeoutError):
                return  # refused or reset: the server had not taken the call
            except BadAnswer as bad:
                raise AssertionError("an answer cut short") from bad
            if reply is None:
                return
            assert Answer(reply).dial == (PROXY, COUNTERPART)
            with lock:
                answered.add(call_uuid)

    with ThreadPoolExecutor(16) as pool:
        callers = [pool.submit(keep_calling, i) for i in range(16)]
        assert under_way.wait(30)
        server.terminate()
        for caller in callers:
            caller.result()
    server.wait()
    unanswered = asked - answered
    assert database.recorded(unanswered) == 0
    assert database.recorded(answered) == len(answered) > 100


def test_idle_connections_do_not_hold_it_up(start_server):
    server = start_server()
    connections = [Connection(server.address) for _ in range(5)]
    for connection in connections[:3]:
        assert connection.request("GET", "/healthz").status == 200
    server.stop()
    for connection in connections:
        assert connection.closed()
        connection.close()


def test_stops_while_the_database_is_away(start_server, database):
    """Nothing to finish, nobody to ask: it still ends cleanly."""
    server = start_server(DATABASE_URL=database.server_url.replace("host=", "host=/nowhere"))
    assert server.call(CALLER).refusal
    server.stop()


def test_second_signal_changes_nothing(start_server):
    server = start_server()
    server.terminate()
    server.terminate()
    server.wait()
