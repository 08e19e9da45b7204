"""The feed, as an order system reads it while servers run: what happened is told once, whatever becomes of them."""
import itertools
import time
import uuid

import pytest

from plivo.stand_in import Callee, Caller, Network, Plivo
from server import Server, eventually
from test_metrics import read as metrics

PUBLIC_URL = "https://calls.example.com"
TOKEN = "feed-token"
POOL = ["14155550121", "14155550122"]


@pytest.fixture(scope="module")
def database(database):
    """One number, nobody's orders, and a feed that tells everything."""
    database.query("DELETE FROM masking.orders")
    database.query("INSERT INTO masking.proxy_numbers (number) VALUES (%s)", POOL[0])
    database.query("UPDATE masking.settings SET is_on = true WHERE name LIKE 'feed_%%'")
    return database


@pytest.fixture(scope="module")
def servers(start_server):
    return [start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN) for _ in range(2)]


@pytest.fixture
def plivo(servers):
    """Each webhook comes to the other server; callbacks come twice, late and in any order."""
    return account(servers)


def account(servers, seed=0):
    turns = itertools.cycle(servers)

    def next_server(url, fields, **_):
        plivo.local = "http://%s:%d" % next(turns).address
        plivo.sent.append((url, fields))

    plivo = Plivo("", PUBLIC_URL, TOKEN, on_request=next_server, network=Network(seed=seed, repeat=0.7, delay=True, shuffle=True))
    plivo.sent = []
    return plivo


class Reader:
    """An order system that has seen all that was told before."""

    def __init__(self, database):
        self.database = database
        self.position = database.orders("SELECT coalesce(max(position), 0) FROM feed")[0][0]
        self.rows = []

    def read(self, *columns):
        for position, *row in self.database.orders(
                f"SELECT position, {', '.join(columns)} FROM feed_after(%s)", self.position):
            self.position = position
            self.rows.append(tuple(row))
        return self.rows

    def numbers(self):
        return self.read("kind", "what", "order_ids", "proxy_number")

    def calls(self):
        """Once every end that was noted is told."""
        # The other events of an end have come: nobody has to wait ten seconds for them.
        self.database.query("UPDATE masking.feed_inbox SET happened_at = happened_at - interval '10 seconds'")
        eventually(lambda: self.database.query("SELECT count(*) FROM masking.feed_inbox") == [(0,)])
        return self.read("kind", "order_ids", "side", "answered", "what", "seconds")


@pytest.fixture
def reader(database, servers):
    """What an earlier test left has been told."""
    eventually(lambda: database.query("SELECT count(*) FROM masking.feed_inbox") == [(0,)])
    return Reader(database)


class Order:
    def __init__(self, database, people=itertools.count(1)):
        number = next(people)
        self.id, self.customer, self.agent = f"FEED-{number}", f"1415667{number:04}", f"1415668{number:04}"
        database.add_order(self.id, self.customer, self.agent)


@pytest.fixture
def order(database, reader):
    order = Order(database)
    eventually(reader.numbers)
    reader.rows.clear()
    yield order
    database.orders("DELETE FROM orders WHERE order_id = %s", order.id)


def test_an_order_waits_a_number_is_added_and_the_feed_says_so(database, reader):
    """Nobody but the servers does anything: they assign it, and they tell."""
    database.add_order("busy", "14156660001", "14156669999")
    database.add_order("waits", "14156660002", "14156669999")
    eventually(lambda: len(reader.numbers()) == 2)
    assert reader.rows == [("number", "masked", ["busy"], POOL[0]), ("number", "waiting", ["waits"], None)]
    database.query("INSERT INTO masking.proxy_numbers (number) VALUES (%s)", POOL[1])
    eventually(lambda: len(reader.numbers()) == 3)
    assert reader.rows[2] == ("number", "masked", ["waits"], POOL[1])
    database.orders("DELETE FROM orders")
    eventually(lambda: len(reader.numbers()) == 5)
    assert {row[1] for row in reader.rows[3:]} == {"none"}
    database.query("DELETE FROM masking.routes")
    database.query("DELETE FROM masking.proxy_numbers WHERE number = %s", POOL[1])


def test_three_missed_calls_and_then_a_talk(plivo, reader, order):
    missed = ["no-answer", "busy", "no-answer"]
    for does in missed:
        plivo.call(Caller(order.customer), POOL[0], Callee(does))
    assert reader.calls() == [("call", [order.id], "customer", False, does, 0) for does in missed]
    plivo.call(Caller(order.agent), POOL[0], Callee(talks=42))
    assert reader.calls()[3:] == [("call", [order.id], "agent", True, "answered", 42)]


@pytest.mark.parametrize("gives_up, end", [(True, (False, "cancel", 0)), (False, (True, "answered", 42))])
def test_all_that_plivo_sent_comes_again_after_the_call_was_told(servers, reader, order, gives_up, end):
    plivo = account(servers, seed=7)
    plivo.call(Caller(order.customer, gives_up=gives_up), POOL[0])
    for url, fields in reversed(plivo.sent[:]):
        plivo.post(url, fields)
    told = [("call", [order.id], "customer", *end)]
    assert reader.calls() == told
    for url, fields in plivo.sent[:]:
        plivo.post(url, fields)
    assert reader.calls() == told


def test_a_text_that_plivo_could_not_deliver(plivo, reader, order):
    message = str(uuid.uuid4())
    sent = plivo.fetch(PUBLIC_URL + "/message", [
        ("From", order.agent), ("To", POOL[0]), ("Text", "At the door. " * 20), ("Type", "sms"), ("MessageUUID", message),
        ("MessageIntent", "")])
    for part in [*sent, *sent]:
        plivo.post(part.get("callbackUrl"), [
            ("MessageUUID", str(uuid.uuid4())), ("From", POOL[0]), ("To", order.customer), ("Status", "undelivered"),
            ("ErrorCode", "30"), ("Units", "1")])
    eventually(lambda: reader.read("kind", "what", "order_ids", "side", "uuid"))
    plivo.call(Caller(order.customer), POOL[0], Callee("busy"))
    assert reader.calls()[:1] == [("text", "undelivered", [order.id], "agent", message)]
    assert [row[0] for row in reader.rows] == ["text", "call"], "and once"


def test_one_server_is_killed_and_the_other_goes_on(database, logs, servers, reader, order):
    killed = Server({"DATABASE_URL": database.server_url, "PUBLIC_URL": PUBLIC_URL, "PLIVO_AUTH_TOKEN": TOKEN},
                    logs / "test_feed-killed.log")
    placed = [Order(database) for _ in range(20)]
    killed.kill()
    placed += [Order(database) for _ in range(20)]
    eventually(lambda: len(reader.numbers()) == len(placed))
    assert [row[2] for row in reader.rows] == [[one.id] for one in placed]
    database.orders("DELETE FROM orders WHERE order_id = ANY (%s)", [one.id for one in placed])


def failed(server):
    return metrics(server)["masking_chores_failed_total"]


def test_a_feed_that_fails_is_counted_and_tried_again_each_five_seconds(database, servers, reader, order):
    before = failed(servers[0])
    right = "EXECUTE ON FUNCTION masking.feed_run"
    database.query(f"REVOKE {right} FROM masking_server")
    try:
        eventually(lambda: failed(servers[0]) > before)
        first = time.monotonic()
        eventually(lambda: failed(servers[0]) > before + 1)
        assert time.monotonic() - first > 4
        assert 1 <= servers[0].log.count("event=statement_failed statement=feed_run") < 20
        database.orders("UPDATE orders SET cancelled_at = now() WHERE order_id = %s", order.id)
        assert reader.numbers() == []
    finally:
        database.query(f"GRANT {right} TO masking_server")
    eventually(reader.numbers)
    assert reader.rows == [("number", "none", [order.id], None)]


def said(server):
    """How many lines an operator has to read."""
    return sum("level=debug" not in line for line in server.log.splitlines())


def test_the_database_goes_away_and_comes_back(database, servers, reader, order):
    before = [failed(server) for server in servers]
    lines = [said(server) for server in servers]
    database.cluster.stop("immediate")
    try:
        for server, count in zip(servers, before):
            eventually(lambda: failed(server) > count)
    finally:
        database.cluster.start()
    assert all(said(server) - many < 20 for server, many in zip(servers, lines))
    database.orders("UPDATE orders SET cancelled_at = now() WHERE order_id = %s", order.id)
    eventually(reader.numbers)
    assert reader.rows == [("number", "none", [order.id], None)], "the start of another life loses nothing"
