"""Load at a given rate, whether or not the answers keep up: each request's time counts from when
it was due, so that a stall is felt by all that fall into it, as callers would."""
import asyncio
import gc
import ssl
import time

REPLY_END = b"\r\n\r\n"
LONGEST = 30  # seconds; what is not answered by then is an error


class Connection(asyncio.Protocol):
    """One request at a time over one connection, its reply's time noted."""

    def __init__(self, idle, took, failed):
        self.idle, self.took, self.failed = idle, took, failed
        self.due, self.text = None, b""

    def connection_made(self, transport):
        self.transport = transport
        self.idle.append(self)

    def send(self, due, request):
        self.due, self.text = due, b""
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
            self.took.append(time.monotonic() - self.due)
        else:
            self.failed.append(head[:12])
        self.due = None
        self.idle.append(self)

    def connection_lost(self, _error):
        if self.due is not None:
            self.failed.append(b"lost")
        elif self in self.idle:
            self.idle.remove(self)


async def offer(host, port, requests, rate, connections, tls):
    """All of the requests at so many a second. The seconds that each answered one took."""
    loop = asyncio.get_running_loop()
    idle, took, failed = [], [], []
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(idle, took, failed), host, port, ssl=tls)
    began = time.monotonic() + 0.1
    for number, request in enumerate(requests):
        due = began + number / rate
        while time.monotonic() < due or not idle:
            await asyncio.sleep(max(0, min(due - time.monotonic(), 0.001)))
            if time.monotonic() > due + LONGEST:
                return took
        idle.pop().send(due, request)
    deadline = time.monotonic() + LONGEST
    while len(took) + len(failed) < len(requests) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    return took


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
