"""database.py - what the Python tests of this folder share: a fresh database
made from the migrated template, connections as a role, and the questions that
must hold at any time. tests/db/run makes the cluster and sets PGHOST."""

import contextlib
import itertools
import os

import psycopg2

# LONG=yes: counts at which chance finds what it seldom finds. The others show a rule that is broken.
LONG = os.environ.get("LONG") == "yes"

_number = itertools.count(1)

# Two live routes for one caller and number to different people; NULL is any number.
AMBIGUOUS = """
    SELECT a.order_id, b.order_id FROM masking.routes a JOIN masking.routes b
    ON a.caller = b.caller AND (a.proxy = b.proxy OR a.proxy IS NULL OR b.proxy IS NULL)
    AND a.callee < b.callee AND a.held && b.held AND NOT isempty(a.held * b.held)"""
# An order that is neither routed both ways nor waiting.
LOST = """
    SELECT o.order_id FROM masking.orders o WHERE o.agent_number IS NOT NULL
    AND o.completed_at IS NULL AND o.cancelled_at IS NULL AND o.unmasked_since IS NULL
    AND 2 <> (SELECT count(*) FROM masking.routes r WHERE r.order_id = o.order_id AND upper(r.live) > now()
        AND r.proxy IS NOT DISTINCT FROM o.proxy_number::bigint
        AND o.customer_number::bigint IN (r.caller, r.callee) AND o.agent_number::bigint IN (r.caller, r.callee))"""


def connect(name, role="postgres", isolation=None):
    """isolation=None: autocommit. What takes minutes hangs, and fails; a role's own limits, which a busy
    machine may reach, are another test's business."""
    connection = psycopg2.connect(dbname=name, user=role, options="-c statement_timeout=5min -c lock_timeout=1min")
    if isolation is None:
        connection.autocommit = True
    else:
        connection.set_session(isolation_level=isolation)
    return connection


@contextlib.contextmanager
def fresh():
    """The name of a new migrated database, dropped at the end."""
    name = f"python_{next(_number)}"
    admin = connect("postgres")
    try:
        ask(admin, f"CREATE DATABASE {name} TEMPLATE migrated")
        yield name
    finally:
        ask(admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.close()


def ask(connection, statement, *values):
    """All rows of one statement; [] if it returns none."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def one(connection, statement, *values):
    return ask(connection, statement, *values)[0][0]


def fill_pool(connection, size):
    ask(connection, "INSERT INTO masking.proxy_numbers (number) SELECT 14155550100 + g FROM generate_series(0, %s) g",
        size - 1)


def setting(connection, name, value):
    """A span is given in seconds."""
    ask(connection, "SELECT tests.set(%s, %s)", name, str(value))
