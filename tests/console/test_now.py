"""The first page tells the truth: each kind of trouble alone, and what stands there then."""
import re

import pytest

import server as running
from console_fixtures import PUBLIC_URL, TOKEN, Order
from plivo.stand_in import Callee, Caller, Plivo


@pytest.fixture(autouse=True)
def nothing_yet(database, pool):
    """Each of these pages is about the trouble of its test alone."""
    database.query("""DELETE FROM masking.calls; DELETE FROM masking.deliveries; DELETE FROM masking.messages; DELETE FROM masking.refused_signatures; DELETE FROM masking.code_failures;
                      UPDATE masking.orders SET cancelled_at = now() WHERE cancelled_at IS NULL""")


def now(browser, console):
    page = browser.open(console.url + "/")
    assert page.status == 200 and not page.complaints
    return page


def verdict(page):
    """What stands before the first fact."""
    return page.text.split("Database")[0]


def record(database, many, ago, outcome="apologised", proxy=14155550100):
    database.query(
        "INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome)"
        " SELECT gen_random_uuid(), now() - %s::interval - g * interval '1 second', now(), %s, %s FROM generate_series(0, %s - 1) g",
        ago, proxy, outcome, many)


def test_calls_that_are_answered(browser, console, plivo, order):
    plivo.call(Caller(order.customer), order.proxy)
    plivo.call(Caller(order.customer), order.proxy, Callee("busy"))
    page = now(browser, console)
    assert "Calls get through. Of 2 calls of the last 15 minutes: 1 answered, 1 rung, not taken." in page.text.replace("\n", " ")
    assert "As of" in page or "UTC" in page


def test_calls_that_nobody_takes(browser, console, plivo, order):
    plivo.call(Caller(order.customer), order.proxy, Callee("no-answer"))
    page = now(browser, console)
    assert "Calls come, but none of them was answered." in verdict(page) and "1 rung, not taken" in page
    assert "Calls get through" not in page


def test_a_country_that_plivo_may_not_call(browser, console, plivo, database):
    """That we answered with Dial is not that anybody was reached."""
    spain = [Order(database, assigned=False) for _ in range(4)]
    for number, one in enumerate(spain):
        one.update("agent_number = %s", f"3460055510{number}")
    plivo.call(Caller(spain[0].customer), spain[0].proxy)
    for one in spain:
        plivo.call(Caller(one.customer), one.proxy, Callee("barred"))
    plivo.call(Caller(spain[0].customer), spain[0].proxy)
    for one in spain:
        for _ in range(2):
            plivo.call(Caller(one.customer), one.proxy, Callee("barred"))
    page = now(browser, console)
    assert re.search(r"12 of 13 calls to \+34 \(Spain\) could not be put through since \d\d:\d\d", verdict(page)), page
    assert "The Plivo account may not call there" in verdict(page) and "(2040)" in verdict(page)
    assert "Calls get through" not in page
    assert "12" in browser.click("12 of 13 calls").text


def test_another_country_goes_on(browser, console, plivo, database, order):
    """Its calls are not counted against the one that fails."""
    spain = Order(database, assigned=False)
    spain.update("agent_number = '34600555110'")
    for _ in range(6):
        plivo.call(Caller(spain.customer), spain.proxy, Callee("barred"))
        plivo.call(Caller(order.customer), order.proxy)
    page = now(browser, console)
    assert "6 of 6 calls to +34 (Spain)" in verdict(page) and "+1 (" in page
    assert not re.search(r"calls to \+1 ", page.text)


def test_every_webhook_is_refused(browser, console, start_server, database, order):
    server = start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN="another-token")
    record(database, 44, "9 minutes", "unknown_caller")
    signed = {"X-Plivo-Signature-V3": "A" * 44, "X-Plivo-Signature-V3-Nonce": "1"}
    assert server.send([("CallUUID", "a")], "/hangup", headers=signed).status == 403
    page = running.eventually(
        lambda: "Every webhook is refused for its signature" in now(browser, console) and now(browser, console), within=60)
    assert "PUBLIC_URL is not what Plivo dials" in verdict(page) and "Calls get through" not in page


def test_webhooks_that_were_refused_earlier(browser, console, plivo, database, order):
    database.query("INSERT INTO masking.refused_signatures (minute, reason, refused)"
                   " SELECT date_trunc('minute', now()) - g * interval '1 minute', 'wrong', 15 FROM generate_series(20, 22) g")
    plivo.call(Caller(order.customer), order.proxy)
    page = now(browser, console)
    told = re.search(r"45 webhooks were refused for their signature, from \d\d:\d\d to \d\d:\d\d\.\s*Others are accepted", page.text)
    assert told and page.text.index("Calls get through.") < told.start()


def test_a_stranger_without_a_signature_is_no_outage(browser, console, database, order):
    database.query("INSERT INTO masking.refused_signatures (minute, reason, refused) VALUES (date_trunc('minute', now()), 'missing', 3)")
    page = now(browser, console)
    assert "refused for" not in verdict(page) and re.search(r"Refused signatures in an hour\s*3\b", page.text)


def test_apologies_of_now_and_of_earlier(browser, console, plivo, database, order):
    record(database, 38, "20 minutes")
    plivo.call(Caller(order.customer), order.proxy)
    page = now(browser, console)
    told = re.search(r"38 callers heard an apology, from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d\.\s*Since then: 1 answered", page.text)
    assert told and page.text.index("Calls get through.") < told.start()
    record(database, 1, "1 minute")
    page = now(browser, console)
    assert "39 callers heard an apology" in verdict(page) and "Calls get through" not in page


def test_waiting_and_refused_are_two_things(browser, console, database, pool):
    """A mistyped phone gets no number by itself, however many there are."""
    first = Order(database)
    waiting = [Order(database, assigned=False) for _ in range(len(pool) + 1)]
    for one in waiting:
        one.update("agent_number = %s", first.agent)
    database.query("""UPDATE masking.orders SET unmasked_since = now() - interval '2 minutes'
                      WHERE unmasked_since IS NOT NULL AND cancelled_at IS NULL""")
    database.query("UPDATE masking.settings SET word = 'unmasked' WHERE name = 'bad_numbers'")
    database.query("INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('MISTYPED', '+1 415 66', '14156669802')")
    count = database.query("SELECT count(*) FROM masking.unmasked_orders WHERE kind = 'waiting'")[0][0]
    page = now(browser, console)
    assert count > 0
    assert re.search(rf"Orders waiting for a number\s*{count}\b", page.text)
    assert re.search(r"Orders with a number that was not taken\s*1\b", page.text)
    after = page.text.split("Orders with a number that was not taken")[-1]
    assert "MISTYPED" in after and waiting[-1].id not in after
    assert "More numbers in the pool do not help these" in after


def test_lists_say_how_many_more(browser, console, database, order):
    database.query("""UPDATE masking.settings SET word = 'unmasked' WHERE name = 'bad_numbers';
        INSERT INTO masking.orders (order_id, customer_number, agent_number)
        SELECT 'MORE-' || g, '+1 415 66', (14156670000 + g)::text FROM generate_series(1, 34) g""")
    page = now(browser, console)
    assert "And 14 more." in page


def test_a_table_that_is_locked(browser, console, database, order):
    with database.locked("codes"):
        page = now(browser, console)
        assert "has locked codes: callers may hear an apology" in verdict(page) and "pg_terminate_backend" in page
        assert "Calls get through" not in page
    assert "has locked" not in now(browser, console)


def test_a_number_that_plivo_took_away(browser, console, database, order):
    lost = order.proxy
    database.query("""INSERT INTO masking.plivo_connection (account, app_id, app_name, public_url, sent) VALUES ('MA1', 'app', 'masking', 'https://calls.example.com', '{}');
        INSERT INTO masking.plivo_look (looked_at, prepaid, application) VALUES (now(), false, '{}');
        INSERT INTO masking.plivo_seen (number, owner, voice, sms)
        SELECT e164, 'ours', true, false FROM masking.proxy_numbers WHERE number <> %s""", lost)
    try:
        page = now(browser, console)
        assert f"{lost} is no longer in the account, but in the pool: 1 order connects on it." in verdict(page)
        assert "replace_number" in page
    finally:
        database.query("DELETE FROM masking.plivo_seen; DELETE FROM masking.plivo_look; DELETE FROM masking.plivo_connection")


def test_the_words_of_the_list_of_calls(browser, console, plivo, order):
    """Each outcome leads to the calls that it counts."""
    plivo.call(Caller(order.customer), order.proxy, Callee("busy"))
    plivo.call(Caller("anonymous"), order.proxy)
    page = now(browser, console)
    assert "the callee was busy" in page and "the caller hid the number" in page
    listed = browser.click("the callee was busy")
    assert order.id in listed and "the caller hid the number" not in listed


def test_calls_without_an_end(browser, console, start_server, database, order):
    database.query("INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome, side, order_ids)"
                   " VALUES ('untold', now(), now(), 14155550100, 'connected', 'customer', ARRAY[%s])", order.id)
    page = now(browser, console)
    assert "Phones are rung; what became of it is not told yet." in verdict(page) and "Calls get through" not in page
    assert re.search(r"Connected, no end told yet\s*1\b", page.text)
