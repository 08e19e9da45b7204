"""What support is asked at night, on the three days of three_days.py: each is answered by the pages that somebody opens who is
asked, in words and numbers that are those of the truth; and the same in SQL, by the role masking_support."""
import re
from datetime import datetime, timedelta, timezone

import pytest

import three_days
from console_fixtures import Console
from three_days import END, GONE, SPAIN_SINCE, US, today

SORTS = {"answered": "answered", "not taken": "rung, not taken", "not put through": "could not be put through",
         "turned away": "nobody was rung", "apologised": "heard an apology", "open": "no end told yet"}


@pytest.fixture(scope="module")
def days(workplace):
    days = three_days.Days(workplace / "three-days")
    try:
        days.live()
        yield days
    finally:
        days.stop()


@pytest.fixture(scope="module")
def truth(days):
    return days.truth


@pytest.fixture(scope="module")
def console(days, logs):
    console = Console({"DATABASE_URL": days.cluster.url("company", "masking_console")}, logs / "night-console.log")
    yield console
    console.stop()


@pytest.fixture
def night(days, browser, console):
    """The console, by its pages, at END again: other questions took their time."""
    days.be_at_end()
    return Night(browser, console.url)


class Night:
    def __init__(self, browser, url):
        self.browser, self.url = browser, url

    def now(self):
        return self.browser.open(self.url + "/")

    def pool(self):
        return self.browser.open(self.url + "/pool")

    def order(self, order):
        self.now()
        page = self.browser.submit("/order", id=order.id)
        assert page.status == 200 and order.id in page
        return page

    def why(self, phone, number, at):
        self.browser.open(self.url + "/why")
        page = self.browser.submit("/why", from_=phone, to=number, at=at)
        assert page.status == 200 and not page.complaints
        return page

    def call(self, order, at):
        """From the order's page to one of its calls."""
        self.order(order)
        return self.browser.click(f"{at:%Y-%m-%d %H:%M:%S}")


def row(page, *words):
    """The cells of the one row of the page's tables that has these words."""
    found = [line.split("\t") for line in page.text.splitlines() if "\t" in line and all(word in line for word in words)]
    assert len(found) == 1, f"{len(found)} rows have {words}: {page}"
    return found[0]


def as_of(page):
    """When the page was made: what it counts ends there."""
    said = re.search(r"As of ([0-9-]{10} [0-9:]{8}) UTC", page.text)[1]
    return datetime.strptime(said, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)


def support(days, statement, *values):
    return days.ask("masking_support", statement, *values)


def words_for(seconds):
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"


def test_what_is_on_record_is_what_happened(days):
    assert three_days.differences(days) == []
    assert len(days.truth.orders) > 1500 and len(days.truth.calls) > 3300


# ---- the first page ----

def test_what_became_of_the_calls_of_the_last_minutes(night, truth):
    page = night.now()
    at = as_of(page)
    since = truth.select(since=at - timedelta(minutes=15), until=at)
    told = ", ".join(f"{count} {SORTS[sort]}" for sort in SORTS if (count := sum(c.sort == sort for c in since)))
    assert told in page, told
    for became, words in (("answered", "answered"), ("busy", "the callee was busy"), ("cancel", "the caller gave up"),
                          ("failed", "the call could not be put through"), ("code_refused", "the caller entered wrong codes only")):
        count = len(truth.select(since=at - timedelta(hours=1), until=at, became=became))
        assert [cells for line in page.text.splitlines() if (cells := line.split("\t"))[0] == words][0][2] == str(count)


def test_nobody_says_that_calls_get_through_while_a_country_is_barred(night, truth):
    page = night.now()
    said = re.search(r"(\d+) of (\d+) calls to \+34 \(Spain\) could not be put through", page.text)
    assert said and int(said[1]) == len(truth.spain) <= int(said[2])
    assert f"since {truth.spain[0].at:%H:%M}." in page
    assert "may not call there" in page and "(2040)" in page and "Calls get through" not in page


def test_the_outage_and_who_heard_of_it(night, truth):
    callers = truth.select(since=today("0:00"), sort="apologised")
    page = night.now()
    assert f"{len(callers)} callers heard an apology, from {callers[0].at:%H:%M:%S} to {callers[-1].at:%H:%M:%S}." in page
    later = truth.select(since=callers[-1].at + timedelta(seconds=1), until=as_of(page), sort="answered")
    assert f"Since then: {len(later)} answered" in page


def test_orders_that_wait_and_orders_that_nobody_can_call(night, days, truth):
    page = night.now()
    waiting, _, refused = page.text.partition("Orders with a number that was not taken\nOrders with")
    assert all(order in waiting for order in truth.waiting) and all(order in refused for order in truth.refused_numbers)
    assert not any(order in waiting for order in truth.refused_numbers)
    by_kind = dict(support(days, "SELECT kind, count(*) FROM unmasked_orders GROUP BY kind"))
    assert by_kind == {"waiting": len(truth.waiting), "refused": len(truth.refused_numbers)} == {"waiting": 4, "refused": 6}


def test_guessing(night):
    assert row(night.now(), "34910550101", "14")[1:] == ["42", "14"]


# ---- the numbers ----

def test_which_orders_does_the_number_concern_that_is_gone(night, days, truth):
    concerned = truth.on_number(GONE)
    assert truth.of("DEAD") in concerned
    assert f"{GONE} is no longer in the account, but in the pool: {len(concerned)} orders connect on it." in night.now()
    assert row(night.pool(), GONE)[3] == str(len(concerned))
    page = night.browser.open(f"{night.url}/pool?number={GONE}")
    assert GONE in page.title and all(order.id in page for order in concerned)
    found = {order for order, in support(days, "SELECT order_id FROM orders_on_number(%s)", GONE)}
    assert {order.id for order in concerned} <= found


def test_how_healthy_each_number_is(night, truth):
    page = night.pool()
    since = datetime.strptime(re.search(r"Calls, answered and short ones since ([0-9-]{10} [0-9:]{8})", page.text)[1],
                              "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    for number in US:
        calls = truth.select(since=since, number=number)
        answered = [call for call in calls if call.sort == "answered"]
        assert row(page, number + "\t")[4:7] == [str(len(calls)), str(len(answered)), str(sum(call.talked < 6 for call in answered))]


# ---- fourteen questions ----

def test_he_called_at_19_42_and_nobody_answered(night, days, truth):
    order = truth.of("NOANSWER")
    page = night.why(order.customer, order.number, "19:42")
    assert "A call of theirs is on record, at 19:42:17: nobody answered." in page and "(3000)" in page
    page = night.browser.click(order.id)
    assert row(page, "19:42:17")[1:5] == ["customer", order.number, "nobody answered", "45 s"]
    assert support(days, "SELECT outcome, ring_seconds FROM order_calls(%s)", order.id) == [("nobody answered", 45)]


def test_try_again_in_a_minute_said_the_voice(night, truth):
    order, callers = truth.of("APOLOGY"), truth.select(since=today("0:00"), sort="apologised")
    page = night.why(order.customer, order.number, "8:35 pm")
    assert f"The database was away then: {len(callers)} callers heard an apology" in page


def test_did_they_talk(night, days, truth):
    order = truth.of("TALKED")
    vain, call = truth.calls_of("TALKED")
    page = night.order(order)
    assert row(page, f"{call.at:%H:%M:%S}")[3:7] == ["answered", "9 s", words_for(call.talked), call.hung_up_by]
    assert row(page, f"{vain.at:%H:%M:%S}")[3] == "the callee was busy"
    assert support(days, "SELECT talk_seconds, hung_up_by FROM order_calls(%s) ORDER BY called_at DESC LIMIT 1", order.id) == [(95, "agent")]


def test_did_the_agent_call(night, days, truth):
    order = truth.of("SILENT")
    page = night.order(order)
    for call in truth.calls_of("SILENT"):
        assert row(page, f"{call.at:%H:%M:%S}")[1] == call.side == "customer"
    assert support(days, "SELECT DISTINCT caller FROM order_calls(%s)", order.id) == [("customer",)]
    assert (order.id, "customer", 2) in support(days, "SELECT order_id, side, tries FROM missed('2 hours')")


def test_why_does_the_customer_hear_no_order(night, days, truth):
    order = truth.of("OVER")
    page = night.why(order.customer, order.number, "29.11.2026 19:47")
    assert "This call does not connect." in page and order.id in page and "completed" in page and "grace time of the customer" in page
    words = support(days, "SELECT words FROM explain(%s, %s, '2026-11-29 19:47+00')", order.customer, order.number)
    assert any("completed" in line for line, in words)


def test_which_number_is_to_be_dialled(night, truth):
    order, call = truth.of("WRONGNUMBER"), truth.select(became="other_number", phone=truth.of("WRONGNUMBER").customer)[0]
    page = night.why(order.customer, call.number, "20:05")
    assert "the caller's order is on another number" in page and row(page, order.id)[2] == order.number
    page = night.why(order.customer, call.number, "")
    assert f"The number to dial: {order.number}" in page


def test_what_did_the_caller_hear(night, truth):
    order = truth.of("OTHERPHONE")
    page = night.why("+1 415-666-5201", order.number, "19:31")
    assert page.text.count("the caller was asked for a code") >= 2 and "no order ever had it" in page
    mailbox, = truth.calls_of("MAILBOX")
    assert "Nobody pressed the key that takes the call (9110)" in night.call(truth.of("MAILBOX"), mailbox.at) or (
        "nobody pressed the key" in night.call(truth.of("MAILBOX"), mailbox.at))


def test_my_text_did_not_arrive(night, days, truth):
    order = truth.of("TEXTS")
    page = night.order(order)
    assert "not delivered" in row(page, "19:21:00")[3] and "(300)" in row(page, "19:21:00")[3] and "delivered" in row(page, "19:30:00")[3]
    (lost,), = support(days, "SELECT delivery FROM message_log WHERE order_id = %s AND received_at < '2026-11-29 19:22+00'", order.id)
    assert lost.startswith("not delivered: ") and lost.endswith("(300)")
    page = night.order(truth.of("STOP"))
    assert "STOP" in row(page, "19:14:00")[3] and "takes no texts (STOP)" in row(page, "19:16:00")[3]


def test_nothing_gets_through_to_spain_since_noon(night, days, truth):
    order = truth.of("SPAIN")
    page = night.why(order.customer, order.number, "18:58")
    assert "A call of theirs is on record, at 18:58:00: the call could not be put through." in page and "(2040)" in page
    page = night.browser.open(night.url + "/calls?prefix=34&cause=2040")
    assert [line.split("\t")[0] for line in page.text.splitlines() if re.match(r"2026-11-29 \d\d:\d\d:\d\d\t", line)] == [
        f"{call.at:%Y-%m-%d %H:%M:%S}" for call in reversed(truth.spain[-50:])]
    count, first, since = support(days, """
        SELECT count(DISTINCT call_uuid), min(called_at), bool_and(called_at >= %s) FROM call_log WHERE hangup_code = 2040""", SPAIN_SINCE)[0]
    assert count == len(truth.spain) and since and f"{first:%H:%M:%S}" == f"{truth.spain[0].at:%H:%M:%S}"


def test_how_many_did_we_miss_today(night, days, truth):
    page = night.now()
    at = as_of(page)
    day = truth.select(since=at.replace(hour=0, minute=0, second=0), until=at)
    rows = support(days, """
        SELECT o, count(*) FROM (SELECT DISTINCT call_uuid, outcome AS o FROM call_log WHERE called_at >= '2026-11-29') c GROUP BY 1""")
    by_words = dict(rows)
    for became, words in (("no-answer", "nobody answered"), ("busy", "the callee was busy"), ("cancel", "the caller gave up"),
                          ("failed", "the call could not be put through")):
        assert by_words[words] == sum(call.became == became for call in day), words


def test_where_is_the_recording(night, truth):
    call, = truth.calls_of("RECORDING")
    page = night.call(truth.of("RECORDING"), call.at)
    assert re.search(rf"Recording\s+(.*\b)?{words_for(call.recorded)}", page.text), page


def test_an_outage_of_signatures_is_no_call_of_theirs(night, truth):
    order = truth.of("TALKED")
    page = night.why(order.customer, order.number, "19:11")
    assert "Plivo was refused then" in page and sum(truth.refused_webhooks.values()) > 3


def test_who_saw_my_number(night, days, truth):
    order = truth.of("SEEN")
    page = night.order(order).text.split("Who looked at it")[-1]
    assert "anna" in page and "18:40" in page and "bert" in page and "19:02" in page
    looks = support(days, "SELECT who, count(*) FROM looks_at_order(%s) WHERE first_at < %s GROUP BY who", order.id, END)
    assert {"anna", "bert"} <= {who for who, _ in looks}


def test_blocked_by_whom_and_why(night, days, truth):
    order = truth.of("BLOCKED")
    page = night.order(order)
    assert "The customer may not call the agent." in page
    assert row(page, "shouts at the courier")[2] == "2026-11-29 18:50:00"
    (reason, who), = support(days, "SELECT reason, who FROM blocks_of_order(%s)", order.id)
    assert reason == "shouts at the courier" and who in page


def test_a_call_from_a_stranger_was_the_agent_by_code(night, days, truth):
    order = truth.of("BYCODE")
    assert "agent, by the order's code" in row(night.order(order), "19:18:00")[1]
    assert "the agent, by the order's code, from a phone that is not the order's" in night.browser.click("2026-11-29 19:18:00")
    assert support(days, "SELECT caller, by_code FROM order_calls(%s)", order.id) == [("agent", True)]


def test_an_order_on_a_number_that_plivo_took_away(night, truth):
    order = truth.of("DEAD")
    page = night.order(order)
    assert f"The number {order.number} does not ring here" in page
    assert f"The number {order.number} does not ring here" in night.why(order.customer, order.number, "20:25")
