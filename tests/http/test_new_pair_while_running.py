"""The order system writes, the running server knows: no restart, no message."""
import itertools
import uuid

import pytest

from server import PROXY


_numbers = itertools.count(14156661000)


def new_number():
    """Nobody else's in this file's database."""
    return str(next(_numbers))


@pytest.fixture
def pair():
    """Two numbers nobody else in this run uses."""
    return new_number(), new_number()


def order_id():
    return f"N-{uuid.uuid4()}"


def test_inserted_pair_is_callable_at_once(server, database, pair):
    """Promise 5: commit makes it callable at once."""
    customer, agent = pair
    assert server.call(customer).refusal
    database.add_order(order_id(), customer, agent)
    assert server.call(customer).dial == (PROXY, agent)
    assert server.call(agent).dial == (PROXY, customer)


def test_numbers_as_people_write_them(server, database, pair):
    """Promise 5: stored as Plivo sends them, however the order system writes them."""
    customer, agent = pair
    database.add_order(order_id(), f"+1 ({customer[1:4]}) {customer[4:7]}-{customer[7:]}",
                       f"00{agent}")
    assert server.call(customer).dial == (PROXY, agent)
    assert server.call(agent).dial == (PROXY, customer)


def test_uncommitted_order_connects_nobody_and_rollback_leaves_nothing(server, database, pair):
    """Promise 5: masking lives in the order's own transaction."""
    customer, agent = pair
    connection = database.cluster.connect(database.name, "masking_orders")
    connection.autocommit = False
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO orders (order_id, customer_number, agent_number)"
                       " VALUES (%s, %s, %s)", (order_id(), customer, agent))
        assert server.call(customer).refusal
    connection.rollback()
    connection.close()
    assert server.call(customer).refusal
    assert server.call(agent).refusal


def test_order_without_agent_connects_nobody_until_one_is_assigned(server, database, pair):
    customer, agent = pair
    order = order_id()
    database.orders("INSERT INTO orders (order_id, customer_number) VALUES (%s, %s)",
                    order, customer)
    assert server.call(customer).refusal
    database.orders("UPDATE orders SET agent_number = %s WHERE order_id = %s", agent, order)
    assert server.call(customer).dial == (PROXY, agent)


def test_swapped_agent_is_cut_off_at_commit(server, database, pair):
    customer, agent = pair
    other = new_number()
    order = order_id()
    database.add_order(order, customer, agent)
    assert server.call(agent).dial == (PROXY, customer)
    database.orders("UPDATE orders SET agent_number = %s WHERE order_id = %s", other, order)
    assert server.call(customer).dial == (PROXY, other)
    assert server.call(other).dial == (PROXY, customer)
    assert server.call(agent).refusal


def test_second_counterpart_never_replaces_or_mixes_with_the_first(server, database, pair):
    """Promise 2: never the wrong person, whatever the order system writes. Promise 5:
    an order with nothing free to mask it does not fail."""
    customer, agent = pair
    other = new_number()
    database.add_order(order_id(), customer, agent)
    database.add_order(order_id(), customer, other)
    assert server.call(customer).dial == (PROXY, agent)
    assert server.call(agent).dial == (PROXY, customer)


@pytest.mark.parametrize("written", ["02071234567", "(020) 7123 4567", "442071234567", "+44 20 7123 4567"])
def test_a_caller_id_in_national_form_is_read_with_the_dialled_numbers_country(server, database, written):
    """In the tutorial's mode too, where the number dialled is nobody's of the pool."""
    database.orders("INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('GB', '+44 20 7123 4567',"
                    " '+44 20 7123 4568') ON CONFLICT (order_id) DO NOTHING")
    assert server.call(written, "442079460000").dial == ("442079460000", "442071234568")
    assert server.call(written.replace("+44 20", "0044 20"), "442079460000").dial == ("442079460000", "442071234568")


def test_a_national_number_of_nobody_knows_where_is_no_caller_id(server):
    assert "without hiding" in server.call("02071234567", "14155550100").refusal
