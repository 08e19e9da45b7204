"""Compares a load's ledger with what the database has on record."""
import time
from pathlib import Path

from lxml import etree

SCHEMA = Path(__file__).resolve().parents[2] / "server" / "tools" / "plivo" / "response.rng"
WRITTEN_WITHIN = 60  # seconds for apologies to be written, once the database is back


def _is_excused(answer, ends):
    """Was its connection open at a moment when a server ended?"""
    return any(answer.opened <= ended and answer.received >= began for began, ended in ends)


def check_answers(load, ends=(), calls=None):
    """Each webhook got 200 and good XML within the deadline, and nobody the wrong person.
    calls: those to look at, else all of the ledger. ends: the moments (from, until) in which
    a server ended; a request on a connection that was open then may be without an answer."""
    bad = load.answers("bad", calls=calls)
    assert not bad, f"{len(bad)} bad answers: {sorted({answer.detail for answer in bad})}"
    none = [answer for answer in load.answers("none", calls=calls)
            if not _is_excused(answer, ends)]
    assert not none, f"{len(none)} requests without an answer"
    late = load.too_late(calls)
    assert not late, f"{len(late)} answers too late: {sorted(late)[-5:]}"
    schema = etree.RelaxNG(etree.parse(str(SCHEMA)))
    for body in load.bodies:
        assert schema.validate(etree.fromstring(body.encode())), body


def _told(call):
    """What this call was told last: a set, as answers that overlap have no order."""
    whole = [answer for answer in call.answers if answer.kind in ("connected", "spoken")]
    if not whole:
        return set()
    last = max(whole, key=lambda answer: answer.received)
    return {answer.kind for answer in whole if answer.received >= last.sent}


def _problem(call, rows, apologies_kept):
    told = _told(call)
    if len(rows) > 1:
        return "twice on record"
    if not told or (told == {"spoken"} and not apologies_kept):
        return None  # what is on record is allowed to be there
    if not rows:
        return f"told {told}, not on record"
    outcome, orders = rows[0]
    if "none" in {answer.kind for answer in call.answers}:
        return None  # asked again, perhaps, after that answer
    if call.counterpart == "":
        return None if outcome in ("unknown_caller", "apologised") else f"a stranger was {outcome}"
    allowed = {"connected": "connected", "spoken": "apologised"}
    if outcome not in {allowed[kind] for kind in told}:
        return f"told {told}, on record as {outcome}"
    if outcome == "connected" and orders != [call.order]:
        return "on record with the wrong order"
    return None


def _compare(calls, database, apologies_kept):
    rows = {}
    for call_uuid, outcome, orders in database.query(
            "SELECT call_uuid::text, outcome::text, order_ids::text[] FROM masking.calls"
            " WHERE call_uuid = ANY (%s)", [call.uuid for call in calls]):
        rows.setdefault(call_uuid, []).append((outcome, orders))
    problems = {}
    for call in calls:
        problem = _problem(call, rows.get(call.uuid, []), apologies_kept)
        if problem:
            problems.setdefault(problem, []).append(call.uuid)
    return {problem: (len(calls), calls[:3]) for problem, calls in problems.items()}


def check_record(load, database, apologies_kept=True, calls=None):
    """Everybody answered is on record, once, as answered. Apologies may still be on their
    way; apologies_kept=False: some were given without a record."""
    deadline = time.monotonic() + WRITTEN_WITHIN
    while problems := _compare(load.ledger if calls is None else calls, database, apologies_kept):
        assert time.monotonic() < deadline, problems
        time.sleep(0.3)


def check_unanswered(load, database):
    """Whoever got no answer has no record either."""
    unanswered = [call.uuid for call in load.ledger
                  if call.answers and all(answer.kind == "none" for answer in call.answers)]
    recorded = database.query("SELECT call_uuid FROM masking.calls WHERE call_uuid = ANY (%s)",
                              unanswered)
    assert not recorded, f"{len(recorded)} of {len(unanswered)} unanswered calls are on record"
