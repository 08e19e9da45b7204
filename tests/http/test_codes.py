"""A phone we do not know: asked for a code, sent to support, or told so."""
import itertools
import re
import uuid

import pytest

from server import CALLER, COUNTERPART, PROXY, STRANGER, call_fields, canonical, eventually
from waiting import in_threads

PUBLIC_URL = "https://calls.example.com"
SUPPORT = "14155550999"
SPEAK = {"voice": "WOMAN", "language": "en-US"}


@pytest.fixture(scope="module")
def codes(database):
    """Codes are on. (the customer's, the agent's) of the sample pair."""
    database.query("UPDATE masking.settings SET is_on = true WHERE name = 'codes'")
    database.query("SELECT masking.issue_codes()")
    return database.orders("SELECT customer_code, agent_code FROM orders"
                           " WHERE order_id = 'SAMPLE-1'")[0]


@pytest.fixture(scope="module")
def server(start_server, codes):
    return start_server(PUBLIC_URL=PUBLIC_URL)


_strangers = itertools.count(14156661000)


@pytest.fixture
def stranger():
    """A phone of nobody that has guessed nothing yet."""
    return str(next(_strangers))


def enter(server, caller, digits, attempt, call_uuid, method="POST"):
    fields = call_fields(caller, PROXY, call_uuid, Digits=digits, Event="Redirect",
                         CallStatus="in-progress")
    return server.webhook(fields, f"/code/{attempt}", method)


def said(database, event):
    return database.query("SELECT say FROM masking.prompt(%s, 14155550100)", event)[0][0]


def wrong(codes):
    return next(code for code in ("111111", "222222", "333333") if code not in codes)


def question_xml(oracle, sentence, attempt, digits):
    return oracle.ask("code_xml", sentence=sentence, speak=SPEAK, attributes={
        "action": f"{PUBLIC_URL}/code/{attempt}#rc=3&rp=all", "method": "POST", "timeout": "10",
        "numDigits": str(digits), "validDigits": "0123456789", "finishOnKey": "#",
        "retries": "2", "log": "false"})["xml"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_wrong_twice_then_right(server, database, oracle, codes, stranger, method):
    """The right code connects as that party. As Plivo's SDK writes it, log off: a code is
    a secret."""
    call, digits = str(uuid.uuid4()), max(map(len, (c for row in database.orders(
        "SELECT customer_code, agent_code FROM orders") for c in row)))
    answer = server.call(stranger, PROXY, call, method=method)
    assert canonical(answer.xml) == canonical(
        question_xml(oracle, said(database, "ask_code"), 1, digits))
    for attempt in (1, 2):
        answer = enter(server, stranger, wrong(codes), attempt, call, method)
        assert canonical(answer.xml) == canonical(
            question_xml(oracle, said(database, "wrong_code"), attempt + 1, digits))
    answer = enter(server, stranger, codes[0], 3, call, method)
    assert answer.dial == (PROXY, COUNTERPART)
    assert database.query("SELECT outcome, side, order_ids FROM masking.calls WHERE call_uuid"
                          " = %s", call) == [("connected", "customer", ["SAMPLE-1"])]


def test_the_agents_code_leads_to_the_customer(server, codes, stranger):
    assert enter(server, stranger, codes[1], 1, str(uuid.uuid4())).dial == (PROXY, CALLER)


def test_three_tries_a_call_and_five_an_hour(server, database, codes, stranger):
    """Counted across calls, in the database: another server counts with it."""
    call = str(uuid.uuid4())
    for attempt in (1, 2):
        assert "<GetDigits" in enter(server, stranger, wrong(codes), attempt, call).xml
    assert enter(server, stranger, wrong(codes), 3, call).refusal == said(database, "code_refused")
    assert enter(server, stranger, wrong(codes), 3, call).refusal == said(database, "code_refused")
    call = str(uuid.uuid4())
    assert "<GetDigits" in enter(server, stranger, wrong(codes), 1, call).xml
    locked = said(database, "locked_out")
    assert enter(server, stranger, wrong(codes), 2, call).refusal == locked
    assert enter(server, stranger, codes[0], 3, call).refusal == locked
    assert server.call(stranger).refusal == locked
    assert server.call(CALLER).dial == (PROXY, COUNTERPART), "who is known needs no code"


def test_a_hundred_calls_at_once_have_five_guesses(server, database, codes, stranger):
    """Guesses of one caller wait for each other."""
    answers = []

    def guess():
        answers.append(enter(server, stranger, wrong(codes), 1, str(uuid.uuid4())))

    in_threads(*[guess] * 30)
    assert sum("<GetDigits" in answer.xml for answer in answers) == 4
    assert database.query("SELECT count(*) FROM masking.code_failures WHERE caller = %s",
                          int(stranger)) == [(5,)]


@pytest.mark.parametrize("digits", [None, "", "#", "abc", "1" * 40, "12 34", "\u0661\u0662"])
def test_what_is_no_code_is_a_wrong_one(server, stranger, digits):
    assert "<GetDigits" in enter(server, stranger, digits, 1, str(uuid.uuid4())).xml


def test_codes_are_not_logged(server, codes, stranger):
    enter(server, stranger, codes[0], 1, str(uuid.uuid4()), "GET")
    enter(server, stranger, "987654", 1, str(uuid.uuid4()), "GET")
    said = re.sub(r" call=\S+", "", server.log)  # a random id may hold any digits
    assert codes[0] not in said and "987654" not in said


def test_an_outage_is_no_wrong_guess(server, database, codes, stranger):
    """Promise 3."""
    call = str(uuid.uuid4())
    with database.locked("code_failures", "codes"):
        answer = enter(server, stranger, wrong(codes), 1, call)
        assert answer.refusal and "<GetDigits" not in answer.xml
    eventually(lambda: database.call_rows(call))


def test_without_a_public_url_nobody_is_asked(start_server, codes, database):
    """Plivo would not know where to send the digits."""
    assert start_server().call(STRANGER).refusal == said(database, "unknown_caller")


def test_support_rings_where_no_code_helps(start_server, database, oracle):
    server = start_server(SUPPORT_NUMBER="+1 (415) 555-0999")
    call = str(uuid.uuid4())
    answer = server.call(STRANGER, PROXY, call)
    assert answer.dial == (PROXY, SUPPORT)
    assert database.call_rows(call) == ["support"]
    assert server.call("anonymous").dial == (PROXY, "14155550999"), "hidden callers too"
    assert server.call(SUPPORT).refusal, "not by itself"
    assert server.call(CALLER).dial == (PROXY, COUNTERPART)


def test_an_order_without_a_number_is_reached_by_code_on_any(server, database, codes, stranger):
    for number in ("14155550151", "14155550152"):
        database.query("INSERT INTO masking.proxy_numbers (number) VALUES (%s)", number)
    busy = "14156664444"
    for number, agent in enumerate(("14156664445", "14156664446", "14156664447")):
        database.add_order(f"UNMASKED-{number}", busy, agent)
    rows = database.orders("SELECT agent_number, customer_code, agent_code FROM orders"
                           " WHERE customer_number = %s AND proxy_number IS NULL", busy)
    assert len(rows) == 1
    agent, customer_code, agent_code = rows[0]
    for number in ("14155550151", "14155550152"):
        fields = call_fields(stranger, number, Digits=customer_code)
        assert server.webhook(fields, "/code/1").dial == (number, agent)
        # The customer has another agent on it, and would call back him.
        fields = call_fields(stranger, number, Digits=agent_code)
        answer = server.webhook(fields, "/code/1")
        assert answer.dial is None and "nobody to connect you with" in answer.xml
    database.query("DELETE FROM masking.orders WHERE order_id LIKE 'UNMASKED-%%'")
    database.query("DELETE FROM masking.proxy_numbers")
