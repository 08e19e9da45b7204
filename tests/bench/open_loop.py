"""Load at a given rate, whether or not the answers keep up: each request's time counts from when
it was due, so that a stall is felt by all that fall into it, as callers would."""
import asyncio
import collections
import gc
import ssl
import time

REPLY_END = b"\r\n\r\n"
LONGEST = 30  # seconds; what is not answered by then is an error


class Client:
    """The connections of a load, the requests that found theirs closed, and what came of all."""

    def __init__(self):
        self.idle, self.again = collections.deque(), collections.deque()
        self.took, self.failed, self.open = [], [], 0


class Connection(asyncio.Protocol):
    """One request at a time over one connection, its reply's time noted."""

    def __init__(self, client):
        self.client = client
        self.due = self.request = None
        self.text = b""

    def connection_made(self, transport):
        self.transport = transport
        self.client.open += 1
        self.client.idle.append(self)

    def send(self, due, request):
        self.due, self.request, self.text = due, request, b""
        self.transport.write(request)

    def data_received(self, data):
        self.text += data
        head, end, body = self.text.partition(REPLY_END)
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        if head.startswith(b"HTTP/1.1 200"):
            self.client.took.append(time.monotonic() - self.due)
        else:
            self.client.failed.append(head[:12])
        self.due = None
        self.client.idle.append(self)

    def eof_received(self):
        """Over TLS the connection itself ends a moment later."""
        if self in self.client.idle:
            self.client.idle.remove(self)

    def connection_lost(self, _error):
        """HAProxy closes what was idle for long, also while a request is on its way to it: as any
        client would, that one is sent again, its time counting from when it was due. Half a
        reply is an error."""
        self.client.open -= 1
        self.eof_received()
        if self.due is not None and self.text:
            self.client.failed.append(b"lost")
        elif self.due is not None:
            self.client.again.append((self.due, self.request))


async def offer(host, port, requests, rate, connections, tls):
    """All of the requests at so many a second. The seconds that each answered one took."""
    loop, client = asyncio.get_running_loop(), Client()

    async def connect():
        await loop.create_connection(lambda: Connection(client), host, port, ssl=tls)

    async def send(due, request):
        """The connection that was idle longest takes it. False: none is free for too long."""
        while time.monotonic() < due or not client.idle:
            if not client.idle and client.open < connections:
                await connect()
            await asyncio.sleep(max(0, min(due - time.monotonic(), 0.001)))
            if time.monotonic() > due + LONGEST:
                return False
        client.idle.popleft().send(due, request)
        return True

    for _ in range(connections):
        await connect()
    began = time.monotonic() + 0.1
    for number, request in enumerate(requests):
        while client.again:
            await send(*client.again.popleft())
        if not await send(began + number / rate, request):
            return client.took
    deadline = time.monotonic() + LONGEST
    while len(client.took) + len(client.failed) < len(requests) and time.monotonic() < deadline:
        if client.again:
            await send(*client.again.popleft())
        await asyncio.sleep(0.01)
    return client.took


def run(host, port, requests, rate, connections=128, encrypted=True):
    """{"p50": µs, "p99", "p999", "slowest", "requests", "errors"}"""
    tls = None
    if encrypted:
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    gc.collect()
    gc.disable()  # a pause of ours would count as theirs
    try:
        took = asyncio.run(offer(host, port, requests, rate, connections, tls))
    finally:
        gc.enable()
    errors, took = len(requests) - len(took), sorted(took) or [float("nan")]
    return {"requests": len(requests), "errors": errors,
            **{name: took[min(len(took) - 1, int(len(took) * part))] * 1e6 for name, part in
               (("p50", .5), ("p90", .9), ("p99", .99), ("p999", .999), ("slowest", 1))}}
