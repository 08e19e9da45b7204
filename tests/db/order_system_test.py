"""Promise 5: the statements in sql/order_system, exactly as shipped, sent by the
order system's role, do what their comments say."""

import pathlib

import pytest

from database import ask, connect, fill_pool, fresh, one

NOBODY = "nobody"  # in whatever words: strangers_test.sql has those
FOLDER = pathlib.Path(__file__).parents[2] / "sql" / "order_system"


@pytest.fixture(scope="module")
def system():
    with fresh() as name:
        owner = connect(name)
        fill_pool(owner, 1)
        orders = connect(name, "masking_orders")
        yield owner, orders
        orders.close()
        owner.close()


def reaches(owner, caller, dialled=14155550100):
    found = one(owner, "SELECT tests.reaches(%s, %s)", caller, dialled)
    return NOBODY if found in ("unknown_caller", "order_waiting", "order_over", "other_number") else found


ANY = None  # rows that differ from run to run

# In this order they are one story; each line: file, what it returns, and who
# the customer of A-1001 and the two agents reach afterwards.
STORY = [
    ("place", [], NOBODY, NOBODY, NOBODY),
    ("assign", [("14155550100", "masked")], "14156667002", "14156667001", NOBODY),
    ("place_assigned", [("14155550100", "masked")], "14156667002", "14156667001", NOBODY),
    ("swap_agent", [("14155550100", "masked")], "14156667005", NOBODY, "14156667001"),
    ("add_phone", [], "14156667005", NOBODY, "14156667001"),
    ("remove_phone", [], "14156667005", NOBODY, "14156667001"),
    ("block", [], "blocked", NOBODY, "14156667001"),
    ("unblock", [], "14156667005", NOBODY, "14156667001"),
    ("codes", [(None, None)], "14156667005", NOBODY, "14156667001"),
    ("calls", ANY, "14156667005", NOBODY, "14156667001"),
    ("request_call", ANY, "14156667005", NOBODY, "14156667001"),
    ("complete", [], "14156667005", NOBODY, "14156667001"),
    ("reopen", [("14155550100", "masked")], "14156667005", NOBODY, "14156667001"),
    ("correct_customer", [("14155550100", "masked")], NOBODY, NOBODY, "14156667006"),
    ("remove_agent", [], NOBODY, NOBODY, NOBODY),
    ("cancel", [], NOBODY, NOBODY, NOBODY),
    ("unmasked", [], NOBODY, NOBODY, NOBODY),
    ("feed", [], NOBODY, NOBODY, NOBODY),
    ("delete", [], NOBODY, NOBODY, NOBODY),
]


@pytest.mark.parametrize("file, returned, customer, first_agent, second_agent", STORY, ids=[s[0] for s in STORY])
def test_story(system, file, returned, customer, first_agent, second_agent):
    owner, orders = system
    rows = ask(orders, (FOLDER / f"{file}.sql").read_text())
    assert rows if returned is ANY else rows == returned
    assert (reaches(owner, 14156667007) == "14156667005") == (file == "add_phone")
    assert reaches(owner, 14156667001) == customer
    assert reaches(owner, 14156667002) == first_agent
    assert reaches(owner, 14156667005) == second_agent


def test_no_file_is_left_out():
    assert {p.stem for p in FOLDER.glob("*.sql")} == {s[0] for s in STORY}


def test_they_change_only_what_they_say(system):
    owner, _ = system
    assert ask(owner, "SELECT order_id, customer_number FROM masking.orders") == [("A-1002", "14156667003")]
