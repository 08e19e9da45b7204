"""Constant load on the answer URL, and a ledger of every call and what it was told.

The ledger is compared with masking.calls at the end: nobody was connected wrongly,
nothing that was answered is missing, nothing is there twice. The load is closed-loop
on a fixed number of connections; which faults happen meanwhile is left to others.
"""
import asyncio
import random
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlencode

import plivo.signature as signing

from waiting import join

PUBLIC_URL = "https://calls.example.com"
PROXY = "14155550100"
PAIRS = 400
GIVE_UP = 15  # seconds; an answer that takes longer counts as none
MARGIN = 1.0  # seconds an answer may take beyond the deadline: a busy machine's, not the server's
REPEATED = 0.05  # share of calls that Plivo asks about twice
STRANGERS = 0.1  # share of callers without an order


def customer(pair):
    return f"1415666{pair:04d}"


def agent(pair):
    return f"1415666{5000 + pair:04d}"


def order_id(pair):
    return f"LOAD-{pair}"


@dataclass
class Answer:
    sent: float
    received: float
    kind: str  # connected, spoken, none (no whole answer), bad
    detail: str = ""
    opened: float = 0.0  # when its connection was


@dataclass
class Call:
    uuid: str
    caller: str
    counterpart: str  # "" for a stranger
    order: str
    answers: list = field(default_factory=list)
    done: bool = False  # nobody will ask about it again


def new_call():
    call_uuid = str(uuid.uuid4())
    if random.random() < STRANGERS:
        return Call(call_uuid, f"1415666{random.randrange(9000, 10000)}", "", "")
    pair = random.randrange(PAIRS)
    ends = [customer(pair), agent(pair)]
    random.shuffle(ends)
    return Call(call_uuid, *ends, order_id(pair))


def request(call, token=None):
    """token: the auth token to sign with, for PUBLIC_URL."""
    body = urlencode({"CallUUID": call.uuid, "From": call.caller, "To": PROXY,
                      "Direction": "inbound", "CallStatus": "ringing", "Event": "StartApp"})
    signature = "".join(f"{name}: {value}\r\n" for name, value in signing.headers(
        token, "POST", PUBLIC_URL + "/answer", body).items()) if token else ""
    return (f"POST /answer HTTP/1.1\r\nHost: load\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n{signature}"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


DIAL = re.compile(r'<Dial callerId="(\d+)"[^>]*><Number[^>]*>(\d+)</Number></Dial>')


def judge(call, status, content_type, body):
    """(kind, what is wrong with it)"""
    if status != 200 or content_type.partition(";")[0] != "application/xml":
        return "bad", f"{status} {content_type}"
    if "<Dial" not in body:
        return ("spoken", "") if "<Speak" in body else ("bad", "neither Dial nor Speak")
    found = DIAL.search(body)
    if found is None or found[1] != PROXY:
        return "bad", "a Dial that does not show the proxy number"
    if found[2] != call.counterpart:
        return "bad", "connected to the wrong person"
    return "connected", ""


class Connection:
    """One keep-alive connection to one of the servers."""

    def __init__(self, addresses):
        self._addresses = addresses
        self._writer = None
        self.opened = 0.0

    async def open(self):
        """False: nobody listens."""
        if self._writer is not None:
            return True
        self.opened = time.monotonic()
        try:
            self._reader, self._writer = await asyncio.open_connection(
                *random.choice(self._addresses))
        except OSError:
            return False
        return True

    def close(self):
        if self._writer is not None:
            self._writer.transport.abort()
        self._writer = None

    async def exchange(self, raw):
        """(status, content type, body), or None when it ended without a whole answer."""
        try:
            self._writer.write(raw)
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in
                       (line.partition(":") for line in head[1:-2])}
            body = await self._reader.readexactly(int(headers["content-length"]))
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return None
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(head[0].split()[1]), headers.get("content-type", ""), body.decode()


class Load:
    """with Load(addresses) as load: …; load.ledger afterwards, complete."""

    def __init__(self, addresses, connections=16, rate=200, deadline=2.0, token=None):
        self.addresses = list(addresses)
        self.ledger = []
        self.deadline = deadline
        self._token = token
        self.bodies = set()  # distinct answers, numbers taken out
        self._pause = connections / rate
        self._connections = connections
        self._stopping = False
        self._lateness = []  # (when, how late this process ran at that moment)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stopping = True
        join(self._thread)

    async def _run(self):
        clock = asyncio.create_task(self._watch_the_clock())
        await asyncio.gather(*(self._caller(i) for i in range(self._connections)))
        clock.cancel()

    async def _watch_the_clock(self):
        """A crowded machine makes answers late that the server gave in time."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            late = time.monotonic() - before - 0.01
            if late > 0.005:
                self._lateness.append((before, late))

    def _late_between(self, start, end):
        return sum(late for when, late in self._lateness if start - 0.1 <= when <= end)

    async def _caller(self, number):
        connection = Connection(self.addresses)
        await asyncio.sleep(self._pause * number / self._connections)
        while not self._stopping:
            started = time.monotonic()
            if await connection.open():
                call = new_call()
                self.ledger.append(call)
                await self._ask(connection, call)
                if random.random() < REPEATED:
                    await asyncio.sleep(0.1)  # sooner than Plivo ever asks again
                    if await connection.open():
                        await self._ask(connection, call)
                call.done = True
            await asyncio.sleep(max(0.0, started + self._pause - time.monotonic()))
        connection.close()

    async def _ask(self, connection, call):
        sent = time.monotonic()
        try:
            reply = await asyncio.wait_for(connection.exchange(request(call, self._token)), GIVE_UP)
        except asyncio.TimeoutError:
            connection.close()
            reply = None
        kind, detail = judge(call, *reply) if reply else ("none", "")
        call.answers.append(Answer(sent, time.monotonic(), kind, detail, connection.opened))
        if reply:
            self.bodies.add(re.sub(r"\d{7,15}", "14155550100", reply[2]))

    # What tests ask while it runs, and afterwards.

    def first(self, kind, since):
        """When an answer of this kind came to a call sent after that moment; or None."""
        for call in reversed(self.ledger[:]):
            if call.answers and call.answers[0].sent < since - GIVE_UP:
                return None
            for answer in call.answers:
                if answer.kind == kind and answer.sent >= since:
                    return answer.received
        return None

    def await_kind(self, kind, since, within):
        deadline = time.monotonic() + within
        while self.first(kind, since) is None:
            assert time.monotonic() < deadline, f"nobody was {kind} within {within} s"
            time.sleep(0.02)

    def answers(self, kind, since=0.0, calls=None):
        return [answer for call in (self.ledger if calls is None else calls)
                for answer in call.answers if answer.kind == kind and answer.sent >= since]

    def take_done(self):
        """The calls that are over, oldest first, which the ledger then forgets: for hours of
        load."""
        count = next((i for i, call in enumerate(self.ledger) if not call.done), len(self.ledger))
        taken = self.ledger[:count]
        del self.ledger[:count]
        return taken

    def too_late(self, calls=None):
        """The answers beyond the deadline, the crowding of this machine taken off."""
        late = []
        for call in self.ledger if calls is None else calls:
            for answer in call.answers:
                took = answer.received - answer.sent
                if (answer.kind != "none" and took > self.deadline + MARGIN and
                        took - self._late_between(answer.sent, answer.received)
                        > self.deadline + MARGIN):
                    late.append(took)
        return late
