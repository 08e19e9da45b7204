"""One host that opens connections and says nothing takes no room from the others; and whoever
calls as Plivo does, from few addresses and often, is never cut off for it."""
import resource
import select
import socket
import threading
import time

import pytest

import signer
from client import Connection
from proxy import PUBLIC_URL, TOKEN
from server import CALLER, COUNTERPART, FORM, PROXY, Answer, call_fields, eventually
from waiting import join

SOURCES = [f"127.0.0.{n}" for n in range(11, 15)]
SILENT = "127.0.0.99"
IDLE, PER_SECOND, SECONDS = 2000, 500, 3


class Caller(Connection):
    """A connection of this source."""

    def __init__(self, address, source):  # pylint: disable=super-init-not-called
        self._socket = socket.create_connection(address, timeout=20, source_address=(source, 0))
        self._pending = b""

    def call(self):
        fields = call_fields(CALLER, PROXY)
        headers = signer.headers_v3(TOKEN, "POST", PUBLIC_URL + "/answer", None, fields)
        return self.request("POST", "/answer", {"Content-Type": FORM, **headers},
                            signer.form(fields).encode())


def open_silent(address, count):
    opened = []
    for _ in range(count):
        one = socket.socket()
        one.bind((SILENT, 0))
        one.setblocking(False)
        one.connect_ex(address)
        opened.append(one)
    return opened


def still_open(connections):
    """Those that were let in and not closed since."""
    waiting = select.poll()
    by_fd = {one.fileno(): one for one in connections}
    for fd in by_fd:
        waiting.register(fd, select.POLLIN | select.POLLHUP | select.POLLERR)
    gone = {fd for fd, _ in waiting.poll(0)}
    return len(by_fd) - len(gone)


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Source(threading.Thread):
    """Plivo at one of its addresses: so many webhooks a second, how it treats its connections."""

    def __init__(self, address, source, kind):
        super().__init__(daemon=True)
        self._address, self._source, self._kind = address, source, kind
        self.answered, self.trouble, self._open = 0, None, []

    def run(self):
        start, kept = time.monotonic(), None
        total = PER_SECOND * SECONDS // len(SOURCES)
        try:
            for n in range(total):
                time.sleep(max(0, start + n * len(SOURCES) / PER_SECOND - time.monotonic()))
                if kept is None or self._kind != "kept":
                    kept = Caller(self._address, self._source)
                    self._open.append(kept)
                reply = kept.call()
                assert Answer(reply).dial == (PROXY, COUNTERPART)
                self.answered += 1
                if self._kind == "closed" or reply.closes:
                    kept.close()
                    kept = None
        except (AssertionError, OSError) as trouble:
            self.trouble = trouble
        finally:
            for one in self._open:
                one.close()


@pytest.mark.parametrize("kind", ["kept", "closed", "left open"])
@pytest.mark.usefixtures("many_files")
def test_others_are_answered_beside_idle_connections(start_proxy, signed_server, kind):
    """More than there is room for; the sources' own connections count for nothing."""
    proxy = start_proxy(signed_server.address, WORKERS="16", MAXCONN=str(IDLE - 100))
    eventually(proxy.ready)
    silent = open_silent(proxy.address, IDLE)
    try:
        # Sooner than a request's head would be late: this is not that limit.
        eventually(lambda: still_open(silent) <= 100, within=4)
        sources = [Source(proxy.address, source, kind) for source in SOURCES]
        for source in sources:
            source.start()
        join(*sources)
    finally:
        for one in silent:
            one.close()
    assert [source.trouble for source in sources] == [None] * len(SOURCES)
    assert sum(source.answered for source in sources) == PER_SECOND * SECONDS


def is_let_in(address):
    """Is the silent source heard when it says something, which earns it nothing?"""
    try:
        with Caller(address, SILENT) as stranger:
            return stranger.request("GET", "/nothing") is not None
    except OSError:
        return False


def test_who_fills_its_share_is_let_in_again_later(start_proxy, signed_server):
    proxy = start_proxy(signed_server.address, WORKERS="16", SOURCE_MAXCONN="10")
    eventually(proxy.ready)
    silent = []

    def is_full():
        """HAProxy may hear us before it has taken all ten, and the answer may take until they are
        too late with their heads: then ten others."""
        if still_open(silent) < 10:
            for one in silent:
                one.close()
            silent[:] = open_silent(proxy.address, 10)
        return not is_let_in(proxy.address)

    eventually(is_full)
    with Caller(proxy.address, SOURCES[0]) as other:
        assert Answer(other.call()).dial
    for one in silent:
        one.close()
    eventually(lambda: is_let_in(proxy.address))


def test_only_whom_a_server_answers_may_keep_a_connection(proxy):
    """Else a request that costs nothing would buy ten seconds of a connection."""
    with Caller(proxy.address, SOURCES[0]) as plivo:
        for _ in range(3):
            reply = plivo.call()
            assert Answer(reply).dial and not reply.closes
    for method, path in (("GET", "/healthz"), ("GET", "/answer"), ("GET", "/nothing")):
        with Caller(proxy.address, SOURCES[0]) as stranger:
            assert stranger.request(method, path).closes
            assert stranger.closed()
