"""The proxy while servers or their database are away: Plivo always gets 200 and XML,
and the service is back by itself."""
import re
import socket

import pytest

from proxy import PUBLIC_URL, ROOT, TOKEN, answer_gets, listener
from server import CALLER, COUNTERPART, PROXY, Answer, call_fields, eventually


@pytest.fixture
def own_server(start_server):
    return start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL)


@pytest.fixture
def own_proxy(start_proxy, own_server):
    proxy = start_proxy(own_server.address)
    eventually(proxy.ready)
    return proxy


def test_without_any_server_the_caller_hears_an_apology(own_proxy, own_server):
    own_server.stop()
    assert own_proxy.call(CALLER).refusal
    eventually(lambda: not own_proxy.ready())
    assert own_proxy.call(CALLER).refusal
    assert own_proxy.exchange("GET", "/healthz").body == b"ok\n", "as the server says it"
    assert own_proxy.exchange("GET", "/readyz").body.startswith(b"not ready")


SERVER = ROOT / "server"
COMMENT = re.compile(r"/\*.*?\*/", re.S)
ROW = re.compile(r'ENDPOINT\("(\w+)", (PATH_\w+)?\s*(?:"([^"]*)")?, \w+, (\w+), \w+, (\w+),')


def endpoints():
    """[(path, methods, listener)] of server/endpoints.def, each path as Plivo may call it."""
    source = COMMENT.sub("", (SERVER / "endpoints.def").read_text())
    paths = dict(re.findall(r'#define (PATH_\w+) "([^"]+)"',
                            (SERVER / "protocol" / "paths.h").read_text()))
    rows = ROW.findall(" ".join(source.split()))
    assert len(rows) == source.count("ENDPOINT("), "a row that this cannot read"
    whole = [(paths.get(macro, "") + text, methods, listener) for _, macro, text, methods, listener in rows]
    return [(path + "x1" if path.endswith("/") else path, methods, listener) for path, methods, listener in whole]


def what_ends_a_call():
    """The words with which a form at the answer URL tells that the call is over."""
    source = (SERVER / "endpoints.c").read_text()
    words = re.search(r"over\[\] = \{(.*?)\}", source, re.S)[1]
    return re.findall(r'"([a-z-]+)"', words)


def test_without_any_server_only_who_is_listened_to_gets_an_apology(own_proxy, own_server):
    """Promise 3: 503 makes Plivo send a text, an end of a call, a recording again, and 200
    would lose it; a caller would hear Plivo's own error."""
    own_server.stop()
    eventually(lambda: not own_proxy.ready())
    ends = [call_fields(CALLER, PROXY, Event="Hangup"),
            *(call_fields(CALLER, PROXY, Event=None, CallStatus=word) for word in what_ends_a_call())]
    ends += [call_fields(CALLER, PROXY, Event="hangup"), call_fields(CALLER, PROXY, Event=None, CallStatus="Completed")]
    assert len(ends) == 9
    for path, methods, listener in endpoints():
        if methods == "GET_OR_HEAD":
            continue
        behind = ["/x1"] if listener == "CALLER" else []
        for sent in (path, path + "/", "/masking" + path, path.replace("/", "//") + "//", *(path + more for more in behind)):
            for method in ("POST", "GET"):
                reply = own_proxy.send(call_fields(CALLER, PROXY), sent, method)
                if listener == "NOBODY":
                    assert reply.status == 503, (method, sent)
                else:
                    assert Answer(reply).refusal, (method, sent)
                assert "x-from-the-proxy" not in reply.headers
                if listener == "CALLER_UNTIL_OVER":
                    assert {own_proxy.send(fields, sent, method).status
                            for fields in ends} == {503}, (method, sent)
    for path in ("/nothing", "/answers", "/dial/event/action", "/xcode/1"):
        assert own_proxy.exchange("GET", path).status == 503, path


def test_a_server_that_dies_in_the_middle_loses_no_text(start_proxy):
    """The same when a server takes the request and goes away, which no health check sees."""
    with listener() as server:
        answer_gets(server, [])
        proxy = start_proxy(server.getsockname())
        eventually(proxy.ready)
        assert proxy.send([("MessageUUID", "1"), ("From", CALLER), ("To", PROXY), ("Text", "x")],
                          "/message").status == 503
        assert proxy.call(CALLER).refusal
        server.shutdown(socket.SHUT_RDWR)


def test_a_stopping_server_answers_what_it_has(own_proxy, own_server):
    assert own_proxy.call(CALLER).dial == (PROXY, COUNTERPART)
    own_server.terminate()
    # Answered by the server, or by the proxy for it; call() takes nothing else.
    eventually(lambda: own_proxy.call(CALLER).refusal)
    own_server.wait()


def test_with_the_database_away_the_server_still_gets_the_calls(own_proxy, cluster, own_server):
    """Only the server can keep a record of them for later."""
    cluster.stop(mode="immediate")
    try:
        eventually(lambda: not own_proxy.ready())
        assert own_proxy.call(CALLER).refusal
        eventually(lambda: "server=alive/server1" in own_proxy.log)
    finally:
        cluster.start()
    eventually(own_proxy.ready)
    eventually(lambda: own_proxy.call(CALLER).dial == (PROXY, COUNTERPART))
