"""An order from its placing to its end, as the order system writes it: the statements
are the shipped examples in sql/order_system, and callers notice at once.
"""
import pytest

from cluster import ROOT
from server import PROXY, eventually

CUSTOMER, AGENT = "14156667001", "14156667002"
OTHER_AGENT, OTHER_CUSTOMER = "14156667005", "14156667006"


@pytest.fixture(autouse=True)
def nothing_left(database):
    """But the sample pairs, whose numbers the examples leave alone."""
    yield
    database.query("DELETE FROM masking.orders WHERE order_id !~ '^SAMPLE'")


@pytest.fixture
def run(database):
    """Runs the shipped examples of these names, one transaction each."""
    def run(*names):
        for name in names:
            database.orders((ROOT / "sql" / "order_system" / f"{name}.sql").read_text())
    return run


def reaches(server, caller):
    """Whom a call of this caller rings; None: nobody."""
    dial = server.call(caller).dial
    return dial and dial[1]


def test_placed_then_assigned(server, run):
    """Promise 5: commit makes it callable at once."""
    run("place")
    assert reaches(server, CUSTOMER) is None
    run("assign")
    assert (reaches(server, CUSTOMER), reaches(server, AGENT)) == (AGENT, CUSTOMER)


def test_placed_and_assigned_at_once(server, run):
    run("place_assigned")
    customer, agent = "14156667003", "14156667004"
    assert server.call(customer).dial == (PROXY, agent)
    assert server.call(agent).dial == (PROXY, customer)


@pytest.mark.parametrize("change, reached", [
    ("swap_agent", {CUSTOMER: OTHER_AGENT, OTHER_AGENT: CUSTOMER, AGENT: None}),
    ("remove_agent", {CUSTOMER: None, AGENT: None}),
    ("correct_customer", {OTHER_CUSTOMER: AGENT, AGENT: OTHER_CUSTOMER, CUSTOMER: None}),
    ("cancel", {CUSTOMER: None, AGENT: None}),
    ("delete", {CUSTOMER: None, AGENT: None}),
    ("complete", {CUSTOMER: AGENT, AGENT: CUSTOMER}),  # both have their grace time
])
def test_change_counts_from_its_commit(server, run, change, reached):
    """Promise 2 over time: who left an order is rung by nobody, and rings nobody."""
    run("place", "assign", change)
    assert {caller: reaches(server, caller) for caller in reached} == reached


def test_each_side_has_a_grace_time_of_its_own(server, database, run):
    run("place", "assign")
    database.orders("UPDATE orders SET completed_at = now() - interval '10 minutes' WHERE order_id = 'A-1001'")
    assert (reaches(server, CUSTOMER), reaches(server, AGENT)) == (AGENT, None)
    database.orders("UPDATE orders SET completed_at = now() - interval '31 minutes' WHERE order_id = 'A-1001'")
    assert (reaches(server, CUSTOMER), reaches(server, AGENT)) == (None, None)


def test_grace_time_ends_while_the_server_runs(server, database, run):
    run("place", "assign")
    database.orders("UPDATE orders SET completed_at = now() - interval '5 minutes'"
                    " + interval '1 second' WHERE order_id = 'A-1001'")
    eventually(lambda: reaches(server, AGENT) is None)
    assert reaches(server, CUSTOMER) == AGENT


def test_reopened_order_connects_again(server, database, run):
    run("place", "assign")
    database.orders("UPDATE orders SET completed_at = now() - interval '2 hours' WHERE order_id = 'A-1001'")
    assert reaches(server, CUSTOMER) is None
    run("reopen")
    assert (reaches(server, CUSTOMER), reaches(server, AGENT)) == (AGENT, CUSTOMER)
