"""The order system may write a number as Plivo may send one: masking.e164 runs the
table that number_parse is tested with, tests/cases/number.tsv. Which numbers there can be only the
database knows: tests/cases/impossible.tsv."""

import pathlib
import re

import psycopg2
import pytest

from database import one

TABLES = pathlib.Path(__file__).parents[1] / "cases"
ESCAPES = {b"\\t": b"\t", b"\\n": b"\n", b"\\r": b"\r", b"\\\\": b"\\"}


def unescape(cell):
    return re.sub(
        rb"\\([tnr\\]|x[0-9a-f]{2})",
        lambda escape: ESCAPES.get(escape[0]) or bytes.fromhex(escape[1][1:].decode()),
        cell,
    )


def cases(table):
    """Number as written, digits or None, reason; without what is no text in PostgreSQL."""
    for line in (TABLES / table).read_bytes().splitlines():
        if not line or line.startswith(b"#"):
            continue
        written, digits, reason = line.split(b"\t")
        if not reason.startswith(b"C only"):
            yield unescape(written).decode(), digits.decode() or None, reason.decode()


CASES = list(cases("number.tsv"))


@pytest.mark.parametrize("written, digits", [case[:2] for case in CASES], ids=[case[2] for case in CASES])
def test_reads_a_number_as_the_server_does(database, written, digits):
    if digits is None:
        with pytest.raises(psycopg2.Error) as refused:
            one(database, "SELECT masking.e164(%s, 'agent_number')", written)
        assert refused.value.pgcode == "MK001"
    else:
        assert one(database, "SELECT masking.e164(%s, 'agent_number')", written) == digits


@pytest.mark.parametrize("written, digits, said", cases("impossible.tsv"), ids=lambda cell: cell or "refused")
def test_refuses_what_cannot_be_a_number(database, written, digits, said):
    """With both readings, and no more of the number than two digits."""
    if digits:
        assert one(database, "SELECT masking.e164(%s, 'agent_number')", written) == digits
        return
    with pytest.raises(psycopg2.Error) as refused:
        one(database, "SELECT masking.e164(%s, 'agent_number')", written)
    told, (why, meant) = refused.value.diag, said.split(" / ")
    assert (told.sqlstate, told.column_name) == ("MK001", "agent_number")
    assert why in told.message_primary and meant in told.message_hint
    assert told.message_primary.startswith(f'agent_number: "**{re.sub("[^0-9]", "", written)[-2:]}" is not a phone number')
    assert not re.search(r"\d{4}", told.message_primary + told.message_hint)
