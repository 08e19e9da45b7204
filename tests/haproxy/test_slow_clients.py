"""Hundreds of clients that never finish what they say, and one call among them.

The server has 16 threads here; without the proxy the first 16 slow clients would
hold it. SLOW_CLIENTS sets how many there are (200). Waiting times are printed, not
judged: a busy machine is not a broken one. That a call is answered at all, while
all of them are connected, is the claim.
"""
import os
import selectors
import socket
import statistics
import threading
import time

import pytest

from server import CALLER, COUNTERPART, PROXY, eventually
from waiting import join

SLOW_CLIENTS = int(os.environ.get("SLOW_CLIENTS", "200"))
CALLS, PAUSE = 60, 0.1  # longer than a slow client is borne, so all of them are cut meanwhile
HEAD = b"POST /answer HTTP/1.1\r\nHost: masking.example.com\r\n"
KINDS = {  # what a client says at once, and what it adds each second
    "silent": (b"", b""),
    "head": (HEAD + b"X-Slow: ", b"a"),
    "body": (HEAD + b"Content-Length: 8000\r\n\r\n", b"a"),
    "idle": (b"GET /healthz HTTP/1.1\r\nHost: masking.example.com\r\n\r\n", b""),
}


class SlowClients(threading.Thread):
    """Keeps that many connections open and dripping; opens a new one for each that is cut."""

    def __init__(self, address, kind, count):
        super().__init__(daemon=True)
        self._address, self._count = address, count
        self._first, self._drip = KINDS[kind]
        self._open = {}
        self._selector = selectors.DefaultSelector()
        self._done = threading.Event()
        self.opened = 0

    @property
    def connected(self):
        return len(self._open)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        join(self)

    def run(self):
        last = time.monotonic()
        while not self._done.is_set():
            while len(self._open) < self._count and not self._done.is_set():
                self._connect()
            for key, _ in self._selector.select(timeout=0.1):
                self._read(key.fileobj)
            if time.monotonic() - last >= 1:
                last = time.monotonic()
                for slow in list(self._open):
                    self._say(slow, self._drip)
        for slow in list(self._open):
            self._forget(slow)

    def _connect(self):
        slow = socket.create_connection(self._address, timeout=20)
        slow.setblocking(False)
        self._selector.register(slow, selectors.EVENT_READ)
        self._open[slow] = True
        self.opened += 1
        self._say(slow, self._first)

    def _say(self, slow, what):
        try:
            slow.send(what)
        except OSError:
            self._forget(slow)

    def _read(self, slow):
        try:
            if slow.recv(4096) == b"":
                self._forget(slow)
        except OSError:
            self._forget(slow)

    def _forget(self, slow):
        if self._open.pop(slow, None):
            self._selector.unregister(slow)
            slow.close()


@pytest.fixture(scope="module")
def proxy(start_proxy, signed_server):
    """All come from one address here, so what each may hold is not the point."""
    proxy = start_proxy(signed_server.address, WORKERS="16", SOURCE_MAXCONN="4000")
    eventually(proxy.ready)
    return proxy


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_is_answered_while_others_drip(proxy, signed_server, kind, capsys):
    with SlowClients(proxy.address, kind, SLOW_CLIENTS) as slow:
        eventually(lambda: slow.opened >= SLOW_CLIENTS)
        waits = []
        for _ in range(CALLS):
            begin = time.monotonic()
            assert proxy.call(CALLER).dial == (PROXY, COUNTERPART)
            waits.append((time.monotonic() - begin) * 1000)
            time.sleep(PAUSE)
        connected = slow.connected
    with capsys.disabled():
        print(f"\n{SLOW_CLIENTS} clients, {kind}: a call waits {statistics.median(waits):.1f} ms"
              f" (median), {max(waits):.1f} ms (worst of {CALLS}); {slow.opened} opened,"
              f" {connected} connected at the end")
