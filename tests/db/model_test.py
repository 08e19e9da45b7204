"""Random orders, random events, several transactions open at once, time passing:
after each event the database is compared with a plain model of promise 2.

SEED and EVENTS repeat or lengthen a run; a failure names its seed.

The model knows nothing of ranges, proxies' choice or locks. It keeps, for each
order, who its people are and until when each side should be live; the database
only decides which number is used and whether one was free."""

import collections
import dataclasses
import os
import random
import time

import pytest

from database import AMBIGUOUS, LONG, ask, connect, fill_pool, fresh, setting

EVENTS = int(os.environ.get("EVENTS", "1000" if LONG else "150"))
SEED = int(os.environ.get("SEED", str(random.randrange(10**6))))
LONGEST_LIFE, GRACE = 12 * 3600, {"customer": 1800, "agent": 300}
NEAR = 5  # seconds: so close to an end, the test does not ask on which side of it we are


@dataclasses.dataclass
class Order:
    """What the order system wrote, and until when each side is live."""

    customer: int
    agent: int = None
    completed: float = None
    cancelled: bool = False
    assigned: float = None
    until: dict = dataclasses.field(default_factory=dict)

    def pair(self):
        return (self.customer, self.agent)

    def end(self, side, assigned):
        if self.agent is None or self.cancelled:
            return 0
        return assigned + LONGEST_LIFE if self.completed is None else self.completed + GRACE[side]

    def alive(self, now):
        return any(until > now for until in self.until.values())


def follow(order, before, now, waiting):
    """The model's one rule: what a write, just committed, does to the ends."""
    resumed = before is not None and ((before.completed and not order.completed) or (before.cancelled and not order.cancelled))
    opens = before is None or resumed or before.pair() != order.pair() or before.alive(now) or waiting
    same = before is not None and before.pair() == order.pair()
    kept = {s: min(u, max(now, order.end(s, order.assigned))) for s, u in (before.until if same else {}).items()}
    lacking = any(order.end(s, now) > now and not (kept.get(s, 0) > now and kept[s] >= order.end(s, order.assigned))
                  for s in GRACE)
    if opens and lacking:
        order.assigned = now
        kept = {s: order.end(s, now) for s in GRACE}
    order.until = {s: u for s, u in kept.items() if u > now}


class World:
    """The database, the model beside it, and a clock that can be moved."""

    def __init__(self, name, chance):
        self.chance = chance
        self.owner = connect(name)
        fill_pool(self.owner, 5)
        setting(self.owner, "lock_wait", 0)  # the driver is one thread: waiting for itself would be for ever
        self.connections = [connect(name, "masking_orders", "READ COMMITTED") for _ in range(3)]
        self.open = {c: {} for c in self.connections}  # per transaction: order id -> (before, after)
        self.orders = {}
        self.offset = 0.0
        self.number = 0

    def now(self):
        return time.time() + self.offset

    def close(self):
        for connection in [self.owner, *self.connections]:
            connection.close()

    # Events

    def write(self, connection):
        """One statement on an order no open transaction has touched."""
        busy = {i for touched in self.open.values() for i in touched}
        free = sorted(set(self.orders) - busy)
        kind = self.chance.choice(["place", "place", "assign", "swap", "complete", "complete", "reopen", "cancel",
                                   "uncancel", "correct", "remove", "delete"])
        if kind == "place" or not free:
            self.number += 1
            after = Order(self.someone("6"), self.chance.choice([None, self.someone("7"), self.someone("7")]))
            self.send(connection, f"O{self.number}", None, after,
                "INSERT INTO orders (order_id, customer_number, agent_number) VALUES (%s, %s, %s)",
                f"O{self.number}", after.customer, after.agent)
            return
        order_id = self.chance.choice(free)
        before = self.orders[order_id]
        if kind == "delete":
            self.send(connection, order_id, before, None, "DELETE FROM orders WHERE order_id = %s", order_id)
            return
        after = dataclasses.replace(before, until={})
        column, value = {
            "assign": ("agent_number", self.someone("7")), "swap": ("agent_number", self.someone("7")),
            "remove": ("agent_number", None), "correct": ("customer_number", self.someone("6")),
            "complete": ("completed_at", "now"), "reopen": ("completed_at", None),
            "cancel": ("cancelled_at", "now"), "uncancel": ("cancelled_at", None),
        }[kind]
        if column == "completed_at":
            after.completed = self.now() if value else None
        elif column == "cancelled_at":
            after.cancelled = bool(value)
        else:
            setattr(after, column.split("_")[0], value)
        self.send(connection, order_id, before, after, f"UPDATE orders SET {column} = %s WHERE order_id = %s",
            "now()" if value == "now" else value, order_id)

    def someone(self, group):
        """Few enough people that they meet; some play both roles."""
        group = self.chance.choices([group, "8"], [9, 1])[0]
        return 14156660000 + int(group) * 1000 + self.chance.randrange(5)

    def send(self, connection, order_id, before, after, statement, *values):
        if after is not None and after.customer == after.agent:
            return
        ask(connection, statement, *values)
        self.open[connection][order_id] = (before, after, self.now())

    def finish(self, connection, commit):
        if commit:
            connection.commit()
        else:
            connection.rollback()
        for order_id, (before, after, when) in self.open[connection].items() if commit else ():
            if after is None:
                del self.orders[order_id]
                continue
            waiting = before is not None and order_id in self.waiting
            follow(after, before, when, waiting)
            self.orders[order_id] = after
        self.open[connection] = {}
        self.notice_waiting()

    waiting = frozenset()

    def notice_waiting(self):
        """Whether a number was free is the database's word; nobody is live without."""
        self.waiting = {i for i, in ask(self.owner, "SELECT order_id FROM masking.orders WHERE unmasked_since IS NOT NULL")}
        live = {i for i, in ask(self.owner, "SELECT order_id FROM masking.routes WHERE upper(live) > now()")}
        for order_id in self.waiting:
            if order_id in self.orders and order_id not in live:
                self.orders[order_id].until = {}

    def serve_waiting(self):
        busy = {i for touched in self.open.values() for i in touched}
        for order_id, _ in ask(self.owner, "SELECT order_id, proxy_number FROM masking.assign_pending()"):
            assert order_id not in busy
            order = self.orders[order_id]
            follow(order, dataclasses.replace(order), self.now(), True)
        self.notice_waiting()

    def pass_time(self):
        seconds = self.chance.choice([60, 400, 2000, 3600, 12 * 3600, 40 * 3600])
        ask(self.owner, "SELECT tests.pass(make_interval(secs => %s))", seconds)
        self.offset += seconds
        for order in self.orders.values():
            order.until = {s: u for s, u in order.until.items() if u > self.now()}

    # What must hold

    def check(self):
        now = self.now()
        assert ask(self.owner, AMBIGUOUS) == []
        rows = ask(self.owner, "SELECT order_id, side, caller, proxy, callee FROM masking.routes WHERE upper(live) > now()")
        proxies = dict(ask(self.owner, "SELECT order_id, proxy_number::bigint FROM masking.orders"))
        expected, unsure = set(), set()
        for order_id, order in self.orders.items():
            customer, agent = order.pair()
            for side, until in order.until.items():
                row = (order_id, side, *((customer, proxies[order_id], agent) if side == "customer" else (agent, proxies[order_id], customer)))
                (unsure if abs(until - now) < NEAR else expected).add(row)
        # A write that could not lock its people keeps what it had and waits.
        live = {r for r in rows if r not in unsure and r[0] not in self.waiting}
        assert live == {r for r in expected if r[0] not in self.waiting}
        self.check_answers(rows)

    def check_answers(self, rows):
        """The answer function, explain_route and the routes agree."""
        reached = collections.defaultdict(set)
        for _, _, caller, proxy, callee in rows:
            reached[(caller, proxy)].add(callee)
        assert all(len(callees) == 1 for callees in reached.values())
        pairs = [(self.someone("6"), 14155550100 + self.chance.randrange(5)) for _ in range(3)]
        for caller, proxy in pairs + self.chance.sample(sorted(reached), min(3, len(reached))):
            self.number += 1
            answer, explained, words = ask(self.owner, """
                SELECT a.counterpart, e.counterpart, e.words
                FROM tests.answer_calls(ARRAY[%s::text], ARRAY[%s], ARRAY[%s]) a,
                  masking.explain_route(%s::text, %s::text) e""", f"c{self.number}", caller, proxy, caller, proxy)[0]
            assert {answer} - {None} == reached.get((caller, proxy), set())
            assert explained == answer, words
            assert words.startswith("connected:" if answer else "not connected:")


@pytest.mark.parametrize("run", range(2))
def test_the_database_agrees_with_the_model(run):
    seed = SEED + run
    chance = random.Random(seed)
    with fresh() as name:
        world = World(name, chance)
        try:
            for _ in range(EVENTS):
                connection = chance.choice(world.connections)
                event = chance.random()
                if event < 0.60:
                    world.write(connection)
                elif event < 0.85:
                    world.finish(connection, chance.random() < 0.8)
                elif event < 0.93:
                    world.serve_waiting()
                elif not any(world.open.values()):
                    world.pass_time()
                world.check()
        except AssertionError:
            print(f"SEED={seed}")
            raise
        finally:
            world.close()
