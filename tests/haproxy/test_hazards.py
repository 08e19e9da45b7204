"""What the server's HTTP library reads in another way than HAProxy does, sent
through both: nothing of it may reach a handler with altered meaning.

A raw request here carries a signed call of CALLER. If the hidden half of it ran,
there would be a second answer, or a row in calls; each test looks for both.
"""
import re
import socket
import uuid

import pytest

import client
import signer
from other_root import PASSWORD_FILE, into_other_root, needs_other_root
from proxy import PUBLIC_URL, TOKEN, answer_gets, listener
from server import (CALLER, COUNTERPART, FORM, PROXY, STRANGER, Answer, call_fields, eventually)


def signed_call(call_uuid, caller=CALLER, path="/answer"):
    """The header fields and the body of a good call."""
    fields = call_fields(caller, PROXY, call_uuid)
    return ({"Content-Type": FORM,
             **signer.headers_v3(TOKEN, "POST", PUBLIC_URL + path, None, fields)},
            signer.form(fields).encode())


def raw_call(call_uuid, *lines, before=b"", caller=CALLER, length=True, host=True):
    """The bytes of a good call, with more header lines."""
    headers, body = signed_call(call_uuid, caller)
    head = ["POST /answer HTTP/1.1", *(["Host: masking.example.com"] if host else []),
            *(f"{name}: {value}" for name, value in headers.items()), *lines,
            *([f"Content-Length: {len(body)}"] if length else [])]
    return before + "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def replies(proxy, raw):
    """Every answer to these bytes; there will be no more of them."""
    got = []
    with proxy.connection() as connection:
        connection.send(raw)
        connection.finish_sending()
        while (reply := connection.reply()) is not None:
            got.append(reply)
    return got


def statuses(proxy, raw):
    """The status of each answer; for those that come without a length."""
    with proxy.connection() as connection:
        connection.send(raw)
        connection.finish_sending()
        while connection._more():
            pass
        return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", connection._pending)]


@pytest.fixture
def call_uuid():
    return str(uuid.uuid4())


def test_a_good_call_passes(proxy, database, call_uuid):
    got = replies(proxy, raw_call(call_uuid))
    assert [Answer(reply).dial for reply in got] == [(PROXY, COUNTERPART)]
    assert len(database.call_rows(call_uuid)) == 1


@pytest.mark.parametrize("path", ["/answer", "/answer/", "/HandleIncoming/",
                                  "/numbermasking/handle_incoming/", "/numbermasking/",
                                  "/number_masking/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_path_and_query_arrive_as_they_were_signed(proxy, path, method):
    assert proxy.call(CALLER, path=path, method=method).dial == (PROXY, COUNTERPART)


def test_an_unsigned_call_is_refused(proxy):
    assert proxy.send(call_fields(CALLER, PROXY), sign=False).status == 403


def test_thirty_two_calls_on_one_connection(proxy):
    with proxy.connection() as connection:
        for _ in range(32):
            headers, body = signed_call(str(uuid.uuid4()))
            reply = connection.request("POST", "/answer", headers, body)
            assert Answer(reply).dial == (PROXY, COUNTERPART)


def test_pipelined_calls_are_answered_in_order(proxy):
    """To a client that stays: HAProxy 3.0 drops what waits for one that has hung up."""
    with proxy.connection() as connection:
        connection.send(raw_call(str(uuid.uuid4()))
                        + raw_call(str(uuid.uuid4()), caller=COUNTERPART))
        assert Answer(connection.reply()).dial[1] == COUNTERPART
        assert Answer(connection.reply()).dial[1] == CALLER


@pytest.mark.parametrize("fillers", [49, 64, 80, 101, 200])
def test_a_length_behind_many_fields_hides_no_second_request(proxy, database, call_uuid, fillers):
    """The server sees 64 fields; what is framed by a later one would run on its own."""
    hidden = raw_call(call_uuid)
    raw = ("POST /answer HTTP/1.1\r\nHost: masking.example.com\r\n"
           + "".join(f"X-Filler-{n}: 1\r\n" for n in range(fillers))
           + f"Content-Length: {len(hidden)}\r\n\r\n").encode() + hidden
    got = replies(proxy, raw)
    assert [reply.status for reply in got] == [400]
    assert database.call_rows(call_uuid) == []


def test_forty_fields_are_fine(proxy, call_uuid):
    raw = raw_call(call_uuid, *(f"X-Filler-{n}: 1" for n in range(40)))
    assert [Answer(reply).dial for reply in replies(proxy, raw)] == [(PROXY, COUNTERPART)]


FRAMINGS = {
    "chunked": ["Transfer-Encoding: chunked"],
    "chunked and a length": ["Transfer-Encoding: chunked", "Content-Length: 5"],
    "identity": ["Transfer-Encoding: identity", "Content-Length: 5"],
    "identity hides chunked": ["Transfer-Encoding: identity", "Transfer-Encoding: chunked"],
    "chunked in a list": ["Transfer-Encoding: gzip, chunked"],
    "odd case and blanks": ["transfer-ENCODING:\tchunked"],
    "two lengths": ["Content-Length: 5", "Content-Length: 500"],
    "lengths in a list": ["Content-Length: 5, 500"],
    "a length with letters": ["Content-Length: 5abc"],
    "a length with a sign": ["Content-Length: +5"],
    "a negative length": ["Content-Length: -5"],
    "a length in hex": ["Content-Length: 0x5"],
    "an overlong length": ["Content-Length: 18446744073709551621"],
    "an empty length": ["Content-Length: "],
    "a blank before the colon": ["Content-Length : 5"],
    "a folded length": ["X-Filler: 1", "\tContent-Length: 500", "Content-Length: 5"],
    "a field without a name": [": hidden", "Content-Length: 5"],
    "a field name beyond ASCII": ["X-\xe9: 1", "Content-Length: 5"],
    "a NUL in a value": ["X-Filler: a\0b", "Content-Length: 5"],
    "an underscore for the dash": ["Content_Length: 5"],
    "a length behind a bare LF": ["X-Filler: 1\nContent-Length: 500", "Content-Length: 5"],
    "a length behind a bare CR": ["X-Filler: 1\rContent-Length: 500", "Content-Length: 5"],
    "a control byte in a value": ["X-Filler: a\x01b", "Content-Length: 5"],
    "a control byte in a name": ["X-\x07: 1", "Content-Length: 5"],
}


@pytest.mark.parametrize("lines", FRAMINGS.values(), ids=FRAMINGS.keys())
def test_odd_framing_runs_nothing_hidden(proxy, database, call_uuid, lines):
    """A short body, and a good call behind it: nobody may take the call for a request."""
    body = b"5\r\nabcde\r\n0\r\n\r\n" if "chunked" in str(lines) else b"abcde"
    head = ["POST /answer HTTP/1.1", "Host: masking.example.com", *lines]
    raw = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body + raw_call(call_uuid)
    first, *more = statuses(proxy, raw)
    assert first in (400, 403, 411, 422)
    assert more in ([], [400]), "what follows a doubtful head is no request"
    assert database.call_rows(call_uuid) == []


@pytest.mark.parametrize("line", ["X_Trace: 1", "traffic.source: a", "X!y: 1", "X_Forwarded_For: 1.2.3.4", "Transfer_Encoding: chunked",
                                  "Content_Length: 9", "X_Plivo_Signature_V3: x", "X-Plivo.Signature-V3: x", "Content.Type: text/plain",
                                  "X-Plivo-Signature-V3_Nonce: 1", "Host_: evil.example"])
def test_a_field_of_an_odd_name_is_dropped(proxy, database, call_uuid, line):
    """Tracing and load balancers add them. To programs of the CGI kind "_" is "-", so none arrives, and the call does."""
    got = replies(proxy, raw_call(call_uuid, line, line))
    assert [Answer(reply).dial for reply in got] == [(PROXY, COUNTERPART)]
    assert database.call_rows(call_uuid) == ["connected"]


def test_no_field_of_an_odd_name_reaches_the_server(start_proxy):
    with listener() as server:
        proxy, heads = start_proxy(server.getsockname()), []
        answer_gets(server, heads)
        eventually(proxy.ready)
        odd = {"X_Forwarded_For": "9.9.9.9", "X.Y": "9.9.9.9", "X-Kept": "here"}
        assert proxy.exchange("GET", "/answer", odd).status == 200
        head = next(one for one in heads if b"/answer" in one)
        assert b"here" in head and b"9.9.9.9" not in head
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("coding", ["chunked", "identity"])
def test_a_transfer_coding_of_http_1_0_runs_nothing_hidden(proxy, database, call_uuid, coding):
    """HTTP/1.0 has none: who ignores it takes the body for a request."""
    head = ["POST /answer HTTP/1.0", "Host: masking.example.com", "Connection: keep-alive",
            f"Transfer-Encoding: {coding}", "Content-Length: 5"]
    raw = "\r\n".join(head).encode() + b"\r\n\r\n0\r\n\r\n" + raw_call(call_uuid)
    first, *more = statuses(proxy, raw)
    assert first in (400, 411)
    assert more in ([], [400])
    assert database.call_rows(call_uuid) == []


@pytest.mark.parametrize("lines", [["Transfer-Encoding: chunked"], ["Transfer-Encoding: identity"]],
                         ids=["chunked", "identity"])
def test_a_transfer_coding_is_refused(proxy, call_uuid, lines):
    got = replies(proxy, raw_call(call_uuid, *lines))
    assert got and got[0].status in (400, 411)


@pytest.mark.parametrize("blanks", [b" ", b"\t", b"   ", b" \r\n\r\n", b"\r\n \r\n\r\n", b"\0"])
def test_leading_blanks_show_nobody_elses_request(proxy, call_uuid, blanks):
    """The library would complete such a request from what an earlier connection left."""
    victim = str(uuid.uuid4())
    assert proxy.call(CALLER, call_uuid=victim).dial
    got = replies(proxy, blanks + b"POST /answer HTTP/1.1\r\nHost: ")
    assert [reply.status for reply in got] in ([400], [])
    assert not any(b"Dial" in reply.body for reply in got)


def test_bare_line_feeds_mean_the_same_or_nothing(proxy, database, call_uuid):
    """Taken for line ends by both or by neither."""
    head, _, body = raw_call(call_uuid).partition(b"\r\n\r\n")
    got = replies(proxy, head.replace(b"\r\n", b"\n") + b"\n\n" + body)
    assert [reply.status for reply in got] in ([200], [400], [])
    made = [Answer(reply).dial for reply in got if reply.status == 200]
    assert made in ([], [(PROXY, COUNTERPART)])
    assert database.call_rows(call_uuid) == ["connected"] * len(made)


@pytest.mark.parametrize("byte", [b"\0", b"\x01", b"\x07", b"\x0b", b"\x7f"])
@pytest.mark.parametrize("before", [b" HTTP/1.1\r\n", b"T /answer", b": application", b"\r\n\r\n"])
def test_a_control_byte_in_the_head_makes_no_other_call(proxy, database, call_uuid, byte, before):
    """In the target, the method, a value, behind the last field."""
    raw = raw_call(call_uuid).replace(before, byte + before, 1)
    assert statuses(proxy, raw) in ([400], [403], [404], [405], [501], [])
    assert database.call_rows(call_uuid) == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "BREW", "DELETE", "post"])
def test_an_unknown_method_is_refused_and_echoes_nothing(proxy, database, call_uuid, method):
    headers, body = signed_call(call_uuid)
    with proxy.connection() as connection:
        connection.send(client.request_bytes(method, "/answer", {
            **headers, "X-Secret": "echo", "Content-Length": str(len(body))}, body))
        reply = connection.reply()
        assert reply is None or reply.status in (400, 403, 405, 501)
        assert reply is None or b"echo" not in reply.body
    assert database.call_rows(call_uuid) == []


def test_options_of_everything_is_refused(proxy):
    """The library would answer for itself."""
    reply = proxy.exchange("OPTIONS", "*")
    assert reply.status == 400
    assert not {"allow", "dav"} & set(reply.headers)


@pytest.mark.parametrize("where", ["target", "value", "fields"])
def test_a_head_too_large_is_refused(proxy, where):
    """More than the proxy holds, and so more than any server behind it gets to see."""
    much = "y" * 90_000
    head = {"target": f"GET /answer?x={much} HTTP/1.1\r\nHost: x\r\n\r\n",
            "value": f"GET /answer HTTP/1.1\r\nHost: x\r\nX-Long: {much}\r\n\r\n",
            "fields": "GET /answer HTTP/1.1\r\nHost: x\r\n"
                      + "".join(f"X-{n}: {much[:3000]}\r\n" for n in range(30)) + "\r\n"}[where]
    with proxy.connection() as connection:
        try:
            connection.send(head.encode())
        except (BrokenPipeError, ConnectionResetError):
            return  # closed on us while we were still writing
        reply = connection.reply()
        assert reply is None or reply.status in (400, 414, 431)


@needs_other_root
def test_a_password_file_in_the_servers_root_changes_nothing(start_server, start_proxy, tmp_path):
    """The library would answer 401 to everything, the proxy's own questions too."""
    server = start_server(command=into_other_root(tmp_path / "root", PASSWORD_FILE), cwd=tmp_path,
                          PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL)
    proxy = start_proxy(server.address)
    eventually(proxy.ready)
    assert proxy.call(CALLER).dial == (PROXY, COUNTERPART)
    assert proxy.send(call_fields(CALLER, PROXY), path="/.htpasswd").status in (403, 404)


def test_a_half_sent_request_is_not_completed(proxy):
    got = replies(proxy, b"POST /answer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nFrom=")
    assert [reply.status for reply in got] in ([400], [])


@pytest.mark.parametrize("host", [[], ["Host: a", "Host: b"]], ids=["none", "two"])
def test_not_exactly_one_host_is_refused(proxy, database, call_uuid, host):
    got = replies(proxy, raw_call(call_uuid, *host, host=False))
    assert [reply.status for reply in got] == [400]
    assert database.call_rows(call_uuid) == []


@pytest.mark.parametrize("target", ["http://masking.example.com/answer", "http://other/answer",
                                    "*", "answer", "masking.example.com:80"])
def test_only_a_path_is_a_target(proxy, target):
    assert proxy.exchange("POST", target, {"Content-Length": "0"}).status == 400


def test_a_large_body_is_refused_at_once(proxy):
    with proxy.connection() as connection:
        connection.send(b"POST /answer HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n")
        assert connection.reply().status == 413


def test_the_largest_text_gets_through(proxy):
    """1,600 characters outside the basic plane, and links to ten pictures."""
    fields = [("From", STRANGER), ("To", PROXY), ("Type", "mms"), ("MessageUUID", "largest"),
              ("Text", "\U0001f355" * 1600),
              *((f"Media{n}", "https://media.example.com/" + "a" * 250) for n in range(10))]
    body = signer.form(fields).encode()
    signed = signer.headers_v3(TOKEN, "POST", f"{PUBLIC_URL}/message", None, fields)
    assert len(body) > 20_000
    assert proxy.exchange("POST", "/message", {"Content-Type": FORM, **signed}, body).status == 200


def test_a_head_and_body_that_fill_the_buffer_are_refused(proxy):
    """Each within its limit, together more than HAProxy holds: the rest would arrive
    at the client's pace, on a thread of the server."""
    filler = {f"X-Filler-{n}": "a" * 1000 for n in range(10)}
    with proxy.connection() as connection:
        connection.send(client.request_bytes(
            "POST", "/answer", {**filler, "Content-Length": "28000"}, b"a" * 27_900))
        assert connection.reply().status in (400, 413)


def test_a_client_cannot_write_forwarded_for(proxy, call_uuid):
    """The signature is right and the address is no part of it: the call just works."""
    raw = raw_call(call_uuid, "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2")
    assert [Answer(reply).dial for reply in replies(proxy, raw)] == [(PROXY, COUNTERPART)]


@pytest.mark.parametrize("lines", [
    ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
    ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
], ids=["websocket", "h2c"])
def test_an_upgrade_is_an_ordinary_request(proxy, call_uuid, lines):
    got = replies(proxy, raw_call(call_uuid, *lines))
    assert [Answer(reply).dial for reply in got] == [(PROXY, COUNTERPART)]


def test_http2_without_tls_is_refused(proxy):
    with proxy.connection() as connection:
        connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        reply = connection.reply()
        assert reply is None or reply.status == 400


def test_a_preflight_is_not_allowed(proxy):
    reply = proxy.exchange("OPTIONS", "/answer", {
        "Origin": "https://example.com", "Access-Control-Request-Method": "POST"})
    assert reply.status == 405
    assert not any(name.startswith("access-control") for name in reply.headers)


@pytest.mark.parametrize("path", ["/.htpasswd", "/metrics", "/", "/answer%00", "/answer/../metrics",
                                  "/./answer", "/%61nswer"])
def test_a_path_is_taken_as_it_is_written(proxy, path):
    """But for slashes, of which several count as one."""
    assert proxy.call(CALLER, path="//answer//").dial == (PROXY, COUNTERPART)
    assert proxy.send(call_fields(CALLER, PROXY), path=path).status in (400, 403, 404)


def test_head_has_no_body(proxy):
    with proxy.connection() as connection:
        connection.send(client.request_bytes("HEAD", "/answer"))
        assert connection.reply(head=True).status in (403, 405)
        assert connection.closed()


def test_a_client_may_wait_for_100_continue(proxy, call_uuid):
    headers, body = signed_call(call_uuid)
    with proxy.connection() as connection:
        connection.send(client.request_bytes("POST", "/answer", {
            **headers, "Expect": "100-continue", "Content-Length": str(len(body))}))
        assert connection.interim()
        connection.send(body)
        assert Answer(connection.reply()).dial == (PROXY, COUNTERPART)


def test_the_log_has_no_number_and_no_path(proxy):
    proxy.call(STRANGER, method="GET")
    proxy.exchange("GET", f"/{CALLER}?From={CALLER}", {"User-Agent": CALLER})
    eventually(lambda: "status=404" in proxy.log)
    assert not any(number in proxy.log for number in (CALLER, COUNTERPART, STRANGER, PROXY))
