"""What is heard before two people are connected: the caller while nobody is rung yet, the callee
once he has answered, whatever connects them, and without a database nothing that is not so.
"""
import uuid

import pytest

from plivo.stand_in import Callee, Caller
from server import CALLER, COUNTERPART, PROXY, STRANGER, canonical
from test_stories import Order, PUBLIC_URL, TOKEN, account, assert_nobody_learned_a_number, said

ABOUT_THE_ORDER = 'hears "This is a call about order K, 1, 7."'
RECORDED, PRESS_KEY = "This call is recorded.", "This is a call about an order. To take it, press 1."
POLICIES = {"": {}, "recorded": {"RECORD_CALLS": "yes"}, "with a key": {"CONFIRM_CALLS": "yes"},
            "recorded, with a key": {"RECORD_CALLS": "yes", "CONFIRM_CALLS": "yes"}}


@pytest.fixture(scope="module", params=POLICIES)
def policy(request):
    return POLICIES[request.param]


@pytest.fixture(scope="module")
def plivo(start_server, oracle, policy):
    return account(start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN, **policy), oracle)


@pytest.fixture(scope="module")
def server(start_server):
    """Plivo's signatures are shown elsewhere."""
    return start_server(PUBLIC_URL=PUBLIC_URL, SUPPORT_NUMBER="14156660909")


def switch(database, on, *names):
    database.query("UPDATE masking.settings SET is_on = %s WHERE name = ANY (%s)", on, list(names))


@pytest.fixture(autouse=True)
def greetings(database):
    """Both are on."""
    switch(database, True, "greet_caller", "greet_callee")
    yield
    switch(database, False, "greet_caller", "greet_callee", "codes")


@pytest.fixture
def order(database):
    order = Order(database)
    order.update("spoken = 'K17'")
    return order


def sentences(answer):
    """Everything that an answer says, before it does anything else."""
    return [child.text for child in answer._root.iter("Speak", "Play")]


def hears(*said_, policy):
    """What somebody hears after that, by the server's own policy."""
    return [*said_, *([f'hears "{RECORDED}"'] if "RECORD_CALLS" in policy else [])]


def test_both_hear_it_before_they_are_connected(plivo, policy, database, order):
    story = plivo.call(Caller(order.customer), PROXY)
    moment = f'hears "{said(database, "greet_caller")}"'
    key = [f'hears "{PRESS_KEY}"', "presses 1"] if "CONFIRM_CALLS" in policy else []
    assert story.of("caller") == [f"dials {PROXY}", *hears(moment, policy=policy), "talks", "is hung up on"]
    assert story.of(order.agent) == [
        f"rings, showing {PROXY}", "answers", *hears(ABOUT_THE_ORDER, policy=policy), *key, "talks", "hangs up"]
    assert story.lines.index(("caller", moment)) < story.lines.index((order.agent, f"rings, showing {PROXY}"))
    assert_nobody_learned_a_number(story, order)
    assert order.log()[0][:2] == ("customer", "they talked" if key else "answered")


def test_off_as_shipped(plivo, policy, database, order):
    """And an order without a name: nothing is said of it, least of all its id."""
    switch(database, False, "greet_caller", "greet_callee")
    silent = plivo.call(Caller(order.customer), PROXY)
    assert silent.of("caller") == [f"dials {PROXY}", *hears(policy=policy), "talks", "is hung up on"]
    assert ABOUT_THE_ORDER not in silent.of(order.agent)
    switch(database, True, "greet_callee")
    order.update("spoken = NULL")
    assert plivo.call(Caller(order.customer), PROXY).lines == silent.lines


def test_by_code_too(plivo, policy, database, order):
    switch(database, True, "codes")
    order.update("completed_at = NULL")
    code, = database.orders("SELECT customer_code FROM orders WHERE order_id = %s", order.id)[0]
    story = plivo.call(Caller(order.other, [code]), PROXY)
    heard = story.of("caller")
    assert heard[heard.index(f"enters {code}") + 1] == f'hears "{said(database, "greet_caller")}"'
    assert story.of(order.agent)[2] == ABOUT_THE_ORDER
    assert_nobody_learned_a_number(story, order)


def test_a_mailbox_hears_it_and_presses_nothing(start_server, oracle, order):
    server = start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN, CONFIRM_CALLS="yes")
    story = account(server, oracle).call(Caller(order.customer), PROXY, Callee("mailbox"))
    assert ABOUT_THE_ORDER in story.of(order.agent) and "talks" not in story.of(order.agent)


def test_the_url_names_the_call_only_where_the_callee_is_greeted(server, database, oracle, order):
    """As Plivo's SDK writes it."""
    call, again = str(uuid.uuid4()), "#rc=3&rp=all"

    def dial(**attributes):
        return canonical(oracle.dial_xml(
            PROXY, order.agent, action=f"{PUBLIC_URL}/dial/action{again}", method="POST",
            callbackUrl=f"{PUBLIC_URL}/dial/event{again}", callbackMethod="POST", timeout="25",
            timeLimit="1800", callerName=PROXY, **attributes))

    switch(database, False, "greet_caller")
    assert canonical(server.call(order.customer, PROXY, call).xml) == dial(
        confirmSound=f"{PUBLIC_URL}/recording/announcement/{call}{again}")
    order.update("spoken = NULL")
    assert canonical(server.call(order.customer).xml) == dial()


def announced(server, path, method="POST"):
    return sentences(server.webhook([("From", PROXY), ("To", COUNTERPART)], path, method))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whatever_the_path_says_only_a_calls_own_order_is_named(server, method, order):
    call = str(uuid.uuid4())
    server.call(order.customer, PROXY, call)
    named = ["This is a call about order K, 1, 7."]
    for path in (f"/{call}", f"/{call}/", f"//{call}//"):
        assert announced(server, "/recording/announcement" + path, method) == named
    for path in (f"/{uuid.uuid4()}", f"/{call}x", "/" + 64 * "a"):
        assert announced(server, "/recording/announcement" + path, method) == []
    for path in ("", "/", f"/{call}/1", f"/x/{call}", "/" + 65 * "a", "/%27", "/..."):
        assert announced(server, "/recording/announcement" + path, method) == [RECORDED]


def test_the_orders_name_as_it_is_when_he_answers(server, order):
    call = str(uuid.uuid4())
    server.call(order.customer, PROXY, call)
    order.update("spoken = 'b'")
    assert announced(server, f"/recording/announcement/{call}") == ["This is a call about order B."]
    order.update("spoken = NULL")
    assert announced(server, f"/recording/announcement/{call}") == []


def test_recordings(server, database, order):
    """Played as they are, also of an order without a name."""
    order.update("spoken = NULL")
    urls = {event: f"https://cdn.example.com/{event}.mp3?a=1&b=2" for event in ("greet_caller", "greet_callee")}
    for event, url in urls.items():
        database.query("UPDATE masking.prompts SET play_url = %s WHERE event = %s AND language = 'en-US'", url, event)
    try:
        call = str(uuid.uuid4())
        answer = server.call(order.customer, PROXY, call)
        assert [(child.tag, child.text) for child in answer._root][0] == ("Play", urls["greet_caller"])
        heard = server.webhook([("From", PROXY)], f"/recording/announcement/{call}")
        assert [(child.tag, child.text) for child in heard._root] == [("Play", urls["greet_callee"])]
    finally:
        database.query("UPDATE masking.prompts SET play_url = NULL")


def test_a_sentence_of_one_number(server, database, order):
    """The callee's of the number that he sees; a proxy number on which nobody is named has that of all."""
    database.query("INSERT INTO masking.prompts (event, language, number, words, voice) VALUES"
                   " ('greet_callee', 'en-US', %s, 'Pizza & {order}', 'MAN')", PROXY)
    try:
        call = str(uuid.uuid4())
        server.call(order.customer, PROXY, call)
        heard = server.webhook([("From", PROXY)], f"/recording/announcement/{call}")
        assert sentences(heard) == ["Pizza & K, 1, 7"] and heard.speak_attributes["voice"] == "MAN"
        other = server.webhook([("From", "14155550199")], f"/recording/announcement/{call}")
        assert sentences(other) == ["This is a call about order K, 1, 7."]
    finally:
        database.query("DELETE FROM masking.prompts WHERE number <> ''")


def test_who_is_not_connected_hears_nothing_of_it(server):
    """Nor does who reaches support, nor support."""
    answer = server.call(STRANGER)
    assert [child.tag for child in answer._root] == ["Dial"] and answer._root[0].get("confirmSound") is None


def test_without_a_public_url_it_is_the_tutorials_xml(start_server, oracle, order):
    answer = start_server().call(order.customer)
    assert canonical(answer.xml) == canonical(oracle.dial_xml(PROXY, order.agent))


@pytest.mark.parametrize("policy, said_all_the_same", [
    ({}, []), ({"RECORD_CALLS": "yes"}, [RECORDED]), ({"CONFIRM_CALLS": "yes"}, [PRESS_KEY]),
    ({"RECORD_CALLS": "yes", "CONFIRM_CALLS": "yes"}, [RECORDED, PRESS_KEY])])
def test_the_database_away_as_the_callee_answers(start_server, database, order, policy, said_all_the_same):
    """Promise 3: nothing of the order; what has to be said, in English."""
    server = start_server(PUBLIC_URL=PUBLIC_URL, **policy)
    call = str(uuid.uuid4())
    server.call(order.customer, PROXY, call)
    with database.locked("prompts"):
        assert announced(server, f"/recording/announcement/{call}") == said_all_the_same
