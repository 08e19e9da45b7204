"""Promise 3 and 4 where many calls share statements: nobody is kept waiting by another's trouble,
and nobody gets an answer that was not made for him."""
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from server import PAIRS, STRANGER, eventually

CALLER = PAIRS[0][0]
ANSWER_CALLS = "masking.answer_calls"


def signature_of(database, name):
    """The function with its argument types, as DDL wants it."""
    return database.query("SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.oid = %s::regproc",
                          name)[0][0]


@pytest.fixture
def replaced(database):
    """replaced(NAME, BODY): another body for a function of no arguments or any, until the test
    has ended; the old one is reachable as NAME_before."""
    undo = []

    def replace(name, make_body):
        definition = database.query("SELECT pg_get_functiondef(%s::regproc)", name)[0][0]
        old = signature_of(database, name)
        schema, bare = name.split(".")
        database.query(f"ALTER FUNCTION {old} RENAME TO {bare}_before")
        head = definition[:definition.index("LANGUAGE")]
        database.query(f"{head} LANGUAGE plpgsql SECURITY DEFINER AS $f$ {make_body} $f$")
        fresh = signature_of(database, name)
        database.query(f"GRANT EXECUTE ON FUNCTION {fresh} TO masking_server")
        undo.append((fresh, f"{schema}.{bare}_before", bare))

    yield replace
    for fresh, before, bare in undo:
        database.query(f"DROP FUNCTION {fresh}")
        database.query(f"ALTER FUNCTION {signature_of(database, before)} RENAME TO {bare}")


def test_a_connection_that_fails_does_not_delay_the_other(start_server, database):
    """A thread that waits to connect again must not take the wake-up for a call: each call
    would then be found by the next ping only, after this deadline."""
    role_limit = "ALTER ROLE masking_server CONNECTION LIMIT {}"
    in_use = database.cluster.administer
    server = start_server(ANSWER_DEADLINE_MS="200", DATABASE_CONNECTIONS="3")
    eventually(lambda: server.call(CALLER).dial)
    in_use(role_limit.format(2))  # the chores have one, or want it
    try:
        in_use("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
               f" WHERE usename = 'masking_server' AND datname = '{database.name}'")
        eventually(lambda: server.call(CALLER).dial)
        # A busy machine may make a few late.
        assert sum(1 for _ in range(40) if server.call(CALLER).dial) >= 30
    finally:
        in_use(role_limit.format(-1))


def test_an_answer_that_is_missing_is_nobody_elses(start_server, replaced):
    """Promise 2, should the database ever leave a call out: its place in memory held the answer
    of an earlier batch."""
    server = start_server(DATABASE_CONNECTIONS="1")
    eventually(lambda: server.call(CALLER).dial)
    replaced(ANSWER_CALLS, "BEGIN RETURN; END")
    assert server.call(STRANGER).refusal
    assert server.call(PAIRS[1][0]).refusal


@pytest.mark.parametrize("column", ["counterpart integer", "digits bigint", "callee bigint"])
def test_an_answer_of_another_shape_is_an_error(start_server, database, column):
    """A number read as another type would be another number, or nobody's: nobody is rung."""
    server = start_server()
    eventually(lambda: server.call(CALLER).dial)
    old = signature_of(database, ANSWER_CALLS)
    columns = ["place integer", "outcome text", "counterpart bigint", "say text", "voice text",
               "language text", "digits integer"]
    place = {"counterpart integer": 2, "callee bigint": 2, "digits bigint": 6}[column]
    columns[place] = column
    arguments = old[old.index("(") + 1:-1]
    database.query(f"ALTER FUNCTION {old} RENAME TO answer_calls_before")
    database.query(f"""
        CREATE FUNCTION masking.answer_calls({arguments}) RETURNS TABLE ({", ".join(columns)})
        LANGUAGE sql SECURITY DEFINER AS $$
          SELECT n::integer, 'connected', 1415, NULL, NULL, NULL, NULL::integer
          FROM generate_series(1, cardinality($1)) n $$""")
    try:
        assert server.call(CALLER).refusal
        eventually(lambda: "event=result_unexpected statement=answer_calls" in server.log or
                   "event=statement_failed statement=answer_calls" in server.log)
    finally:
        database.query(f"DROP FUNCTION {signature_of(database, ANSWER_CALLS)}")
        database.query(f"ALTER FUNCTION {signature_of(database, ANSWER_CALLS + '_before')}"
                       " RENAME TO answer_calls")


def test_an_answer_with_one_more_column_is_an_answer(start_server, database):
    """A schema that tells more than this server reads, as between a migration and the new servers;
    and one that was put back, also for a server that came in between."""
    servers = [start_server()]
    eventually(lambda: servers[0].call(CALLER).dial)
    database.query("ALTER TYPE masking.answer ADD ATTRIBUTE more integer")
    try:
        servers.append(start_server())
        for server in servers:
            eventually(lambda: server.call(CALLER).dial)
            assert all(server.call(CALLER).dial for _ in range(20))
    finally:
        database.query("ALTER TYPE masking.answer DROP ATTRIBUTE more")
    for server in servers:
        eventually(lambda: server.call(CALLER).dial)
        assert "event=result_unexpected" not in server.log


def test_what_was_apologised_for_is_never_on_record_as_connected(start_server, database):
    """One call that the database cannot work with makes its batch go one by one, slowly; who has
    heard the apology by then is not asked for any more."""
    database.query("""
        CREATE FUNCTION slow_or_poisoned() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF new.call_uuid LIKE 'poison%%' THEN RAISE division_by_zero; END IF;
          IF new.call_uuid LIKE 'slow%%' THEN PERFORM pg_sleep(0.15); END IF;
          RETURN new;
        END $$;
        CREATE TRIGGER slow_or_poisoned BEFORE INSERT ON masking.calls
        FOR EACH ROW EXECUTE FUNCTION slow_or_poisoned()""")
    server = start_server(ANSWER_DEADLINE_MS="400", DATABASE_CONNECTIONS="1")
    eventually(lambda: server.call(CALLER).dial)
    uuids = ["poison-1"] + [f"slow-{uuid.uuid4()}" for _ in range(8)]
    with ThreadPoolExecutor(len(uuids)) as pool:
        answers = dict(zip(uuids, pool.map(
            lambda call_uuid: server.call(CALLER, call_uuid=call_uuid), uuids)))
    eventually(lambda: database.recorded([u for u in uuids if u != "poison-1"]) == len(uuids) - 1)
    database.query("DROP TRIGGER slow_or_poisoned ON masking.calls")
    # The apologies are written after the answers that they replace.
    connected = {call_uuid for call_uuid in uuids if answers[call_uuid].dial}
    eventually(lambda: {row[0] for row in database.query(
        "SELECT call_uuid FROM masking.calls WHERE call_uuid LIKE 'slow%%'"
        " AND outcome = 'connected'")} == connected)


@pytest.mark.parametrize("connections", ["1", "2"])
def test_a_slow_chore_turns_no_call_away(start_server, replaced, connections):
    """What the clock makes the server ask is no call that waits, and none waits for it."""
    replaced("masking.gauges", "BEGIN PERFORM pg_sleep(4); RETURN; END")
    server = start_server(WORKERS="4", DATABASE_CONNECTIONS=connections)
    for _ in range(3):
        time.sleep(0.6)  # longer than the server calls silence
        assert server.call(CALLER).dial
