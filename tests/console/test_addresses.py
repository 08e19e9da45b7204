"""Every page has an address: it can be sent to somebody and gone back to, and holds no phone number."""
import re
import urllib.parse
from datetime import datetime, timezone

import pytest

import server as running
from console_fixtures import POOL, Order
from plivo.stand_in import Callee, Caller
from test_access import login, looks, users  # noqa: F401 (a fixture)
from test_stories import show_order, why

KEPT_AT_MOST = 16  # of one user: server/console/kept.h


def handle_of(url):
    return re.fullmatch(r".*/(?:why|order|calls)\?asked=([0-9a-f]{32})", url)[1]


def looks_of(database, page):
    return [row for row in looks(database) if row[2] == page]


# ---- addresses that can be shared ----

def test_an_order_has_an_address(browser, console, order):
    page = show_order(browser, console, order)
    assert page.url == f"{console.url}/order?id={order.id}"
    assert order.id in browser.open(page.url)


def test_a_shared_address_is_a_look_of_its_own(start_console, users, database, order):
    console = start_console(CONSOLE_USERS_FILE=str(users))
    sent = console.send("/order", login("anna", "right"), id=order.id)
    assert sent.status == 303 and sent.headers["location"] == f"/order?id={order.id}"
    assert sent.headers["content-security-policy"] and not sent.body
    before = len(looks(database))
    for name, password in (("anna", "right"), ("bob", "other")):
        reply = console.get(sent.headers["location"], login(name, password))
        assert reply.status == 200 and order.id in reply.body.decode()
    assert [row[0] for row in looks(database)[before:]] == ["anna", "bob"]


def test_a_choice_of_calls_has_an_address(browser, console, plivo, order):
    plivo.call(Caller(order.customer), order.proxy, Callee("busy"))
    browser.open(console.url + "/calls")
    page = browser.submit("/calls", outcome="not_taken", order=order.id, until="2099-01-01 19:42")
    assert page.url == (f"{console.url}/calls?outcome=not_taken&order={order.id}"
                        "&until=2099-01-01%2019%3A42")
    assert page.fields == {"outcome": "not_taken", "order": order.id, "number": "", "prefix": "",
                           "cause": "", "until": "2099-01-01 19:42"}
    page = browser.submit("/calls", outcome="answered")
    assert f"order={order.id}" in page.url, "what was typed before is still there"


def test_a_single_word_that_came_by_a_link_stays(browser, console, pool):
    page = browser.open(console.url + "/calls?outcome=unknown_caller")
    assert page.fields["outcome"] == "unknown_caller"
    page = browser.submit("/calls", prefix="34")
    assert page.url == console.url + "/calls?outcome=unknown_caller&prefix=34"


def test_going_back_sends_no_form_again(browser, console, order):
    show_order(browser, console, order)
    asked = why(browser, console, from_=order.customer, to="", at="")
    browser.open(console.url + "/calls")
    browser.submit("/calls", outcome="answered", order="", until="")
    page = browser.back()
    assert page.status == 200 and page.url == console.url + "/calls"
    page = browser.back()
    assert page.status == 200 and page.url == asked.url and "This call connects." in page
    browser.back()
    page = browser.back()
    assert page.status == 200 and page.url == f"{console.url}/order?id={order.id}"


@pytest.mark.parametrize("before, behind", [
    (" ", " "), ("\t", "\t"), ("\u00a0", "\u202f"), ("\ufeff", "\u200b"), ("\r\n", "\n"),
    ("\u3000\u2003", " \u00a0 ")])
def test_an_id_with_blanks_at_its_ends_is_found(console, order, before, behind):
    sent = console.send("/order", id=before + order.id + behind)
    assert sent.headers["location"] == f"/order?id={order.id}"
    query = urllib.parse.urlencode({"id": before + order.id + behind})
    assert order.id in console.get(f"/order?{query}").body.decode()


def test_a_long_id_has_an_address_too(console, pool):
    sent = console.send("/order", id="A" * 1000)
    assert handle_of(sent.headers["location"])
    assert b"No order has that id." in console.follow(sent).body


# ---- what a phone number may stand in ----

PHONE_LIKE = ["14156667777", "+1 415 666 7777", "(415) 666-7777", "00 1 415.666.7777", "tel:+14156667777",
              "٠١٤١٥٦٦٦٧٧٧٧"]


@pytest.mark.parametrize("typed", PHONE_LIKE)
@pytest.mark.parametrize("target, name", [("/order", "id"), ("/calls", "order"), ("/calls", "number"),
                                          ("/calls", "until"), ("/calls", "prefix"), ("/calls", "cause"),
                                          ("/calls", "outcome")])
def test_no_phone_number_comes_into_an_address(console, pool, typed, target, name):
    """Nor back into the page: in a form of several fields it is as before while its own is empty."""
    sent = console.send(target, **{name: typed})
    assert handle_of(sent.headers["location"])
    page = console.follow(sent).body.decode()
    assert typed not in page and "14156667777" not in page.replace(" ", "")
    if target == "/calls" and name != "outcome":
        assert 'placeholder="as before"' in page


def test_why_leads_to_a_handle(browser, console, database, order):
    before = len(looks_of(database, "why"))
    page = why(browser, console, from_=order.customer, to=order.proxy, at="")
    assert handle_of(page.url) and "This call connects." in page
    assert order.customer not in page.html and order.proxy not in page.fields.values()
    again = browser.open(page.url)
    assert "This call connects." in again
    assert len(looks_of(database, "why")) == before + 1, "a page that is loaded again is no second look"
    why(browser, console, from_=order.customer, to=order.proxy, at="")
    assert len(looks_of(database, "why")) == before + 2, "one that is asked again is"


def test_a_handle_is_its_users_alone(start_console, users, database, order):
    console = start_console(CONSOLE_USERS_FILE=str(users))
    anna, bob = login("anna", "right"), login("bob", "other")
    address = console.send("/why", anna, from_=order.customer, to=order.proxy).headers["location"]
    assert b"This call connects." in console.get(address, anna).body
    before = looks(database)
    refused = console.get(address, bob)
    assert refused.status == 404 and b"no longer kept" in refused.body
    assert b"This call connects." not in refused.body and b"as before" not in refused.body
    assert console.get(address.replace("/why", "/calls"), anna).status == 404, "nor for another screen"
    handle = handle_of(address)
    stolen = console.post("/why", bob, asked=handle, at="19:42")
    assert b"no longer kept" in stolen.body and b'value="19:42"' in stolen.body
    assert looks(database) == before
    assert b"This call connects." in console.get(address, anna).body


def test_a_handle_that_was_pushed_out(console, order):
    first = console.send("/why", from_=order.customer).headers["location"]
    assert console.get(first).status == 200
    for n in range(KEPT_AT_MOST):
        console.send("/why", from_=f"+1 415 666 {n:04}")
    gone = console.get(first)
    assert gone.status == 404 and b"no longer kept" in gone.body and b"Explain" in gone.body
    assert b"as before" not in gone.body


def test_going_on_from_what_is_no_longer_kept_asks_nothing_else(console, order):
    """A number that was as before would be another one now, and the answer about another call."""
    page = console.post("/why", asked="0" * 32, from_=order.customer, at="19:42")
    assert page.status == 404 and b"no longer kept" in page.body and b'value="19:42"' in page.body
    page = console.post("/calls", asked="0" * 32, outcome="answered")
    assert page.status == 404 and b"no longer kept" in page.body


HOSTILE = ["", "0" * 32, "g" * 32, "A" * 33, "../" * 10, "%00" * 32, "' OR 1=1 --", "\u202e" * 11,
           "<script>alert(1)</script>", "0" * 5000, "\n" * 32]


@pytest.mark.parametrize("handle", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_handles(console, database, pool, handle):
    before = looks(database)
    query = urllib.parse.urlencode({"asked": handle})
    for target in ("/why", "/order", "/calls", "/call", "/pool"):
        reply = console.get(f"{target}?{query}")
        assert reply.status == 404 and b"no longer kept" in reply.body, (target, reply.status)
        assert b"<script>alert" not in reply.body
    assert console.get(f"/why?asked={'0' * 32}&asked={'1' * 32}").status == 404
    assert console.post("/why", asked=handle).status == 404
    assert looks(database) == before


# ---- what stays in a form ----

def test_a_mistake_in_the_time_keeps_the_numbers(browser, console, order):
    page = why(browser, console, from_=order.customer, to=order.proxy, at="25:99")
    assert "The time cannot be read." in page and page.fields["at"] == "25:99"
    assert page.fields["from"] == page.fields["to"] == "" and order.customer not in page.html
    page = browser.submit("/why", at="")
    assert "This call connects." in page
    page = browser.submit("/why", at="2020-01-01 19:42")
    assert "does not connect" in page and page.fields["at"] == "2020-01-01 19:42"


def test_another_number_takes_the_place_of_one(browser, console, order):
    why(browser, console, from_=order.customer, to=order.proxy, at="")
    page = browser.submit("/why", from_="+1 415-666-0009")
    assert "no order ever had it" in page
    page = browser.submit("/why", from_=order.agent)
    assert "This call connects." in page
    page = browser.click("Begin anew")
    assert page.url == console.url + "/why" and 'name="asked"' not in page.html


def test_a_field_that_cannot_be_read_empties_no_other(console, pool):
    token = console.token()
    body = f"token={token}&outcome=answered&order=a%00b&until=19%3A42"
    sent = console.get("/calls", {"Content-Type": running.FORM}, "POST", body.encode())
    page = console.follow(sent)
    assert page.status == 400 and b"cannot be read" in page.body
    assert b'value="answered" selected' in page.body and b'value="19:42"' in page.body


def test_pages_of_calls_on_a_number_of_ours(browser, console, database, order):
    """It came in a link of ours, and stays in the links; a party's never does."""
    database.query(
        "INSERT INTO masking.calls (called_at, answered_at, call_uuid, proxy, outcome)"
        " SELECT now() - g * interval '1 second', now(), 'ours-' || g, %s, 'unknown_caller'"
        " FROM generate_series(1, 120) g", POOL[1])
    page = browser.open(f"{console.url}/calls?number={POOL[1]}")
    assert 'placeholder="as before"' in page.html
    page = browser.click("Older calls")
    assert f"number={POOL[1]}" in page.url and page.html.count("<tr") == 51
    page = browser.submit("/calls", outcome="answered")
    assert handle_of(page.url) and "None." in page
    page = browser.submit("/calls", outcome="turned_away")
    assert page.html.count("<tr") == 51


def test_older_calls_behind_a_handle(console, database, pool):
    """The order's id is all digits: links to its older calls go by what is kept."""
    order = Order(database)
    order.id = f"77{datetime.now(timezone.utc):%H%M%S%f}"
    database.add_order(order.id, order.other, order.agent)
    database.query(
        "INSERT INTO masking.calls (called_at, answered_at, call_uuid, proxy, outcome, order_ids)"
        " SELECT now() - g * interval '1 ms', now(), 'digits-' || g, %s, 'connected', ARRAY[%s]"
        " FROM generate_series(1, 60) g", POOL[0], order.id)
    page = console.post("/calls", order=order.id)
    link = re.search(r'href="(/calls\?before=[^"]*)"', page.body.decode())
    assert link, page.body
    older = console.get(link[1].replace("&amp;", "&"))
    assert older.status == 200 and older.body.count(b"<tr") > 2


# ---- what a page is about ----

def test_a_page_says_what_it_is_about_and_as_of_when(browser, console, order):
    page = show_order(browser, console, order)
    assert page.title == f"Order {order.id} - number-masking" and f"<h1>Order {order.id}</h1>" in page.html
    assert re.search(r"As of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", page.text)
    assert "As of" not in browser.open(console.url + "/order"), "nothing was asked"
    browser.submit("/order", id="nobody's")
    page = browser.open(console.url + "/order?id=nobody")
    assert page.title == "Order - number-masking"


def test_paper_carries_its_date(browser, console, order):
    browser.fresh(paper=True)
    for target in (f"/order?id={order.id}", "/", "/calls", "/pool"):
        assert re.search(r"As of \d{4}-\d\d-\d\d", browser.open(console.url + target).text), target


# ---- a database that is locked ----

def test_a_page_says_who_holds_the_lock(browser, console, database, pool):
    with database.locked("calls"):
        page = browser.open(console.url + "/calls")
    assert page.status == 503 and "callers may hear an apology" in page
    assert re.search(r"has locked calls", page.text) and "Calls have connections of their own" not in page
    assert page.fields["outcome"] == "", "the form is still there"
