"""The service's promises: each is shown by a test that names it.

A test says "Promise N" in its docstring. This file holds the list, checks that no
promise is without a test, and shows what no other file shows.
"""
import re
from pathlib import Path

import psycopg2
import pytest

from server import CALLER, COUNTERPART, PROXY

PROMISES = {
    1: "Nobody learns a number.",
    2: "Never the wrong person.",
    3: "Plivo always gets a good answer.",
    4: "Every decision is on record.",
    5: "Masking lives in the order's own transaction.",
    6: "Strangers get nothing.",
    7: "It heals itself.",
}


@pytest.mark.parametrize("promise", PROMISES, ids=PROMISES.values())
def test_each_promise_is_named_by_a_test_that_shows_it(promise):
    here = Path(__file__)
    shown = [path.name for path in here.parent.glob("test_*.py") if path != here
             and re.search(rf"\b[Pp]romises? (\d(, | and ))*{promise}\b",
                           path.read_text(encoding="utf-8"))]
    assert shown


@pytest.mark.parametrize("question", [
    "SELECT * FROM masking.orders", "SELECT * FROM masking.routes", "SELECT * FROM masking.calls",
    "SELECT * FROM masking.proxy_numbers", "COPY masking.orders TO STDOUT",
    "CREATE TABLE masking.mine (x int)",
    "CREATE TEMP TABLE mine (x int)",
    "SET ROLE masking_owner", "SET ROLE masking_orders",
    "INSERT INTO masking.orders (order_id, customer_number) VALUES ('x', '14156661234')"])
def test_the_servers_database_role_may_not_look_around(migrated_database, question):
    """Promise 1: it can only ask one narrow question per call."""
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        migrated_database.query(question, role="masking_server")


def test_record_keeps_no_number_of_a_connected_party(server, database):
    """Promise 1 and 4: who was called is an order, not a number."""
    server.call(CALLER, call_uuid="promises-1")
    rows = database.query("SELECT c::text FROM masking.calls c WHERE call_uuid = 'promises-1'")
    assert len(rows) == 1
    assert CALLER not in rows[0][0] and COUNTERPART not in rows[0][0] and PROXY in rows[0][0]
