"""What a web server may misread: one test for each hazard of CivetWeb 1.15 that the
server guards against. None may reach a webhook with altered meaning, so each
attack carries a call that must not be on record afterwards.
"""
import os
import uuid

import pytest

from server import CALLER, COUNTERPART, FORM, PAIRS, PROXY, Answer, call_fields
from client import BadAnswer, request_bytes
from other_root import PASSWORD_FILE, into_other_root, needs_other_root
from signer import form

LINE = "POST /answer HTTP/1.1\r\nHost: masking.example.com\r\n"
FORM_LINE = f"Content-Type: {FORM}\r\n"


@pytest.fixture
def attack():
    """A call that must never be made: (its CallUUID, its form body)."""
    call_uuid = str(uuid.uuid4())
    return call_uuid, form(call_fields(PAIRS[1][0], PROXY, call_uuid))


@pytest.fixture(autouse=True)
def still_serving(server):
    """After each attack the same process answers a good call."""
    yield
    assert server.process.poll() is None
    assert server.call(CALLER).dial == (PROXY, COUNTERPART)


def whole(body):
    """A correct request with this body, as somebody might smuggle it."""
    return request_bytes("POST", "/answer", {"Content-Type": FORM}, body.encode()).decode()


def refused(server, raw, *statuses):
    """The one answer to raw: one of these, with the connection closed behind it."""
    with server.connection() as connection:
        connection.send(raw.encode("latin-1"))
        reply = connection.reply()
        assert reply is None or reply.status in statuses, reply
        assert connection.closed(), "a second answer: something was smuggled"
        return reply


def assert_never_made(database, attack):
    assert database.call_rows(attack[0]) == []


@pytest.mark.parametrize("coding", ["chunked", "identity", "gzip, chunked", "Chunked", "x", "",
                                    "identity\r\nTransfer-Encoding: chunked"])
def test_transfer_encoding_of_any_kind_is_refused(server, database, attack, coding):
    chunk = f"{len(attack[1]):x}\r\n{attack[1]}\r\n0\r\n\r\n"
    assert refused(server, f"{LINE}{FORM_LINE}Transfer-Encoding: {coding}\r\n\r\n{chunk}",
                   411, 400)
    assert_never_made(database, attack)


@pytest.mark.parametrize("first", ["Transfer-Encoding: chunked\r\nContent-Length: {n}",
                                   "Content-Length: {n}\r\nTransfer-Encoding: chunked",
                                   "Content-Length: 4\r\nTransfer-Encoding: chunked"])
def test_transfer_encoding_beside_a_length(server, database, attack, first):
    smuggled = whole(attack[1])
    head = first.format(n=len(smuggled) + 5)
    assert refused(server, f"{LINE}{FORM_LINE}{head}\r\n\r\n0\r\n\r\n{smuggled}", 411, 400)
    assert_never_made(database, attack)


def test_transfer_encoding_in_http_1_0(server, database, attack):
    raw = (f"POST /answer HTTP/1.0\r\nHost: x\r\n{FORM_LINE}Transfer-Encoding: chunked\r\n\r\n"
           f"{len(attack[1]):x}\r\n{attack[1]}\r\n0\r\n\r\n")
    assert refused(server, raw, 411)
    assert_never_made(database, attack)


@pytest.mark.parametrize("lengths", [("{n}", "{n}"), ("{n}", "0"), ("0", "{n}"), ("{n}", "1")])
def test_two_content_lengths_are_400(server, database, attack, lengths):
    fields = "".join(f"Content-Length: {length.format(n=len(attack[1]))}\r\n"
                     for length in lengths)
    assert refused(server, f"{LINE}{FORM_LINE}{fields}\r\n{attack[1]}", 400)
    assert_never_made(database, attack)


@pytest.mark.parametrize("length", ["{n}abc", "+{n}", "{n}, {n}", "0x{n:x}", "-1", "-{n}", "", "x",
                                    "{n}.0", "{n} 1", "1e3", "\u0663", "{n};q=1"])
def test_content_length_that_is_not_digits_is_refused(server, database, attack, length):
    written = length.format(n=len(attack[1]))
    raw = f"{LINE}{FORM_LINE}Content-Length: ".encode() + written.encode() + b"\r\n\r\n"
    refused(server, raw.decode("latin-1") + attack[1], 400, 411)
    assert_never_made(database, attack)


@pytest.mark.parametrize("length", ["9999999", "10000000", "9223372036854775807",
                                    "9223372036854775808", "18446744073709551616", "9" * 40])
def test_huge_content_length_is_refused_unread(server, length):
    refused(server, f"{LINE}{FORM_LINE}Content-Length: {length}\r\n\r\nFrom=1", 400, 413)


def test_post_without_content_length_reads_no_second_request(server, database, attack):
    """Whether it is taken for an empty body or refused."""
    with server.connection() as connection:
        connection.send(f"{LINE}{FORM_LINE}\r\n{attack[1]}".encode())
        reply = connection.reply()
        assert reply.status in (200, 400, 411)
        if reply.status == 200:
            assert Answer(reply).refusal
        connection.finish_sending()
        while True:
            reply = connection.reply()
            if reply is None:
                break
            assert reply.status >= 400
    assert_never_made(database, attack)


@pytest.mark.parametrize("fillers", [49, 62, 63, 64, 65, 80, 101])
def test_length_behind_many_fields_smuggles_nothing(server, database, attack, fillers):
    """The library drops field 65 and later without a word."""
    smuggled = whole(attack[1])
    filler = "".join(f"X-Filler-{i}: {i}\r\n" for i in range(fillers))
    raw = f"{LINE}{FORM_LINE}{filler}Content-Length: {len(smuggled)}\r\n\r\n{smuggled}"
    assert refused(server, raw, 431).status == 431
    assert_never_made(database, attack)


def test_a_request_with_many_fields_is_fine_up_to_a_point(server):
    extra = {f"X-Filler-{i}": str(i) for i in range(30)}
    assert server.webhook(call_fields(CALLER, PROXY), headers=extra).dial == (PROXY, COUNTERPART)


@pytest.mark.parametrize("start", [f"{LINE}{FORM_LINE}", "GET /healthz HTTP/1.1\r\nHost: x\r\n"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("line", [" folded", "\tfolded", ": nameless", "\xff\xfe: x", "\x80"])
def test_line_that_ends_header_parsing_smuggles_nothing(server, database, attack, start, end, line):
    """After such a line the library sees no field, so not the length either: the body
    would be the next request."""
    smuggled = whole(attack[1])
    raw = (f"{start}X-First: 1{end}{line}\r\n"
           f"Content-Length: {len(smuggled)}\r\n\r\n{smuggled}")
    assert refused(server, raw, 400).status == 400
    assert_never_made(database, attack)


@pytest.fixture(scope="module")
def one_worker(start_server):
    """Every connection gets the same buffer."""
    return start_server(WORKERS="1")


def leftovers(attack, host=""):
    """What is sent one after the other: (a victim's call, the end of a request that is to lie
    behind it, the beginning of one that is to lie before its body, the head of the first)."""
    victim = whole(form(call_fields(PAIRS[2][0], PROXY, attack[0]))).replace(
        "POST ", "POST " + host).encode()
    body_at = victim.index(b"\r\n\r\n") + 4
    end = b" HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST %s/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: %%d\r\n\r\n" % host.encode()
    head %= len(victim) - len(head) - 1 + len(end)
    return victim, end, b"\r\n\r\nGET /answer?".rjust(body_at), head


def test_leftovers_of_another_client_are_never_read(one_worker, database, attack):
    """The library parses its whole buffer, not just what arrived. Blanks first, and a
    request is completed by what others left there: here the attacker leaves an end, a
    victim calls, and the attacker's beginning makes the victim's body his own query."""
    server = one_worker
    victim, end, beginning, head = leftovers(attack)
    for raw, status in ((head.ljust(len(victim), b"x") + end, 404), (victim, 200),
                        (beginning, 400)):
        with server.connection() as connection:
            connection.send(raw)
            connection.finish_sending()
            assert connection.reply().status == status
    assert database.query("SELECT repeats FROM masking.calls WHERE call_uuid = %s",
                          attack[0]) == [(0,)]


@pytest.mark.parametrize("beginning", [
    "GET /healthz HTTP/1.1\r\nHost: x\r\n{}", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: \r\n{}",
    "GET /healthz HTTP/1.1\r\nHost: x\n{}", "GET /healthz HTTP/1.1\nHost: x\r\n{}"])
@pytest.mark.parametrize("ending", ["\rContent-Length: {}\r\n\r\n", "\r\rContent-Length: {}\r\n\r\n",
                                    "\n\rContent-Length: {}\r\n\r\n", "\n",
                                    "\nContent-Length: {}\r\n\r\n"])
def test_the_head_ends_in_one_way_only(server, database, attack, beginning, ending):
    """A bare CR, LF CR LF, LF LF: to the library an end, or none, to others the opposite."""
    smuggled = whole(attack[1])
    raw = beginning.format(ending.format(len(smuggled))) + smuggled
    assert refused(server, raw, 400).status == 400
    assert_never_made(database, attack)


@pytest.mark.parametrize("blank", [" ", "\t", "  ", " \r\n"])
@pytest.mark.parametrize("line", ["Content-Length: {}", "X: y"])
def test_a_field_line_that_begins_with_a_blank_is_refused(server, database, attack, blank, line):
    """Directly behind the request line the library skips the blank; to others it is no field."""
    smuggled = whole(attack[1])
    raw = f"{LINE.partition(chr(13))[0]}\r\n{blank}{line.format(len(smuggled))}\r\n" \
          f"Host: masking.example.com\r\n\r\n{smuggled}"
    with server.connection() as connection:
        connection.send(raw.encode())
        connection.finish_sending()
        assert connection.reply().status == 400
    assert_never_made(database, attack)


@pytest.mark.parametrize("line", ["GET  /healthz HTTP/1.1", "GET /healthz  HTTP/1.1",
                                  "GET \r\n/healthz HTTP/1.1", "GET /healthz \r\nHTTP/1.1",
                                  "GET /healthz?a=1  HTTP/1.1"])
def test_one_blank_stands_between_the_words_of_the_request_line(server, line):
    assert refused(server, f"{line}\r\nHost: x\r\n\r\n", 400).status == 400


def test_leftovers_are_never_read_by_a_workers_first_request(start_server, database, attack):
    """As above, but the library closes the victim's request without a word, as its URI names
    another host: the attacker's is the first that this worker ever shows us."""
    server = start_server(WORKERS="1")
    victim, end, beginning, head = leftovers(attack, "http://other.example.com")
    for raw in (head.ljust(len(victim), b"x") + end, victim):
        with server.connection() as connection:
            connection.send(raw)
            connection.finish_sending()
            reply = connection.reply()
            assert reply is None or reply.status >= 400
    with server.connection() as connection:
        connection.send(beginning)
        connection.finish_sending()
        assert connection.reply().status == 400
    assert_never_made(database, attack)
    assert server.call(CALLER).dial == (PROXY, COUNTERPART)


@pytest.mark.parametrize("path", ["/answer", "/numbermasking/", "/healthz", "/nothing"])
def test_cors_preflight_gets_nothing_from_the_library(server, path):
    reply = server.exchange("OPTIONS", path, {
        "Origin": "https://evil.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-plivo-signature-v3"})
    assert reply.status in (404, 405)
    assert not [name for name in reply.headers if name.startswith("access-control-")]


def test_options_of_everything_is_no_call(server):
    with server.connection() as connection:
        connection.send(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        reply = connection.reply()
        assert reply is None or reply.status >= 400


def test_websocket_upgrade_is_an_ordinary_request(server):
    """The library would answer it without status line or headers."""
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    target = "/answer?" + form(call_fields(CALLER, PROXY))
    reply = server.exchange("GET", target, upgrade)
    assert reply.status in (200, 400)
    if reply.status == 200:
        assert Answer(reply).dial == (PROXY, COUNTERPART)
    assert server.exchange("GET", "/nothing", upgrade).status in (400, 404)


@needs_other_root
def test_password_file_in_the_root_directory_changes_nothing(start_server, tmp_path):
    """The library looks for /.htpasswd, and answers 401 to everything if there is one."""
    server = start_server(command=into_other_root(tmp_path / "root", PASSWORD_FILE))
    assert os.path.exists(f"/proc/{server.process.pid}/root/.htpasswd")
    assert server.call(CALLER).dial == (PROXY, COUNTERPART)
    assert server.exchange("GET", "/healthz").status == 200


def test_password_file_in_the_working_directory_changes_nothing(start_server, tmp_path):
    for name, content in PASSWORD_FILE.items():
        (tmp_path / name).write_text(content)
    server = start_server(cwd=tmp_path)
    assert os.path.exists(f"/proc/{server.process.pid}/cwd/.htpasswd")
    assert server.call(CALLER).dial == (PROXY, COUNTERPART)
    assert server.exchange("GET", "/.htpasswd").status == 404


@pytest.mark.parametrize("name, statuses", [
    ("Content-Length ", [400]), ("Content-Length\t", [400]), ("Host ", [400]), (" ", [400]),
    ("Transfer-Encoding ", [400, 411]),
    # Of no meaning to the framing: the library drops the blank, HAProxy refuses the request.
    ("Content-Type ", [200, 400]), ("X-Plivo-Signature-V3 ", [200, 400])])
def test_blank_between_name_and_colon_smuggles_nothing(server, database, attack, name, statuses):
    """Whoever ignores such a field sees another end of the request."""
    smuggled = whole(attack[1])
    raw = (f"{LINE}{FORM_LINE}Connection: close\r\n{name}: {len(smuggled)}\r\n"
           f"Content-Length: {len(smuggled)}\r\n\r\n{smuggled}")
    refused(server, raw, *statuses)
    assert_never_made(database, attack)


def test_forwarded_for_of_a_client_changes_nothing(server):
    """Nothing is decided by the sender's address, and no log line takes it from there."""
    fields = {"X-Forwarded-For": "192.0.2.77", "Forwarded": "for=192.0.2.78",
              "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    assert server.webhook(call_fields(CALLER, PROXY), headers=fields).dial == (PROXY, COUNTERPART)
    assert server.exchange("GET", "/metrics", fields).status == 404
    assert "192.0.2." not in server.log and "evil.example" not in server.log


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/answer", "/nothing"])
def test_head_has_no_body_and_leaves_the_connection_usable(server, path):
    with server.connection() as connection:
        reply = connection.request("HEAD", path)
        assert reply.status in (200, 404, 405)
        if reply.closes:
            assert connection.closed()
        else:
            assert connection.request("GET", "/healthz").status == 200


def test_expect_100_continue_is_answered_at_once(server):
    """The library never does, and curl would wait a second."""
    body = form(call_fields(CALLER, PROXY)).encode()
    with server.connection() as connection:
        connection.send(f"{LINE}{FORM_LINE}Expect: 100-continue\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n".encode())
        assert connection.interim()
        connection.send(body)
        assert Answer(connection.reply()).dial == (PROXY, COUNTERPART)


def test_expect_100_continue_for_too_much_gets_413_instead(server):
    with server.connection() as connection:
        connection.send(f"{LINE}{FORM_LINE}Expect: 100-continue\r\n"
                        "Content-Length: 1000000\r\n\r\n".encode())
        assert not connection.interim()
        assert connection.reply().status == 413


@pytest.mark.parametrize("byte", ["\x00", "\x01", "\x07"])
@pytest.mark.parametrize("where", ["POST /answer{} HTTP/1.1\r\nHost: x\r\n",
                                   "POST /answer HTTP/1.1\r\nHost: x{}\r\n",
                                   "POST /answer HTTP/1.1\r\nHost: x\r\nX{}Y: 1\r\n",
                                   "PO{}ST /answer HTTP/1.1\r\nHost: x\r\n"])
def test_control_byte_in_the_head_reaches_no_webhook(server, database, attack, byte, where):
    raw = f"{where.format(byte)}{FORM_LINE}Content-Length: {len(attack[1])}\r\n\r\n{attack[1]}"
    with server.connection() as connection:
        connection.send(raw.encode("latin-1"))
        connection.finish_sending()
        reply = connection.reply()
        assert reply is None or reply.status >= 400
    assert_never_made(database, attack)


def test_bare_line_feeds_mean_the_same_or_nothing(server, database, attack):
    raw = whole(attack[1]).replace("\r\n", "\n")
    with server.connection() as connection:
        connection.send(raw.encode())
        connection.finish_sending()
        reply = connection.reply()
        assert reply is None or reply.status in (200, 400)
        assert connection.closed() or reply is not None
    made = database.call_rows(attack[0])
    assert made == (["connected"] if reply is not None and reply.status == 200 else [])


@pytest.mark.parametrize("path", ["/answer%2F", "/%61nswer", "/answer%00", "/answer%00/x",
                                  "/answer%2e", "/./answer", "/x/../answer", "/answer/.",
                                  "/numbermasking%2Fhandle_incoming", "/answer;x=1",
                                  "/answer%3Fx=1", "/answer%20", "/answer\\", "/handleincoming%2F"])
def test_path_is_compared_as_it_was_sent(server, path):
    """Decoding would let two addresses share one signature, or cut one short."""
    reply = server.send(call_fields(CALLER, PROXY), path)
    assert reply is None or reply.status in (400, 404)


@pytest.mark.parametrize("target", ["http://masking.example.com/answer",
                                    "http://evil.example/answer", "https://x/answer", "answer",
                                    "*", "masking.example.com:443"])
def test_target_that_is_no_path_makes_no_call_of_another_meaning(server, database, attack, target):
    with server.connection() as connection:
        connection.send(f"POST {target} HTTP/1.1\r\nHost: masking.example.com\r\n{FORM_LINE}"
                        f"Content-Length: {len(attack[1])}\r\n\r\n{attack[1]}".encode())
        connection.finish_sending()
        reply = connection.reply()
        assert reply is None or reply.status in (200, 400, 404)
    made = database.call_rows(attack[0])
    assert made == (["connected"] if reply is not None and reply.status == 200 else [])


def test_line_breaks_in_the_path_forge_no_log_line(server):
    server.exchange("GET", "/nothing%0d%0atime=1+level=error+event=forged")
    server.exchange("GET", "/answer?From=%0d%0alevel=error%20event=forged")
    assert not [line for line in server.log.splitlines() if not line.startswith("time=")]
    assert "event=forged" not in server.log.replace("+", " ").split()


@pytest.mark.parametrize("hosts", ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nHOST: a\r\n"])
def test_not_exactly_one_host_is_400(server, database, attack, hosts):
    raw = (f"POST /answer HTTP/1.1\r\n{hosts}{FORM_LINE}Content-Length: {len(attack[1])}\r\n\r\n"
           + attack[1])
    refused(server, raw, 400)
    assert_never_made(database, attack)


SIGNATURE_FIELDS = [f"X-Plivo-Signature-{name}" for name in
                    ("V3", "Ma-V3", "V3-Nonce", "V2", "Ma-V2", "V2-Nonce")]


@pytest.mark.parametrize("second", ["x", FORM])
@pytest.mark.parametrize("name", ["Content-Type", *SIGNATURE_FIELDS])
def test_a_field_that_counts_is_there_once(server, database, attack, name, second):
    """We would go by the first of two, and whoever checked the request before us by the other."""
    raw = (f"{LINE}{name}: {FORM}\r\nX-Between: 1\r\n{name.swapcase()}: {second}\r\n"
           f"Content-Length: {len(attack[1])}\r\n\r\n{attack[1]}")
    assert refused(server, raw, 400).status == 400
    assert_never_made(database, attack)


def test_a_field_that_counts_for_nothing_may_be_there_twice(server):
    """As two proxies one behind the other write it."""
    twice = {"X-Forwarded-For": "192.0.2.1", "x-forwarded-for": "192.0.2.2", "Via": "a", "via": "b"}
    assert server.webhook(call_fields(CALLER, PROXY), headers=twice).dial == (PROXY, COUNTERPART)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "BREW", "post", "G\u00cbT", ""])
def test_unknown_method_is_refused(server, method):
    with server.connection() as connection:
        connection.send(f"{method} /answer HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        connection.finish_sending()
        reply = connection.reply()
        assert reply is None or reply.status in (400, 405, 501)


def test_body_of_a_get_is_not_the_next_request(server, database, attack):
    smuggled = whole(attack[1])
    with server.connection() as connection:
        connection.send(f"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: {len(smuggled)}"
                        f"\r\n\r\n{smuggled}GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.reply().status in (200, 400)
        reply = connection.reply()
        assert reply is None or reply.status == 404
    assert_never_made(database, attack)


def test_body_that_ends_early_is_no_call(server, database, attack):
    with server.connection() as connection:
        connection.send(f"{LINE}{FORM_LINE}Content-Length: {len(attack[1]) + 50}\r\n\r\n"
                        f"{attack[1]}".encode())
        connection.finish_sending()
        reply = connection.reply()
        assert reply is None or reply.status == 400
    assert_never_made(database, attack)


def test_head_too_large_is_refused(server):
    for raw in (f"GET /answer?x={'y' * 70_000} HTTP/1.1\r\nHost: x\r\n\r\n",
                f"{LINE}X-Long: {'y' * 70_000}\r\n\r\n"):
        with server.connection() as connection:
            try:
                connection.send(raw.encode())
                reply = connection.reply()
            except (BrokenPipeError, ConnectionResetError):
                continue  # closed on us while we were still writing
            assert reply is None or reply.status in (400, 413, 414, 431)


def test_garbage_is_refused(server):
    for raw in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 100, b"\r\n" * 50,
                b"GET\r\n\r\n", b"GET /answer\r\n\r\n",
                os.urandom(500) + b"\r\n\r\n"):
        with server.connection() as connection:
            connection.send(raw)
            connection.finish_sending()
            reply = connection.reply()
            assert reply is None or reply.status >= 400, raw


def test_pipelined_requests_are_answered_in_order(server):
    """Each with its own answer."""
    callers = [number for pair in PAIRS for number in pair]
    raw = b"".join(request_bytes("GET", "/answer?" + form(call_fields(caller, PROXY)))
                   for caller in callers)
    wanted = {**dict(PAIRS), **{agent: customer for customer, agent in PAIRS}}
    with server.connection() as connection:
        connection.send(raw)
        for caller in callers:
            assert Answer(connection.reply()).dial == (PROXY, wanted[caller])
