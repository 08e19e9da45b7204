"""Whatever a session has set, or a role or database for it, what our functions, triggers and views do is the
same: orders are written by anybody's driver, and support asks from anybody's psql."""

import pathlib
import re

import psycopg2
import pytest

from database import ask, connect, fill_pool, fresh, one, setting

ROOT = pathlib.Path(__file__).parents[2]

# Each as its role asks it; SET ROLE keeps the search path of whoever logged in, so names have their schema.
PLAY = [
    ("masking_owner", "SELECT masking.block_person('+14156660001', 'shouts'), masking.unblock_person('+14156660001')"),
    ("masking_orders", "INSERT INTO masking.orders (order_id, customer_number, agent_number)"
     " VALUES ('A', '+1 (415) 666-0001', '0014156660002') RETURNING customer_number, agent_number, proxy_number, masking, customer_code ~ '^[0-9]+$'"),
    ("masking_orders", "INSERT INTO masking.orders AS o (order_id, customer_number) VALUES ('A', '1.415.666.0001')"
     " ON CONFLICT (order_id) DO UPDATE SET customer_number = EXCLUDED.customer_number, placed_at = o.placed_at, recorded_at = o.recorded_at"
     " RETURNING proxy_number, masking"),
    ("masking_orders", "INSERT INTO masking.orders (order_id, customer_number, agent_number)"
     " VALUES ('B', '14156660001', '14156660003'), ('C', '14156660001', '14156660004') RETURNING proxy_number, masking"),
    ("masking_orders", "INSERT INTO masking.orders (order_id, customer_number) VALUES ('D ', '14156660001')"),
    ("masking_orders", "INSERT INTO masking.orders (order_id, customer_number) VALUES ('D', '0415 666 0001')"),
    ("masking_orders", "UPDATE masking.orders SET proxy_number = '1' WHERE order_id = 'A'"),
    ("masking_orders", "INSERT INTO masking.order_phones (order_id, side, number) VALUES ('A', 'customer', '+52 1 55 1234 5678') RETURNING number"),
    ("masking_orders", "INSERT INTO masking.order_blocks (order_id, side, reason) VALUES ('B', 'agent', 'shouts') RETURNING side"),
    ("masking_server", "SELECT place, outcome, counterpart, say, voice, language, digits, shows"
     " FROM masking.answer_calls('{c1,c2,c3,c4,c5}', '{14156660001,14156660003,5215512345678,14156669999,NULL}',"
     " '{14155550100,14155550101,14155550100,14155550100,14155550100}', '{1,2,3,4,5}', NULL, true, true)"),
    ("masking_server", "SELECT place, outcome, say FROM masking.answer_codes('{c4}', '{14156669999}', '{14155550100}', '{1}', '{123456}', '{6}')"),
    ("masking_server", "SELECT place, outcome, counterpart, say, shows"
     " FROM masking.answer_messages('{m1,m2,m3}', '{14156660001,14156660003,14156669999}', '{14155550100,14155550101,14155550100}',"
     " '{text,text,text}', '{7,8,9}')"),
    ("masking_server", "SELECT place, say FROM masking.record_events('{c1,c1}', '{14155550100,14155550100}', '{NULL,NULL}', ARRAY["
     """'{"callee_answered": true, "callee_cost": "0.0085"}', '{"caller_ended": true, "caller_seconds": 20, "caller_source": "API Request"}'])"""),
    ("masking_server", "SELECT masking.record_apologies('{c6,c1}', '{14155550100,14155550100}', '{2.5,1.25}', '{10,11}')"),
    ("masking_server", "SELECT masking.record_deliveries('{m1}', '{1}', '{1}', '{delivered}', '{NULL}')"),
    ("masking_server", "SELECT masking.record_refusals('{wrong}', '{3}')"),
    ("masking_server", "SELECT place, say FROM masking.find_prompts('{unavailable}', '{14155550100}')"),
    ("masking_support", "SELECT words FROM masking.explain('A')"),
    ("masking_support", "SELECT words FROM masking.explain('14156660001', '14155550100')"),
    ("masking_support", "SELECT words FROM masking.explain('+1 415 666 9999', '14155550100', now())"),
    ("masking_support", "SELECT order_id, caller, outcome, dialled, ring_seconds, talk_seconds, hung_up_by FROM masking.order_calls('A')"),
    ("masking_support", "SELECT caller, outcome, dialled, hung_up_by FROM masking.call_log ORDER BY call_uuid"),
    ("masking_support", "SELECT order_id, side, tries, last_outcome, talked_later FROM masking.missed('1 hour')"),
    ("masking_support", "SELECT * FROM masking.calls_by_country('1 hour')"),
    ("masking_support", "SELECT order_id, writer, outcome, delivery FROM masking.message_log ORDER BY message_uuid"),
    *(("masking_console", f"SELECT part, tone, link, key, cells FROM masking.console_{page}") for page in (
        "now('who')", "order('who', 'A')", "call('who', 'c4')", "pool('who', NULL)", "why('who', '14156660001', NULL, NULL)",
        "why('who', '14156660003', '14155550101', '2026-11-25 4:05')", "calls('who', NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        "calls('who', NULL, '14155550100', NULL, NULL, NULL, '2099-03-02T4:05:06', '1700000000000000-c1')")),
    ("masking_owner", "SELECT masking.typed_times(t) = ARRAY[t::timestamptz] FROM unnest(ARRAY['2026-03-02', '2026-03-02 4:05', '2026-03-02T04:05:06']) t"),
    ("masking_owner", "SELECT (masking.typed_times(to_char(now() - interval '5 minutes', 'HH24:MI')))[1]"
     " BETWEEN now() - interval '7 minutes' AND now()"),
    ("masking_owner", "SELECT masking.plivo_clean('a' || chr(9) || chr(8203) || 'c')"),
    ("masking_orders", "UPDATE masking.orders SET agent_number = '14156660005' WHERE order_id = 'A' RETURNING proxy_number"),
    ("masking_orders", "UPDATE masking.orders SET completed_at = now() - interval '500 days' WHERE order_id = 'A' RETURNING masking"),
    ("masking_orders", "UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'C' RETURNING masking"),
    ("masking_orders", "DELETE FROM masking.order_blocks RETURNING side"),
    ("masking_orders", "DELETE FROM masking.orders WHERE order_id = 'C' RETURNING order_id"),
    ("masking_owner", "SELECT * FROM masking.unmasked_orders"),
    ("masking_owner", "SELECT * FROM masking.pool_status"),
    ("masking_server", "SELECT order_id, proxy_number FROM masking.assign_pending()"),
    ("masking_server", "SELECT name, labels, value::numeric(20, 3) FROM masking.gauges() WHERE name !~ 'age|seconds|total' ORDER BY 1, 2"),
    ("masking_owner", "SELECT * FROM masking.forget_numbers('-1 hours')"),
    ("masking_server", "SELECT * FROM masking.retention_run()"),
    ("masking_owner", "SELECT * FROM masking.erase_person('14156660003')"),
    ("masking_owner", "SELECT * FROM masking.remembered('90 days')"),
    ("masking_owner", "SELECT order_id, customer_number ~ '^-', agent_number ~ '^-', masking FROM masking.orders ORDER BY 1"),
    ("masking_owner", "SELECT masking.schema_interface()"),
]


# What differs from play to play: times, and codes, which are drawn.
OF_THE_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( ?[+-][\d:]+| [\w+<>:-]+)?|-?\d+ s( ago)?|\((GMT|Asia/Kolkata|Pacific/Apia|<-03>.03)\)|The \w+ got a code"
                           # the same within a sentence; the bars of a picture are of the zone's hours
                           r"|\b\d\d:\d\d(:\d\d)?\b|\(bar,.*")


def play(connection):
    """What each statement gave, in a transaction that is rolled back."""
    said = []
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        for role, statement in PLAY:
            cursor.execute(f"SAVEPOINT step; SET LOCAL ROLE {role}")
            try:
                cursor.execute(f"SELECT r::text FROM ({statement}) r" if statement.startswith("SELECT") else statement)
                rows = cursor.fetchall() if cursor.description else []
                said.append((statement, sorted(OF_THE_MOMENT.sub("…", str(row)) for row in rows)))
            except psycopg2.Error as error:
                said.append((statement, [error.pgcode, error.diag.message_primary]))
                cursor.execute("ROLLBACK TO SAVEPOINT step")
            cursor.execute("RESET ROLE")
        cursor.execute("ROLLBACK")
    return said


@pytest.fixture(scope="module")
def played():
    """A database with a pool of two numbers, and what the play gives there."""
    with fresh() as name:
        connection = connect(name)
        fill_pool(connection, 2)
        setting(connection, "codes", True)
        yield name, play(connection)
        connection.close()


# Each alone was tried with each value of every boolean and enumeration of pg_settings.
SETTINGS = [
    {"standard_conforming_strings": "off", "backslash_quote": "off", "DateStyle": "German", "IntervalStyle": "iso_8601",
     "TimeZone": "Asia/Kolkata", "bytea_output": "escape", "extra_float_digits": "-15", "quote_all_identifiers": "on",
     "transform_null_equals": "on", "plpgsql.variable_conflict": "use_column", "plpgsql.extra_errors": "all", "search_path": "pg_temp",
     "client_encoding": "LATIN1", "lc_messages": "C", "lc_monetary": "C", "lc_numeric": "C", "lc_time": "C"},
    {"DateStyle": "Postgres, YMD", "IntervalStyle": "sql_standard", "TimeZone": "Pacific/Apia", "plpgsql.variable_conflict": "use_variable",
     "plpgsql.check_asserts": "off", "check_function_bodies": "off", "row_security": "off", "client_encoding": "SQL_ASCII",
     "xmloption": "document", "xmlbinary": "hex", "session_replication_role": "replica", "constraint_exclusion": "on", "search_path": ""},
    {"DateStyle": "SQL, DMY", "IntervalStyle": "postgres_verbose", "TimeZone": "<-03>+03", "plan_cache_mode": "force_custom_plan",
     "work_mem": "64kB", "join_collapse_limit": "1", "default_transaction_deferrable": "on", "idle_session_timeout": "60s", "synchronous_commit": "off"},
]


def test_it_is_the_same_while_all_tables_are_published(played):
    """A row that cannot be named in a publication can be neither changed nor removed: retention stopped for ever."""
    name, wanted = played
    admin = connect(name)
    ask(admin, "CREATE PUBLICATION everything FOR ALL TABLES")
    ask(admin, "INSERT INTO masking.console_log (looked_at, who, page) VALUES (now() - interval '401 days', 'somebody', 'order');"
        " INSERT INTO masking.block_log (logged_at, did) VALUES (now() - interval '401 days', 'blocked')")
    assert one(admin, "SELECT removed FROM masking.retention_run()") == 2
    assert play(admin) == wanted
    assert ask(admin, "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'masking'::regnamespace AND c.relkind IN ('r', 'p')"
               " AND (c.relreplident <> 'd' OR NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))") == []
    ask(admin, "DROP PUBLICATION everything")
    admin.close()


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: settings["DateStyle"])
def test_it_is_the_same_whatever_a_session_has_set(played, settings):
    name, wanted = played
    connection = connect(name)
    for setting_name, value in settings.items():
        ask(connection, "SELECT set_config(%s, %s, false)", setting_name, value)
    got = play(connection)
    connection.close()
    for (statement, rows), (_, rows_then) in zip(wanted, got):
        assert rows_then == rows, statement


def test_what_programs_send_and_get_is_read_whatever_the_database_has_set():
    """Arrays with NULL in them, and the gauges' numbers, go as text; a role's own setting counts before a database's."""
    with fresh() as name:
        admin = connect(name)
        ask(admin, f"ALTER DATABASE {name} SET array_nulls = off; ALTER DATABASE {name} SET extra_float_digits = -15")
        for role in ("masking_server", "masking_console", "masking_plivo", "masking_caller"):
            connection = connect(name, role)
            assert ask(connection, "SELECT ('{NULL}'::text[])[1]") == [(None,)], role
            if role == "masking_server":
                assert one(connection, "SELECT 1234567.5::double precision::text") == "1234567.5"
            connection.close()
        admin.close()


# A comment, a literal with escapes, a plain one, or anything else; function bodies are read as what they are.
TOKEN = re.compile(r"--[^\n]*|/\*.*?\*/|\bE'(?:[^'\\]|\\.|'')*'|'((?:[^']|'')*)'|.", re.S)


@pytest.mark.parametrize("folder", ["sql", "migrations"])
def test_no_plain_literal_has_a_backslash(folder):
    """With standard_conforming_strings off it would be another literal: [.] and [0-9] are the same in any session."""
    assert [(file.name, match[0]) for file in (ROOT / folder).rglob("*.sql")
            for match in TOKEN.finditer(file.read_text()) if "\\" in (match[1] or "")] == []
