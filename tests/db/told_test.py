"""What Plivo tells about a call stands three times: as columns of calls, in the list of record_events, and
beside Plivo's parameters in server/event.c. Here the three are held against each other. A name that one of
them lacks would be lost on the way, or fail every event of its kind."""

import json
import pathlib
import re

import pytest

from database import ask

EVENT_C = (pathlib.Path(__file__).parents[2] / "server" / "event.c").read_text()
# The columns of calls that no event tells.
OWN = set("called_at answered_at placed proxy ask route_id caller_hash call_uuid given_up outcome side order_ids caller_digits"
          " repeats earlier_answers".split())
# Of each type three values, the greatest last.
VALUES = {"text": ("a", "b", "c"), "boolean": (None, "false", "true"), "integer": ("8", "9", "10"),
          "bigint": ("8", "9", "10"), "numeric": ("8.5", "9", "10.25"), "text[]": (["a"], ["b"], ["c"]), "jsonb": ([1], [2], [3]),
          "timestamp with time zone": ("2026-01-01", "2026-01-02", "2026-01-03")}


@pytest.fixture(scope="module")
def columns(database):
    """The columns of calls, with their types."""
    return dict(ask(database, "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
                    " WHERE attrelid = 'masking.calls'::regclass AND attnum > 0 AND NOT attisdropped"))


def tell(database, call, told):
    """The call's row then, and its version."""
    ask(database, "SELECT tests.tell(%s, %s)", call, json.dumps(told))
    return ask(database, "SELECT to_jsonb(c), c.ctid FROM masking.calls c WHERE call_uuid = %s", call)[0]


def all_of(columns, rank):
    return {name: VALUES[type_of][rank] for name, type_of in columns.items()}


def test_what_servers_tell_is_what_is_kept(database, columns):
    before, _ = tell(database, "all", {})
    after, _ = tell(database, "all", all_of(columns, 2))
    kept = {name for name in columns if after[name] != before[name]}
    told = set(re.findall(r'(?:\.column = |tell_\w+\(&event, (?:[\w>-]+, )?)"(\w+)"', EVENT_C))
    assert told == kept == set(columns) - OWN


def test_each_parameter_has_a_place_of_its_own():
    tables = re.findall(r"_fields\[\] = \{(.*?)\n\};", EVENT_C, re.S)
    assert [re.findall(r"TOLD\((\d)\)", table) for table in tables] == [
        [str(place) for place in range(table.count("TOLD("))] for table in tables]


def test_a_lesser_value_writes_nothing(database, columns):
    first, _ = tell(database, "once", all_of(columns, 1))
    greatest = tell(database, "once", all_of(columns, 2))
    assert greatest[0] != first
    assert tell(database, "once", all_of(columns, 0)) == tell(database, "once", all_of(columns, 1)) == greatest
