"""Three days of a company that delivers food in the USA and in Spain, and the truth beside them.

A PostgreSQL of its own lives through 72 hours, up to END, in half a minute: libfaketime moves its clock from event to
event, and every event is what the order system, the server or number-masking-plivo would send, under their roles. So
whatever is on record came there as it does at a company, and the same each time (SEED). What really happened, as those
people would tell it who were there, stands in Days.truth; nothing of it is read from the database, except which
number an order was told to show, and its codes.

Phones of parties are 1415666xxxx and 34600xxxxxx, numbers of ours 141555501xx and 349105501xx.
"""
import heapq
import itertools
import json
import random
import signal
import sys
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cluster import ROOT, Cluster, Database, run
from console_fixtures import Console
from moved_clock import MovedClock

SEED = 27
END = datetime(2026, 11, 29, 20, 41, 7, tzinfo=timezone.utc)  # a Sunday evening: the rush
DAYS = 3
ORDERS = 1520  # beside those with a story

US = [f"141555501{n:02}" for n in range(8)]
ES = [f"349105501{n:02}" for n in range(5)]
DRAINING = US[7]
GONE = US[3]  # Plivo took it away; the pool still has it
# Orders placed by hour of the day, UTC, as it is between noon and late in the evening.
DEMAND = [1, 1, .5, .3, .3, .5, 1, 2, 3, 4, 5, 7, 10, 10, 7, 5, 5, 6, 8, 11, 11, 8, 5, 2]


def today(clock, day=0):
    """A time of the last day, as 19:42 or 19:42:17; day=-1: of the one before."""
    parts = [int(part) for part in clock.split(":")]
    return END.replace(hour=0, minute=0, second=0) + timedelta(
        days=day, hours=parts[0], minutes=parts[1], seconds=parts[2] if parts[2:] else 0)


GONE_SINCE = today("14:20")
SPAIN_SINCE = today("12:04")
REFUSED = (today("19:10"), today("19:13"))  # every webhook: somebody had changed the token
OUTAGES = [(today("21:07:00", -3), today("21:07:31", -3)), (today("20:35:12"), today("20:35:49"))]
CODES_SINCE = END - timedelta(hours=40)
NO_CODE = ("unknown_caller", "order_over", "no_caller_id")


@dataclass
class Order:
    id: str
    customer: str
    agent: str = None
    number: str = None  # as the order system was told last
    codes: dict = field(default_factory=dict)
    placed: datetime = None
    completed: datetime = None
    cancelled: datetime = None

    def phone(self, side):
        return self.customer if side == "customer" else self.agent


@dataclass
class Call:
    """became: the word for what happened, as call_life has it; on_record: whether the service ever heard of it."""

    uuid: str
    at: datetime
    phone: str
    number: str
    became: str = None
    order: str = None
    side: str = None
    code: int = None  # Plivo's
    rang: int = 0
    talked: int = 0
    hung_up_by: str = None
    by_code: bool = False
    placed: bool = False
    recorded: int = None
    on_record: bool = True
    ends: datetime = None

    @property
    def sort(self):
        """What a company asks first."""
        if self.became is None:
            return "open"
        if self.became in ("answered", "talked"):
            return "answered"
        if self.became in ("no-answer", "busy", "cancel", "mailbox", "ended", "first_busy", "first_no_answer", "ask_key"):
            return "not taken"
        if self.became in ("failed", "timeout", "first_failed"):
            return "not put through"
        return "apologised" if self.became == "apologised" else "turned away"


@dataclass
class Text:
    uuid: str
    at: datetime
    order: str
    side: str
    became: str
    delivery: str = None
    code: int = None


@dataclass
class Truth:
    orders: dict = field(default_factory=dict)
    calls: list = field(default_factory=list)
    texts: list = field(default_factory=list)
    refused_webhooks: Counter = field(default_factory=Counter)  # by minute
    refused_numbers: dict = field(default_factory=dict)  # order: whose, in words
    waiting: list = field(default_factory=list)
    blocked: dict = field(default_factory=dict)  # order: side, reason, at
    looked: list = field(default_factory=list)  # (who, page, order or None, at)
    requests: dict = field(default_factory=dict)  # state: order
    stories: dict = field(default_factory=dict)  # name: Order

    def of(self, name):
        return self.stories[name]

    def calls_of(self, name, **wanted):
        """The calls about a story's order, oldest first."""
        return self.select(order=self.stories[name].id, **wanted)

    def select(self, since=None, until=None, sort=None, on_record=True, **wanted):
        return [c for c in self.calls if c.on_record == on_record and (since is None or c.at >= since)
                and (until is None or c.at < until) and (sort is None or c.sort == sort)
                and all(getattr(c, name) == value for name, value in wanted.items())]

    @property
    def apologies(self):
        return self.select(sort="apologised")

    @property
    def spain(self):
        """Dials to Spain since the carrier refuses them."""
        return self.select(since=SPAIN_SINCE, code=2040)

    def on_number(self, number):
        """Orders that show it, and whose customer still dials it: not over, or completed within the half hour of grace."""
        return [o for o in self.orders.values() if o.number == number and o.cancelled is None
                and (o.completed is None or o.completed > END - timedelta(minutes=30))]


def told(does, rings, talks, hangs_up):
    """How a dial ends, by what the callee does: (became, Plivo's code, what record_events is told)."""
    def callee(status, cause, code, source, **more):
        return {"dial_status": status, "dial_rang": rings > 0, "callee_ended": True, "callee_rang_seconds": rings,
                "callee_seconds": 0, "callee_cause": cause, "callee_code": code, "callee_source": source, **more}

    def caller(seconds, cause="End Of XML Instructions", code=4010, source="Plivo"):
        return {"caller_ended": True, "caller_rang_seconds": rings, "caller_seconds": seconds, "caller_cause": cause,
                "caller_code": code, "caller_source": source, "caller_cost": "0.0085"}
    hung_up = hangs_up.capitalize()
    if does in ("answers", "confirms"):
        events = {**callee("completed", "Normal Hangup", 4000, hung_up, callee_answered=True, callee_seconds=talks,
                           callee_cost="0.0100", dial_cause="NORMAL_CLEARING"),
                  **caller(talks, "Normal Hangup", 4000, hung_up)}
        if does == "confirms":
            return "talked", 4000, {**events, "callee_confirmed": True}
        return "answered", 4000, events
    return {
        "no-answer": ("no-answer", 3000, {**callee("no-answer", "No Answer", 3000, "Callee", dial_cause="NO_ANSWER"), **caller(4)}),
        "busy": ("busy", 3010, {**callee("busy", "Busy Line", 3010, "Callee", dial_cause="USER_BUSY"), **caller(4)}),
        "rejects": ("busy", 3020, {**callee("busy", "Rejected", 3020, "Callee", dial_cause="CALL_REJECTED"), **caller(4)}),
        "unreachable": ("timeout", 3070, {**callee("timeout", "Carrier", 3070, "Carrier", dial_cause="RECOVERY_ON_TIMER_EXPIRE"), **caller(5)}),
        "barred": ("failed", 2040, {**callee("failed", "Destination Country Barred", 2040, "Carrier", dial_cause="CALL_BARRED"), **caller(5)}),
        "mailbox": ("mailbox", 9110, {**callee("no-answer", "Confirm Key Failed", 9110, "Plivo", callee_answered=True, callee_seconds=20,
                                               dial_cause="NO_ANSWER"), **caller(4)}),
        "given up": ("cancel", 1000, {**callee("cancel", "Cancelled", 1000, "Caller", dial_cause="ORIGINATOR_CANCEL"),
                                      **caller(0, "Cancelled", 1000, "Caller")}),
    }[does]


class OwnCluster(Cluster):
    """Whose clock can be moved."""

    def __init__(self, place, seconds):
        place.mkdir()
        place.chmod(0o755)
        super().__init__(place / "cluster")
        self.clock = MovedClock(place, seconds)

    def _script(self, action, *settings):
        return run(ROOT / "server" / "tools" / "cluster", action, self.place, *settings,
                   POSTGRESQL_PROGRAMS=str(self.clock.programs))


class Days:
    """days = Days(folder); days.live(); days.truth, days.database; days.stop(). It is END there then, and time goes on."""

    def __init__(self, place):
        self.now = END - timedelta(days=DAYS)
        self.cluster = OwnCluster(place, self._offset() - 3600)
        self.cluster.start()
        self.cluster.migrate("company")
        self.database = Database(self.cluster, "company")
        self.luck = random.Random(SEED)
        self.truth = Truth()
        self._plan, self._sequence, self._asks = [], itertools.count(), itertools.count(1 << 40)
        self._connections = {}
        self._codes_on = False

    def stop(self):
        for connection in self._connections.values():
            connection.close()
        self.cluster.stop()

    # ---- time ----

    def _offset(self):
        return self.now.timestamp() - time.time()

    def at(self, moment, work, *values, **named):
        """Plans something; what is planned for after END never happens."""
        if moment <= END:
            heapq.heappush(self._plan, (moment.replace(microsecond=0), next(self._sequence), work, values, named))

    def live(self):
        self._begin()
        plan_demand(self)
        plan_troubles(self)
        plan_stories(self)
        while self._plan:
            self.now, _, work, values, named = heapq.heappop(self._plan)
            self.cluster.clock.stand_at(self.now)
            work(*values, **named)
        self.be_at_end()
        self.ask("postgres", "ANALYZE")
        self.ask("masking_server", "SELECT count(*) FROM masking.gauges()")
        self.truth.calls.sort(key=lambda c: c.at)

    def be_at_end(self):
        self.now = END
        self.cluster.clock.set(self._offset())

    def ask(self, role, statement, *values):
        if role not in self._connections:
            self._connections[role] = self.cluster.connect("company", role)
        with self._connections[role].cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def _begin(self):
        self.cluster.clock.set(self._offset())
        for number in US:
            self.ask("postgres", "INSERT INTO masking.proxy_numbers (number, prefix) VALUES (%s, '1')", number)
        for number in ES:
            self.ask("postgres", "INSERT INTO masking.proxy_numbers (number, prefix, language) VALUES (%s, '34', 'es-ES')", number)
        self.ask("postgres", "UPDATE masking.settings SET word = 'unmasked' WHERE name = 'bad_numbers'")
        self.ask("postgres", "UPDATE masking.settings SET span = '1 hour' WHERE name = 'cool_off'")

    # ---- the order system ----

    def place(self, order, agent=True):
        self.truth.orders[order.id] = order
        order.placed = self.now
        self._told(order, "INSERT INTO orders (order_id, customer_number, agent_number) VALUES (%s, %s, %s)",
                   order.id, order.customer, order.agent if agent else None)

    def place_where(self, order, fits, agents):
        """With the first of these agents for whom a number is chosen that fits."""
        for order.agent in itertools.chain([order.agent], agents):
            self.ask("masking_orders", "BEGIN")
            self.place(order)
            if fits(order.number):
                self.ask("masking_orders", "COMMIT")
                return
            self.ask("masking_orders", "ROLLBACK")

    def write(self, order, columns, *values):
        self._told(order, f"UPDATE orders SET {columns} WHERE order_id = %s", *values, order.id)

    def _told(self, order, statement, *values):
        if self._in_outage():
            self.at(self._in_outage()[1] + timedelta(seconds=4), self._told, order, statement, *values)
            return
        number, *codes = self.ask(
            "masking_orders", statement + " RETURNING proxy_number, customer_code, agent_code", *values)[0]
        order.number = number or (order.cancelled and order.number)  # its people still have it
        order.codes = dict(zip(("customer", "agent"), codes))
        waits = order.id in self.truth.waiting or order.id in self.truth.refused_numbers
        assert order.number or waits or not order.agent, f"no number was free for {order.id} at {self.now}"

    def assign(self, order, agent):
        order.agent = agent
        self.write(order, "agent_number = %s", agent)

    def complete(self, order):
        order.completed = self.now
        self.write(order, "completed_at = now()")

    def cancel(self, order):
        order.cancelled = self.now
        self.write(order, "cancelled_at = now()")

    def block(self, order, side, reason):
        self.truth.blocked[order.id] = (side, reason, self.now)
        self.ask("masking_orders", "INSERT INTO order_blocks (order_id, side, reason) VALUES (%s, %s, %s)", order.id, side, reason)

    # ---- Plivo and the server ----

    def _in_outage(self):
        return next((outage for outage in OUTAGES if outage[0] <= self.now < outage[1]), None)

    def _is_refused(self):
        return REFUSED[0] <= self.now < REFUSED[1]

    def _refuse(self, webhooks=1):
        self.truth.refused_webhooks[self.now.replace(second=0)] += webhooks

    def _tell(self, call, events, after):
        """What Plivo tells at the end of a call, if it is heard; a signature that is refused is not."""
        def heard():
            if self._is_refused():
                call.became, call.hung_up_by = None, None
                self._refuse(3)
                return
            self.ask("masking_server", "SELECT * FROM masking.record_events(%s, %s, %s, %s)",
                     [call.uuid], [int(call.number)], [None], [json.dumps(events)])
        call.ends = self.now + timedelta(seconds=after)
        if call.ends > END:
            call.became, call.hung_up_by = None, None
        self.at(call.ends, heard)

    def call(self, phone, number, *, order=None, side=None, does="answers", rings=7, talks=42, hangs_up="callee",
             expect="connected", digits=(), lost=False, records=False):
        """Somebody dials. expect: what the service should decide (digits: entered one after the other, by whom it asks).
        lost: Plivo's messages about the end are. phone None: it is hidden."""
        call = Call(str(uuid.UUID(int=self.luck.getrandbits(128), version=4)), self.now, phone, number,
                    order=order and order.id, side=side)
        self.truth.calls.append(call)
        if number == GONE and self.now >= GONE_SINCE:
            call.on_record, call.became = False, "never arrived"
            return call
        if self._is_refused():
            call.on_record, call.became = False, "refused signature"
            self._refuse()
            return call
        if self._in_outage():
            call.became, call.order, call.side = "apologised", None, None
            began, ended = self._in_outage()
            self.at(ended + timedelta(seconds=2), self._apologise, call)
            return call
        outcome = self.ask(
            "masking_server", "SELECT outcome FROM masking.answer_calls(%s, %s::bigint[], %s, %s, NULL, true, %s)",
            [call.uuid], [phone and int(phone)], [int(number)], [next(self._asks)], records)[0][0]
        if outcome == "ask_code" and digits:
            self.at(self.now + timedelta(seconds=9), self._enter, call, list(digits), 1, (does, rings, talks, hangs_up, lost, records))
            return call
        # (Where no code is good on a number at that time, nobody is asked for one.)
        assert outcome == expect or expect == "ask_code" and outcome in NO_CODE, f"{outcome}, not {expect}: {call} {order}"
        if outcome == "connected":
            self._dial(call, does, rings, talks, hangs_up, lost, records)
        else:
            call.became = outcome
            self._tell(call, {"caller_ended": True, "caller_seconds": 6, "caller_cause": "End Of XML Instructions",
                              "caller_code": 4010, "caller_source": "Plivo", "caller_cost": "0.0085"}, 6)
            call.became = outcome
        return call

    def _enter(self, call, digits, attempt, people):
        outcome = self.ask(
            "masking_server", "SELECT outcome FROM masking.answer_codes(%s, %s::bigint[], %s, %s, %s, %s)", [call.uuid],
            [call.phone and int(call.phone)], [int(call.number)], [attempt], [digits.pop(0)], [next(self._asks)])[0][0]
        call.became = outcome
        if outcome == "connected":
            call.by_code = True
            self._dial(call, *people)
        elif outcome == "wrong_code" and digits:
            self.at(self.now + timedelta(seconds=9), self._enter, call, digits, attempt + 1, people)

    def _dial(self, call, does, rings, talks, hangs_up, lost, records):
        if call.order and self.truth.orders[call.order].customer.startswith("34") and self.now >= SPAIN_SINCE:
            does = "barred"
        call.became, call.code, events = told(does, 0 if does in ("barred", "unreachable", "busy") else rings, talks, hangs_up)
        talked = talks if call.sort == "answered" else 0
        call.rang, call.talked = events["callee_rang_seconds"], talked
        if talked:
            callee = "agent" if call.side == "customer" else "customer"
            call.hung_up_by = call.side if hangs_up == "caller" else callee
        if records and talked:
            call.recorded = talked
            events.update(recording_seconds=talked, recording_url=f"https://media.plivo.com/v1/Account/MAXXXXXXXXXXXXXXXXXX/Recording/{call.uuid}.mp3")
        if lost:
            call.became, call.code, call.hung_up_by, call.recorded = None, None, None, None
        else:
            self._tell(call, events, call.rang + (20 if does == "mailbox" else talked) + (0 if talked else 4))

    def _apologise(self, call):
        self.ask("masking_server", "SELECT masking.record_apologies(%s, %s, %s, %s)", [call.uuid], [int(call.number)],
                 [(self.now - call.at).total_seconds()], [next(self._asks)])

    def text(self, order, side, delivery="delivered", code=None, kind="text", expect="forwarded"):
        text = Text(str(uuid.UUID(int=self.luck.getrandbits(128), version=4)), self.now, order.id, side, expect, delivery, code)
        if order.number == GONE and self.now >= GONE_SINCE or self._is_refused() or self._in_outage():
            return text
        outcome = self.ask(
            "masking_server", "SELECT outcome FROM masking.answer_messages(%s, %s, %s, %s, %s)", [text.uuid],
            [int(order.phone(side))], [int(order.number)], [kind], [next(self._asks)])[0][0]
        assert outcome == expect, f"{outcome}, not {expect}: {text}"
        self.truth.texts.append(text)
        if expect == "forwarded" and delivery:
            self.at(self.now + timedelta(seconds=12), self.ask, "masking_server", "SELECT masking.record_deliveries(%s, %s, %s, %s, %s)",
                    [text.uuid], [1], [1], [delivery], [code or 0])
        return text

    # ---- support ----

    def look(self, who, page, *values):
        """Somebody opens a page of the console. values: as the page's function takes them."""
        marks = ", ".join(["%s"] * (len(values) + 1))
        self.truth.looked.append((who, page, values[0] if page == "order" else None, self.now))
        self.ask("masking_console", f"SELECT count(*) FROM masking.console_{page}({marks})", who, *values)


# ---- what is planned ----

def some_callee(luck):
    """What people do who are rung."""
    talks = luck.choice([3, 8, 20, 35, 60, 95, 140, 260])
    answered = {"rings": luck.randint(4, 18), "talks": talks, "hangs_up": luck.choice(["caller", "callee"])}
    return luck.choices(
        [dict(does="answers", **answered), dict(does="confirms", **answered), dict(does="no-answer", rings=45),
         dict(does="busy"), dict(does="rejects", rings=3), dict(does="mailbox", rings=20), dict(does="unreachable"),
         dict(does="given up", rings=5), dict(does="answers", lost=True, **answered)],
        [56, 8, 15, 8, 2, 3, 3, 4, 1])[0]


def plan_demand(days):
    """The ordinary orders, each with its people, and the calls about it."""
    luck, start = days.luck, END - timedelta(days=DAYS)
    hours = [start + timedelta(hours=n) for n in range(DAYS * 24)]
    share = sum(DEMAND[h.hour] for h in hours)
    customers = {"US": [f"1415666{n:04}" for n in range(900)], "ES": [f"34600{100000 + n}" for n in range(400)]}
    agents = {"US": [f"1415666{8000 + n}" for n in range(40)], "ES": [f"34600{900000 + n}" for n in range(20)]}
    busy = agents["US"][:2]  # 30 orders a day each
    load = Counter()
    free = dict.fromkeys([*customers["US"], *customers["ES"], *agents["US"], *agents["ES"]], start)
    moments = sorted(h + timedelta(seconds=luck.randrange(3600)) for h in hours
                     for _ in range(round(ORDERS * DEMAND[h.hour] / share + luck.random() - .5)))
    for n, moment in enumerate(moments):
        country = "ES" if luck.random() < .3 else "US"
        customer = luck.choice([c for c in customers[country] if free[c] <= moment])
        free[customer] = moment + timedelta(hours=4)
        ready = [a for a in busy if country == "US" and 9 <= moment.hour and load[a, moment.date()] < 30 and free[a] <= moment]
        agent = luck.choice(ready or sorted((a for a in agents[country] if a not in busy), key=lambda a: (free[a], a))[:6])
        load[agent, moment.date()] += 1
        free[agent] = max(free[agent], moment) + timedelta(minutes=18 if agent in busy else 40)
        plan_order(days, Order(f"{country}-{moment:%m%d}-{4000 + n}", customer), moment, agent)


def plan_order(days, order, moment, agent):
    luck = days.luck
    days.at(moment, days.place, order, agent=False)
    kind = luck.random()
    if kind < .03:  # nobody takes it
        days.at(moment + timedelta(minutes=14), days.cancel, order)
        return
    assigned = moment + timedelta(seconds=luck.randint(60, 360))
    days.at(assigned, days.assign, order, agent)
    done = assigned + timedelta(seconds=luck.randint(1500, 3000))
    if kind < .07:
        done = assigned + timedelta(minutes=15)
        days.at(done, days.cancel, order)
    else:
        days.at(done, days.complete, order)
    moment = assigned
    for _ in range(luck.choice([0, 1, 2, 2, 3, 3, 3, 4, 5])):
        moment += timedelta(seconds=luck.randint(120, 900))
        if moment < done - timedelta(seconds=20):
            days.at(moment, order_call, days, order, luck.choice(["customer", "agent", "agent"]))
    if luck.random() < .3:
        days.at(assigned + timedelta(seconds=luck.randint(60, 850)), days.text, order, luck.choice(["customer", "agent"]))
    if luck.random() < .1 and kind >= .07:  # after the grace of either
        days.at(done + timedelta(minutes=luck.randint(40, 55)), too_late, days, order)


def order_call(days, order, side):
    luck, phone = days.luck, order.phone(side)
    pool = US[:7] if order.number.startswith("1") else ES
    way = luck.random()
    if way < .02:  # from another phone of theirs
        digits = [order.codes[side]] if days._codes_on and order.codes.get(side) and luck.random() < .6 else []
        days.call(f"1415666{luck.randint(5000, 5999)}", order.number, order=order if digits else None, side=side if digits else None,
                  digits=digits, expect="ask_code" if days._codes_on else "unknown_caller", **some_callee(luck))
    elif way < .03:
        days.call(None, order.number, expect="ask_code" if days._codes_on else "no_caller_id")
    elif way < .06 and side == "customer":
        days.call(phone, luck.choice([n for n in pool if n not in (order.number, GONE)]), expect="other_number")
    else:
        days.call(phone, order.number, order=order, side=side, **some_callee(luck))


def too_late(days, order):
    """Who calls when the order is over hears so, or is asked for a code."""
    days.call(order.customer, order.number, expect="ask_code" if days._codes_on else "order_over")


def plan_troubles(days):
    truth, luck = days.truth, days.luck

    def codes_on():
        days._codes_on = True
        days.ask("postgres", "UPDATE masking.settings SET is_on = true WHERE name = 'codes'")
        while days.ask("postgres", "SELECT masking.issue_codes()")[0][0]:
            pass
        for order_id, *codes in days.ask("masking_orders", "SELECT order_id, customer_code, agent_code FROM orders WHERE customer_code IS NOT NULL"):
            truth.orders[order_id].codes = dict(zip(("customer", "agent"), codes))
    days.at(CODES_SINCE, codes_on)
    days.at(END - timedelta(hours=30), days.ask, "postgres", "UPDATE masking.proxy_numbers SET enabled = false WHERE number = %s", DRAINING)

    # Callers of the outages; two of the first day's, three of tonight's.
    for outage, callers in zip(OUTAGES, (2, 2)):
        for n in range(callers):
            days.at(outage[0] + timedelta(seconds=8 + 11 * n), days.call, f"1415666{5000 + n}", US[n])

    # A token that was changed at Plivo, and back.
    for minute in range(3):
        days.at(REFUSED[0] + timedelta(minutes=minute, seconds=20), days.call, f"1415666{5010 + minute}", US[minute])
        days.at(REFUSED[0] + timedelta(minutes=minute, seconds=59), lambda m=REFUSED[0] + timedelta(minutes=minute): days.ask(
            "masking_server", "SELECT masking.record_refusals('{wrong}', ARRAY[%s])", truth.refused_webhooks[m]))

    # Plivo took a number away; number-masking-plivo check has seen it.
    def look_at_plivo():
        days.ask("postgres", """
            INSERT INTO masking.plivo_connection (account, app_id, app_name, public_url, sent) VALUES
              ('MAXXXXXXXXXXXXXXXXXX', '15784735442685051', 'number-masking', 'https://calls.example.com', '{}');
            INSERT INTO masking.plivo_numbers (number, sms) SELECT p.e164, true FROM masking.proxy_numbers p;
            INSERT INTO masking.plivo_seen (number, owner, voice, sms, renews, rent)
            SELECT p.e164, 'ours', true, true, current_date + 20, 0.8 FROM masking.proxy_numbers p WHERE p.number <> %s;
            INSERT INTO masking.plivo_suspects (number, since) VALUES (%s, now() - interval '4 hours');
            INSERT INTO masking.plivo_look (looked_at, credits, prepaid, application) VALUES (now(), 212.40, true, '{}')""", GONE, GONE)
    days.at(END - timedelta(minutes=18), look_at_plivo)

    # A courier with more orders at once than there are numbers: the last four wait for one.
    for n in range(11):
        order = Order(f"US-1129-STACK-{n:02}", f"1415666{7200 + n}")
        days.at(END - timedelta(minutes=48) + n * timedelta(minutes=3), days.place, order, agent=False)
        days.at(END - timedelta(minutes=47) + n * timedelta(minutes=3), stack, days, order, n >= 7)

    # Orders that came with a number that is none.
    bad = [("customer", "call at the door"), ("customer", "0171 2345678"), ("customer", US[0]), ("agent", "ask Maria"),
           ("customer", "+44 020 7946 0000 ext 3"), ("agent", "123")]
    for n, (side, typed) in enumerate(bad):
        order = Order(f"US-1129-BAD-{n}", f"1415666{7300 + n}", f"1415666{7400 + n}")
        setattr(order, side, typed)
        truth.refused_numbers[order.id] = side
        days.at(END - timedelta(minutes=200 - 30 * n), days.place, order)

    # Somebody guesses codes on a Spanish number.
    for n in range(14):
        days.at(END - timedelta(minutes=40 - 2 * n), days.call, f"1415666{5100 + n}", ES[1], digits=["12345", "54321", "99999"], expect="ask_code")
    # Calls that come from a number of ours.
    days.at(END - timedelta(minutes=30), days.call, US[1], US[0], expect="from_proxy")


def stack(days, order, waits):
    if waits:
        days.truth.waiting.append(order.id)
    days.assign(order, "14156668100")


def plan_stories(days):
    """The orders that support is asked about at night; each has people of its own, and but for DEAD a number that works."""
    truth = days.truth
    phones, spare = itertools.count(7000), (f"1415666{n}" for n in itertools.count(7600))

    def story(name, placed, country="US", done=None, day=0):
        def phone():
            number = next(phones)
            return f"1415666{number}" if country == "US" else f"34600{number + 700000}"
        order = Order(f"{country}-{today('0:00', day):%m%d}-{name}", phone(), phone())
        truth.stories[name] = order
        days.at(today(placed, day), days.place_where, order, lambda number: (number == GONE) == (name == "DEAD"), spare)
        if done:
            days.at(today(done, day), days.complete, order)
        return order

    def call(at, order, side, day=0, phone=None, number=None, **more):
        # The number is known when the order is.
        days.at(today(at, day), lambda: days.call(phone or order.phone(side), number or order.number, order=order, side=side, **more))

    # "He says he called at 19:42 and nobody answered."
    call("19:42:17", story("NOANSWER", "19:20"), "customer", does="no-answer", rings=45)
    # "Did they talk?" Yes, for 95 s, after one try in vain; the agent hung up.
    talked = story("TALKED", "19:05", done="20:01")
    call("19:30:05", talked, "customer", does="busy")
    call("19:33:40", talked, "customer", rings=9, talks=95, hangs_up="callee")
    # "Did the agent call?" Never; the customer did, twice.
    silent = story("SILENT", "19:25")
    call("19:50:00", silent, "customer", does="no-answer", rings=45)
    call("19:58:30", silent, "customer", does="given up", rings=12)
    # The courier calls from another phone of his, and enters nothing.
    other_phone = story("OTHERPHONE", "19:10")
    days.at(today("19:31:40"), lambda: days.call("14156665201", other_phone.number, expect="ask_code"))
    days.at(today("19:33:05"), lambda: days.call("14156665201", other_phone.number, expect="ask_code"))
    # "A stranger called me": the agent, by the order's code, from a phone that is not the order's.
    by_code = story("BYCODE", "18:55")
    days.at(today("19:18:00"), lambda: days.call("14156665202", by_code.number, order=by_code, side="agent", rings=9, talks=22,
                                                 hangs_up="callee", digits=[by_code.codes["agent"]]))
    # "Why does my customer hear 'no order'?" It was completed, and the grace is over.
    over = story("OVER", "17:40", done="18:20")
    days.at(today("19:47:30"), lambda: days.call(over.customer, over.number, expect="ask_code"))
    # "Which number is to be dialled?" Another than the one she did.
    wrong = story("WRONGNUMBER", "19:35")
    days.at(today("20:05:10"), lambda: days.call(wrong.customer, next(n for n in US[:3] if n != wrong.number), expect="other_number"))
    # Two orders of one customer, two couriers: the one that is over still answers.
    first, second = story("TWOA", "18:50", done="19:25"), story("TWOB", "19:15")
    second.customer = first.customer
    call("19:40:30", first, "customer", rings=6, talks=31)
    # "Try again in a minute", said the voice: the database was away.
    apology = story("APOLOGY", "20:10")
    days.at(today("20:35:20"), lambda: days.call(apology.customer, apology.number))
    call("20:37:05", apology, "customer", rings=8, talks=40)
    # Spain: before noon they talked, this evening nothing gets through.
    spain = story("SPAIN", "18:40", country="ES")
    call("18:58:00", spain, "customer")
    call("19:04:00", spain, "agent")
    # A text that did not arrive, and one to somebody who had sent STOP.
    texts = story("TEXTS", "19:00")
    days.at(today("19:21:00"), lambda: days.text(texts, "agent", "undelivered", 300))
    days.at(today("19:30:00"), lambda: days.text(texts, "agent"))
    stopped = story("STOP", "19:00")
    days.at(today("19:14:00"), lambda: days.text(stopped, "customer", kind="stop", expect="optout"))
    days.at(today("19:16:00"), lambda: days.text(stopped, "agent", expect="opted_out"))
    # Blocked by the order system, with a reason; and a person who is blocked everywhere.
    blocked = story("BLOCKED", "18:30")
    call("18:45:00", blocked, "customer", rings=6, talks=60)
    days.at(today("18:50:00"), days.block, blocked, "customer", "shouts at the courier")
    days.at(today("18:55:20"), lambda: days.call(blocked.customer, blocked.number, order=blocked, side="customer", expect="blocked"))
    person = story("PERSON", "18:35")
    days.at(today("18:52:00"), lambda: days.ask("postgres", "SELECT masking.block_person(%s, 'asked not to be called', 'to')", "+" + person.customer))
    days.at(today("18:59:00"), lambda: days.call(person.agent, person.number, order=person, side="agent", expect="blocked"))
    # The recording of yesterday's call.
    recording = story("RECORDING", "17:00", day=-1, done="17:40")
    call("17:20:00", recording, "agent", day=-1, rings=6, talks=187, hangs_up="caller", records=True)
    # What the caller heard: nobody pressed the key, a mailbox had it.
    call("19:55:00", story("MAILBOX", "19:30"), "agent", does="mailbox", rings=20)
    # Live at this moment; and one of whose end nothing was told.
    call("20:39:30", story("LIVE", "20:00"), "customer", rings=9, talks=900)
    call("18:15:00", story("LOST", "18:00"), "customer", rings=9, talks=50, lost=True)
    # An order that shows the number that is gone.
    dead = story("DEAD", "20:02")
    days.at(today("20:20:00"), lambda: days.call(dead.customer, dead.number, order=dead, side="customer"))
    # "Who saw my number?": two of support looked at the order.
    seen = story("SEEN", "18:10", done="18:58")
    call("18:30:00", seen, "agent", rings=5, talks=20)
    for at, who in (("18:40:10", "anna"), ("19:02:30", "bert")):
        days.at(today(at), lambda w=who: days.look(w, "order", seen.id))
    days.at(today("19:03:00"), lambda: days.look("bert", "why", seen.customer, seen.number, "18:30"))
    plan_requests(days, story)


def plan_requests(days, story):
    """Calls that were asked for, one in each state. One is placed at a time, as number-masking-plivo place does."""
    truth, placer = days.truth, 77

    def request(name, side="agent", within="30 seconds"):
        truth.requests[name] = truth.of("ASKED-" + name.upper()).id
        return days.ask("masking_orders", "INSERT INTO call_requests (order_id, side, expires_at) VALUES (%s, %s, now() + %s::interval)"
                        " RETURNING request_id", truth.requests[name], side, within)[0][0]

    def take():
        return days.ask("masking_caller", "SELECT request_id FROM masking.request_take(%s, 'https://calls.example.com', 45)", placer)[0][0]

    def report(taken, status, answer):
        return days.ask("masking_caller", "SELECT masking.request_report(%s, %s, true, %s, %s)", placer, taken, status, answer)[0][0]

    def accepted(name, **more):
        wanted = request(name, **more)
        assert take() == wanted and report(wanted, 201, json.dumps({"request_uuid": str(uuid.UUID(int=days.luck.getrandbits(128)))})) == "ringing"
        return wanted

    def placed_call(name, became, side="agent"):
        order = truth.of("ASKED-" + name.upper())
        call = Call(str(uuid.UUID(int=days.luck.getrandbits(128), version=4)), days.now, order.phone(side), order.number, became,
                    order.id, side, placed=True)
        truth.calls.append(call)
        return call

    def answer(call, wanted, key):
        return days.ask("masking_server", "SELECT outcome FROM masking.answer_requests(%s, %s, %s, %s, %s, %s)", [call.uuid], [wanted],
                        [int(call.phone)], [int(call.number)], [key], [next(days._asks)])[0][0]

    def end(call, wanted, status, events):
        days.ask("masking_server", "SELECT masking.end_requests(%s, %s, %s, %s)", [call.uuid], [wanted], [int(call.number)], [status])
        days.ask("masking_server", "SELECT * FROM masking.record_events(%s, %s, %s, %s)",
                 [call.uuid], [int(call.number)], [None], [json.dumps(events)])

    def connected():
        wanted = accepted("connected")
        call = placed_call("connected", "answered")
        assert [answer(call, wanted, key) for key in ("", "1")] == ["ask_key", "connected"]
        call.rang, call.talked, call.code, call.hung_up_by = 8, 64, 4000, "customer"
        _, _, events = told("answers", 8, 64, "callee")
        days.at(days.now + timedelta(seconds=90), end, call, wanted, "completed", events)

    def unanswered():
        wanted = accepted("unanswered")
        call = placed_call("unanswered", "first_no_answer")
        call.at += timedelta(seconds=45)  # it is on record once Plivo tells of its end
        days.at(call.at, end, call, wanted, "no-answer", {"caller_ended": True, "caller_rang_seconds": 45, "caller_seconds": 0,
                "caller_cause": "No Answer", "caller_code": 3000, "caller_source": "Callee"})

    def failed():
        report(request("failed") and take(), 400, json.dumps({"error": "destination country barred"}))

    def unknown():
        report(request("unknown") and take(), 500, "")

    def refused():
        request("refused")
        days.cancel(truth.of("ASKED-REFUSED"))
        take()

    def ringing():
        call = placed_call("ringing", None)
        assert answer(call, accepted("ringing", within="10 minutes"), "") == "ask_key"
        call.became = "ask_key"

    def placing():
        request("placing", within="10 minutes")
        take()
    steps = (connected, unanswered, failed, unknown, refused, lambda: request("expired"), ringing, placing,
             lambda: request("requested", within="10 minutes"))
    names = ("connected", "unanswered", "failed", "unknown", "refused", "expired", "ringing", "placing", "requested")
    # The last ones must be what they are at END.
    moments = ["20:11", "20:14", "20:17", "20:19", "20:21", "20:23", "20:40:20", "20:40:40", "20:40:50"]
    for name, moment, step in zip(names, moments, steps):
        story("ASKED-" + name.upper(), "20:05")
        days.at(today(moment), step)


# ---- for a person who wants to look ----

def differences(days):
    """What is on record otherwise than it happened; nothing, or the days are not what they say."""
    on_record = dict(days.ask("postgres", "SELECT call_uuid, became FROM masking.call_life"))
    happened = {call.uuid: call.became for call in days.truth.calls if call.on_record}
    return [f"{uuid}: on record {on_record.get(uuid, 'not at all')}, happened {happened.get(uuid, 'never')}"
            for uuid in sorted({*on_record, *happened}) if on_record.get(uuid, "") != happened.get(uuid, "")]


def main():
    with tempfile.TemporaryDirectory(prefix="three-days.") as folder:
        place = Path(folder)
        place.chmod(0o755)
        days = Days(place / "database")
        console = None
        try:
            days.live()
            wrong = differences(days)
            print(f"{len(days.truth.orders)} orders, {len(days.truth.calls)} calls, {len(days.truth.texts)} texts;"
                  f" {len(wrong)} of them on record otherwise than they happened")
            if "check" in sys.argv[1:]:
                sys.exit("\n".join(wrong) or None)
            console = Console({"DATABASE_URL": days.cluster.url("company", "masking_console")}, place / "console.log")
            for name, order in sorted(days.truth.stories.items()):
                print(f"{name:18} {order.id:26} customer {order.customer:12} agent {order.agent:12} on {order.number}")
            print(f"psql '{days.cluster.url('company', 'masking_support')}'")
            print(f"{console.url}/ on {END:%Y-%m-%d %H:%M:%S} UTC, and time goes on; Ctrl-C ends it", flush=True)
            signal.pause()
        except KeyboardInterrupt:
            pass
        finally:
            if console:
                console.stop()
            days.stop()


if __name__ == "__main__":
    main()
