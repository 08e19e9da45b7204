"""Cost as it grows: neither answering a call nor placing an order ever reads a
big table from end to end, whatever the planner knew when it made its plan."""

import re

import pytest

from database import ask, connect, fill_pool, fresh

EXPLAIN = """LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;
    SET client_min_messages = log"""
ANSWER = "SELECT * FROM tests.answer_calls('{a,b}', '{14150000001,14160000001}', '{14155550100,14155550100}')"
PLACE = "INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES (%s, '14150000001', '14160000001')"
SWAP = "UPDATE masking.orders SET agent_number = %s WHERE order_id = 'plan'"
STRANGER = "SELECT * FROM tests.answer_calls('{s}', '{14150009999}', '{14155550100}', NULL, true)"
NOBODY = "SELECT * FROM tests.answer_calls('{n}', '{14150009999}', '{14155550199}', NULL, false)"
# About a call of several orders, as the callee answers; and by the answer to another.
HEARD = "SELECT * FROM masking.find_prompts('{greet_callee}', '{14155550100}', '{several}'), tests.answer_calls('{a}', '{14150000001}', '{14155550100}')"
CONSOLE = {
    "now": "SELECT * FROM masking.console_now('anna')",
    "pool": "SELECT * FROM masking.console_pool('anna', NULL)",
    "order": "SELECT * FROM masking.console_order('anna', 'plan')",
    "why": "SELECT * FROM masking.console_why('anna', '14150000001', '14155550100', NULL)",
    "calls": "SELECT * FROM masking.console_calls('anna', NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "calls of an order": "SELECT * FROM masking.console_calls('anna', NULL, NULL, '5', NULL, NULL, NULL, NULL)",
    "older calls": "SELECT * FROM masking.console_calls('anna', 'answered', NULL, NULL, NULL, NULL, NULL, '1700000000000000-x')",
    "call": "SELECT * FROM masking.console_call('anna', 'call-5')",
    "explain": "SELECT * FROM masking.explain('plan')",
    "explain a call": "SELECT * FROM masking.explain('14150000001', '14155550100', now())",
}
BY_TIME = {
    "calls of an order": "SELECT * FROM masking.order_calls('5')",
    "tried in vain": "SELECT * FROM masking.missed('1 hour')",
    "by country": "SELECT * FROM masking.calls_by_country('1 hour')",
}
REQUESTS = {
    "asking": "INSERT INTO masking.call_requests (order_id, side) VALUES ('plan', 'agent')",
    "taking": "SELECT * FROM masking.request_take(1, 'https://x', 25)",
    "reporting": "SELECT masking.request_report(1, (SELECT request_id FROM masking.requests WHERE order_id = 'plan'), true, 201, '{\"request_uuid\": \"u\"}')",
    "answering": "SELECT * FROM masking.answer_requests('{p}', ARRAY(SELECT request_id FROM masking.requests WHERE order_id = 'plan'), '{14160000001}',"
                 " '{14155550100}', '{1}', '{1}')",
    "reading": "SELECT state, reason FROM masking.call_requests WHERE request_id = 'request-5'",
    "ending": "SELECT masking.end_requests('{p}', ARRAY(SELECT request_id FROM masking.requests WHERE order_id = 'plan'), '{14155550100}', '{completed}')",
}
COMPLETE = "UPDATE masking.orders SET completed_at = now() WHERE order_id = 'plan'"


def plans(connection, statement, *values):
    """Every plan that one statement ran, as text, those inside functions too."""
    connection.notices.clear()
    ask(connection, statement, *values)
    return "\n".join(connection.notices)


@pytest.fixture(scope="module", params=["empty", "grown, never analysed", "grown and analysed"])
def database(request):
    with fresh() as name:
        owner = connect(name)
        fill_pool(owner, 20)
        ask(owner, EXPLAIN)
        # Plans are made now, while there is nothing to read.
        ask(owner, ANSWER)
        ask(owner, "UPDATE masking.settings SET is_on = true WHERE name = 'codes'")
        ask(owner, PLACE, "plan")
        ask(owner, STRANGER)
        ask(owner, NOBODY)
        ask(owner, "UPDATE masking.settings SET is_on = true WHERE name = 'greet_callee'")
        ask(owner, "INSERT INTO masking.calls (called_at, answered_at, call_uuid, outcome, order_ids)"
            " VALUES (now(), now(), 'several', 'connected', '{plan,5}')")
        ask(owner, HEARD)
        for page in [*CONSOLE.values(), *BY_TIME.values(), *REQUESTS.values()]:
            ask(owner, page)
        ask(owner, "DELETE FROM masking.requests")
        if request.param != "empty":
            ask(owner, "SELECT tests.triggers(false); SET auto_explain.log_min_duration = -1")
            ask(owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number, customer, agent, proxy_number)"
                " SELECT n::text, (14150000000 + n)::text, (14160000000 + n)::text, 14150000000 + n, 14160000000 + n, '14155550100' FROM generate_series(1, 10000) n")
            ask(owner, "INSERT INTO masking.routes (order_id, side, caller, proxy, callee, live, held)"
                " SELECT n::text, 'customer', 14250000000 + n, 14155550100, 14160000000 + n,"
                " tstzrange(now(), now() + '12h'), tstzrange(now(), now() + '36h') FROM generate_series(1, 10000) n")
            ask(owner, "INSERT INTO masking.codes (order_id, side, code, proxy, live)"
                " SELECT n::text, 'customer', lpad(n::text, 5, '0'), 14155550100 + n % 2,"
                " tstzrange(now() - '2d'::interval, now() + (n % 2 - 0.5) * '2d'::interval) FROM generate_series(1, 10000) n"
                " ON CONFLICT DO NOTHING")  # the code that the order drew
            ask(owner, "INSERT INTO masking.calls (called_at, answered_at, call_uuid, proxy, outcome, order_ids, caller_hash)"
                " SELECT now() - n * interval '30 seconds', now(), 'call-' || n, 14155550100, 'connected', ARRAY[n::text], n"
                " FROM generate_series(1, 10000) n")
            ask(owner, "INSERT INTO masking.messages (received_at, answered_at, message_uuid, proxy, outcome, order_ids)"
                " SELECT now() - n * interval '30 seconds', now(), 'text-' || n, 14155550100, 'forwarded', ARRAY[n::text]"
                " FROM generate_series(1, 10000) n")
            ask(owner, "INSERT INTO masking.requests (request_id, order_id, side, requested_at, expires_at, state, call_uuid, ended_at)"
                " SELECT 'request-' || n, n::text, 'agent', now() - n * interval '30 seconds', now() - n * interval '29 seconds', 'ringing', 'call-' || n, now()"
                " FROM generate_series(1, 10000) n")
            ask(owner, "INSERT INTO masking.console_log (looked_at, who, page)"
                " SELECT now() - n * interval '30 seconds', 'anna', 'order' FROM generate_series(1, 10000) n")
            ask(owner, "SELECT tests.triggers(true); SET auto_explain.log_min_duration = 0")
        if request.param == "grown and analysed":
            ask(owner, "ANALYZE")
        yield owner
        owner.close()


def big_scans(text):
    return re.findall(r"Seq Scan on (?:routes|orders|calls|codes|messages|requests|console_log)\b.*", text)


def test_answering(database):
    text = plans(database, ANSWER)
    assert "Index Scan using routes_of_caller" in text
    assert "one_counterpart" not in text
    assert big_scans(text) == []


def test_what_is_heard_first(database):
    text = plans(database, HEARD)
    assert all(f"Index Scan using {table}_pkey" in text for table in ("orders", "routes", "calls"))
    assert big_scans(text) == []


def test_answering_strangers(database):
    ask(database, "SET auto_explain.log_analyze = on")
    text = plans(database, STRANGER)
    ask(database, "SET auto_explain.log_analyze = off")
    assert "on codes" in text
    # Neither those that ended, on this number, nor those that live, on another.
    assert sum(map(int, re.findall(r"Rows Removed by Filter: (\d+)", text))) < 100
    assert big_scans(text) == []


def test_telling_why_nobody_is_reached(database):
    text = plans(database, NOBODY)
    assert "orders_of_customer" in text and "orders_of_agent" in text
    assert big_scans(text) == []


def test_placing(database):
    text = plans(database, PLACE, "placed")
    assert "Insert on routes" in text
    assert big_scans(text) == []


def test_swapping_and_completing(database):
    text = plans(database, SWAP, "14160000002") + plans(database, COMPLETE)
    assert "Update on routes" in text
    assert big_scans(text) == []


def test_serving_those_who_wait(database):
    assert big_scans(plans(database, "SELECT * FROM masking.assign_pending()")) == []


def test_replacing_a_number(database):
    """The look for its orders reads what is held, by an index; a piece, its own orders."""
    text = plans(database, "SELECT masking.replace_number('14155550119')")
    assert "routes_held" in text and big_scans(text) == []
    assert big_scans(plans(database, "SELECT * FROM masking.assign_pending()")) == []


def test_retention(database):
    assert big_scans(plans(database, "SELECT * FROM masking.retention_run()")) == []


def test_the_gauges(database):
    ask(database, "DELETE FROM masking.gauge_values")
    text = plans(database, "SELECT * FROM masking.gauges()")
    assert "calls_by_time" in text and "messages_by_time" in text and big_scans(text) == []


@pytest.mark.parametrize("page", CONSOLE)
def test_the_console(database, page):
    """A page by its keys, and the latest by time."""
    assert big_scans(plans(database, CONSOLE[page])) == []


@pytest.mark.parametrize("question", BY_TIME)
def test_calls_of_a_time(database, question):
    """No more of them than that time has; of an order's time, only what the index takes for its own."""
    ask(database, "SET auto_explain.log_analyze = on")
    text = plans(database, BY_TIME[question])
    ask(database, "SET auto_explain.log_analyze = off")
    assert "calls_by_time" in text
    # What belongs to a scan stands below it, up to the next one.
    of_calls = [scan for scan in re.split(r"(?= (?:on|using) )", text) if re.match(r" on calls\b", scan)]
    assert sum(int(rows) for scan in of_calls for rows in re.findall(r"Rows Removed by Filter: (\d+)", scan)) < 400
    assert big_scans(text) == []


def test_the_calls_of_several_orders(database):
    assert "Bitmap Index Scan on calls_of_several" in plans(database, BY_TIME["calls of an order"])


@pytest.mark.parametrize("step", REQUESTS)
def test_calls_that_we_place(database, step):
    """In the order in which they come: a placer takes four times a second, whatever was asked for in all the time before."""
    ask(database, "SET auto_explain.log_analyze = on")
    text = plans(database, REQUESTS[step])
    ask(database, "SET auto_explain.log_analyze = off")
    assert "requests" in text
    assert big_scans(text) == []
    assert sum(map(int, re.findall(r"Rows Removed by Filter: (\d+)", text))) < 200
