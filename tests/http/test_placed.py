"""Calls that we place, from the request to the end: who asked is rung first, presses a key, and the other
is rung; what each hears and sees, what the order system reads, and what is on record.

Plivo's signatures are shown in test_stories.py; that nothing is placed twice in tests/plivo_tool.
"""
import json
import uuid

import pytest

from plivo.stand_in import Callee, First, Network, Plivo
from server import PROXY, STRANGER, eventually
from test_stories import PUBLIC_URL, TOKEN, Order, account, said
from waiting import in_threads

RINGS = f"rings, showing {PROXY}"
PRESS = 'hears "This is a call about an order. Press 1 to be connected."'


@pytest.fixture(scope="module", autouse=True)
def shown_number(database):
    """The pool is empty here."""
    database.query("UPDATE masking.settings SET word = %s WHERE name = 'request_number';"
                   "UPDATE masking.settings SET amount = 0 WHERE name = 'requests_per_hour'", PROXY)


@pytest.fixture(scope="module")
def server(start_server):
    return start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN)


@pytest.fixture
def plivo(server, oracle):
    return account(server, oracle)


class Asked(Order):
    """An order, and a call that is asked for about it."""

    def ask(self, side="agent"):
        [(request, state)] = self.database.orders(
            "INSERT INTO call_requests (order_id, side) VALUES (%s, %s) RETURNING request_id, state", self.id, side)
        return request, state

    def take(self):
        """As number-masking-plivo place: (request, what Plivo is sent)."""
        self.database.query("UPDATE masking.placer SET last_placed_at = NULL")
        [(request, body)] = self.database.query(
            "SELECT request_id, body FROM masking.request_take(1, %s, 25)", PUBLIC_URL, role="masking_caller")
        return request, body and json.loads(body)

    def report(self, request, status=201, answer='{"request_uuid": "u"}'):
        return self.database.query("SELECT masking.request_report(1, %s, true, %s, %s)",
                                   request, status, answer, role="masking_caller")[0][0]

    def place(self, plivo, first="answers", callee="answers", side="agent", answer=(201, '{"request_uuid": "u"}'), **meanwhile):
        """The whole of it; the transcript, and (state, reason) for the order system."""
        request, _ = self.ask(side)
        taken, body = self.take()
        assert taken == request
        self.report(request, *answer)
        story = plivo.place(body, "u", First(first), Callee(callee), **meanwhile)
        return story, self.state(request)

    def state(self, request):
        return self.database.orders("SELECT state, reason FROM call_requests WHERE request_id = %s", request)[0]


@pytest.fixture
def order(database):
    yield (order := Asked(database))
    database.query("UPDATE masking.requests SET ended_at = now(), first = NULL WHERE order_id = %s AND ended_at IS NULL", order.id)


def assert_masked(story, order):
    """Promise 1: nobody's lines hold a number of anybody else."""
    people = {order.customer, order.agent, order.other}
    for reader, what in story.lines:
        assert not any(number in what for number in people), (reader, what)


@pytest.mark.parametrize("side", ["agent", "customer"])
def test_both_answer(plivo, order, side):
    first, second = (order.agent, order.customer) if side == "agent" else (order.customer, order.agent)
    story, state = order.place(plivo, side=side)
    assert story.of(first) == [RINGS, "answers", PRESS, "enters 1", "talks", "is hung up on"]
    assert story.of(second) == [RINGS, "answers", "talks", "hangs up"]
    assert_masked(story, order)
    assert state == ("connected", None)
    other = "customer" if side == "agent" else "agent"
    assert order.log() == [(side, f"we rang the {side} first: answered", 7, 42, other, order.id)]


@pytest.mark.parametrize("first, lines, state, words", [
    ("busy", [f"is busy, would see {PROXY}"], ("unanswered", "first_busy"), "that phone was busy"),
    ("no-answer", [RINGS], ("unanswered", "first_no_answer"), "that phone was not answered"),
    ("rejects", [RINGS], ("unanswered", "first_busy"), "that phone was busy"),
    ("unreachable", [f"cannot be reached, would see {PROXY}"], ("unanswered", "first_failed"), "that phone could not be rung"),
    ("mailbox", [RINGS, "has a mailbox that answers", PRESS, "enters nothing", "is hung up on"],
     ("unanswered", "ask_key"), "it was answered, and no key was pressed"),
    ("no-key", [RINGS, "answers", PRESS, "enters nothing", "is hung up on"],
     ("unanswered", "ask_key"), "it was answered, and no key was pressed")])
def test_the_first_does_not_take_it(plivo, order, first, lines, state, words):
    """The other phone does not ring: above all not for a mailbox."""
    story, became = order.place(plivo, first)
    assert story.of(order.agent) == lines and story.of(order.customer) == []
    assert became == state
    assert [row[:2] for row in order.log()] == [("agent", f"we rang the agent first: {words}")]
    assert order.ask()[1] == "requested", "another call can be asked for"


@pytest.mark.parametrize("callee, event, state", [
    ("busy", "busy", ("unanswered", "busy")), ("no-answer", "no_answer", ("unanswered", "no-answer")),
    ("unreachable", "timeout", ("unanswered", "timeout"))])
def test_the_second_does_not_answer(plivo, database, order, callee, event, state):
    story, became = order.place(plivo, callee=callee)
    assert f'hears "{said(database, event)}"' in story.of(order.agent) and "talks" not in story.of(order.agent)
    assert_masked(story, order)
    assert became == state


def test_the_first_hangs_up_while_the_second_rings(plivo, order):
    story, state = order.place(plivo, "hangs-up")
    assert story.of(order.agent)[-1] == "gives up" and story.of(order.customer) == [RINGS]
    assert state == ("unanswered", "cancel")
    assert order.log()[0][:2] == ("agent", "we rang the agent first: the caller gave up")


@pytest.mark.parametrize("when", ["before_answer", "before_key"])
@pytest.mark.parametrize("change, event", [
    ("agent_number = '{other}'", "order_over"), ("cancelled_at = now()", "order_over"), ("agent_number = NULL", "order_waiting")])
def test_what_changed_while_it_rang_counts(plivo, database, order, when, change, event):
    """Promise 2: the agent who was swapped does not reach the customer, nor anybody else."""
    story, state = order.place(plivo, **{when: lambda: order.update(change.format(other=order.other))})
    assert story.of(order.agent)[-2:] == [f'hears "{said(database, event)}"', "is hung up on"]
    assert story.of(order.customer) == [] and story.of(order.other) == []
    assert state == ("refused", event)


def test_the_customer_is_the_present_one(plivo, order):
    story, _ = order.place(plivo, before_key=lambda: order.update(f"customer_number = '{order.other}'"))
    assert story.of(order.customer) == [] and story.of(order.other)[0] == RINGS


def test_what_waited_too_long_at_plivo_is_not_put_through(plivo, database, order):
    late = "UPDATE masking.requests SET expires_at = now() - interval '1 second' WHERE order_id = %s"
    story, state = order.place(plivo, before_answer=lambda: database.query(late, order.id))
    assert story.of(order.agent)[1:] == ["answers", f'hears "{said(database, "request_expired")}"', "is hung up on"]
    assert story.of(order.customer) == [] and state == ("expired", "request_expired")
    _, state = order.place(plivo, before_key=lambda: database.query(late, order.id))
    assert state == ("connected", None), "who answers in time may take his time"


@pytest.mark.parametrize("answer", [(500, "<html>"), (0, "cut"), None])
def test_a_webhook_that_comes_before_the_201_or_without_one(plivo, database, order, answer):
    """What Plivo calls about was placed, whatever it answered."""
    request, _ = order.ask()
    _, body = order.take()
    states = []
    before = (lambda: states.append(order.report(request, *answer))) if answer else None
    plivo.place(body, "u", First(), Callee(), before_answer=before,
                while_ringing=lambda: states.append(order.state(request)[0]))
    assert states == (["unknown", "ringing"] if answer else ["ringing"])
    assert order.report(request) == "ringing", "a 201 that comes late changes nothing"
    assert order.state(request) == ("connected", None)


def test_a_double_tap_rings_once(order):
    asked = []
    in_threads(*[lambda: asked.append(order.ask())] * 8)
    assert len(asked) == 8 and len(set(asked)) == 1
    assert order.take()[0] == asked[0][0] and order.take()[0] in (None, asked[0][0])
    assert order.ask()[0] == asked[0][0], "while it is placed, too"


def fields(order, call, event="StartApp", **more):
    return [("CallUUID", call), ("From", PROXY), ("To", order.agent), ("Direction", "outbound"), ("Event", event),
            ("CallStatus", "in-progress"), *more.items()]


@pytest.fixture(scope="module")
def unsigned(start_server):
    return start_server(PUBLIC_URL=PUBLIC_URL)


def test_another_call_gets_no_answer(unsigned, database, order):
    request, _ = order.ask()
    order.take()
    own, other = str(uuid.uuid4()), str(uuid.uuid4())
    path = f"/request/{request}"
    first = unsigned.webhook(fields(order, own), path)
    assert unsigned.webhook(fields(order, own), path + "/").xml == first.xml, "the same call gets the same answer"
    for wrong in (path, f"/request/{uuid.uuid4()}", f"/request/key/{request}", "/request/x"):
        assert unsigned.webhook(fields(order, other, Digits="1"), wrong).refusal == "Sorry, this call cannot be connected. Goodbye."
    assert unsigned.webhook(fields(order, own, "Redirect", Digits="1"), f"/request/key/{request}").dial == (PROXY, order.customer)
    assert set(database.call_rows(other)) == {"not_requested"}
    assert unsigned.exchange("POST", f"/request/{request}/more").status in (200, 404)


@pytest.mark.parametrize("left_out", ["From", "Direction", "Event", "CallStatus"])
def test_what_plivo_leaves_out_keeps_nobody_apart(unsigned, order, left_out):
    request, _ = order.ask()
    order.take()
    own = str(uuid.uuid4())
    sent = [field for field in fields(order, own, Digits="1") if field[0] != left_out]
    assert "<GetDigits" in unsigned.webhook(sent, f"/request/{request}").xml
    assert unsigned.webhook(sent, f"/request/key/{request}").dial == (PROXY, order.customer)


def test_a_mailbox_of_the_other_is_not_connected(start_server, order):
    """Not even until it has pressed no key: the order system reads it meanwhile."""
    server = start_server(PUBLIC_URL=PUBLIC_URL, CONFIRM_CALLS="yes")
    request, _ = order.ask()
    order.take()
    own = str(uuid.uuid4())
    for path in (f"/request/{request}", f"/request/key/{request}"):
        server.webhook(fields(order, own, Digits="1"), path)
    states = []
    for action in ("answer", "connected"):
        server.webhook(fields(order, own, "Dial", DialAction=action), "/dial/event")
        states.append(order.state(request)[0])
    assert states == ["ringing", "connected"]


def test_a_phone_of_somebody_else_is_not_connected(unsigned, order):
    """To is who was rung: a number that a request names is not enough."""
    request, _ = order.ask()
    order.take()
    call = str(uuid.uuid4())
    strange = [(name, STRANGER if name == "To" else value) for name, value in fields(order, call)]
    assert unsigned.webhook(strange, f"/request/{request}").refusal
    assert unsigned.webhook(strange + [("Digits", "1")], f"/request/key/{request}").dial is None


def test_events_that_overtake_show_no_phone(unsigned, database, order):
    """Of a call that we placed To is somebody's phone: it must not pass for the number dialled."""
    call = str(uuid.uuid4())
    bare = [field for field in fields(order, call, "Hangup") if field[0] != "Direction"]
    unsigned.webhook(bare, f"/request/{uuid.uuid4()}")
    for path in ("/dial/action", "/dial/event", "/recording", "/hangup"):
        unsigned.webhook(fields(order, call, "Hangup", DialStatus="busy", DialAction="hangup", RecordUrl="https://x/y"), path)
    assert database.query("SELECT proxy FROM masking.calls WHERE call_uuid = %s", call) == [(int(PROXY),)]


@pytest.mark.parametrize("seed", range(5))
def test_callbacks_that_are_repeated_lost_and_shuffled(server, database, order, seed):
    network = Network(seed=seed, repeat=0.5, drop=0.2, shuffle=True, delay=True)
    plivo = Plivo("http://%s:%d" % server.address, PUBLIC_URL, TOKEN, network=network)
    _, state = order.place(plivo)
    assert state[0] in ("connected", "ringing", "unanswered") and len(order.log()) == 1
    assert order.log()[0][0] == "agent"


def test_without_a_database_nobody_is_guessed(start_server, database, cluster, order):
    """Promise 3: an apology, and the end of the call is told again until it is known."""
    server = start_server(PUBLIC_URL=PUBLIC_URL, ANSWER_DEADLINE_MS="200")
    request, _ = order.ask()
    order.take()
    call = str(uuid.uuid4())
    cluster.stop("fast")
    try:
        assert server.webhook(fields(order, call), f"/request/{request}").refusal.startswith("Sorry, we cannot connect")
        over = fields(order, call, "Hangup")
        assert server.send(over, f"/request/{request}").status == 503
    finally:
        cluster.start()
    eventually(lambda: server.send(over, f"/request/{request}").status == 200)
    eventually(lambda: database.call_rows(call) == ["apologised"])
    assert order.state(request)[0] == "failed"
    of_the_order = [([order.id], "agent", True)]  # whichever of the two was written first
    assert database.query("SELECT order_ids, side, placed FROM masking.calls WHERE call_uuid = %s", call) == of_the_order


def test_the_feed_tells_of_it(server, database, order, oracle):
    database.query("UPDATE masking.settings SET is_on = true WHERE name = 'feed_calls'")
    order.place(account(server, oracle), callee="busy")
    order.place(account(server, oracle), "busy")
    database.query("UPDATE masking.feed_inbox SET happened_at = happened_at - interval '11 seconds'")
    told = "SELECT what, side, answered FROM feed WHERE order_ids = ARRAY[%s] ORDER BY position"
    eventually(lambda: len(database.orders(told, order.id)) == 2)
    assert database.orders(told, order.id) == [("busy", "agent", False), ("first_busy", "agent", None)]
    database.query("UPDATE masking.settings SET is_on = false WHERE name = 'feed_calls'")


def test_with_a_key_and_a_recording(start_server, database, order, oracle):
    """Both sides hear that it is recorded; who is rung second presses a key too, where calls are confirmed."""
    server = start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN, RECORD_CALLS="yes", CONFIRM_CALLS="yes")
    order.update("spoken = 'K17'")
    database.query("UPDATE masking.settings SET is_on = true WHERE name IN ('greet_caller', 'greet_callee')")
    story, state = order.place(account(server, oracle))
    database.query("UPDATE masking.settings SET is_on = false WHERE name IN ('greet_caller', 'greet_callee')")
    assert story.of(order.agent)[2:6] == [PRESS, "enters 1", f'hears "{said(database, "greet_caller")}"', 'hears "This call is recorded."']
    assert story.of(order.customer)[2:5] == [
        'hears "This is a call about order K, 1, 7."', 'hears "This call is recorded."', 'hears "This is a call about an order. To take it, press 1."']
    assert state == ("connected", None)
