"""Promises 2, 4 and 5 with many connections at once: no ambiguity, no deadlock
reaching the order system, no lost order, one row per call."""

import random
import threading

import psycopg2
import psycopg2.errors
import pytest

from database import AMBIGUOUS, LONG, LOST, ask, connect, fill_pool, fresh, one, setting
from waiting import join, wait_until


@pytest.fixture
def database():
    with fresh() as name:
        yield name


def at_once(count, work):
    """Runs work(number) in that many threads at the same moment; their errors."""
    errors = []
    start = threading.Barrier(count)

    def run(number):
        try:
            start.wait(60)
            work(number)
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(count)]
    for thread in threads:
        thread.start()
    join(*threads, within=600)  # each statement of theirs takes 5 minutes at most, see connect
    return errors


def people(chance):
    return f"1415666{chance.randrange(12):04d}", f"1415667{chance.randrange(6):04d}"


def serve_all(owner):
    """As the server's timer does, a batch at a time, until nobody can be served."""
    wait_until(lambda: not ask(owner, "SELECT order_id FROM masking.assign_pending()"))


def place(connection, number, chance):
    customer, agent = people(chance)
    ask(connection, "INSERT INTO orders (order_id, customer_number, agent_number) VALUES (%s, %s, %s)",
        f"{number}-{chance.random()}", customer, agent)


@pytest.mark.parametrize("connections, each", [(2, 100), (20, 20), (200, 3) if LONG else (60, 3)])
def test_orders_that_share_people(database, connections, each):
    owner = connect(database)
    fill_pool(owner, 20)

    def work(number):
        chance = random.Random(number)
        orders = connect(database, "masking_orders")
        for _ in range(each):
            place(orders, number, chance)
        orders.close()

    assert at_once(connections, work) == []
    assert one(owner, "SELECT count(*) FROM masking.orders") == connections * each
    assert ask(owner, AMBIGUOUS) == []
    assert ask(owner, LOST) == []
    serve_all(owner)
    assert ask(owner, "SELECT order_id FROM masking.unmasked_orders") == [], "the pool is big enough for all"


def test_long_transactions_in_any_order_never_deadlock(database):
    """Ten orders each, people in random order: the classic way to a deadlock."""
    owner = connect(database)
    fill_pool(owner, 20)
    setting(owner, "lock_wait", 0.1)

    def work(number):
        chance = random.Random(number)
        orders = connect(database, "masking_orders", "READ COMMITTED")
        for _ in range(3):
            for _ in range(10):
                place(orders, number, chance)
            orders.commit()
        orders.close()

    assert at_once(12, work) == []
    assert one(owner, "SELECT count(*) FROM masking.orders") == 12 * 30
    assert ask(owner, AMBIGUOUS) == []
    assert ask(owner, LOST) == []
    serve_all(owner)
    assert ask(owner, "SELECT order_id FROM masking.unmasked_orders") == []


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_isolation_levels_that_may_ask_for_a_retry(database, isolation):
    owner = connect(database)
    fill_pool(owner, 20)
    retries = []

    def work(number):
        chance = random.Random(number)
        orders = connect(database, "masking_orders", isolation)
        for order in range(15):
            customer, agent = people(chance)
            for _ in range(10_000):
                try:
                    ask(orders, "SELECT count(*) FROM orders WHERE customer_number = %s", customer)
                    ask(orders, "INSERT INTO orders (order_id, customer_number, agent_number) VALUES (%s, %s, %s)",
                        f"{number}-{order}", customer, agent)
                    orders.commit()
                    break
                except psycopg2.errors.SerializationFailure:
                    orders.rollback()
                    retries.append(number)
        orders.close()

    assert at_once(8, work) == []
    assert one(owner, "SELECT count(*) FROM masking.orders") == 8 * 15
    assert ask(owner, AMBIGUOUS) == []
    assert ask(owner, LOST) == []


def test_what_a_transaction_cannot_see_never_shows_a_number(database):
    """A snapshot older than another's commit: a retry is asked for, without the
    constraint's own error, which would show both people's numbers."""
    owner = connect(database)
    fill_pool(owner, 1)
    early = connect(database, "masking_orders", "REPEATABLE READ")
    ask(early, "SELECT count(*) FROM orders")
    ask(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156660001', '14156670001')")
    with pytest.raises(psycopg2.Error) as caught:
        ask(early, "INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('B', '14156660001', '14156670002')")
    assert caught.value.pgcode == "40001"
    assert "141566" not in str(caught.value)


def test_one_order_id_inserted_by_all_at_once(database):
    """Whoever comes first places the order; the others route nobody."""
    owner = connect(database)
    fill_pool(owner, 30)

    def work(number):
        orders = connect(database, "masking_orders")
        ask(orders, "INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('A', %s, %s)"
            " ON CONFLICT (order_id) DO NOTHING", f"1415666{number:04d}", f"1415667{number:04d}")
        orders.close()

    assert at_once(20, work) == []
    assert one(owner, "SELECT count(*) FROM masking.orders") == 1
    assert one(owner, "SELECT count(*) FROM masking.routes") == 2
    assert ask(owner, LOST) == []


def test_an_import_in_one_transaction(database):
    """The first thousand are masked at once, the others in the chore's bounded pieces, each of which
    gets on. Ten thousand orders are more than the lock table would have room for."""
    count = 10_000 if LONG else 1_200
    owner = connect(database)
    fill_pool(owner, 20)
    orders = connect(database, "masking_orders")
    ask(orders, "INSERT INTO orders (order_id, customer_number, agent_number)"
        " SELECT n::text, (14150000000 + n)::text, (14160000000 + n / 4)::text FROM generate_series(1, %s) n", count)
    masked = one(owner, "SELECT count(*) FROM masking.orders WHERE proxy_number IS NOT NULL")
    assert masked == 1000
    while masked < count:
        before = masked
        ask(orders, "SELECT count(*) FROM assign_pending()")
        masked = one(owner, "SELECT count(*) FROM masking.orders WHERE proxy_number IS NOT NULL")
        assert masked > before
    assert ask(owner, LOST) == []


def test_an_import_in_one_transaction_beside_others(database):
    """Promise 5: others are being written all the time, so it can't have the table, and no order fails."""
    count = 5_000 if LONG else 1_100
    owner = connect(database)
    fill_pool(owner, 20)
    other = connect(database, "masking_orders", "READ COMMITTED")
    ask(other, "INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('other', '14156660001', '14156670001')")
    orders = connect(database, "masking_orders")
    ask(orders, "INSERT INTO orders (order_id, customer_number, agent_number)"
        " SELECT n::text, (14150000000 + n)::text, (14160000000 + n / 4)::text FROM generate_series(1, %s) n", count)
    other.commit()
    assert 900 < one(owner, "SELECT count(*) FROM masking.orders WHERE proxy_number IS NOT NULL") <= 1001
    assert one(owner, "SELECT count(*) FROM masking.orders") == count + 1
    assert ask(owner, LOST) == []
    serve_all(owner)
    assert one(owner, "SELECT count(*) FROM masking.orders WHERE proxy_number IS NULL") == 0
    assert ask(owner, LOST) == []


def test_a_transaction_of_hundreds_keeps_nobody_waiting(database):
    """Only an import takes the table for itself."""
    owner, orders = connect(database), connect(database, "masking_orders", "READ COMMITTED")
    fill_pool(owner, 20)
    ask(orders, "INSERT INTO orders (order_id, customer_number, agent_number)"
        " SELECT n::text, (14150000000 + n)::text, (14160000000 + n / 4)::text FROM generate_series(1, 450) n")
    ask(owner, "SET statement_timeout = '10s'")
    ask(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('other', '14156660001', '14156670001')")


def test_a_long_transaction_delays_nobody_for_ever(database):
    """Somebody keeps a customer locked: others' orders commit, and are served later."""
    owner = connect(database)
    fill_pool(owner, 5)
    setting(owner, "lock_wait", 0.05)
    holder = connect(database, "masking_orders", "READ COMMITTED")
    ask(holder, "INSERT INTO orders (order_id, customer_number, agent_number) VALUES ('A', '14156660001', '14156670001')")
    ask(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('B', '14156660001', '14156670002')")
    assert ask(owner, "SELECT order_id FROM masking.unmasked_orders") == [("B",)]
    assert ask(owner, "SELECT * FROM masking.assign_pending()") == []
    holder.commit()
    assert ask(owner, "SELECT order_id FROM masking.assign_pending()") == [("B",)]


def test_a_number_is_replaced_while_its_people_get_further_orders(database):
    """No order fails or waits for it: none that is placed or written meanwhile finds its people busy for lock_wait."""
    owner = connect(database)
    fill_pool(owner, 12)
    old = "14155550100"
    ask(owner, "UPDATE masking.proxy_numbers SET enabled = number = %s", old)
    ask(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number)"
        " SELECT 'OLD' || n, (14156660000 + n)::text, (14156670000 + n)::text FROM generate_series(1, 150) n")
    ask(owner, "UPDATE masking.proxy_numbers SET enabled = true")
    assert one(owner, "SELECT masking.replace_number(%s)", old) == 150

    def work(number):
        if number < 2:
            serve_all(connect(database, "masking_server"))
            return
        connection, chance = connect(database, "masking_orders"), random.Random(number)
        for each in range(30):
            assert ask(connection, "INSERT INTO orders (order_id, customer_number, agent_number) VALUES (%s, %s, %s) RETURNING masking",
                       f"{number}-{each}", f"141566680{each:02}", f"1415667{chance.randrange(1, 151):04}") == [("masked",)]
            ask(connection, "UPDATE orders SET completed_at = now() + interval '3 hours' WHERE order_id = %s", f"OLD{chance.randrange(1, 151)}")

    assert at_once(5, work) == []
    serve_all(owner)
    assert ask(owner, "SELECT order_id FROM masking.orders WHERE proxy_number = %s OR unmasked_since IS NOT NULL", old) == []
    assert one(owner, "SELECT count(*) FROM masking.live_routes() WHERE former AND proxy = %s", int(old)) == 300
    assert ask(owner, LOST) == ask(owner, AMBIGUOUS) == ask(owner, "SELECT * FROM masking.orders_out_of_step") == []


def test_the_same_calls_from_all_connections_at_once(database):
    """Promise 4: one row per CallUUID, one answer, and no deadlock between batches."""
    owner = connect(database)
    ask(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156660001', '14156670001')")
    uuids = [f"call-{n}" for n in range(40)]
    servers, turns = (16, 5) if LONG else (8, 3)
    answers = []

    def work(number):
        server = connect(database, "masking_server")
        for turn in range(turns):
            batch = random.Random(number * 10 + turn).sample(uuids, len(uuids))
            answers.extend(ask(server, "SELECT outcome, counterpart FROM tests.answer_calls(%s, %s::bigint[], %s::bigint[])",
                               batch, [14156660001] * len(batch), [14155550100] * len(batch)))
            ask(server, "SELECT tests.record_apologies(%s, %s::bigint[], %s::float[])",
                batch, [14155550100] * len(batch), [3600.0] * len(batch))
        server.close()

    assert at_once(servers, work) == []
    assert set(answers) == {("connected", 14156670001)}
    assert ask(owner, "SELECT count(*), sum(repeats), count(earlier_answers) FROM masking.calls") == \
        [(40, 40 * (2 * servers * turns - 1), 40)]  # each apology is an ask of its own, and an older one


def test_retention_by_all_servers_at_once(database):
    owner = connect(database)
    ask(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number)"
        " SELECT n::text, (14150000000 + n)::text, (14160000000 + n)::text FROM generate_series(1, 1000) n")
    ask(owner, "SELECT tests.pass('100 days')")
    forgotten = []

    def work(_number):
        server = connect(database, "masking_server")
        for _ in range(10):
            forgotten.extend(ask(server, "SELECT orders, routes FROM masking.retention_run()"))
        server.close()

    assert at_once(6, work) == []
    while forgotten[-1] != (0, 0):
        forgotten.extend(ask(owner, "SELECT orders, routes FROM masking.retention_run()"))
        assert len(forgotten) < 5_000
    assert (sum(f[0] for f in forgotten), sum(f[1] for f in forgotten)) == (1000, 2000)
    assert one(owner, "SELECT sum(number_count) FROM masking.remembered('90 days')") == 0


def wait_until_somebody_waits(owner):
    wait_until(lambda: one(owner, "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"))


def test_messages_that_waited_see_the_swap(database):
    """A batch held up by a lock decides by the routes of the moment it goes on."""
    owner, holder = connect(database), connect(database, isolation="READ COMMITTED")
    fill_pool(owner, 1)
    ask(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('M', '14156660001', '14156660002')")
    ask(owner, "SELECT * FROM tests.answer_messages('{m0}', '{14150000001}', '{14155550100}', '{text}')")
    ask(holder, "SELECT FROM masking.messages FOR UPDATE")
    found = []

    def answer(_):
        found.extend(ask(connect(database, "masking_server"), "SELECT place, outcome, counterpart"
            " FROM tests.answer_messages('{m0,m1,m2}', '{14150000001,14156660001,14156660002}',"
            " '{14155550100,14155550100,14155550100}', '{text,text,text}')"))

    def swap(_):
        wait_until_somebody_waits(owner)
        ask(owner, "UPDATE masking.orders SET agent_number = '14156660003'")
        holder.commit()

    assert at_once(2, lambda n: (answer, swap)[n](n)) == []
    assert sorted(found) == [(1, "unknown_sender", None), (2, "forwarded", 14156660003), (3, "unknown_sender", None)]


def test_codes_that_waited_see_the_swap(database):
    """The code of an agent who was swapped while his batch waited leads nowhere."""
    owner, holder = connect(database), connect(database, isolation="READ COMMITTED")
    setting(owner, "codes", 1)
    code = one(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number)"
        " VALUES ('C', '14156660001', '14156660002') RETURNING agent_code")
    ask(holder, "SELECT * FROM tests.answer_codes('{c0}', '{14156660009}', '{14155550100}', '{1}', %s)", [code])
    found = []

    def enter(_):
        found.extend(ask(connect(database, "masking_server"), "SELECT outcome FROM tests.answer_codes("
            "'{c1}', '{14156660009}', '{14155550100}', '{1}', %s)", [code]))

    def swap(_):
        wait_until_somebody_waits(owner)
        ask(owner, "UPDATE masking.orders SET agent_number = '14156660003'")
        holder.commit()

    assert at_once(2, lambda n: (enter, swap)[n](n)) == []
    assert found == [("wrong_code",)]


def test_forged_callers_guess_no_more_codes_than_the_bound(database):
    """On two numbers, in batches of both, over several servers: 30 codes are judged on each, and not one more."""
    owner = connect(database)
    setting(owner, "codes", 1)
    ask(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('C', '14156660001', '14156660002')")
    heard = []

    def guess(number):
        server = connect(database, "masking_server")
        for batch in range(6):
            callers = [14156700000 + number * 1000 + batch * 10 + n for n in range(8)]
            heard.extend(row[0] for row in ask(server, "SELECT outcome FROM tests.answer_codes(%s, %s, %s, %s, %s)",
                [str(caller) for caller in callers], callers, [14155550100 + (n + number) % 2 for n in range(8)], [1] * 8, [""] * 8))

    assert at_once(8, guess) == []
    assert ask(owner, "SELECT proxy, failures, is_closed FROM masking.guessing ORDER BY proxy") == [
        (14155550100, 30, True), (14155550101, 30, True)]
    assert sorted(set(heard)) == ["locked_out", "wrong_code"] and heard.count("wrong_code") == 58


def test_messages_forget_strangers_without_deadlock(database):
    """Each batch meets strangers that the other, hours later, would like to forget."""
    owner = connect(database)
    ask(owner, "INSERT INTO masking.told_senders (number, event, told_at)"
        " SELECT 14156660000 + n, 'unknown_sender', now() - '2 hours'::interval FROM generate_series(1, 400) n")

    def answer(number):
        server = connect(database, "masking_server")
        for batch in range(10):
            strangers = [14156660000 + (n * (7, 11)[number % 2] + batch * 40) % 400 + 1 for n in range(40)]
            ask(server, "SELECT * FROM tests.answer_messages(%s, %s, %s, %s)",
                [f"{number}-{batch}-{n}" for n in range(40)], strangers, [14155550100] * 40, ["text"] * 40)

    assert at_once(8, answer) == []


SECONDS_TOLD = """
    SELECT FROM masking.record_events(%s, array_fill(14155550100::bigint, ARRAY[10]), '{}',
      ARRAY(SELECT jsonb_build_object('callee_seconds', told)::text FROM unnest(%s) AS told))"""


def test_events_and_answers_of_the_same_calls_never_deadlock(database):
    """Batches in any order, of calls that are on record and of some that are not yet: an event overtakes."""
    owner = connect(database)
    told = [{} for _ in range(6)]

    def work(number):
        chance = random.Random(number)
        server = connect(database, "masking_server")
        for turn in range(60):
            calls = [f"call-{n}" for n in chance.sample(range(turn // 2, turn // 2 + 12), 8)]
            several = calls + chance.sample(calls, 2)
            if chance.random() < 0.4:
                ask(server, "SELECT * FROM tests.answer_calls(%s, %s, %s)", calls, [14156660001] * 8, [14155550100] * 8)
                continue
            seconds = [chance.randrange(1000) for _ in several]
            ask(server, SECONDS_TOLD, several, seconds)
            for call, value in zip(several, seconds):
                told[number][call] = max(value, told[number].get(call, 0))

    assert at_once(6, work) == []
    greatest = {call: max(mine.get(call, 0) for mine in told) for mine in told for call in mine}
    recorded = dict(ask(owner, "SELECT call_uuid, callee_seconds FROM masking.calls WHERE callee_seconds IS NOT NULL"))
    assert recorded == greatest
