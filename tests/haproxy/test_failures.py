"""The proxy while servers or their database are away: Plivo always gets 200 and XML,
and the service is back by itself."""
import re
import socket
import threading

import pytest

from proxy import PUBLIC_URL, ROOT, TOKEN
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
    assert own_proxy.exchange("GET", "/healthz").status == 200


def endpoints():
    """{path: name} of the table in server/endpoints.c, each path as Plivo may call it."""
    source = (ROOT / "server" / "endpoints.c").read_text()
    paths = dict(re.findall(r'#define (PATH_\w+) "([^"]+)"', (ROOT / "server" / "paths.h").read_text()))
    rows = re.findall(r'\{"(\w+)",\s*(PATH_\w+)?\s*(?:"([^"]*)")?,', source.partition("metrics_endpoints")[0])
    return {paths.get(macro, "") + text: name for name, macro, text in rows}


LISTENED_TO = {"answer", "code", "dial_action", "announcement"}
TRIED_AGAIN = {"dial_event", "hangup", "recording", "message", "message_status", "connected"}


def test_without_any_server_only_who_is_listened_to_gets_an_apology(own_proxy, own_server):
    """Promise 3: 503 makes Plivo send a text, an end of a call, a recording again, and 200
    would lose it; a caller would hear Plivo's own error."""
    own_server.stop()
    eventually(lambda: not own_proxy.ready())
    table = endpoints()
    assert set(table.values()) == LISTENED_TO | TRIED_AGAIN | {"healthz", "readyz"}
    for path, name in table.items():
        if name in ("healthz", "readyz"):
            continue
        for sent in (path, path + "/", "/masking" + path):
            for method in ("POST", "GET"):
                reply = own_proxy.send(call_fields(CALLER, PROXY), sent, method)
                if name in LISTENED_TO:
                    assert Answer(reply).refusal, (method, sent)
                else:
                    assert reply.status == 503, (method, sent)
                assert "x-from-the-proxy" not in reply.headers
                over = [call_fields(CALLER, PROXY, Event="Hangup"),
                        call_fields(CALLER, PROXY, Event=None, CallStatus="no-answer")]
                if name == "answer":
                    assert [own_proxy.send(fields, sent, method).status
                            for fields in over] == [503, 503], (method, sent)
    assert own_proxy.exchange("GET", "/nothing").status == 503


def test_a_server_that_dies_in_the_middle_loses_no_text(start_proxy):
    """The same when a server takes the request and goes away, which no health check sees."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)

        def answer_health_only():
            while True:
                try:
                    one, _ = server.accept()
                except OSError:
                    return
                with one:
                    head = one.recv(65536)
                    if head.startswith(b"GET /"):
                        one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        threading.Thread(target=answer_health_only, daemon=True).start()
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
