"""What the programs call is listed in sql/server/interface.tsv, by interface: the statements of sql/server
and the migrated schema are held against it. A server compares the interfaces' numbers before it is ready,
and nothing else: where a function got other arguments and no number was raised, it loses every event."""

import pathlib
import re

import psycopg2
import pytest

from database import ask, one

ROOT = pathlib.Path(__file__).parents[2]
LINES = (ROOT / "sql" / "server" / "interface.tsv").read_text().splitlines()
HOW_TO = "\n".join(line for line in LINES if line.startswith("#"))
HEADER = (ROOT / "server" / "lib" / "interface.h").read_text()
# Each function and, as the list has them, its program's role, its arguments' types and its row.
FUNCTIONS = """
    SELECT p.oid,
      coalesce((SELECT string_agg(a.grantee::regrole::text, ', ' ORDER BY a.grantee::regrole::text) FROM aclexplode(p.proacl) a
        WHERE a.grantee::regrole::text IN ('masking_caller', 'masking_console', 'masking_plivo', 'masking_server')), 'nobody'),
      format('%s(%s)', p.proname, (SELECT string_agg(format_type(t, NULL)
          || CASE WHEN i > p.pronargs - p.pronargdefaults THEN ' DEFAULT' ELSE '' END, ', ' ORDER BY i)
        FROM unnest(p.proargtypes) WITH ORDINALITY u (t, i))),
      coalesce(
        (SELECT string_agg(p.proargnames[i] || ' ' || format_type(p.proallargtypes[i], NULL), ', ' ORDER BY i)
         FROM generate_subscripts(p.proallargtypes, 1) i WHERE p.proargmodes[i] IN ('o', 'b', 't')),
        (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
         FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE t.oid = p.prorettype),
        format_type(p.prorettype, NULL))
    FROM pg_proc p WHERE p.pronamespace = 'masking'::regnamespace"""
LISTED = {}  # interface: its lines
for line in LINES:
    if not line.startswith("#"):
        number, *call = line.split("\t")
        LISTED.setdefault(int(number), set()).add(tuple(call))
NEWEST = max(LISTED)


@pytest.fixture(scope="module")
def functions(database):
    return {oid: tuple(line) for oid, *line in ask(database, FUNCTIONS)}


def fail(*findings):
    pytest.fail("\n".join([*findings, "", HOW_TO]), pytrace=False)


def lines(before, calls):
    return [before + "\t".join(call) for call in sorted(calls)]


def test_the_programs_call_what_the_newest_interface_lists(database, functions):
    """Which function a statement calls is PostgreSQL's to say: it notes what a function made of the statement
    depends on. What a statement does not cast is an array of texts in each program."""
    called, unfit = set(), []
    for file in sorted((ROOT / "sql" / "server").glob("*.sql")):
        try:
            ask(database, f"CREATE FUNCTION tests.of_{file.stem}({', '.join(['text[]'] * 9)}) RETURNS void"
                f" LANGUAGE sql BEGIN ATOMIC {file.read_text()}; END")
        except psycopg2.Error as error:
            unfit.append(f"sql/server/{file.name} does not fit the schema: {error}")
            continue
        found = {functions[oid] for oid, in ask(database, f"""
            SELECT refobjid FROM pg_depend WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_proc'::regclass
            AND objid = 'tests.of_{file.stem}'::regproc""") if oid in functions}
        assert found, f"{file.name} calls no function of the schema"
        called |= found
    if unfit or called != LISTED[NEWEST]:
        fail(*unfit, f"What the programs call is not what sql/server/interface.tsv lists for interface {NEWEST}:",
             *lines("  listed: ", LISTED[NEWEST] - called), *lines("  called: ", called - LISTED[NEWEST]))


@pytest.mark.parametrize("interface", LISTED)
def test_the_schema_has_what_was_listed(functions, interface):
    """A binary of the last release finds all that it calls."""
    missing = LISTED[interface] - set(functions.values())
    if missing:
        fail(f"The schema says that it serves interface {interface}, and lacks:", *lines("  ", missing))


def test_a_server_calls_nothing_that_its_oldest_interface_lacks():
    """It is ready on a schema that serves no newer one."""
    oldest = int(re.search(r"INTERFACE_OLDEST = (\d+)", HEADER)[1])
    for interface in range(oldest, NEWEST):
        lacks = LISTED[NEWEST] - LISTED.get(interface, set())
        if lacks:
            fail(f"By interface.h servers can use interface {interface}, and it lacks what they call:", *lines("  ", lacks))


def test_the_server_has_a_path_for_each_try_at_a_code(database):
    """The try is told in the path: without one the last question would lead to 404."""
    paths = re.findall(r'PATH_CODE "(\d+)"', (ROOT / "server" / "endpoints.def").read_text())
    assert paths == [str(n + 1) for n in range(one(database, "SELECT masking.code_tries()"))]
