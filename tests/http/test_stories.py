"""Whole stories, told through the stand-in for Plivo: what each person heard and saw,
and what is on record afterwards.

Every request is signed, and Plivo's SDK has to agree with the signature. No transcript
may show a number to somebody who should not see it.
"""
import uuid
from functools import partial

import pytest

from plivo.stand_in import Callee, Caller, Network, Plivo
from server import PROXY, eventually
from waiting import in_threads

PUBLIC_URL = "https://calls.example.com"
TOKEN = "story-token"
SUPPORT_STAFF = "SELECT caller, outcome, ring_seconds, talk_seconds, hung_up_by, order_id" \
                " FROM call_log ORDER BY called_at DESC LIMIT %s"


@pytest.fixture(scope="module")
def server(start_server):
    return start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN)


def account(server, oracle, **options):
    def check(url, fields, headers):
        assert oracle.valid_v3(TOKEN, "POST", url, headers["X-Plivo-Signature-V3-Nonce"],
                               headers["X-Plivo-Signature-V3"],
                               list(dict(fields).items())), "the SDK does not know this signature"

    return Plivo("http://%s:%d" % server.address, PUBLIC_URL, TOKEN, on_request=check, **options)


@pytest.fixture
def plivo(server, oracle):
    return account(server, oracle)


class Order:
    """An order of its own for each story, and two people with phones of nobody else."""

    def __init__(self, database):
        self.database = database
        self.id = f"STORY-{uuid.uuid4()}"
        self.customer, self.agent, self.other = (
            f"1415666{number:04}" for number in self.numbers())
        database.add_order(self.id, self.customer, self.agent)

    @staticmethod
    def numbers(used=iter(range(1000, 9999))):
        return [next(used) for _ in range(3)]

    def update(self, sql, *values):
        self.database.orders(f"UPDATE orders SET {sql} WHERE order_id = %s", *values, self.id)

    def log(self, many=1):
        return [row for row in self.database.orders(SUPPORT_STAFF, many) if row[5] == self.id]


@pytest.fixture
def order(database):
    return Order(database)


def assert_nobody_learned_a_number(story, order, *strangers):
    """Each reader's lines hold no number of anybody else."""
    people = {order.customer, order.agent, order.other, *strangers}
    caller = story.lines[0]
    assert caller == ("caller", f"dials {PROXY}")
    for reader, what in story.lines:
        assert not any(number in what for number in people), (reader, what)


def said(database, event):
    return database.query("SELECT say FROM masking.prompt(%s, 14155550100)", event)[0][0]


def test_customer_and_agent_talk(plivo, order):
    story = plivo.call(Caller(order.customer), PROXY)
    assert story.of(order.agent) == [f"rings, showing {PROXY}", "answers", "talks", "hangs up"]
    assert story.of("caller") == [f"dials {PROXY}", "talks", "is hung up on"]
    assert_nobody_learned_a_number(story, order)
    assert order.log() == [("customer", "answered", 7, 42, "agent", order.id)]


def test_customer_calls_an_agent_who_is_busy(plivo, database, order):
    story = plivo.call(Caller(order.customer), PROXY, Callee("busy"))
    assert story.of("caller") == [f"dials {PROXY}", f'hears "{said(database, "busy")}"',
                                  "is hung up on"]
    assert_nobody_learned_a_number(story, order)
    assert order.log() == [("customer", "the callee was busy", 0, 0, None, order.id)]


@pytest.mark.parametrize("does, event, words", [
    ("no-answer", "no_answer", "nobody answered"),
    ("unreachable", "timeout", "the callee could not be reached")])
def test_nobody_answers(plivo, database, order, does, event, words):
    story = plivo.call(Caller(order.agent), PROXY, Callee(does))
    assert f'hears "{said(database, event)}"' in story.of("caller")
    assert_nobody_learned_a_number(story, order)
    assert order.log()[0][:2] == ("agent", words) and order.log()[0][4] is None


def test_it_rings_less_long_than_networks_wait_for_a_mailbox(plivo, order):
    """They pass a call on after 20 to 30 seconds."""
    story = plivo.call(Caller(order.customer), PROXY, Callee("mailbox", rings=28))
    assert "talks" not in story.of("caller")
    assert order.log()[0][1:3] == ("nobody answered", 25)


def test_a_mailbox_that_answers_is_no_talk(plivo, order):
    """Nobody can tell a mailbox from a person: the record says what is known."""
    plivo.call(Caller(order.customer), PROXY, Callee("mailbox", rings=15, talks=4))
    assert order.log() == [("customer", "answered", 15, 4, "agent", order.id)]


@pytest.fixture(scope="module")
def asking(start_server):
    return start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN, CONFIRM_CALLS="yes")


@pytest.mark.parametrize("does", ["mailbox", "no-key"])
def test_a_mailbox_does_not_press_the_key(asking, oracle, database, order, does):
    story = account(asking, oracle).call(Caller(order.customer), PROXY, Callee(does, rings=15))
    assert f'hears "{said(database, "press_key")}"' in story.of(order.agent)
    assert "talks" not in story.of("caller") and "talks" not in story.of(order.agent)
    assert story.of("caller")[-2:] == [f'hears "{said(database, "no_answer")}"', "is hung up on"]
    assert_nobody_learned_a_number(story, order)
    assert order.log() == [("customer", "it was answered, and nobody pressed the key", 15, 0, None,
                            order.id)]


def test_who_presses_the_key_talks(asking, oracle, database, order):
    story = account(asking, oracle).call(Caller(order.customer), PROXY)
    assert story.of(order.agent) == [
        f"rings, showing {PROXY}", "answers", f'hears "{said(database, "press_key")}"', "presses 1",
        "talks", "hangs up"]
    assert order.log() == [("customer", "they talked", 7, 42, "agent", order.id)]


def test_the_key_and_the_announcement_share_a_sentence(start_server, database, oracle, order):
    server = start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN, CONFIRM_CALLS="yes",
                          RECORD_CALLS="yes")
    story = account(server, oracle).call(Caller(order.customer), PROXY)
    told, key = (f'hears "{said(database, event)}"' for event in ("recorded", "press_key"))
    assert story.of(order.agent)[2:5] == [told, key, "presses 1"]
    assert told in story.of("caller") and key not in story.of("caller")


def test_agent_swapped_while_the_phone_rings(plivo, order):
    """Who is ringing already goes on; from the commit on the order has another agent."""
    story = plivo.call(Caller(order.customer), PROXY, while_ringing=lambda: order.update(
        "agent_number = %s", order.other))
    assert "talks" in story.of(order.agent) and not story.of(order.other)
    assert_nobody_learned_a_number(story, order)
    second = plivo.call(Caller(order.customer), PROXY)
    assert "talks" in second.of(order.other) and not second.of(order.agent)
    third = plivo.call(Caller(order.agent), PROXY)
    assert not third.of(order.customer) and not third.of(order.other), "the old agent is cut off"
    assert "talks" in plivo.call(Caller(order.other), PROXY).of(order.customer)


def test_a_code_wrong_twice_then_right(plivo, database, order):
    database.query("UPDATE masking.settings SET is_on = true WHERE name = 'codes'")
    try:
        order.update("completed_at = NULL")
        code = database.orders("SELECT customer_code FROM orders WHERE order_id = %s",
                               order.id)[0][0]
        stranger = order.other
        wrong = ["1111111", "2222222"]
        story = plivo.call(Caller(stranger, [*wrong, code]), PROXY)
        ask, again = said(database, "ask_code"), said(database, "wrong_code")
        assert story.of("caller") == [
            f"dials {PROXY}", f'hears "{ask}"', "enters 1111111", f'hears "{again}"',
            "enters 2222222", f'hears "{again}"', f"enters {code}", "talks", "is hung up on"]
        assert "talks" in story.of(order.agent)
        assert_nobody_learned_a_number(story, order)
        assert order.log()[0][:2] == ("customer", "answered")
        silent = plivo.call(Caller(stranger), PROXY)
        assert silent.of("caller")[-2:] == ["enters nothing", "is hung up on"]
    finally:
        database.query("UPDATE masking.settings SET is_on = false WHERE name = 'codes'")


def test_a_hidden_caller_enters_his_code(plivo, database, order):
    """As a word, as nothing, or as the digits that carriers send for the word."""
    database.query("UPDATE masking.settings SET is_on = true WHERE name = 'codes'")
    try:
        order.update("completed_at = NULL")
        code = database.orders("SELECT customer_code FROM orders WHERE order_id = %s", order.id)[0][0]
        for hidden in ("anonymous", "Restricted", "", "266696687", "7378742833", "8656696", "86282452253", "2562533", "94844353",
                       "688632732",
                       "+266696687"):
            story = plivo.call(Caller(hidden, [code]), PROXY)
            assert story.of("caller")[1:3] == [f'hears "{said(database, "ask_code")}"', f"enters {code}"]
            assert "talks" in story.of(order.agent)
    finally:
        database.query("UPDATE masking.settings SET is_on = false WHERE name = 'codes'")


@pytest.mark.parametrize("hidden", ["anonymous", "", "266696687", "8656696"])
def test_a_hidden_caller_without_codes(plivo, database, start_server, oracle, hidden):
    assert plivo.call(Caller(hidden), PROXY).of("caller")[1] == f'hears "{said(database, "no_caller_id")}"'
    server = start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN, SUPPORT_NUMBER="14156660909")
    assert "talks" in account(server, oracle).call(Caller(hidden), PROXY).of("14156660909")


def test_wrong_codes_of_hidden_callers_lock_nobody_else_out(plivo, database, order):
    database.query("UPDATE masking.settings SET is_on = true WHERE name = 'codes'")
    try:
        order.update("completed_at = NULL")
        code = database.orders("SELECT customer_code FROM orders WHERE order_id = %s", order.id)[0][0]
        for _ in range(7):
            plivo.call(Caller("266696687", ["1111111", "2222222", "3333333"]), PROXY)
        assert plivo.call(Caller("anonymous"), PROXY).of("caller")[1] == (
            f'hears "{said(database, "no_caller_id")}"'), "twenty an hour"
        assert "talks" in plivo.call(Caller(order.other, [code]), PROXY).of(order.agent)
    finally:
        database.query("UPDATE masking.settings SET is_on = false WHERE name = 'codes'")
        database.query("DELETE FROM masking.code_failures")


def test_the_order_is_over(plivo, database, order):
    order.update("completed_at = now() - interval '1 hour'")
    story = plivo.call(Caller(order.customer), PROXY)
    assert story.of("caller")[1] == f'hears "{said(database, "order_over")}"'
    assert database.orders("SELECT outcome FROM order_calls(%s)", order.id) == [
        ("the caller's order is over",)]


def test_yesterdays_number(plivo, database):
    """Told which to dial; by the setting connected, and today's number is shown."""
    pool = ("14155550181", "14155550182")
    for number in pool:
        database.query("INSERT INTO masking.proxy_numbers (number) VALUES (%s)", number)
    try:
        order = Order(database)
        own = database.orders("SELECT proxy_number FROM orders WHERE order_id = %s", order.id)[0][0]
        yesterdays = next(number for number in pool if number != own)
        story = plivo.call(Caller(order.customer), yesterdays)
        assert story.of("caller")[1] == f'hears "{said(database, "other_number")}"'
        database.query("UPDATE masking.settings SET is_on = true WHERE name = 'any_number'")
        story = plivo.call(Caller(order.customer), yesterdays)
        assert story.of(order.agent)[0] == f"rings, showing {own}"
        assert order.log() == [("customer", "answered", 7, 42, "agent", order.id)]
        for reader, what in story.lines:
            assert order.customer not in what and order.agent not in what, (reader, what)
    finally:
        database.query("UPDATE masking.settings SET is_on = false WHERE name = 'any_number'")
        database.query("DELETE FROM masking.routes")
        database.query("DELETE FROM masking.proxy_numbers")


def test_caller_hangs_up_while_it_rings(plivo, order):
    story = plivo.call(Caller(order.customer, gives_up=True), PROXY)
    assert story.of("caller") == [f"dials {PROXY}", "gives up"]
    assert story.of(order.agent) == [f"rings, showing {PROXY}"]
    assert order.log() == [("customer", "the caller gave up", 5, 0, "customer", order.id)]


def test_both_call_each_other_at_the_same_moment(plivo, order):
    """Each finds the other's line busy; neither call is told as the other's."""
    stories = {}

    def call(number):
        stories[number] = plivo.call(Caller(number), PROXY, Callee("busy"))

    in_threads(*[partial(call, number) for number in (order.customer, order.agent)])
    assert stories[order.customer].of(order.agent) == [f"is busy, would see {PROXY}"]
    assert stories[order.agent].of(order.customer) == [f"is busy, would see {PROXY}"]
    for story in stories.values():
        assert_nobody_learned_a_number(story, order)
    assert sorted(row[0] for row in order.log(2)) == ["agent", "customer"]


def test_order_completed_during_the_call(plivo, order):
    """A talk goes on; afterwards each side has its grace, and then nothing."""
    story = plivo.call(Caller(order.customer), PROXY, while_talking=lambda: order.update(
        "completed_at = now()"))
    assert "hangs up" in story.of(order.agent)
    assert "talks" in plivo.call(Caller(order.customer), PROXY).of(order.agent)
    order.update("completed_at = now() - interval '1 day'")
    late = plivo.call(Caller(order.customer), PROXY)
    assert not late.of(order.agent)
    assert_nobody_learned_a_number(late, order)


def test_a_recorded_call(start_server, database, oracle, order):
    server = start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN, RECORD_CALLS="yes")
    story = account(server, oracle).call(Caller(order.customer), PROXY)
    told = f'hears "{said(database, "recorded")}"'
    assert story.of("caller")[1] == told and told in story.of(order.agent)
    assert_nobody_learned_a_number(story, order)
    assert database.orders("SELECT recording_seconds FROM call_log WHERE order_id = %s",
                           order.id) == [(42,)]


@pytest.mark.parametrize("seed", range(6))
def test_the_record_is_the_same_over_a_bad_network(server, oracle, order, seed):
    """Repeated, reordered and delayed, the callbacks tell the same story."""
    network = Network(seed=seed, repeat=0.5, delay=True, shuffle=True)
    account(server, oracle, network=network, hangup_path="/hangup" if seed % 2 else None).call(
        Caller(order.agent), PROXY, Callee(hangs_up="caller"))
    assert order.log() == [("agent", "answered", 7, 42, "agent", order.id)]


def test_half_of_the_callbacks_lost(server, oracle, order):
    """What is left is told; nothing is invented."""
    account(server, oracle, network=Network(seed=3, drop=0.5, delay=True)).call(
        Caller(order.customer), PROXY)
    caller, outcome, _, talked, _, _ = order.log()[0]
    assert (caller, outcome) == ("customer", "answered") and talked in (None, 42)


def test_messages_both_ways_and_no_endless_exchange(plivo, order):
    assert plivo.message(order.customer, PROXY, "At the door").lines == [
        (order.agent, f'reads "At the door" from {PROXY}')]
    assert plivo.message(order.agent, PROXY, "Coming").lines == [
        (order.customer, f'reads "Coming" from {PROXY}')]
    ours = ("14155550171", "14155550172")
    assert len(plivo.message(ours[0], ours[1], "hello", ours).lines) <= 2
