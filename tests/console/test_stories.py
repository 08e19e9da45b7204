"""Each screen's question, answered for stories that the stand-in for Plivo played."""
import re
from datetime import datetime, timezone

import pytest

import server as running
from console_fixtures import POOL, PUBLIC_URL, TOKEN, Order, fill_a_busy_day
from plivo.stand_in import Callee, Caller, Plivo

YEAR = f"{datetime.now(timezone.utc):%Y}-"  # with which the link of a call begins


def show_order(browser, console, order):
    browser.open(console.url + "/")
    page = browser.submit("/order", id=order.id)
    assert page.status == 200 and order.id in page
    return page


def why(browser, console, **fields):
    browser.open(console.url + "/why")
    page = browser.submit("/why", **fields)
    assert page.url.startswith(console.url + "/why?asked=")
    return page


def other_number(order):
    return next(number for number in POOL if number != order.proxy)


def test_the_first_page_explains_itself(browser, console, pool):
    page = browser.open(console.url + "/")
    assert page.status == 200 and "proxy number" in page and "who called which number when" in page
    assert "Times are in UTC" in page and not page.complaints


def test_refused_signatures_stand_on_the_first_page(browser, console, start_server):
    """A wrong PUBLIC_URL or token: nothing else on record tells of it."""
    server = start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN="another-token")
    signed = {"X-Plivo-Signature-V3": "A" * 44, "X-Plivo-Signature-V3-Nonce": "1"}
    assert server.send([("CallUUID", "a")], "/hangup", headers=signed).status == 403

    def told():
        page = browser.open(console.url + "/")
        return re.search(r"Refused signatures in an hour\s*1\b", page.text) and page
    page = running.eventually(told, within=60)
    assert "PUBLIC_URL is not what Plivo dials" in page


def test_an_order_that_works(browser, console, plivo, order):
    plivo.call(Caller(order.customer), order.proxy)
    page = show_order(browser, console, order)
    assert "The customer reaches the agent." in page and "The agent reaches the customer." in page
    assert f"by dialling {order.proxy}" in page and "UTC" in page
    assert "42 s" in page and "Placed." in page
    assert "They talked" in browser.click(YEAR) or "answered" in browser.click(YEAR)


@pytest.mark.parametrize("callee, words", [
    (Callee("busy"), "busy"), (Callee("no-answer"), "nobody"),
    (Callee("unreachable"), "could not be reached")])
def test_nobody_takes_the_call(browser, console, plivo, order, callee, words):
    """From who and which number to the reason in two clicks: Why, then the order."""
    plivo.call(Caller(order.customer), order.proxy, callee)
    page = why(browser, console, from_=order.customer, to=order.proxy, at="")
    assert "Routing connects such a call." in page and words in page
    order_page = browser.click(order.id)
    assert words in order_page


def test_a_mailbox_takes_the_call(browser, console, plivo, order):
    """Nobody says that they talked: whether it was he or his mailbox is not known."""
    plivo.call(Caller(order.customer), order.proxy, Callee("mailbox"))
    page = show_order(browser, console, order)
    assert "answered" in page and "They talked" not in page and "they talked" not in page


def test_a_mailbox_that_presses_no_key(browser, console, start_server, order):
    asking = start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN, CONFIRM_CALLS="yes")
    Plivo("http://%s:%d" % asking.address, PUBLIC_URL, TOKEN).call(
        Caller(order.customer), order.proxy, Callee("mailbox"))
    page = show_order(browser, console, order)
    assert "nobody pressed the key" in page and "they talked" not in page


def test_a_side_that_is_blocked(browser, console, plivo, database, order):
    """Who may not call, who still may, and what the caller heard; taken back, all is as before."""
    database.query("INSERT INTO masking.order_blocks (order_id, side, reason)"
                   " VALUES (%s, 'customer', 'shouts')", order.id)
    plivo.call(Caller(order.customer), order.proxy)
    page = show_order(browser, console, order)
    assert "The customer may not call the agent." in page and "The customer is blocked." in page
    assert "The agent reaches the customer." in page
    explained = why(browser, console, from_=order.customer, to=order.proxy, at="")
    assert "the customer is blocked" in explained and "takes a block of the order back" in explained
    database.query("DELETE FROM masking.order_blocks WHERE order_id = %s", order.id)
    assert "The customer reaches the agent." in show_order(browser, console, order)


def test_one_call(browser, console, plivo, order):
    plivo.call(Caller(order.customer), order.proxy, Callee("busy"))
    page = browser.open(console.url + "/calls")
    assert order.id in page
    call = browser.click(YEAR)  # the link of a call is its time; the latest is first
    assert "The callee was talking (3010)." in call and "Its orders" in call
    assert order.id in browser.click(order.id)


def test_a_call_that_rang_nobody(browser, console, plivo, order):
    plivo.call(Caller("anonymous"), order.proxy)
    browser.open(console.url + "/calls")
    call = browser.click(YEAR)
    assert "The caller hid the number. Nobody was rung." in call.text.replace("\n", " ")


def test_where_the_recording_is(browser, console, plivo, database, order):
    plivo.call(Caller(order.customer), order.proxy)
    database.query("UPDATE masking.calls SET recording_seconds = 42, recording_url = 'https://media.plivo.com/x.mp3' WHERE order_ids @> ARRAY[%s]", order.id)
    browser.open(f"{console.url}/calls?order={order.id}")
    call = browser.click(YEAR)
    assert "42 s, at Plivo, under the id below" in call and "media.plivo.com" not in call


def test_a_completed_order(browser, console, plivo, order):
    order.update("completed_at = now() - interval '1 day'")
    plivo.call(Caller(order.customer), order.proxy or POOL[0])
    page = show_order(browser, console, order)
    assert "The customer cannot call the agent." in page and "Completed at" in page
    assert "completed_at = NULL" in page
    explained = why(browser, console, from_=order.customer, to=POOL[0], at="")
    assert "does not connect" in explained and order.id in explained


def test_a_cancelled_order(browser, console, order):
    order.update("cancelled_at = now()")
    page = show_order(browser, console, order)
    assert "Cancelled at" in page and "Cancelled: both sides were cut off." in page


def test_an_order_nobody_completed(browser, console, plivo, database, order):
    """It connects for as long as longest_life says, and the page says that this is over."""
    proxy = order.proxy
    database.query("UPDATE masking.orders SET placed_at = now() - interval '13 hours'"
                   " WHERE order_id = %s", order.id)
    database.query("UPDATE masking.routes SET live = tstzrange(now() - interval '13 hours',"
                   " now() - interval '1 hour'), held = tstzrange(now() - interval '13 hours',"
                   " now() + interval '23 hours') WHERE order_id = %s", order.id)
    plivo.call(Caller(order.customer), proxy)
    page = show_order(browser, console, order)
    assert "The customer cannot call the agent." in page and "nobody completed" in page
    page = why(browser, console, from_=order.customer, to=proxy, at="")
    assert "does not connect" in page and order.id in page


def test_a_code_that_was_entered(browser, console, plivo, database, order):
    """A stranger's phone, asked for the order's code: the order's page has the call, and the
    call's page has the question before it."""
    database.query("UPDATE masking.settings SET is_on = true WHERE name = 'codes'")
    try:
        database.query("SELECT masking.issue_codes()")
        code, = database.orders("SELECT customer_code FROM orders WHERE order_id = %s", order.id)[0]
        plivo.call(Caller(order.other, [code]), order.proxy)
        page = show_order(browser, console, order)
        assert "code" in page and "42 s" in page
        call = browser.click(YEAR)
        assert "What Plivo was answered before" in call and "ask code" in call
        assert "by the order's code, from a phone that is not the order's" in call
    finally:
        database.query("UPDATE masking.settings SET is_on = false WHERE name = 'codes'")


def test_a_swapped_agent(browser, console, plivo, order):
    order.update("agent_number = %s", order.other)
    plivo.call(Caller(order.agent), order.proxy)
    page = why(browser, console, from_=order.agent, to=order.proxy, at="")
    assert "does not connect" in page and "swapped" in page and order.id in page


def test_another_number_of_the_pool(browser, console, plivo, order):
    page = why(browser, console, from_=order.customer, to=other_number(order), at="")
    assert "does not connect" in page and "another number" in page
    assert "tell them the one to dial" in page


def test_no_number_typed_is_the_orders_number(browser, console, order):
    page = why(browser, console, from_=order.customer, to="", at="")
    assert re.search(r"This call connects\.|Routing connects such a call\.", page.text) and order.proxy in page


def test_somebody_nobody_knows(browser, console, pool):
    page = why(browser, console, from_="+1 415-666-0009", to=POOL[0], at="")
    assert "does not connect" in page and "no order ever had it" in page


def test_a_caller_who_reached_nobody_is_found_from_the_order(browser, console, plivo, order):
    number = other_number(order)
    plivo.call(Caller(order.customer), number)
    page = show_order(browser, console, order)
    assert number in page


def test_an_order_without_an_agent(browser, console, database, pool):
    order = Order(database, assigned=False)
    page = show_order(browser, console, order)
    assert "No agent is assigned yet." in page


def test_an_order_that_waits(browser, console, database, pool):
    """All numbers lead the agent to others already."""
    first = Order(database)
    orders = []
    for _ in POOL:
        orders.append(Order(database, assigned=False))
        orders[-1].update("agent_number = %s", first.agent)
    waiting = next(order for order in orders if order.proxy is None)
    page = show_order(browser, console, waiting)
    assert "Waiting for a proxy number since" in page and "none is free" in page
    assert waiting.id in browser.open(console.url + "/")
    page = why(browser, console, from_=waiting.customer, to="", at="")
    assert "does not connect" in page and "waiting" in page


def test_a_deleted_order(browser, console, database, order):
    database.orders("DELETE FROM orders WHERE order_id = %s", order.id)
    page = show_order(browser, console, order)
    assert "deleted" in page


def test_a_forgotten_order(browser, console, database, order):
    order.update("completed_at = now() - interval '300 days'")
    database.query("UPDATE masking.routes SET live = tstzrange(now() - interval '300 days',"
                   " now() - interval '299 days'), held = tstzrange(now() - interval '300 days',"
                   " now() - interval '298 days') WHERE order_id = %s", order.id)
    database.query("SELECT masking.forget_numbers('30 days')")
    page = show_order(browser, console, order)
    assert "cannot call" in page


def test_further_phones(browser, console, database, order):
    database.orders("INSERT INTO order_phones (order_id, side, number) VALUES (%s, 'customer', %s)",
                    order.id, order.other)
    page = show_order(browser, console, order)
    assert f"**{order.other[-2:]}" in page and "A further phone" in page


def test_texts(browser, console, plivo, order):
    plivo.message(order.customer, order.proxy, "At the door")
    page = show_order(browser, console, order)
    assert "forwarded" in page and "At the door" not in page


def test_hidden_callers_and_guessing(browser, console, plivo, database, order):
    plivo.call(Caller("anonymous"), order.proxy)
    database.query("INSERT INTO masking.code_failures VALUES ('guess', 1, 14156660001, %s, now())",
                   order.proxy)
    page = browser.open(console.url + "/")
    assert "Somebody guesses codes" in page and order.proxy in page
    assert "hid the number" in page


def test_an_unknown_order_is_not_printed_back(browser, console, pool):
    browser.open(console.url + "/order")
    page = browser.submit("/order", id="14156667777")
    assert page.status == 200 and "No order has that id." in page


def test_an_order_id_that_is_hostile(browser, console, database, pool):
    order = Order(database)
    order.id = "<b>\"'&%2f../\u05d0</title><script>alert(1)</script>"
    database.add_order(order.id, order.other, order.agent)
    page = show_order(browser, console, order)
    assert "<script>alert" not in page.html
    page = browser.open(console.url + "/calls")
    assert page.status == 200 and not page.complaints


def test_calls_by_kind_and_page(browser, console, plivo, order):
    plivo.call(Caller(order.customer), order.proxy, Callee("busy"))
    page = browser.open(console.url + "/calls")
    page = browser.submit("/calls", outcome="not_taken", order=order.id, until="")
    assert "busy" in page and "they talked" not in page
    page = browser.submit("/calls", outcome="answered", order=order.id, until="")
    assert "None." in page


def test_pages_of_calls_by_key(browser, console, database, order):
    database.query(
        "INSERT INTO masking.calls (called_at, answered_at, call_uuid, proxy, outcome)"
        " SELECT now() - g * interval '1 second', now(), 'key-' || g, %s, 'unknown_caller'"
        " FROM generate_series(1, 120) g", order.proxy)
    page = browser.open(console.url + "/calls?outcome=unknown_caller")
    seen = page.html.count("<tr")
    page = browser.click("Older calls")
    assert "outcome=unknown_caller" in page.url
    assert seen == 51 and page.html.count("<tr") == 51


def test_the_pool(browser, console, database, pool):
    page = browser.open(console.url + "/pool")
    assert POOL[0] in page and "Healthy numbers?" in page
    database.query("UPDATE masking.proxy_numbers SET enabled = false WHERE number = %s", POOL[1])
    try:
        assert "draining" in browser.open(console.url + "/pool")
        database.query("SELECT masking.replace_number(%s)", POOL[1])
        page = browser.open(console.url + "/pool")
        assert "Replaced numbers" in page and "going on" in page
    finally:
        database.query("UPDATE masking.proxy_numbers SET enabled = true WHERE number = %s", POOL[1])
    assert "in use again" in browser.open(console.url + "/pool")


def test_times_in_a_zone_of_its_own(browser, start_console, order):
    console = start_console(CONSOLE_TIME_ZONE="Asia/Kolkata")
    page = show_order(browser, console, order)
    assert "IST" in page and "Times are in Asia/Kolkata" in page
    page = why(browser, console, from_=order.customer, to=order.proxy, at="25:99")
    assert "The time cannot be read." in page and "Asia/Kolkata" in page
    page = why(browser, console, from_=order.customer, to=order.proxy, at="2020-01-01 19:42")
    assert "2020-01-01 19:42:00 IST" in page and "does not connect" in page


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_every_page_looks_and_reads_well(one_browser, console, plivo, order, width, dark):
    """axe finds nothing; nothing is wider than the screen; nothing is refused by the page's policy."""
    browser = one_browser
    plivo.call(Caller(order.customer), order.proxy)
    plivo.call(Caller(order.agent), order.proxy, Callee("busy"))
    plivo.message(order.customer, order.proxy, "At the door")
    browser.fresh(width=width, dark=dark)
    shade = f"{width}-{'dark' if dark else 'light'}"
    pages = {
        "now": lambda: browser.open(console.url + "/"),
        "order": lambda: show_order(browser, console, order),
        "why": lambda: why(browser, console, from_=order.customer, to=other_number(order), at=""),
        "calls": lambda: browser.open(console.url + "/calls"),
        "call": lambda: browser.click(YEAR),
        "pool": lambda: browser.open(console.url + "/pool"),
        "missing": lambda: browser.open(console.url + "/nothing"),
    }
    for name, show in pages.items():
        page = show()
        assert page.wider <= 0, f"{name} is {page.wider} pixels too wide"
        assert name == "missing" or not page.complaints, page.complaints
        browser.judge(f"{name}-{shade}")


def test_without_a_mouse(browser, console, order):
    browser.open(console.url + "/")
    assert browser.press("Tab").focused == "a Skip to the content"
    for name in ["Now", "Order"]:
        assert browser.press("Tab").focused == f"a {name}"
    browser.press("Enter")
    for _ in range(20):
        if browser.press("Tab").focused == "input id":
            break
    page = browser.press(order.id, "Enter")
    assert order.id in page


@pytest.fixture(scope="module")
def busy_day(database, pool):
    return fill_a_busy_day(database)


@pytest.mark.parametrize("width, dark, paper", [(390, False, False), (1280, True, False), (794, False, True)])
def test_a_busy_day(one_browser, console, database, busy_day, width, dark, paper):
    """As above, with the orders, calls and troubles of a day, and on paper."""
    browser = one_browser
    database.query("SELECT * FROM masking.gauges()")
    browser.fresh(width=width, dark=dark, paper=paper)
    shade = f"{width}-{'dark' if dark else 'paper' if paper else 'light'}"
    browser.open(console.url + "/order")
    pages = {
        "now": lambda: browser.open(console.url + "/"),
        "calls": lambda: browser.open(console.url + "/calls"),
        "call": lambda: browser.click(YEAR),
        "pool": lambda: browser.open(console.url + "/pool"),
        "order": lambda: browser.open(f"{console.url}/order?id={busy_day}"),
        "why": lambda: browser.open(console.url + "/why"),
    }
    for name, show in pages.items():
        page = show()
        assert page.status == 200 and page.wider <= 0, f"{name} is {page.wider} pixels too wide"
        assert not page.complaints, page.complaints
        assert "Plivo's code :" not in page
        browser.judge(f"busy-{name}-{shade}")
