"""Two transactions, step by step: the second stands at a lock of the first when
that commits. What chance finds once a month, found each time."""

import threading

import psycopg2.errors
import pytest

from database import LOST, ask, connect, fill_pool, fresh, one, setting
from waiting import join, wait_until

PLACE = "INSERT INTO orders (order_id, customer_number, agent_number) VALUES (%s, %s, %s)"
UPSERT = PLACE + " ON CONFLICT (order_id) DO UPDATE SET agent_number = EXCLUDED.agent_number RETURNING proxy_number"


@pytest.fixture
def database():
    with fresh() as name:
        owner = connect(name)
        fill_pool(owner, 4)
        owner.close()
        yield name


class Meanwhile:
    """A statement in a thread of its own, at a lock or done once this is made."""

    def __init__(self, owner, connection, statement, *values):
        self.rows = self.error = None
        pid = connection.info.backend_pid

        def run():
            try:
                self.rows = ask(connection, statement, *values)
            except psycopg2.Error as error:
                self.error = error

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        wait_until(lambda: not self.thread.is_alive() or one(
            owner, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'", pid),
            what="a statement's end, or its waiting at a lock,")

    def result(self):
        join(self.thread, within=400)  # a statement takes 5 minutes at most, see connect
        if self.error is not None:
            raise self.error
        return self.rows


def test_an_order_deleted_and_placed_again_at_once(database):
    owner, orders = connect(database), connect(database, "masking_orders")
    deleter = connect(database, "masking_orders", "READ COMMITTED")
    ask(orders, PLACE, "A", "14156667777", "14156667778")
    ask(deleter, "DELETE FROM orders WHERE order_id = 'A'")
    placing = Meanwhile(owner, orders, PLACE + " RETURNING proxy_number", "A", "+1 415 666 7777", "14156667779")
    deleter.commit()
    assert placing.result() == [("14155550100",)]
    assert ask(owner, LOST) == []
    assert ask(owner, "SELECT callee FROM masking.routes WHERE side = 'customer' AND upper(live) > now()") == [(14156667779,)]


def test_an_update_and_then_two_upserts(database):
    owner, orders = connect(database), connect(database, "masking_orders")
    first = connect(database, "masking_orders", "READ COMMITTED")
    ask(orders, PLACE, "A", "14156667777", "14156667778")
    ask(first, "UPDATE orders SET agent_number = '14156667779' WHERE order_id = 'A'")
    second = Meanwhile(owner, orders, UPSERT, "A", "14156667777", "14156660002")
    assert ask(first, UPSERT, "A", "14156667777", "14156660001") == [("14155550100",)]
    first.commit()
    assert second.result() == [("14155550100",)], "no deadlock"
    assert one(owner, "SELECT agent_number FROM masking.orders") == "14156660002"


def test_placing_what_is_there_in_two_orders(database):
    orders = connect(database, "masking_orders")
    one_way, other_way = (connect(database, "masking_orders", "READ COMMITTED") for _ in range(2))
    again = "INSERT INTO orders (order_id, customer_number) VALUES (%s, '14156667777') ON CONFLICT DO NOTHING"
    for order in "AB":
        ask(orders, PLACE, order, "14156667777", "14156667778")
    for connection, order in ((one_way, "A"), (other_way, "B"), (one_way, "B"), (other_way, "A")):
        ask(connection, "SET LOCAL lock_timeout = '10s'")
        ask(connection, again, order)
    one_way.commit()
    other_way.commit()


def test_a_person_erased_while_an_order_is_reopened(database):
    owner, orders = connect(database), connect(database, "masking_orders")
    reopener = connect(database, "masking_orders", "READ COMMITTED")
    ask(orders, PLACE, "A", "14156667777", "14156667778")
    ask(orders, "UPDATE orders SET cancelled_at = now()")
    ask(reopener, "UPDATE orders SET cancelled_at = NULL")
    erasing = Meanwhile(owner, connect(database), "SELECT * FROM masking.erase_person('14156667777')")
    reopener.commit()
    assert erasing.result() == [(0, 0, 1)], "it is open now"
    assert one(owner, "SELECT tests.reaches(14156667777, 14155550100)") == "14156667778"
    assert ask(owner, LOST) == []


def test_an_order_reopened_while_its_person_is_erased(database):
    owner, orders = connect(database), connect(database, "masking_orders")
    eraser = connect(database, isolation="READ COMMITTED")
    ask(orders, PLACE, "A", "14156667777", "14156667778")
    ask(orders, "UPDATE orders SET cancelled_at = now()")
    assert ask(eraser, "SELECT * FROM masking.erase_person('14156667777')") == [(1, 2, 0)]
    reopening = Meanwhile(owner, orders, "UPDATE orders SET cancelled_at = NULL")
    eraser.commit()
    reopening.result()
    assert ask(owner, "SELECT order_id FROM masking.routes WHERE upper(live) > now()") == []
    assert one(owner, "SELECT customer_number::bigint < 0 FROM masking.orders")


def test_an_old_order_reopened_while_numbers_are_forgotten(database):
    """An order that is being written keeps its routes for the next batch, which sees what it became."""
    owner, orders = connect(database), connect(database, "masking_orders")
    reopener = connect(database, "masking_orders", "READ COMMITTED")
    ask(orders, PLACE, "A", "14156667777", "14156667778")
    ask(orders, "UPDATE orders SET cancelled_at = now()")
    ask(owner, "SELECT tests.pass('100 days')")
    ask(reopener, "UPDATE orders SET cancelled_at = NULL")
    assert ask(owner, "SELECT orders, routes FROM masking.retention_run()") == [(0, 0)]
    reopener.commit()
    assert ask(owner, "SELECT orders, routes FROM masking.retention_run()") == [(0, 2)]
    assert one(owner, "SELECT tests.reaches(14156667777, 14155550100)") == "14156667778"


def test_two_orders_that_want_what_the_other_has_just_ended(database):
    """A number's cool-off gives way: not to be waited for, or both would wait."""
    owner = connect(database)
    ask(owner, "DELETE FROM masking.proxy_numbers WHERE number <> '14155550100'")
    ask(owner, "UPDATE masking.settings SET span = '2 seconds' WHERE name = 'longest_life'")
    orders = connect(database, "masking_orders")
    ask(orders, PLACE, "A", "14156660001", "14156667778")
    ask(orders, PLACE, "B", "14156660002", "14156667779")
    one_way, other_way = (connect(database, "masking_orders", "READ COMMITTED") for _ in range(2))
    for connection, order in ((one_way, "A"), (other_way, "B")):
        ask(connection, "SET LOCAL lock_timeout = '10s'")
        ask(connection, "UPDATE orders SET cancelled_at = now() WHERE order_id = %s", order)
    wait_until(lambda: one(owner, "SELECT clock_timestamp() > max(upper(live)) FROM masking.routes"))
    ask(one_way, PLACE, "C", "14156660002", "14156669998")
    ask(other_way, PLACE, "D", "14156660001", "14156669999")
    one_way.commit()
    other_way.commit()


def test_the_locks_do_not_say_who_is_being_routed(database):
    owner = connect(database)
    placing = connect(database, "masking_orders", "READ COMMITTED")
    server = connect(database, "masking_server")
    ask(placing, PLACE, "A", "14156667777", "14156667778")
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = hashtext('masking.people')::bit(32)::bigint::oid"
    assert one(server, held) == 2
    assert one(server, held + " AND objid IN (SELECT hashint8(n)::bit(32)::bigint::oid"
               " FROM generate_series(14156667777, 14156667778) n)") == 0
    placing.commit()
    assert one(owner, held) == 0


def spend_locks(connection):
    """From here on the transaction is one that holds as many locks as it may."""
    ask(connection, "SELECT set_config('masking.locks', '3000', true)")


@pytest.mark.parametrize("agent", ["14156660002", "14156660003"])
@pytest.mark.parametrize("statement, wanted", [
    (PLACE + " ON CONFLICT DO NOTHING", "14156660002"), (UPSERT, None)])
def test_an_order_that_a_large_import_holds_too(database, statement, wanted, agent):
    """Promise 2: the import has no lock left for the order's id, so another transaction routes the
    order before it knows. Nothing of that stays but what the order wants in the end."""
    owner, orders = connect(database), connect(database, "masking_orders")
    importer = connect(database, "masking_orders", "READ COMMITTED")
    spend_locks(importer)
    ask(importer, PLACE, "A", "14156660001", "14156660002")
    other = Meanwhile(owner, orders, statement, "A", "14156660001", agent)
    importer.commit()
    other.result()
    stranger = {"14156660002", "14156660003"} - {wanted or agent}
    assert one(owner, "SELECT count(*) FROM masking.routes WHERE caller = %s AND upper(live) > now()", *stranger) == 0
    ask(owner, "SELECT * FROM masking.assign_pending()")
    assert ask(owner, "SELECT agent_number FROM masking.orders WHERE unmasked_since IS NULL AND proxy_number IS NOT NULL") \
        == [(wanted or agent,)]
    assert ask(owner, LOST) == []
    assert sorted(ask(owner, "SELECT caller, callee FROM masking.routes WHERE upper(live) > now()")) == [
        (14156660001, int(wanted or agent)), (int(wanted or agent), 14156660001)]


def test_a_number_that_an_order_has_chosen_is_not_removed(database):
    owner = connect(database)
    orders = connect(database, "masking_orders", "READ COMMITTED")
    setting(owner, "lock_wait", 0.05)
    ask(orders, PLACE, "A", "14156660001", "14156660002")
    remove = "DELETE FROM masking.proxy_numbers WHERE number = '14155550100'"
    with pytest.raises(psycopg2.Error) as caught:
        ask(owner, remove)
    assert caught.value.pgcode == "MK012"
    assert "14155550100" not in str(caught.value)
    orders.commit()
    with pytest.raises(psycopg2.Error) as caught:
        ask(owner, remove)
    assert caught.value.pgcode == "MK006"


def test_a_number_that_is_being_removed_is_not_chosen(database):
    owner = connect(database, isolation="READ COMMITTED")
    orders = connect(database, "masking_orders")
    ask(owner, "DELETE FROM masking.proxy_numbers WHERE number <> '14155550101'")
    assert ask(orders, PLACE + " RETURNING proxy_number", "A", "14156660001", "14156660002") == [("14155550101",)]
    owner.commit()
    assert ask(owner, LOST) == []


def test_a_phone_of_an_order_being_written_becomes_no_proxy_number(database):
    owner = connect(database)
    orders = connect(database, "masking_orders", "READ COMMITTED")
    setting(owner, "lock_wait", 0.05)
    ask(orders, PLACE, "A", "14156660001", "14156660002")
    with pytest.raises(psycopg2.Error) as caught:
        ask(owner, "INSERT INTO masking.proxy_numbers (number) VALUES ('14156660002')")
    assert caught.value.pgcode == "MK012"
    orders.commit()
    with pytest.raises(psycopg2.Error) as caught:
        ask(owner, "INSERT INTO masking.proxy_numbers (number) VALUES ('14156660002')")
    assert caught.value.pgcode == "MK004"


def test_constraints_that_the_order_system_checks_at_once(database):
    """A framework may ask for it; a route is still judged once its order is there."""
    owner = connect(database)
    orders = connect(database, "masking_orders", "READ COMMITTED")
    ask(orders, "SET CONSTRAINTS ALL IMMEDIATE")
    assert ask(orders, PLACE + " RETURNING proxy_number", "A", "14156660001", "14156660002") == [("14155550100",)]
    ask(orders, "INSERT INTO order_phones (order_id, side, number) VALUES ('A', 'customer', '14156660003')")
    ask(orders, "SET CONSTRAINTS ALL IMMEDIATE")
    orders.commit()
    ask(owner, "UPDATE masking.proxy_numbers SET enabled = false")
    ask(owner, PLACE.replace("INTO", "INTO masking."), "B", "14156660004", "14156660005")
    ask(owner, "UPDATE masking.proxy_numbers SET enabled = true")
    waiting = connect(database, "masking_orders", "READ COMMITTED")
    ask(waiting, "SET CONSTRAINTS ALL IMMEDIATE")
    assert len(ask(waiting, "SELECT * FROM assign_pending()")) == 1
    waiting.commit()
    assert one(owner, "SELECT count(*) FROM masking.routes WHERE upper(live) > now()") == 5


def test_an_order_ends_its_waiting_before_its_statement_is_ended(database):
    """statement_timeout below lock_wait: the order waits for a number, and is not lost."""
    owner, other, orders = connect(database), connect(database, "masking_orders", "READ COMMITTED"), connect(database, "masking_orders")
    setting(owner, "lock_wait", 3600)
    ask(other, PLACE, "A", "14156667777", "14156667778")
    ask(orders, "SET statement_timeout = '6s'")
    assert ask(orders, PLACE + " RETURNING masking", "B", "14156667777", "14156667779") == [("waiting",)]
    other.rollback()
    assert ask(owner, "SELECT order_id FROM masking.assign_pending()") == [("B",)]


@pytest.mark.parametrize("limit", ["statement_timeout", "transaction_timeout"])
def test_patience_is_half_of_what_the_session_has(database, limit):
    owner = connect(database)
    if not ask(owner, "SELECT 1 FROM pg_settings WHERE name = %s", limit):
        pytest.skip(f"no {limit} before PostgreSQL 17")
    setting(owner, "lock_wait", 1_000_000)
    ask(owner, "SET statement_timeout = 0")
    for given, half in [("2h", 3600), ("10min", 300), ("200s", 100), ("600000ms", 300), ("4d", 172800), ("0", 1_000_000), ("20d", 864_000)]:
        ask(owner, f"SET {limit} = '{given}'")
        left = one(owner, "SELECT extract(epoch FROM masking.patience())")
        assert half - 50 < left <= half, given


@pytest.mark.parametrize("leave", ["UPDATE orders SET cancelled_at = now()", "DELETE FROM orders"])
def test_an_order_that_ends_while_a_route_of_it_is_judged(database, leave):
    """Another transaction has routed an import's order, and commits while a third one ends it."""
    owner = connect(database)
    ask(owner, "DELETE FROM masking.proxy_numbers")
    importer, other, third = (connect(database, "masking_orders", "READ COMMITTED") for _ in range(3))
    spend_locks(importer)
    ask(importer, PLACE, "A", "14156660001", "14156660002")
    placing = Meanwhile(owner, other, PLACE + " ON CONFLICT DO NOTHING", "A", "14156660001", "14156660002")
    importer.commit()
    placing.result()
    ask(third, leave)
    other.commit()
    third.commit()
    assert one(owner, "SELECT count(*) FROM masking.routes WHERE upper(live) > now()") == 0


def test_many_numbers_that_are_being_removed_hide_no_free_one(database):
    owner, remover = connect(database), connect(database, isolation="READ COMMITTED")
    ask(owner, "INSERT INTO masking.proxy_numbers (number) SELECT 14155550104 + g FROM generate_series(0, 21) g")
    ask(remover, "DELETE FROM masking.proxy_numbers WHERE number < '14155550125'")
    orders = connect(database, "masking_orders")
    assert ask(orders, PLACE + " RETURNING proxy_number", "A", "14156660001", "14156660002") == [("14155550125",)]


def test_who_waits_for_an_order_of_an_import_is_no_deadlock(database):
    """The import would like the whole table, and the other holds a lock on that while he waits."""
    owner, orders = connect(database), connect(database, "masking_orders")
    importer = connect(database, "masking_orders", "READ COMMITTED")
    ask(owner, "ALTER ROLE masking_orders SET deadlock_timeout = '10ms'")
    ask(orders, PLACE, "A", "14156660001", "14156660002")
    waiter = connect(database, "masking_orders")
    try:
        ask(importer, "UPDATE orders SET completed_at = now() WHERE order_id = 'A'")
        waiting = Meanwhile(owner, waiter, "UPDATE orders SET cancelled_at = now() WHERE order_id = 'A'")
        for near in (1498, 1998, 2498):
            ask(importer, "SELECT set_config('masking.locks', %s, true)", str(near))
            ask(importer, PLACE, str(near), "14156660003", "14156660004")
        importer.commit()
        waiting.result()
    finally:
        ask(owner, "ALTER ROLE masking_orders RESET deadlock_timeout")
    assert ask(owner, LOST) == []


def test_a_number_that_only_an_old_snapshot_shows(database):
    owner = connect(database)
    early = connect(database, "masking_orders", "REPEATABLE READ")
    ask(early, "SELECT count(*) FROM orders")
    ask(owner, "DELETE FROM masking.proxy_numbers WHERE number = '14155550100'")
    with pytest.raises(psycopg2.Error) as caught:
        ask(early, PLACE, "A", "14156660001", "14156660002")
    assert caught.value.pgcode == "40001"


def test_a_number_is_removed_only_by_who_sees_its_orders(database):
    early = connect(database, isolation="REPEATABLE READ")
    ask(early, "SELECT 1")
    with pytest.raises(psycopg2.Error) as caught:
        ask(early, "DELETE FROM masking.proxy_numbers WHERE number = '14155550100'")
    assert caught.value.pgcode == "MK012"


def test_orders_that_share_further_phones(database):
    owner = connect(database)
    ask(owner, "DELETE FROM masking.proxy_numbers WHERE number <> '14155550100'")
    setting(owner, "lock_wait", 0.5)
    orders = connect(database, "masking_orders")
    for customer, (order, phone) in enumerate([("A1", "1"), ("A2", "2"), ("B1", "2"), ("B2", "1")]):
        ask(orders, "INSERT INTO orders (order_id, customer_number) VALUES (%s, %s)", order, str(14156660000 + customer))
        ask(orders, "INSERT INTO order_phones (order_id, side, number) VALUES (%s, 'customer', %s)",
            order, "1415666900" + phone)
    assign = "UPDATE orders SET agent_number = %s WHERE order_id = %s"
    one_way, other_way = (connect(database, "masking_orders", "READ COMMITTED") for _ in range(2))
    ask(one_way, assign, "14156670001", "A1")
    ask(other_way, assign, "14156670002", "B1")
    crossing = Meanwhile(owner, one_way, assign, "14156670003", "A2")
    ask(other_way, assign, "14156670004", "B2")
    other_way.commit()
    crossing.result()
    one_way.commit()


def test_a_further_phone_that_another_transaction_routes(database):
    owner = connect(database)
    setting(owner, "lock_wait", 0.05)
    orders, other = connect(database, "masking_orders"), connect(database, "masking_orders", "READ COMMITTED")
    ask(orders, PLACE, "B", "14156660011", "14156660012")
    ask(other, PLACE, "A", "14156660001", "14156660002")
    with pytest.raises(psycopg2.Error) as caught:
        ask(orders, "INSERT INTO order_phones (order_id, side, number) VALUES ('B', 'customer', '14156660001')")
    assert caught.value.pgcode == "MK012"
    assert "14156660001" not in str(caught.value)


def test_a_large_import_keeps_nobody_waiting(database):
    """While it is open others place orders, get numbers, and wait for nothing."""
    owner, importer = connect(database), connect(database, "masking_orders", "READ COMMITTED")
    orders = connect(database, "masking_orders")
    ask(importer, "INSERT INTO orders (order_id, customer_number, agent_number)"
        " SELECT 'I' || n, (14156660000 + n)::text, (14157660000 + n)::text FROM generate_series(1, 1300) n")
    ask(orders, "SET lock_timeout = '10ms'")
    assert ask(orders, PLACE + " RETURNING masking", "B", "14158660001", "14158660002") == [("masked",)]
    # (Autovacuum, of whichever database, takes one too.)
    assert one(owner, "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'relation'"
        " AND mode LIKE 'Share%%Exclusive%%' AND backend_type = 'client backend'") == 0
    importer.commit()
    waiting = one(owner, "SELECT count(*) FROM masking.unmasked_orders")
    assert 0 < waiting < 1300
    for _ in range(200):
        ask(orders, "SELECT * FROM assign_pending()")
        if one(owner, "SELECT count(*) FROM masking.unmasked_orders") == 0:
            break
    assert ask(owner, LOST) == []
    assert one(owner, "SELECT count(*) FROM masking.unmasked_orders") == 0


@pytest.mark.parametrize("value", ["abc", "-1", "", "99999999"])
def test_a_role_cannot_break_orders_by_the_count_of_locks(database, value):
    orders = connect(database, "masking_orders")
    ask(orders, "SELECT set_config('masking.locks', %s, false)", value)
    assert ask(orders, PLACE + " RETURNING masking", "A", "14156660001", "14156660002") == [("masked",)]


@pytest.mark.parametrize("held", ["order", "phone"])
def test_a_person_erased_while_his_orders_are_written(database, held):
    """The order system holds one order, the person is erased, the order system writes another: nobody
    waits, and nobody is a deadlock's victim."""
    orders = connect(database, "masking_orders")
    writing = connect(database, "masking_orders", "READ COMMITTED")
    eraser = connect(database, isolation="READ COMMITTED")
    if held == "order":
        ask(orders, PLACE, "A", "14156660001", "14156660002")
        ask(orders, PLACE, "B", "14156660001", "14156660003")
        person = "14156660001"
    else:
        ask(orders, PLACE, "A", "14156660005", "14156660002")
        ask(orders, PLACE, "B", "14156660006", "14156660003")
        ask(orders, "INSERT INTO order_phones (order_id, side, number) VALUES ('A', 'customer', '14156660001')")
        person = "14156660001"
    ask(orders, "UPDATE orders SET cancelled_at = now()")
    ask(writing, "SET LOCAL lock_timeout = '5s'")
    ask(writing, "UPDATE orders SET completed_at = now() WHERE order_id = 'B'")
    ask(eraser, "SET LOCAL lock_timeout = '100ms'")
    changed, _, still_open = ask(eraser, "SELECT * FROM masking.erase_person(%s)", person)[0]
    assert (changed, still_open) == ((1, 1) if held == "order" else (1, 0))
    eraser.commit()
    ask(writing, "UPDATE orders SET completed_at = now() WHERE order_id = 'A'")
    writing.commit()


def test_pending_orders_behind_many_that_cannot_be_served(database):
    """Thousands of one agent's orders wait for numbers; whom others wait for is served all the same."""
    owner = connect(database)
    ask(owner, "UPDATE masking.proxy_numbers SET enabled = false")
    for order, customer, agent, count in (("A", 14156660000, "14156670001", 150), ("B", 14156680000, "14156670002", 3)):
        ask(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number)"
            " SELECT %s || n, (%s + n)::text, %s FROM generate_series(1, %s) n", order, customer, agent, count)
    ask(owner, "UPDATE masking.proxy_numbers SET enabled = true")
    for _ in range(200):
        ask(owner, "SELECT * FROM masking.assign_pending(10)")
        if one(owner, "SELECT count(*) FROM masking.unmasked_orders WHERE order_id LIKE 'B%%'") == 0:
            return
    raise AssertionError("never served")


def test_a_batch_with_several_events_of_a_call_locks_calls_in_their_order(database):
    """The first of A's tells nothing new: left alone then, A would be locked after B, by its second."""
    owner, server, holder = connect(database), connect(database, "masking_server"), connect(database, isolation="READ COMMITTED")
    record = """SELECT count(*) FROM masking.record_events(%s, array_fill(14155550100::bigint, ARRAY[cardinality(%s)]), '{}',
                ARRAY(SELECT jsonb_build_object('callee_seconds', told)::text FROM unnest(%s) AS told))"""
    ask(server, record, ["A", "B"], ["A", "B"], [5, 5])
    ask(holder, "SELECT FROM masking.calls WHERE call_uuid = 'A' FOR UPDATE")
    recording = Meanwhile(owner, server, record, ["A", "B", "A"], ["A", "B", "A"], [5, 7, 9])
    ask(holder, "SELECT FROM masking.calls WHERE call_uuid = 'B' FOR UPDATE NOWAIT")
    holder.commit()
    assert recording.result() == [(0,)]
    assert ask(owner, "SELECT callee_seconds FROM masking.calls ORDER BY call_uuid") == [(9,), (7,)]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("change", [
    "SELECT masking.block_person('14156667778')", "INSERT INTO masking.dial_prefixes VALUES ('44')",
    "SELECT masking.unblock_person('14156667771')"])
@pytest.mark.parametrize("write", [
    (PLACE, "A", "14156667777", "14156667778"), (PLACE, "A", "14156667771", "14156667778"),
    ("UPDATE orders SET agent_number = %s WHERE order_id = 'B'", "14156667778"),
    ("INSERT INTO order_phones (order_id, side, number) VALUES ('B', 'agent', %s)", "14156667778")])
def test_a_block_that_a_snapshot_cannot_see(database, level, change, write):
    """From commit on, whatever the level: told to try again, it sees what was blocked or unblocked."""
    owner, orders = connect(database), connect(database, "masking_orders", level)
    ask(owner, "SELECT masking.block_person('14156667771')")
    ask(owner, "SET search_path = masking; " + PLACE, "B", "14156660001", "14156660002")
    ask(orders, "SELECT count(*) FROM orders")
    ask(owner, change)
    with pytest.raises(psycopg2.errors.SerializationFailure):
        ask(orders, *write)
    orders.rollback()
    ask(orders, "SELECT count(*) FROM orders")
    try:
        ask(orders, *write)
        orders.commit()
    except psycopg2.Error as error:
        assert error.pgcode == "MK014"  # the prefix that was forbidden
    assert ask(owner, "SELECT * FROM masking.orders_out_of_step") == []


def test_who_blocks_waits_for_transactions_that_could_not_see_it(database):
    """And no longer than lock_wait, and then for their commit."""
    owner, orders = connect(database), connect(database, "masking_orders", "REPEATABLE READ")
    setting(owner, "lock_wait", 0)
    ask(orders, PLACE, "A", "14156667777", "14156667778")
    with pytest.raises(psycopg2.Error) as error:
        ask(owner, "SELECT masking.block_person('14156660009')")
    assert error.value.pgcode == "MK012"
    orders.commit()
    ask(owner, "SELECT masking.block_person('14156667778')")
    assert one(owner, "SELECT bool_and(blocked) FROM masking.routes WHERE masking.is_live(live, closed)")


@pytest.mark.parametrize("write", [
    (PLACE, "A", "14156667777", "14156667778"),
    ("UPDATE orders SET agent_number = %s WHERE order_id = 'B'", "14156667778"),
    ("INSERT INTO order_phones (order_id, side, number) VALUES ('B', 'agent', %s)", "14156667778"),
    ("DELETE FROM order_blocks WHERE order_id = 'C'",)])
def test_a_prefix_that_is_forbidden_while_an_order_is_open(database, write):
    """From commit on, whichever of the two commits first."""
    owner = connect(database)
    ask(owner, "SET search_path = masking; " + PLACE, "B", "14156660001", "14156660002")
    ask(owner, PLACE + "; INSERT INTO order_blocks (order_id, side) VALUES ('C', 'customer')", "C", "14156660003", "14156660004")
    setting(owner, "lock_wait", 0)
    orders = connect(database, "masking_orders", "READ COMMITTED")
    ask(orders, *write)
    with pytest.raises(psycopg2.Error) as error:
        ask(owner, "INSERT INTO masking.dial_prefixes VALUES ('44')")
    assert error.value.pgcode == "MK012", "an order that does not see it is being written"
    orders.commit()
    ask(owner, "INSERT INTO masking.dial_prefixes VALUES ('44')")
    assert one(owner, "SELECT bool_and(blocked) FROM masking.live_routes()")
    # The other way round: an order does not become masked by what it cannot see.
    changer = connect(database, isolation="READ COMMITTED")
    ask(changer, "INSERT INTO masking.dial_prefixes VALUES ('33')")
    with pytest.raises(psycopg2.Error) as error:
        ask(owner, "INSERT INTO masking.order_blocks (order_id, side) VALUES ('C', 'both')")
    assert error.value.pgcode == "MK012"
    ask(owner, "DELETE FROM masking.orders WHERE order_id = 'C'")
    changer.commit()
    assert ask(owner, "SELECT * FROM masking.orders_out_of_step") == []


def test_an_order_while_a_prefix_changes_waits_for_a_number(database):
    owner, changer = connect(database), connect(database, isolation="READ COMMITTED")
    setting(owner, "lock_wait", 0)
    ask(changer, "INSERT INTO masking.dial_prefixes VALUES ('1415', true), ('1415666777', false)")
    ask(owner, "SET search_path = masking")
    assert ask(owner, PLACE + " RETURNING masking, unmasked_reason", "A", "14156667777", "14156667778") == [("waiting", "people busy")]
    changer.commit()
    assert ask(owner, "SELECT order_id FROM masking.assign_pending()") == [("A",)]
    assert one(owner, "SELECT bool_and(blocked) FROM masking.live_routes()")


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("change", [
    "SELECT masking.block_person('14156667778')", "INSERT INTO masking.dial_prefixes VALUES ('44')",
    "SELECT masking.unblock_person('14156667771')", "INSERT INTO masking.proxy_numbers (number) VALUES ('14156667778')"])
def test_who_blocks_sees_every_order(database, level, change):
    """A snapshot may be older than an order that is committed: the owner is told."""
    owner, changer = connect(database), connect(database, isolation=level)
    ask(owner, "SELECT masking.block_person('14156667771')")
    ask(changer, "SELECT count(*) FROM masking.orders")
    ask(owner, "SET search_path = masking; " + PLACE, "A", "14156667771", "14156667778")
    with pytest.raises(psycopg2.Error) as error:
        ask(changer, change)
    assert error.value.pgcode == "MK012" and "READ COMMITTED" in error.value.diag.message_hint


@pytest.mark.parametrize("change", [
    "SELECT masking.block_person('14156667777')", "SELECT masking.unblock_person('14156667771')",
    "INSERT INTO masking.dial_prefixes VALUES ('44')"])
@pytest.mark.parametrize("patience", [0, 60])
def test_who_blocks_is_no_match_for_who_writes_several_orders(database, change, patience):
    """B, then A; the owner has A, and tries for B: he gives up, or comes after. The order system is never told 40P01."""
    owner, changer = connect(database), connect(database)
    orders = connect(database, "masking_orders", "READ COMMITTED")
    ask(owner, "SELECT masking.block_person('14156667771'); SET search_path = masking")
    for order, agent in (("A", "14156667778"), ("B", "14156667779")):
        ask(owner, PLACE, order, "14156667771" if "unblock" in change else "14156667777", agent)
    setting(owner, "lock_wait", patience)
    complete = "UPDATE orders SET completed_at = now() WHERE order_id = %s"
    ask(orders, complete, "B")
    blocking = Meanwhile(owner, changer, "SET deadlock_timeout = '10ms'; " + change) if patience == 0 else threading.Thread(
        target=ask, args=(changer, change), daemon=True)
    if patience:
        blocking.start()
        wait_until(lambda: one(owner, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), what="trying")
        # A is in the owner's hands: seen to within a statement's time, it is told to wait for nobody who waits for it.
        ask(orders, "SET LOCAL lock_timeout = '100ms'; SAVEPOINT here")
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            ask(orders, complete, "A")
        ask(orders, "ROLLBACK TO here")
        orders.commit()
        join(blocking, within=400)
        ask(owner, complete, "A")
    else:
        with pytest.raises(psycopg2.Error) as error:
            blocking.result()
        assert error.value.pgcode == "MK012"
        ask(orders, complete, "A")
        orders.commit()
        ask(owner, change)
    assert ask(owner, "SELECT * FROM masking.orders_out_of_step") == []


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_phone_that_joins_the_pool_meanwhile(database, level):
    """It is rung for nobody: the order is told to try again, refused, or waits until the number is gone."""
    owner, orders = connect(database), connect(database, "masking_orders", level)
    ask(owner, "SET search_path = masking; INSERT INTO orders (order_id, customer_number) VALUES ('B', '14156667777')")
    ask(owner, "UPDATE orders SET cancelled_at = now() WHERE order_id = 'B'")
    ask(orders, "SELECT count(*) FROM orders")
    ask(owner, "INSERT INTO proxy_numbers (number) VALUES ('14156667777')")
    with pytest.raises(psycopg2.Error) as error:
        ask(orders, PLACE, "A", "14156667777", "14156667778")
    assert error.value.pgcode == ("MK004" if level == "READ COMMITTED" else "40001")
    orders.rollback()
    assert ask(orders, "UPDATE orders SET cancelled_at = NULL, agent_number = '14156667778' WHERE order_id = 'B' RETURNING masking") == [("waiting",)]
    orders.commit()
    assert ask(owner, "SELECT order_id FROM assign_pending()") == []
    ask(owner, "DELETE FROM proxy_numbers WHERE number = '14156667777'")
    assert ask(owner, "SELECT order_id FROM assign_pending()") == [("B",)]


CALL = ("SELECT outcome FROM masking.answer_calls(ARRAY[%s], ARRAY[{}], ARRAY[{}], ARRAY[1])", "SELECT outcome FROM masking.answer_codes("
        "ARRAY[%s], ARRAY[{}], ARRAY[14155550100], ARRAY[1], ARRAY[(SELECT {} FROM masking.orders)], ARRAY[1])")
WAYS = [
    CALL[0].format(14156667777, 14155550100), CALL[0].format(14156667778, 14155550100),  # both directions
    CALL[0].format(14156660001, 14155550100),  # a further phone
    CALL[0].format(14156667777, 14155550101),  # any_number
    CALL[1].format(14156660002, "customer_code"), CALL[1].format("NULL::bigint", "customer_code"), CALL[1].format(14156660003, "agent_code")]


@pytest.mark.parametrize("way", WAYS)
def test_calls_of_a_pair_at_one_moment_are_counted_whichever_way_they_come(database, way):
    """One in an hour: the first of two that nobody has seen end, another of each kind waits for it."""
    owner, first, second = connect(database), connect(database, isolation="READ COMMITTED"), connect(database)
    for name, value in (("codes", True), ("any_number", True), ("calls_per_hour", 1)):
        setting(owner, name, value)
    ask(owner, "SET search_path = masking; " + PLACE, "A", "14156667777", "14156667778")
    ask(owner, "INSERT INTO order_phones (order_id, side, number) VALUES ('A', 'customer', '14156660001')")
    assert ask(first, way, "first") == [("connected",)]
    others = [Meanwhile(owner, connection, other, f"other{n}") for n, (connection, other) in enumerate(
        (connect(database), other) for other in WAYS)]
    assert ask(first, way, "first") == [("connected",)], "asked again about the same call"
    first.commit()
    assert {row for other in others for row in other.result()} == {("too_many_calls",)}
    assert ask(second, "SELECT call_uuid FROM masking.pair_calls") == [("first",)]


def test_removing_a_phone_holds_up_no_order(database):
    """The phone's row is in the hands of who removes it, and waits for who writes the order."""
    owner, orders = connect(database), connect(database, "masking_orders", "READ COMMITTED")
    remover = connect(database, "masking_orders", "READ COMMITTED")
    ask(orders, PLACE, "A", "14156667777", "14156667778")
    ask(orders, "INSERT INTO order_phones (order_id, side, number) VALUES ('A', 'agent', '14156667779')")
    orders.commit()
    ask(orders, "UPDATE orders SET placed_at = placed_at WHERE order_id = 'A'")
    removing = Meanwhile(owner, remover, "DELETE FROM order_phones WHERE order_id = 'A'")
    ask(orders, "UPDATE orders SET customer_number = '14156667776' WHERE order_id = 'A'")
    orders.commit()
    removing.result()
    remover.commit()
    assert ask(owner, "SELECT caller FROM masking.routes WHERE masking.is_live(live, closed) ORDER BY 1") == \
        [(14156667776,), (14156667778,)]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_phone_that_a_snapshot_cannot_see(database, level):
    """Nobody is left to reach the former agent: who swaps him is told to try again."""
    owner, orders = connect(database), connect(database, "masking_orders", level)
    ask(owner, "SET search_path = masking; " + PLACE, "A", "14156667777", "14156667778")
    ask(orders, "SELECT count(*) FROM orders")
    ask(owner, "INSERT INTO masking.order_phones (order_id, side, number) VALUES ('A', 'customer', '14156667770')")
    with pytest.raises(psycopg2.errors.SerializationFailure):
        ask(orders, "UPDATE orders SET agent_number = '14156667779' WHERE order_id = 'A'")
    orders.rollback()
    ask(orders, "UPDATE orders SET agent_number = '14156667779' WHERE order_id = 'A'")
    orders.commit()
    assert ask(owner, "SELECT DISTINCT callee FROM masking.live_routes() WHERE side = 'customer'") == [(14156667779,)]


def test_a_further_phone_waits_for_nobody(database):
    """A phone that another transaction is taking off an order is in the way until that commits."""
    owner, orders = connect(database), connect(database, "masking_orders")
    remover = connect(database, "masking_orders", "READ COMMITTED")
    ask(owner, "DELETE FROM masking.proxy_numbers WHERE number <> '14155550100'")
    ask(orders, PLACE + ", (%s, %s, %s)", "A", "14156667777", "14156667778", "B", "14156660001", "14156660002")
    ask(orders, "INSERT INTO order_phones (order_id, side, number) VALUES ('A', 'customer', '14156667770')")
    ask(remover, "DELETE FROM order_phones")
    ask(orders, "SET lock_timeout = '2s'")
    with pytest.raises(psycopg2.Error) as error:
        ask(orders, "INSERT INTO order_phones (order_id, side, number) VALUES ('B', 'customer', '14156667770')")
    assert error.value.pgcode == "MK009"
    remover.commit()
    ask(orders, "INSERT INTO order_phones (order_id, side, number) VALUES ('B', 'customer', '14156667770')")


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_block_is_lifted_from_routes_that_a_snapshot_cannot_see(database, level):
    owner, orders = connect(database), connect(database, "masking_orders", level)
    ask(owner, "SET search_path = masking; " + PLACE, "A", "14156667777", None)
    ask(owner, "INSERT INTO masking.order_blocks (order_id, side) VALUES ('A', 'both')")
    ask(orders, "SELECT count(*) FROM orders")
    ask(owner, "UPDATE masking.orders SET agent_number = '14156667778' WHERE order_id = 'A'")
    with pytest.raises(psycopg2.errors.SerializationFailure):
        ask(orders, "DELETE FROM order_blocks")
    orders.rollback()
    ask(orders, "DELETE FROM order_blocks")
    orders.commit()
    assert one(owner, "SELECT count(*) FROM masking.live_routes() WHERE blocked") == 0


def test_no_role_that_may_log_in_stops_a_chore(database):
    """Whoever knows the names takes every lock that has nothing but a name; chores go on, one at a time."""
    owner, server = connect(database), connect(database, "masking_server")
    orders = connect(database, "masking_orders")
    intruder = connect(database, "masking_support")
    ask(intruder, "SELECT pg_advisory_lock(hashtext('masking.' || name), 0)"
        " FROM unnest(ARRAY['assign_pending', 'retention', 'gauges', 'pool_peaks']) name")
    ask(owner, "UPDATE masking.proxy_numbers SET enabled = false")
    ask(orders, PLACE, "A", "14156660001", "14156660002")
    ask(owner, "UPDATE masking.proxy_numbers SET enabled = true")
    ask(owner, "INSERT INTO masking.calls (call_uuid, called_at, answered_at, outcome) VALUES ('old', now() - interval '500 days', now(), 'connected')")
    ask(owner, "UPDATE masking.chores SET finished_at = now() - interval '1 hour'")
    assert ask(server, "SELECT order_id FROM masking.assign_pending()") == [("A",)]
    assert ask(server, "SELECT removed FROM masking.retention_run()") == [(1,)]
    gauges = dict(ask(server, "SELECT name || labels, value FROM masking.gauges()"))
    assert gauges['unmasked_orderskind="waiting"'] == 0
    assert one(owner, "SELECT count(*) FROM masking.pool_peaks") == 2
    for chore in ("assign_pending", "retention"):
        assert one(owner, "SELECT extract(epoch FROM now())::float8") - gauges[f'chore_finished_timestamp_secondschore="{chore}"'] < 60
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(intruder, "SELECT FROM masking.chores FOR UPDATE")
    first = connect(database, "masking_server", "READ COMMITTED")
    ask(owner, "INSERT INTO masking.calls (call_uuid, called_at, answered_at, outcome) VALUES ('old', now() - interval '500 days', now(), 'connected')")
    assert ask(first, "SELECT removed FROM masking.retention_run()") == [(1,)]
    assert ask(server, "SELECT removed FROM masking.retention_run()") == [(0,)]
    first.commit()


LOOK_AGAIN = "UPDATE masking.replacements SET looked_at = looked_at - interval '31 seconds'"


def test_who_chose_a_number_before_it_was_replaced_gets_another_however_late(database):
    """Transaction A, which replaces the number, sees nothing of B's order; B commits when A is long done."""
    owner, late = connect(database), connect(database, "masking_orders", "READ COMMITTED")
    number, = ask(late, PLACE + " RETURNING proxy_number", "A", "14156660001", "14156660002")[0]
    assert ask(owner, "SELECT masking.replace_number(%s)", number) == [(0,)]
    for _ in range(4):
        ask(owner, LOOK_AGAIN)
        assert ask(owner, "SELECT * FROM masking.assign_pending()") == []
    assert one(owner, "SELECT finished_at FROM masking.replacements") is None
    late.commit()
    ask(owner, LOOK_AGAIN)
    (order, other), = ask(owner, "SELECT * FROM masking.assign_pending()")
    assert order == "A" and other != number
    ask(owner, LOOK_AGAIN)
    assert ask(owner, "SELECT * FROM masking.assign_pending()") == []
    assert one(owner, "SELECT finished_at FROM masking.replacements") is not None
    assert ask(owner, LOST) == []


def test_who_sees_a_number_by_an_older_snapshot_is_to_try_again(database):
    owner, orders = connect(database), connect(database, "masking_orders", "REPEATABLE READ")
    ask(owner, "UPDATE masking.proxy_numbers SET enabled = number = '14155550100'")
    ask(orders, "SELECT count(*) FROM orders")
    ask(owner, "SELECT masking.replace_number('14155550100')")
    with pytest.raises(psycopg2.errors.SerializationFailure):
        ask(orders, PLACE, "A", "14156660001", "14156660002")


def test_who_chose_a_number_while_it_was_being_replaced_is_waited_for(database):
    """Transaction B begins after A, which replaces the number, and before A commits: B chooses it still."""
    owner, replacer = connect(database), connect(database, isolation="READ COMMITTED")
    late = connect(database, "masking_orders", "READ COMMITTED")
    ask(owner, "DELETE FROM masking.proxy_numbers WHERE number <> '14155550100'")
    ask(replacer, "SELECT masking.replace_number('14155550100')")
    assert ask(late, PLACE + " RETURNING proxy_number", "A", "14156660001", "14156660002") == [("14155550100",)]
    replacer.commit()
    for _ in range(4):
        ask(owner, LOOK_AGAIN)
        ask(owner, "SELECT * FROM masking.assign_pending()")
    assert one(owner, "SELECT finished_at FROM masking.replacements") is None
    late.commit()
    ask(owner, LOOK_AGAIN)
    ask(owner, "SELECT * FROM masking.assign_pending()")
    assert one(owner, "SELECT masking FROM masking.orders") == "waiting"


def test_who_stops_a_replacement_and_does_not_commit_holds_up_nobody(database):
    owner, stopper = connect(database), connect(database, isolation="READ COMMITTED")
    number = one(connect(database, "masking_orders"), PLACE + " RETURNING proxy_number", "A", "14156660001", "14156660002")
    ask(owner, "SELECT masking.replace_number(%s)", number)
    ask(stopper, "UPDATE masking.replacements SET stopped = true")
    server = connect(database, "masking_server")
    assert ask(server, "SET lock_timeout = '200ms'; SELECT * FROM masking.assign_pending()") == []
    stopper.rollback()
    assert len(ask(server, "SELECT * FROM masking.assign_pending()")) == 1


def test_an_order_that_is_being_written_is_moved_later(database):
    owner, orders = connect(database), connect(database, "masking_orders", "READ COMMITTED")
    number = one(connect(database, "masking_orders"), PLACE + " RETURNING proxy_number", "A", "14156660001", "14156660002")
    ask(owner, "SELECT masking.replace_number(%s)", number)
    ask(orders, "UPDATE orders SET placed_at = placed_at WHERE order_id = 'A'")
    assert ask(owner, "SELECT * FROM masking.assign_pending()") == []
    assert one(owner, "SELECT remaining FROM masking.replacements") == 1
    orders.commit()
    assert len(ask(owner, "SELECT * FROM masking.assign_pending()")) == 1
    # Nor one whose people are: an order that shares one is being placed.
    assert ask(owner, "SELECT masking.replace_number(proxy_number) FROM masking.orders") == [(1,)]
    ask(orders, PLACE, "B", "14156660003", "14156660002")
    assert ask(owner, "SELECT * FROM masking.assign_pending()") == []
    assert one(owner, "SELECT masking FROM masking.orders") == "masked", "it has its number until it gets another"
    orders.commit()
    assert len(ask(owner, "SELECT * FROM masking.assign_pending()")) == 1
    assert ask(owner, LOST) == []
