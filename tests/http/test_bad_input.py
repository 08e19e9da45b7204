"""Whatever is sent: a clear answer, never a crash, nothing lost, nothing invented."""
import uuid

import pytest

from server import (CALLER, COUNTERPART, FORM, PROXY, Answer, call_fields)
from signer import form

# What may stand where a caller's number belongs, as raw form text.
BAD_CALLERS = {
    "no From": None,
    "empty": "",
    "only spaces": "+++",
    "200 digits": "1" * 200,
    "letters": "fourteen",
    "letters after digits": "14156667777abc",
    "NUL": "14156667777%00",
    "NUL first": "%0014156667777",
    "NUL then another number": "14156667777%0014156667779",
    "bare percent": "14156667777%",
    "half an escape": "14156667777%4",
    "no hexadecimal": "14156667777%zz",
    "invalid UTF-8": "%FF%FE14156667777",
    "overlong UTF-8": "%C0%B114156667777",
    "surrogate": "%ED%A0%8014156667777",
    "control byte": "14156667777%07",
    "line break": "14156667777%0D%0A14156667779",
    "SQL": "%27+OR+1%3D1",
    "SQL after the number": "14156667777%27+OR+1%3D1+--",
    "SQL statement": "1%3B+DROP+TABLE+masking.calls%3B+--",
    "array": "%7B14156667777%2C14156667779%7D",
    "XML": "%3C%2FNumber%3E%3CNumber%3E14156667779",
    "SIP": "sip%3A14156667777%40phone.plivo.com",
    "exponent": "1.4e10",
    "bigint plus one": "9223372036854775808",
    "format string": "%25s%25n%25n",
    "5,000 digits": "9" * 5000,
}


def raw(call_uuid, caller, dialled=PROXY, *more):
    parts = [f"CallUUID={call_uuid}", f"To={dialled}", "CallStatus=ringing", *more]
    if caller is not None:
        parts.append(f"From={caller}")
    return "&".join(parts)


def send(server, text, method):
    if method == "GET":
        # A query travels in the request line, where raw high bytes are not text.
        return Answer(server.exchange("GET", "/answer?" + text))
    return Answer(server.exchange("POST", "/answer", {"Content-Type": FORM},
                                  text.encode("latin-1")))


@pytest.fixture(autouse=True)
def still_serving(server):
    """After each bad request the same process answers a good one."""
    yield
    assert server.process.poll() is None
    assert server.call(CALLER).dial == (PROXY, COUNTERPART)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("kind", BAD_CALLERS)
def test_bad_caller_is_refused_and_on_record(server, database, kind, method):
    """Promise 3 and 4: a good answer, and a row, for the worst caller."""
    call_uuid = str(uuid.uuid4())
    answer = send(server, raw(call_uuid, BAD_CALLERS[kind]), method)
    assert answer.refusal
    outcomes = database.call_rows(call_uuid)
    assert len(outcomes) == 1 and outcomes[0] != "connected"


def test_raw_high_bytes_are_no_number(server):
    """In a body they are bad UTF-8; in a request line the library refuses them."""
    assert send(server, raw(uuid.uuid4(), "\xff\xfe"), "POST").refusal
    assert server.exchange("GET", "/answer?From=\xff\xfe").status == 400


@pytest.mark.parametrize("text", ["From=14156667777&From=14156667779",
                                  "From=14156667777&From=14156667777",
                                  "From=14156667777&%46rom=14156667779"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_caller_given_twice_is_no_caller(server, database, text, method):
    """Promise 3: it never guesses. Which of the two counts would be a guess."""
    call_uuid = str(uuid.uuid4())
    answer = send(server, f"CallUUID={call_uuid}&To={PROXY}&{text}", method)
    assert answer.refusal
    assert len(database.call_rows(call_uuid)) == 1


def test_query_of_a_post_never_overrides_its_body(server):
    """Promise 3: the body is what Plivo says; the query is the answer URL's own."""
    path = "/answer?From=14156667779&To=14155550199"
    answer = server.webhook(call_fields(CALLER, PROXY), path)
    assert answer.refusal or answer.dial == (PROXY, COUNTERPART)
    assert server.webhook(call_fields(None, None), path).refusal


@pytest.mark.parametrize("name", ["from", "FROM", "From ", "+From", "Fro%6D%00", "From[]"])
def test_names_match_byte_by_byte(server, name):
    call_uuid = str(uuid.uuid4())
    answer = send(server, f"CallUUID={call_uuid}&To={PROXY}&{name}={CALLER}", "POST")
    assert answer.refusal


@pytest.mark.parametrize("dialled", [
    "%3C%2FDial%3E%3CNumber%3E14156667779%3C%2FNumber%3E", "%22+onload%3D%22", "%26amp%3B",
    "14155550100%22%3E%3CNumber%3E14156667779%3C%2FNumber%3E", "]]%3E", "%3C!--", "1%00",
    "%27+OR+1%3D1", "%FF", "1" * 5000], ids=lambda dialled: dialled[:40])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_markup_in_the_dialled_number_is_refused(server, database, dialled, method):
    """Promise 1: nobody can write his own Number element into our answer."""
    call_uuid = str(uuid.uuid4())
    assert send(server, raw(call_uuid, CALLER, dialled), method).refusal
    assert len(database.call_rows(call_uuid)) == 1


@pytest.mark.parametrize("more", ["CallerName=%zz", "CallerName=%FF", "CallerName=%00",
                                  "X=1&X=2", "=", "&&&", "novalue", "=v",
                                  "CallerName=" + "x" * 3000], ids=lambda more: more[:40])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_strange_other_fields_cost_nobody_the_call(server, more, method):
    call_uuid = str(uuid.uuid4())
    answer = send(server, raw(call_uuid, CALLER, PROXY, more), method)
    assert answer.dial == (PROXY, COUNTERPART)


@pytest.mark.parametrize("call_uuid", [None, "", "x" * 300, "x" * 5000, "not-a-uuid",
                                       "%27+OR+1%3D1", "%00", "%FF", "a%00b", "%F0%9F%8D%95",
                                       "%0D%0A"], ids=lambda call_uuid: str(call_uuid)[:30])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_strange_call_uuid_gets_a_good_answer_and_is_not_lost(server, database, call_uuid, method):
    """Promise 3 and 4: nobody is connected without a row on record."""
    count = "SELECT count(*) FROM masking.calls"
    before = database.query(count)[0][0]
    text = f"From={CALLER}&To={PROXY}"
    answer = send(server, text if call_uuid is None else f"{text}&CallUUID={call_uuid}", method)
    rows = database.query(count)[0][0] - before
    assert answer.dial == (PROXY, COUNTERPART) or answer.refusal
    assert rows <= 1
    if answer.dial:
        assert rows == 1 or len(database.call_rows(call_uuid)) == 1


def test_call_uuid_given_twice_connects_nobody_unrecorded(server, database):
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    answer = send(server, raw(first, CALLER, PROXY, f"CallUUID={second}"), "POST")
    assert answer.refusal or database.recorded([first, second]) == 1


def test_megabyte_body_is_413_at_once(server):
    body = b"From=" + b"1" * 1_000_000
    reply = server.exchange("POST", "/answer",
                            {"Content-Type": FORM, "Content-Length": str(len(body))}, body[:1000])
    assert reply.status == 413 and reply.closes


def test_megabyte_body_sent_whole_is_413(server):
    connection = server.connection()
    with connection:
        try:
            connection.send(b"POST /answer HTTP/1.1\r\nHost: x\r\nContent-Type: " + FORM.encode()
                            + b"\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused while we were still writing: the answer may be gone too
        else:
            reply = connection.reply()
            assert reply is None or reply.status == 413


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data",
                                  "multipart/form-data; boundary=x", "application/xml", "", "x",
                                  None])
def test_wrong_content_type_gets_a_good_answer(server, kind):
    """Promise 3: the body may be taken for a form or not, but never answered badly."""
    body = form(call_fields(CALLER, PROXY)).encode()
    headers = {} if kind is None else {"Content-Type": kind}
    answer = Answer(server.exchange("POST", "/answer", headers, body))
    assert answer.refusal or answer.dial == (PROXY, COUNTERPART)


@pytest.mark.parametrize("body", [b'{"From":"14156667777","To":"14155550100"}', b"<From/>",
                                  b"\x00" * 100, b"\xff" * 100, b"&" * 4000, b"=" * 4000,
                                  b"%" * 4000, b"a=1&" * 1000, b""],
                         ids=lambda body: repr(body[:20]))
def test_body_that_is_no_webhook_is_refused(server, body):
    answer = Answer(server.exchange("POST", "/answer", {"Content-Type": FORM}, body))
    assert answer.refusal


def test_more_fields_than_we_read_connect_nobody(server):
    fields = [(f"f{i}", str(i)) for i in range(129)] + call_fields(CALLER, PROXY)
    assert server.webhook(fields).refusal


def test_tables_are_all_still_there(database):
    """Whatever the bad input above tried."""
    tables = database.query("SELECT count(*) FROM pg_catalog.pg_tables"
                            " WHERE schemaname = 'masking'"
                            " AND tablename IN ('orders', 'routes', 'calls')")
    assert tables == [(3,)]
