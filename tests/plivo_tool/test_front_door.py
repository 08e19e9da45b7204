"""The real server behind PUBLIC_URL: /connected, as Plivo would be let in."""
import socket

import pytest

import server as running


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(database, plivo, tmp_path):
    """start(NAME=value, …): a server, and the PUBLIC_URL that leads to it."""
    servers = []

    def start(**settings):
        address = f"127.0.0.1:{free_port()}"
        environment = {"DATABASE_URL": database.server_url, "LISTEN": address,
                       "PLIVO_AUTH_TOKEN": plivo.token, "PUBLIC_URL": f"http://{address}", **settings}
        servers.append(running.Server(environment, tmp_path / f"{len(servers)}.log"))
        return f"http://{address}"

    yield start
    for server in servers:
        server.stop()


def test_connected_through_the_real_server(tool, plivo, start):
    plivo.add_number("14155550101")
    url = start()
    done = tool("connect", "--all", "--yes", PUBLIC_URL=url)
    assert done.code == 0 and f"{url}, opens to Plivo's signature still" in done.out, done
    assert tool("check", PUBLIC_URL=url).code == 0
    assert tool.database.query("SELECT count(*) FROM masking.calls") == [(0,)], "it is no call"


def test_a_real_server_with_another_token_or_url(tool, plivo, start):
    url = start(PLIVO_AUTH_TOKEN="another-token-0123456789")
    done = tool("connect", "--all", "--yes", PUBLIC_URL=url)
    assert done.code == 1 and "another PUBLIC_URL or another auth token" in done.err, done
    url = start(PUBLIC_URL="https://calls.example.com")
    assert "another PUBLIC_URL" in tool("connect", "--all", "--yes", PUBLIC_URL=url).err
    assert plivo.requests == []


def test_a_real_server_that_takes_unsigned_requests(tool, plivo, start):
    url = start(PLIVO_AUTH_TOKEN=None, ALLOW_UNSIGNED="yes")
    assert tool("connect", "--all", "--yes", PUBLIC_URL=url).code == 1
    assert plivo.requests == []
