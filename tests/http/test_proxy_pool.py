"""With a pool of proxy numbers, the number that is dialled tells who is meant."""
from datetime import datetime

import pytest

from server import PROXY, eventually

POOL = ["14155550111", "14155550112", "14155550113"]
CUSTOMER, AGENTS = "14156663000", [f"1415666310{i}" for i in range(5)]


@pytest.fixture(scope="module")
def database(database):
    """With a pool of three, and nobody's orders."""
    database.query("DELETE FROM masking.orders")
    for number in POOL:
        database.query("INSERT INTO masking.proxy_numbers (number) VALUES (%s)", number)
    return database


@pytest.fixture(autouse=True)
def nothing_left(database):
    yield
    database.query("DELETE FROM masking.orders")
    database.query("DELETE FROM masking.routes")


def place(database, order_id, customer, agent):
    """The proxy number that the statement itself returns."""
    return database.orders(
        "INSERT INTO orders (order_id, customer_number, agent_number) VALUES (%s, %s, %s)"
        " RETURNING proxy_number", order_id, customer, agent)[0][0]


def test_statement_returns_the_number_that_connects(server, database):
    """Promise 5; and promise 1: the callee sees a number of the pool."""
    proxy = place(database, "P-1", CUSTOMER, AGENTS[0])
    assert proxy in POOL
    assert server.call(CUSTOMER, proxy).dial == (proxy, AGENTS[0])
    assert server.call(AGENTS[0], proxy).dial == (proxy, CUSTOMER)


def test_other_numbers_connect_nobody(server, database):
    proxy = place(database, "P-2", CUSTOMER, AGENTS[0])
    for dialled in [PROXY, *(number for number in POOL if number != proxy)]:
        assert server.call(CUSTOMER, dialled).refusal
        assert server.call(AGENTS[0], dialled).refusal


def test_number_dialled_decides_between_two_orders(server, database):
    """Promise 2: never the wrong person, for a customer with several orders."""
    proxies = {place(database, f"P-3-{agent}", CUSTOMER, agent): agent for agent in AGENTS[:3]}
    assert sorted(proxies) == POOL
    for proxy, agent in proxies.items():
        assert server.call(CUSTOMER, proxy).dial == (proxy, agent)
        assert server.call(agent, proxy).dial == (proxy, CUSTOMER)
        for other in set(POOL) - {proxy}:
            assert server.call(agent, other).refusal


def test_order_without_a_free_number_commits_unmasked_and_is_served_later(server, database):
    """Promise 5: masking never makes an order fail. The server itself looks for waiting
    orders from time to time, and serves them when a number is free."""
    for agent in AGENTS[:3]:
        place(database, f"P-4-{agent}", CUSTOMER, agent)
    assert place(database, "P-4-late", CUSTOMER, AGENTS[3]) is None
    assert database.orders("SELECT order_id FROM unmasked_orders") == [("P-4-late",)]
    for dialled in POOL:
        assert server.call(AGENTS[3], dialled).refusal
    for agent in AGENTS[:3]:
        database.orders("DELETE FROM orders WHERE order_id = %s", f"P-4-{agent}")
    proxy = eventually(lambda: database.orders(
        "SELECT proxy_number FROM orders WHERE order_id = 'P-4-late'")[0][0])
    assert server.call(AGENTS[3], proxy).dial == (proxy, CUSTOMER)
    assert server.call(CUSTOMER, proxy).dial == (proxy, AGENTS[3])


def pauses(log):
    """The seconds between one served batch of waiting orders and the next."""
    served = [datetime.fromisoformat(line.partition("=")[2].split()[0].rstrip("Z"))
              for line in log.splitlines() if " event=pending_orders_assigned " in line]
    return [(later - sooner).total_seconds() for sooner, later in zip(served, served[1:])]


def test_a_backlog_of_waiting_orders_is_worked_off(server, database):
    """Promise 5: what a large import left waiting is not served a batch every few seconds."""
    database.query("UPDATE masking.proxy_numbers SET enabled = false")
    database.orders("INSERT INTO orders (order_id, customer_number, agent_number)"
                    " SELECT 'P-6-' || n, (14156664000 + n)::text, (14156667000 + n)::text"
                    " FROM generate_series(1, 2000) n")

    def waiting():
        return database.orders("SELECT count(*) FROM unmasked_orders")[0][0]

    assert waiting() == 2000
    log_before = len(server.log)
    database.query("UPDATE masking.proxy_numbers SET enabled = true")
    while left := waiting():  # however long a busy machine takes for one batch
        eventually(lambda: waiting() < left)
    assert min(pauses(server.log[log_before:])) < 5


def test_a_suspended_number_is_replaced_while_calls_go_on(server, database):
    """Plivo suspends a number that orders show. Each phone reaches the other by the old number and by the new one, at any moment."""
    pairs = [(f"1415666500{n}", f"1415666510{n}") for n in range(8)]
    database.query("UPDATE masking.proxy_numbers SET enabled = number = %s", POOL[0])
    for n, (customer, agent) in enumerate(pairs):
        assert place(database, f"P-7-{n}", customer, agent) == POOL[0]
    database.orders("INSERT INTO order_phones (order_id, side, number) VALUES ('P-7-0', 'customer', '14156665999')")
    database.query("UPDATE masking.proxy_numbers SET enabled = true")

    def numbers():
        return [row[0] for row in database.orders("SELECT proxy_number FROM orders ORDER BY order_id")]

    try:
        assert database.query("SELECT masking.replace_number(%s)", POOL[0]) == [(len(pairs),)]
        moved = False
        while not moved:
            moved = POOL[0] not in numbers()
            for customer, agent in pairs:
                assert server.call(customer, POOL[0]).dial == (POOL[0], agent)
                assert server.call(agent, POOL[0]).dial == (POOL[0], customer)
        for (customer, agent), number in zip(pairs, numbers()):
            assert number in POOL[1:]
            assert server.call(customer, number).dial == (number, agent)
            assert server.call(agent, number).dial == (number, customer)
        for number in (POOL[0], numbers()[0]):
            assert server.call("14156665999", number).dial == (number, pairs[0][1])
        assert database.query("SELECT moved, waiting, remaining FROM masking.replacements") == [(len(pairs), 0, 0)]
        database.orders("UPDATE orders SET cancelled_at = now() WHERE order_id = 'P-7-1'")
        assert server.call(pairs[1][0], POOL[0]).refusal
        assert place(database, "P-7-new", CUSTOMER, AGENTS[0]) != POOL[0]
    finally:
        database.query("UPDATE masking.proxy_numbers SET enabled = true")
        database.query("DELETE FROM masking.replacements")


def test_second_order_of_the_same_two_people_shares_the_number(server, database):
    proxy = place(database, "P-5-a", CUSTOMER, AGENTS[0])
    assert place(database, "P-5-b", CUSTOMER, AGENTS[0]) == proxy
    database.orders("DELETE FROM orders WHERE order_id = 'P-5-a'")
    assert server.call(CUSTOMER, proxy).dial == (proxy, AGENTS[0])
