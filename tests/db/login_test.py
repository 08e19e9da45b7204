"""Promise 1, tried by logging in: what the server's role and the order system's
role may not do, and what is set for them."""

import psycopg2
import pytest

from database import ask, connect, fresh, one

FORBIDDEN = [
    "SELECT * FROM masking.orders", "SELECT * FROM masking.routes", "SELECT * FROM masking.calls",
    "SELECT * FROM masking.secrets", "SELECT customer_number FROM masking.orders", "TABLE masking.unmasked_orders",
    "COPY masking.orders TO STDOUT", "COPY masking.calls FROM STDIN", "COPY (SELECT 1) TO PROGRAM 'cat'",
    "COPY (SELECT 1) TO '/tmp/x'",
    "CREATE TEMPORARY TABLE mine (a integer)", "CREATE TABLE mine (a integer)", "CREATE SCHEMA mine",
    "CREATE FUNCTION masking.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "CREATE EXTENSION hstore",
    "SELECT pg_read_file('/etc/passwd')", "SELECT pg_ls_dir('/')", "SELECT lo_import('/etc/passwd')",
    "SELECT lo_create(0)", "SELECT lo_creat(-1)", "SELECT lo_from_bytea(0, 'x')", "SELECT lo_put(1, 0, 'x')",
    "SELECT lo_unlink(1)", "SELECT lo_open(1, 131072)", "SELECT lo_import('/etc/passwd', 1)",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT pg_reload_conf()", "SELECT * FROM pg_authid", "SELECT * FROM pg_shadow",
    "SET ROLE masking_owner", "SET ROLE masking_orders", "SET ROLE postgres", "SET SESSION AUTHORIZATION postgres",
    "ALTER ROLE masking_server SUPERUSER", "ALTER ROLE masking_orders PASSWORD 'x'", "CREATE ROLE mine",
    "CREATE DATABASE mine", "ALTER SYSTEM SET log_statement = 'all'", "SET log_min_error_statement = 'debug5'",
    "SELECT masking.route_order(NULL, NULL, NULL)", "SELECT masking.hashed(14156667777)",
    "SELECT * FROM masking.explain_route('14156667777', '14155550100')", "SELECT * FROM masking.erase_person('14156667777')",
]


@pytest.fixture
def server():
    # The database that was migrated itself: rights on a database are not copied
    # with it. Left after each test, because it is copied for others.
    connection = connect("migrated", "masking_server")
    yield connection
    connection.close()


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_server_may_not(server, statement):
    with pytest.raises(psycopg2.Error) as caught:
        if statement.startswith("COPY") and "STD" in statement:
            with server.cursor() as cursor, open("/dev/null", "r+", encoding="ascii") as nothing:
                cursor.copy_expert(statement, nothing)
        else:
            ask(server, statement)
    assert caught.value.pgcode == "42501"


# What it may do elsewhere, to be looked into without a password of anybody else.
ELSEWHERE = [
    "CREATE TABLE mine (a integer)", "CREATE TABLE public.mine (a integer)", "CREATE SCHEMA mine",
    "CREATE EXTENSION hstore", "SELECT * FROM masking.orders", "SELECT * FROM public.theirs", "INSERT INTO public.theirs VALUES ('x')",
    "COPY public.theirs TO STDOUT", "SELECT pg_read_file('/etc/passwd')", "SELECT * FROM pg_authid", "SET ROLE masking_owner",
    "ALTER ROLE masking_server SUPERUSER",
]


@pytest.fixture(scope="module")
def elsewhere():
    """Databases that are not the service's: those of every cluster, and one with a table."""
    with fresh() as name:
        owner = connect(name)
        ask(owner, "CREATE TABLE public.theirs (secret text)")
        owner.close()
        yield ["postgres", "template1", name]


@pytest.mark.parametrize("statement", ELSEWHERE)
def test_the_server_may_not_in_another_database(elsewhere, statement):
    """Connecting is for pg_hba.conf to forbid; getting anything out of it is what counts."""
    refusals = ("42501", "3F000", "42P01")  # not allowed; no such schema; no such table
    for name in elsewhere:
        connection = connect(name, "masking_server")
        with pytest.raises(psycopg2.Error) as caught:
            if statement.startswith("COPY"):
                with connection.cursor() as cursor, open("/dev/null", "w", encoding="ascii") as nothing:
                    cursor.copy_expert(statement, nothing)
            else:
                ask(connection, statement)
        assert caught.value.pgcode in refusals, name
        connection.close()


def test_the_order_system_may_make_nothing_temporary():
    orders = connect("migrated", "masking_orders")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(orders, "CREATE TEMPORARY TABLE mine (a integer)")
    orders.close()


@pytest.mark.parametrize("name, value", [
    ("search_path", "pg_catalog"), ("lock_timeout", "200ms"), ("statement_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "5s"), ("log_min_error_statement", "panic"), ("log_parameter_max_length", "0"),
])
def test_set_for_the_server(name, value):
    connection = psycopg2.connect(dbname="migrated", user="masking_server")
    assert one(connection, f"SHOW {name}") == value
    connection.close()


def test_the_order_system_writes_orders_without_naming_a_schema():
    with fresh() as name:
        orders = connect(name, "masking_orders")
        ask(orders, "INSERT INTO orders (order_id, customer_number) VALUES ('A', '14156667777')")
        assert one(orders, "SHOW log_min_error_statement") == "panic"
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(orders, "SELECT * FROM routes")
        orders.close()


def test_a_temporary_type_is_never_taken_for_ours():
    """Temporary objects come first unless a search path names them: a domain
    called text would run its check as whoever owns our functions."""
    with fresh() as name:
        orders = connect(name, "masking_orders")
        ask(orders, """
            CREATE FUNCTION pg_temp.evil(pg_catalog.text) RETURNS boolean LANGUAGE plpgsql AS $$
            BEGIN
              IF current_user = 'masking_owner' THEN
                EXECUTE 'GRANT SELECT ON masking.secrets TO masking_orders';
              END IF;
              RETURN true;
            END $$;
            CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (pg_temp.evil(VALUE::pg_catalog.text))""")
        for statement in ("INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778')",
                          "UPDATE orders SET completed_at = now()", "SELECT * FROM masking.assign_pending()",
                          "DELETE FROM orders"):
            ask(orders, statement)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(orders, "SELECT * FROM masking.secrets")
        orders.close()


def test_no_error_shows_a_whole_number():
    """Every way an order can be refused, and the whole text of each error."""
    refused = [
        ("INSERT INTO orders (order_id, customer_number) VALUES ('B', %s)", "4156667777x"),
        ("INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('B', '14156667777', %s)", "+1 415 666 7777"),
        ("INSERT INTO orders (order_id, agent_number) VALUES ('B', %s)", "14156667777"),
        ("INSERT INTO orders (customer_number) VALUES (%s)", "14156667777"),
        ("INSERT INTO orders (order_id, customer_number) VALUES ('A', %s)", "14156667777"),
        ("UPDATE orders SET customer_number = NULL WHERE agent_number = %s", "14156667778"),
        ("UPDATE orders SET agent_number = %s", "14156667777"),
        ("INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('B', '14156667777', %s)", "14156667779"),
    ]
    with fresh() as name:
        owner = connect(name)
        ask(owner, "INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100')")
        orders = connect(name, "masking_orders")
        ask(orders, "INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('A', '14156667777', '14156667778')")
        ask(owner, "UPDATE masking.settings SET is_on = true WHERE name = 'refuse_unmasked'")
        for statement, value in refused:
            with pytest.raises(psycopg2.Error) as caught:
                ask(orders, statement, value)
            diagnosis = caught.value.diag
            text = " ".join(str(getattr(diagnosis, a)) for a in dir(diagnosis) if not a.startswith("_"))
            for number in ("4156667777", "4156667778", "4156667779"):
                assert number not in text, statement
        orders.close()
        owner.close()
