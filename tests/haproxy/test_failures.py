"""The proxy while servers or their database are away: Plivo always gets 200 and XML,
and the service is back by itself."""
import pytest

from proxy import PUBLIC_URL, TOKEN
from server import CALLER, COUNTERPART, PROXY, eventually


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
