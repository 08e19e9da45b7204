"""The feed's order: every row once, per order as it was written, whoever writes, numbers and reads meanwhile."""

import random
import threading
import time

import psycopg2
import pytest

from database import LONG, ask, connect, fill_pool, fresh, one, setting
from waiting import in_threads, wait_until

WRITERS, WRITES, CALLS = 20, 60 if LONG else 12, 400 if LONG else 80
ENDS = ['{"caller_ended": true}', '{"dial_status": "busy"}', '{"callee_ended": true, "callee_cause": "Busy"}']


@pytest.fixture
def database():
    with fresh() as name:
        owner = connect(name)
        fill_pool(owner, 4)
        setting(owner, "feed_numbers", "true")
        owner.close()
        yield name


def place(connection, order, customer):
    ask(connection, "INSERT INTO orders (order_id, customer_number, agent_number) VALUES (%s, %s, %s)",
        order, str(14156660000 + customer), str(14156670000 + customer))


class Reader:
    """Keeps its position and what it read, as an order system does in one transaction."""

    def __init__(self, name, isolation=None):
        self.connection = connect(name, "masking_orders", isolation)
        self.position, self.rows = 0, []

    def read(self):
        """How many rows were new."""
        rows = ask(self.connection, "SELECT position, order_ids[1], what FROM feed_after(%s, 7)", self.position)
        self.connection.commit()  # of a transaction of its own, where isolation is set
        self.rows += rows
        self.position = rows[-1][0] if rows else self.position
        return len(rows)

    def positions(self):
        return [position for position, *_ in self.rows]

    def of(self, order):
        return [what for _, of, what in self.rows if of == order]


def run(connection):
    return one(connection, "SELECT masking.feed_run(3600)")


def write(name, number, told, seed):
    """Orders that come and go, each in a transaction of its own: short, long, prepared or rolled back."""
    chance = random.Random(seed * 1000 + number)
    connection = connect(name, "masking_orders")
    ask(connection, "SET lock_timeout = 0")
    mine = [f"{number}-{i}" for i in range(3)]
    for n, order in enumerate(mine):
        place(connection, order, number * 10 + n)
        told[order] = ["masked"]
    for turn in range(WRITES):
        kind = chance.choice(["short", "short", "long", "prepared", "rolled back"])
        ask(connection, "BEGIN")
        changed = []
        for order in chance.sample(mine, chance.randint(1, 3)):
            is_masked = told[order][-1] == "masked"
            ask(connection, "UPDATE orders SET cancelled_at = CASE WHEN %s THEN now() END WHERE order_id = %s", is_masked, order)
            changed.append((order, "none" if is_masked else "masked"))
        if kind in ("long", "prepared"):
            time.sleep(chance.random() / 20)
        if kind == "prepared":
            ask(connection, f"PREPARE TRANSACTION '{name}-{number}-{turn}'")
            time.sleep(chance.random() / 20)
            ask(connection, f"COMMIT PREPARED '{name}-{number}-{turn}'")
        else:
            ask(connection, "ROLLBACK" if kind == "rolled back" else "COMMIT")
        if kind != "rolled back":
            for order, what in changed:
                told[order].append(what)
    connection.close()


@pytest.mark.parametrize("seed", range(4 if LONG else 1))
def test_every_row_once_and_per_order_in_order(database, seed):
    owner, told, is_over, errors = connect(database), {}, threading.Event(), []
    readers = [Reader(database), Reader(database)]

    def number(who):
        """As a server's thread: its backend is ended now and then, and it connects anew."""
        chance = random.Random(seed * 1000 + who)
        while not is_over.is_set():
            connection = connect(database, "masking_server")
            try:
                while not is_over.is_set():
                    ask(connection, "SELECT masking.feed_run(3600, %s)", chance.choice([1, 5, 1000]))
                    time.sleep(chance.random() / 100)
            except psycopg2.Error as error:
                if not isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)):
                    errors.append(error)

    def end_numberers():
        while not is_over.wait(0.05):
            ask(connect(database), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'masking_server' AND datname = current_database() ORDER BY random() LIMIT 1")

    def read(reader):
        while not is_over.is_set():
            reader.read() or time.sleep(0.002)

    def write_all():
        try:
            in_threads(*(lambda n=n: write(database, n, told, seed) for n in range(WRITERS)), within=400)
        finally:
            is_over.set()

    in_threads(write_all, end_numberers, *(lambda who=who: number(who) for who in range(2)),
               *(lambda reader=reader: read(reader) for reader in readers), within=500)
    wait_until(lambda: one(owner, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'masking_server' AND datname = current_database()") == 0,
               what="the end of those that number")
    assert errors == []
    while run(owner):
        pass
    for reader in readers:
        while reader.read():
            pass
        first, *_ = reader.positions()
        assert reader.positions() == list(range(first, first + len(reader.rows)))
        assert {order: reader.of(order) for order in told} == told
    assert one(owner, "SELECT count(*) FROM masking.feed_inbox") == 0
    assert len(told) == 3 * WRITERS and sum(map(len, told.values())) == len(readers[0].rows)


def test_each_call_once_whatever_the_order_of_its_events(database):
    """Two servers record asks, and ends in batches, twice and mixed, and number; what both readers have seen is removed."""
    owner, over = connect(database), threading.Event()
    setting(owner, "feed_numbers", "false")
    setting(owner, "feed_calls", "true")
    orders = connect(database, "masking_orders")
    for n in range(4):
        place(orders, str(n), n)
    proxies = [one(owner, "SELECT proxy_number::bigint FROM masking.orders WHERE order_id = %s", str(n)) for n in range(4)]
    readers = [Reader(database), Reader(database, "REPEATABLE READ")]
    all_asked = threading.Barrier(2)

    def record(who):
        chance = random.Random(who)
        connection = connect(database, "masking_server")
        for call in [call for call in range(CALLS) for _ in range(chance.choice([0, 1, 2]))] + list(range(who, CALLS, 2)):
            ask(connection, "SELECT masking.answer_calls(ARRAY[%s], ARRAY[%s], ARRAY[%s], ARRAY[%s])",
                f"call {call}", 14156660000 + call % 4, proxies[call % 4], 1 + chance.getrandbits(60))
        all_asked.wait(60)
        told = [(f"call {call}", end) for call in range(CALLS) for end in ENDS] * 2
        chance.shuffle(told)
        while told:
            batch = [told.pop() for _ in range(min(len(told), chance.randint(1, 12)))]
            ask(connection, "SELECT masking.record_events(%s, %s::bigint[], %s::text[], %s)",
                [call for call, _ in batch], [proxies[0]] * len(batch), [None] * len(batch), [end for _, end in batch])

    def record_all():
        try:
            in_threads(lambda: record(0), lambda: record(1), within=200)
        finally:
            over.set()

    def number():
        connection = connect(database, "masking_server")
        while not over.is_set():
            ask(connection, "SELECT masking.feed_run(3600, 7)")
            time.sleep(0.01)

    def age():
        connection = connect(database)
        while not over.is_set():
            ask(connection, settle)
            ask(connection, "UPDATE masking.feed SET told_at = told_at - interval '8 days' WHERE position <= %s AND told_at > now() - interval '1 day'",
                min(reader.position for reader in readers))
            ask(connection, "SELECT masking.remove_feed(5)")
            time.sleep(0.01)

    def read(reader):
        while not over.is_set():
            reader.read() or time.sleep(0.002)

    settle = "UPDATE masking.feed_inbox SET happened_at = happened_at - interval '10 seconds' WHERE happened_at > now() - interval '9 seconds'"
    in_threads(record_all, number, number, age, *(lambda reader=reader: read(reader) for reader in readers), within=300)
    ask(owner, settle)
    while run(owner):
        pass
    for reader in readers:
        while reader.read():
            pass
        assert {what for *_, what in reader.rows} <= {"busy", "ended"}  # told before the others of its ends came
        assert sorted(order for _, order, _ in reader.rows) == sorted(str(call % 4) for call in range(CALLS))
    # (On a busy machine the thread that removes may never have found anything to remove.)
    ask(owner, "UPDATE masking.feed SET told_at = now() - interval '8 days'")
    ask(owner, "SELECT masking.remove_feed(5)")
    assert one(owner, "SELECT removed FROM masking.feed_counter") > 0


@pytest.mark.parametrize("table, does", [("feed_inbox", "DELETE"), ("feed", "INSERT"), ("feed_counter", "UPDATE")])
def test_a_numberer_that_dies_at_this_step_loses_nothing(database, table, does):
    owner, orders = connect(database), connect(database, "masking_orders")
    reader = Reader(database)
    place(orders, "A", 1)
    run(owner)
    assert reader.read() == 1
    ask(owner, f"""
        CREATE FUNCTION masking.die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
          $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); RETURN NULL; END$$;
        CREATE TRIGGER die AFTER {does} ON masking.{table} EXECUTE FUNCTION masking.die()""")
    ask(orders, "UPDATE orders SET cancelled_at = now() WHERE order_id = 'A'")
    with pytest.raises(psycopg2.OperationalError):
        run(connect(database))
    assert reader.read() == 0
    ask(owner, f"DROP TRIGGER die ON masking.{table}")
    assert run(owner) == 1
    assert reader.read() == 1 and reader.of("A") == ["masked", "none"]
    assert reader.positions()[1] == reader.positions()[0] + 1


def test_a_writer_that_stays_delays_its_own_rows_only(database):
    owner, late, orders = connect(database), connect(database, "masking_orders", "READ COMMITTED"), connect(database, "masking_orders")
    reader = Reader(database)
    place(late, "late", 1)
    place(orders, "B", 2)
    run(owner)
    assert reader.read() == 1 and reader.of("B") == ["masked"]
    place(orders, "C", 3)
    run(owner)
    run(owner)
    late.commit()
    run(owner)
    assert reader.read() == 2 and (reader.of("C"), reader.of("late")) == (["masked"], ["masked"])


def test_a_prepared_transaction_is_told_when_it_commits(database):
    owner, late = connect(database), connect(database, "masking_orders")
    reader = Reader(database)
    ask(late, "BEGIN")
    place(late, "late", 1)
    ask(late, f"PREPARE TRANSACTION '{database}'")
    for n in range(3):
        place(late, f"B{n}", 2 + n)
        run(owner)
    assert reader.read() == 3
    ask(late, f"COMMIT PREPARED '{database}'")
    run(owner)
    assert reader.read() == 1 and reader.of("late") == ["masked"]


def test_a_call_that_somebody_holds_delays_itself_only(database):
    """Transaction B has written one of two calls whose end no word told, and stays prepared."""
    owner, holder, orders = connect(database), connect(database), connect(database, "masking_orders")
    setting(owner, "feed_calls", "true")
    run(owner)
    place(orders, "A", 1)
    for call in ("held", "free"):
        ask(owner, "SELECT tests.answer_calls(ARRAY[%s], '{14156660001}', ARRAY[(SELECT proxy_number::bigint FROM masking.orders)])", call)
    ask(owner, "SELECT tests.pass('2 hours'); UPDATE masking.feed_counter SET swept_to = swept_to - interval '2 hours'")
    ask(holder, "BEGIN; UPDATE masking.calls SET recording_seconds = 1 WHERE call_uuid = 'held'")
    ask(holder, f"PREPARE TRANSACTION '{database}'")
    ask(owner, "SET lock_timeout = '100ms'")
    place(orders, "B", 2)
    for _ in range(3):
        run(owner)
    told = "SELECT coalesce(uuid, order_ids[1]) FROM masking.feed ORDER BY position"
    assert ask(owner, told) == [("A",), ("B",), ("free",)]
    ask(holder, f"COMMIT PREPARED '{database}'")
    for _ in range(2):
        run(owner)
    assert ask(owner, told) == [("A",), ("B",), ("free",), ("held",)]
    assert one(owner, "SELECT swept_to > now() - interval '61 minutes' FROM masking.feed_counter")


def test_one_numbers_and_the_other_waits_for_nothing(database):
    one_of_them, other, orders = connect(database, isolation="READ COMMITTED"), connect(database), connect(database, "masking_orders")
    place(orders, "A", 1)
    assert run(one_of_them) == 1
    place(orders, "B", 2)
    assert run(other) == 0  # the first holds the counter
    one_of_them.commit()
    assert run(other) == 1
    # Nor does what removes.
    ask(other, "UPDATE masking.feed SET told_at = told_at - interval '8 days'; SET lock_timeout = '100ms'")
    place(orders, "C", 3)
    assert run(one_of_them) == 1
    assert one(other, "SELECT masking.remove_feed(5)") == 0
    one_of_them.commit()
    assert one(other, "SELECT masking.remove_feed(5)") == 2


def test_a_numberer_must_see_what_was_committed_meanwhile(database):
    with pytest.raises(psycopg2.Error, match="READ COMMITTED"):
        run(connect(database, isolation="REPEATABLE READ"))


def test_a_server_does_so_whatever_the_database_has_set(database):
    owner = connect(database)
    ask(owner, f"ALTER DATABASE {database} SET default_transaction_isolation = 'repeatable read'")
    place(connect(database, "masking_orders"), "A", 1)
    assert run(connect(database, "masking_server")) == 1


def test_rows_that_are_gone_are_not_looked_through_again(database):
    """A snapshot that stays open, as pg_dump's, keeps dead rows; the search begins behind them all the same."""
    owner, dump = connect(database), connect(database, isolation="REPEATABLE READ")
    orders = connect(database, "masking_orders")
    one(dump, "SELECT count(*) FROM masking.feed_inbox")
    for n in range(5):
        place(orders, f"A{n}", n)
        run(owner)
    place(orders, "B", 9)
    behind = one(owner, "SELECT min(i.feed_id) - c.settled_id FROM masking.feed_inbox i, masking.feed_counter c GROUP BY c.settled_id")
    assert behind <= 2


def test_the_very_first_thing_is_told(database):
    """Also where the feed ran before it, as it does once calls are told."""
    owner, orders = connect(database), connect(database, "masking_orders")
    reader = Reader(database)
    run(owner)
    setting(owner, "feed_calls", "true")
    run(owner)
    place(orders, "A", 1)
    run(owner)
    assert reader.read() == 1 and reader.of("A") == ["masked"]


def test_a_call_that_is_waited_for_stays_ahead_of_the_search(database):
    owner, orders = connect(database), connect(database, "masking_orders")
    setting(owner, "feed_calls", "true")
    reader = Reader(database)
    place(orders, "late", 9)
    ask(owner, "SELECT * FROM tests.answer_calls('{late}', '{14156660009}', ARRAY[(SELECT proxy_number::bigint FROM masking.orders)])")
    ask(owner, "SELECT tests.tell('late', '{\"dial_status\": \"busy\"}')")
    for n in range(4):
        place(orders, f"A{n}", n)
        run(owner)
    ask(owner, "UPDATE masking.feed_inbox SET happened_at = happened_at - interval '10 seconds'")
    run(owner)
    assert reader.read() == 6 and reader.of("late") == ["masked", "busy"]


def test_a_database_that_lost_the_tail_says_so(database):
    """A copy stands for a standby that took over, and for a backup: both go on where the last rows are missing."""
    owner, orders = connect(database), connect(database, "masking_orders")
    reader, behind = Reader(database), Reader(database)
    place(orders, "A", 1)
    run(owner)
    assert reader.read() == 1 and behind.read() == 1
    owner.close()
    orders.close()
    for r in (reader, behind):
        r.connection.close()
    admin = connect("postgres")
    copy = database + "_copy"
    wait_until(lambda: one(admin, "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", database) == 0, what="the end of all sessions")
    ask(admin, f"CREATE DATABASE {copy} TEMPLATE {database}")
    try:
        owner, orders, reader.connection = connect(database), connect(database, "masking_orders"), connect(database, "masking_orders")
        place(orders, "lost", 2)
        run(owner)
        assert reader.read() == 1

        reader.connection, behind.connection = connect(copy, "masking_orders"), connect(copy, "masking_orders")
        owner, orders = connect(copy), connect(copy, "masking_orders")
        # Before anything is told there, the position is above its last; afterwards it is one that no row has.
        assert ask(reader.connection, "SELECT kind, position FROM feed_after(%s)", reader.position) == [("reset", behind.position)], \
            "and what was told before the other life is not told again"
        for n in range(3):
            place(orders, f"new{n}", 5 + n)
        run(owner)
        assert [row[0] for row in ask(reader.connection, "SELECT kind FROM feed_after(%s)", reader.position)] == ["reset"]
        assert reader.read() == 1 and reader.read() == 3
        assert behind.read() == 3, "who had not seen the lost row lacks nothing"
    finally:
        ask(admin, f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)")
