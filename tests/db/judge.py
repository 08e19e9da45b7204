"""judge.py - who reaches whom, worked out from the documents alone.

The judge's own idea of the service: README, docs/integration.md, docs/settings.md and the COMMENTs, in
plain Python, without ranges, locks or SQL. judge_test.py plays the same events to it and to a
database and compares what they say.

Two things it takes from the database's word, and checks that they may be so: which number an order
got, and that none was free.
"""

import copy
import dataclasses

LONGEST_LIFE, GRACE = 12 * 3600, {"customer": 1800, "agent": 300}
OTHER = {"customer": "agent", "agent": "customer"}
NEVER = float("-inf")


def person(number):
    """One phone has one owner, however its number is written: Mexico's and Argentina's mobiles have two spellings."""
    digits = str(number)
    for long, short in (("521", "52"), ("549", "54")):
        if digits.startswith(long) and len(digits) == 13:
            return int(short + digits[3:])
    return number


def spellings(number):
    digits = str(person(number))
    return [digits, *(long + digits[2:] for long, short in (("521", "52"), ("549", "54")) if digits.startswith(short) and len(digits) == 12)]


@dataclasses.dataclass
class Phone:
    """A further phone; until: when it reaches that person no more, NEVER: it reaches nobody."""

    number: int
    until: float = NEVER
    reaches: int = None


@dataclasses.dataclass(frozen=True)
class Former:
    """A way on a number that the order had before it was replaced."""

    number: int
    side: str
    caller: int
    callee: int
    assigned: float
    until: float


@dataclasses.dataclass
class Order:
    """What the order system wrote, and what follows from it."""

    customer: int = None
    agent: int = None
    completed: float = None
    cancelled: bool = False
    refused: set = dataclasses.field(default_factory=set)  # sides whose number was not taken
    recorded: float = 0
    revision: int = None  # begins anywhere, and rises by one with each write of the order system's
    proxy: int = None  # None while somebody is connected: any number
    waits: float = None  # since when
    until: dict = dataclasses.field(default_factory=dict)  # side -> when its main phone reaches nobody any more
    assigned: float = None
    phones: dict = dataclasses.field(default_factory=dict)  # (side, person) -> Phone
    blocks: set = dataclasses.field(default_factory=set)
    codes: dict = dataclasses.field(default_factory=dict)  # side -> (code, number or None, until)
    former: list = dataclasses.field(default_factory=list)
    former_codes: dict = dataclasses.field(default_factory=dict)  # (side, number) -> (person, until)

    def party(self, side):
        return self.customer if side == "customer" else self.agent

    def pair(self):
        """Who they are, however their numbers are written."""
        return tuple(number and person(number) for number in (self.customer, self.agent))

    def people(self):
        return {*self.pair(), *(who for _, who in self.phones)} - {None}

    def is_open(self, now):
        """A completion in the future is a plan."""
        return not self.cancelled and (self.completed is None or self.completed > now)

    def has_nobody_yet(self, now):
        """No agent, or a number that was not taken; without a plan for no longer than it would have been connected."""
        return None in self.pair() and self.is_open(now) and (self.completed is not None or self.recorded > now - LONGEST_LIFE)

    def end(self, side, assigned):
        """Until when a side is connected that was assigned then."""
        if self.agent is None or self.customer is None or self.cancelled:
            return NEVER
        return assigned + LONGEST_LIFE if self.completed is None else self.completed + GRACE[side]

    def is_live(self, now):
        return any(until > now for until in self.until.values())

    def connects(self, now):
        """Anybody, on whichever number."""
        return any(True for _ in self.ways(now))

    def ways(self, now):
        """(side, caller, callee as it is dialled, number), of all phones that reach somebody."""
        yield from self.own_ways(now)
        for former in self.former:
            if former.until > now:
                yield former.side, former.caller, self.party(OTHER[former.side]), former.number

    def own_ways(self, now):
        for side, until in self.until.items():
            if until > now:
                yield side, person(self.party(side)), self.party(OTHER[side]), self.proxy
        for (side, caller), phone in self.phones.items():
            if phone.until > now:
                yield side, caller, self.party(OTHER[side]), self.proxy

    def wants(self, way):
        """Whether a former way is between two whom the order names."""
        return None not in self.pair() and person(self.party(OTHER[way.side])) == way.callee \
            and (person(self.party(way.side)) == way.caller or (way.side, way.caller) in self.phones)


class Model:
    """Everything that is committed, or that one transaction sees: orders, and who was ever connected."""

    def __init__(self, pool, any_number=False, codes=False):
        self.pool, self.any_number, self.codes_on = pool, any_number, codes
        self.replaced = frozenset()
        self.orders, self.ever = {}, set()
        self.blocked_people, self.prefixes = {}, {}

    def copy(self):
        """For a transaction or a savepoint; orders are copied, for they are written in place."""
        other = copy.copy(self)
        other.orders, other.ever = copy.deepcopy(self.orders), set(self.ever)
        return other

    # What a write does

    def take(self, order, before):
        """What of its numbers an order cannot be with goes, where bad numbers are taken so. Returns the
        sides whose number it was; a number that is there already is not looked at again."""
        bad = []
        for side in ("customer", "agent"):
            if order.party(side) == 0:
                bad.append(side)
                setattr(order, side, None)
        if order.customer and order.agent and person(order.customer) == person(order.agent):
            bad.append("agent")
            order.agent = None
        for side in ("customer", "agent"):
            number = order.party(side)
            if number and number != (before and before.party(side)) and not self.may_dial(number):
                bad.append(side)
                setattr(order, side, None)
        order.refused = {side for side in order.refused | set(bad) if order.party(side) is None}
        return bad

    def lacks(self, order, before, now):
        """Whether it should be connected now, or longer, and is not: what expired stays so, but if it is
        new, waits, was resumed, has other people, or is live."""
        resumed = before is not None and (before.completed and not order.completed or before.cancelled and not order.cancelled)
        opens = (before is None or resumed or before.pair() != order.pair() or before.connects(now) or self.still_waits(order, now)
                 or before.assigned is None and order.recorded > now - LONGEST_LIFE)
        return opens and any(
            order.end(side, now) > now and not (order.until.get(side, NEVER) > now
                and order.until[side] >= order.end(side, order.assigned))
            for side in GRACE)

    @staticmethod
    def still_waits(order, now):
        """For no longer than it would have been connected."""
        return order.waits is not None and any(order.end(side, order.waits) > now for side in GRACE)

    def shorten(self, order, before, now):
        """What it had it keeps, if it is still wanted and for as long as that."""
        if before is None or before.pair() != order.pair() or order.assigned is None:
            order.until = {}
        order.until = {side: min(until, order.end(side, order.assigned)) for side, until in order.until.items()}
        order.until = {side: until for side, until in order.until.items() if until > now}
        shorter = [dataclasses.replace(way, until=min(way.until, order.end(way.side, way.assigned))) for way in order.former if order.wants(way)]
        order.former = [way for way in shorter if way.until > now]

    @staticmethod
    def leave(order, now):
        """It will have another number: what connects on this one goes on beside it."""
        order.former += [
            Former(number, side, caller, person(callee), order.assigned,
                   min(order.end(side, order.assigned), order.until.get(side, NEVER) if caller == person(order.party(side)) else order.phones[side, caller].until))
            for side, caller, callee, number in order.own_ways(now)
            if caller == person(order.party(side)) or order.phones[side, caller].reaches == person(callee)]
        order.former = [way for way in order.former if way.until > now]
        order.until, order.proxy = {}, None
        for phone in order.phones.values():
            phone.until = NEVER

    @staticmethod
    def assigned_before(order, now):
        """With a new number nothing ends later than it would have, if the order wants no more than it had."""
        return max((way.assigned for way in order.former if way.until > now and way.caller == person(order.party(way.side))
                    and way.until >= order.end(way.side, way.assigned)), default=now)

    def follow(self, order, before, now, proxy, waits):
        """After a write, with the database's word: the number, and whether it waits. Returns the word
        of the column masking."""
        self.shorten(order, before, now)
        lacking = self.lacks(order, before, now)
        assert not waits or lacking, "it waits, and lacks nothing"
        moved = proxy != order.proxy
        if lacking and not waits:
            if order.proxy in self.replaced:
                self.leave(order, now)
            order.assigned = self.assigned_before(order, now)
            order.until = {side: order.end(side, order.assigned) for side in GRACE if order.end(side, order.assigned) > now}
            order.former = [way for way in order.former if way.number != proxy]
            moved = True
        order.proxy = proxy
        order.waits = (order.waits if self.still_waits(order, now) else now) if waits else None
        self.phones_follow(order, now, moved)
        if order.refused and not order.cancelled:
            return "refused"
        if order.is_live(now):
            return "masked" if order.proxy else "any number"
        return "waiting" if waits else None

    def phones_follow(self, order, now, moved):
        """A further phone reaches whom the main phone of its side reaches, for as long, unless it reaches
        somebody else on that number."""
        for (side, caller), phone in order.phones.items():
            end = order.until.get(side, NEVER)
            has = phone.until > now and not moved and person(order.party(OTHER[side])) == phone.reaches
            phone.until = NEVER
            if end > now and (has or self.may_open(order, side, caller, now)):
                phone.until = end
                phone.reaches = person(order.party(OTHER[side]))

    def may_open(self, order, side, caller, now):
        if caller in (person(order.customer), person(order.agent)) or caller in map(person, self.pool):
            return False
        others = self.reaches(caller, order.proxy, now)
        return not others - {person(order.party(OTHER[side]))}

    def remember(self, order, now):
        """Who was ever connected hears that it is over, and not that we know of nothing."""
        self.ever |= {caller for _, caller, _, _ in order.ways(now)}

    # Who reaches whom

    def routes(self, now):
        """(order id, side, caller, number, callee, blocked), of all that connects now."""
        for order_id, order in self.orders.items():
            for side, caller, callee, number in order.ways(now):
                yield order_id, side, caller, number, callee, self.is_blocked(order, side, caller, callee)

    def reaches(self, caller, number, now, but_for=None):
        """The people whom a caller reaches on a number, or on any."""
        return {person(callee) for order_id, _, who, proxy, callee, _ in self.routes(now)
                if who == caller and order_id != but_for and (proxy == number or None in (proxy, number))}

    def is_free(self, order_id, order, number, now):
        """Whether these two could get that number: neither reaches anybody else on it."""
        customer, agent = person(order.customer), person(order.agent)
        return not self.reaches(customer, number, now, order_id) - {agent, customer} \
            and not self.reaches(agent, number, now, order_id) - {agent, customer}

    def free_numbers(self, order_id, order, now):
        return [number for number in (self.pool or [None]) if number not in self.replaced and self.is_free(order_id, order, number, now)]

    def may_dial(self, number):
        fitting = [prefix for prefix in self.prefixes if any(digits.startswith(prefix) for digits in spellings(number))]
        return self.prefixes[max(fitting, key=len)] if fitting else True not in self.prefixes.values()

    def is_blocked(self, order, side, caller, callee):
        own = person(order.party(side)) if order.party(side) else None
        return bool(order.blocks & {side, "both"}) or not self.may_dial(callee) \
            or any(self.blocked_people.get(who) in ("from", "both") for who in (caller, own)) \
            or self.blocked_people.get(person(callee)) in ("to", "both")

    # What is answered

    def answer(self, caller, number, now):
        """(outcome of a call, person who is rung, number shown or None for the one dialled)."""
        ways = [way for way in self.routes(now) if way[2] == caller]
        here = [way for way in ways if way[3] in (number, None)]
        if here:
            assert len({person(way[4]) for way in here}) == 1
            return ("blocked", None, None) if any(way[5] for way in here) else ("connected", person(here[0][4]), None)
        if ways:
            one = len({person(way[4]) for way in ways}) == 1
            if one and any(way[5] for way in ways):
                return "blocked", None, None
            if one and self.any_number and number in self.pool:
                return "connected", person(ways[0][4]), {way[3] for way in ways}
            return "other_number", None, None
        if self.codes_on and (number in self.pool or not self.pool) and self.codes_at(number, now):
            return "ask_code", None, None
        return self.why_nobody(caller, now), None, None

    def press(self, order_id, side, rung, number, now):
        """(outcome, person who is rung) of a call that was asked for, once this phone of that side took it, and sees that number."""
        order = self.orders.get(order_id)
        if order and any(way[:2] == (side, person(rung)) and way[3] in (number, None) for way in order.ways(now)):
            outcome, callee, _ = self.answer(person(rung), number, now)
            return (outcome, callee) if self.may_dial(rung) else ("blocked", callee)
        lacks = order and order.is_open(now) and (order.waits is not None or None in order.pair())
        return "order_waiting" if lacks else "order_over", None

    def codes_at(self, number, now):
        return [(order, side) for order in self.orders.values() for side, (_, on, until) in order.codes.items()
                if until > now and on in (number, None)] or [
            (order, side) for order in self.orders.values() for (side, on), (_, until) in order.former_codes.items() if until > now and on == number]

    def answer_code(self, order, side, caller, number, now):
        """(outcome, person who is rung), of somebody with the code of one side: he calls as that party does,
        and an order that waits shows no number on which the callee reaches somebody else."""
        callee = order.party(OTHER[side])
        if order.codes[side][2] <= now:
            return "wrong_code", None
        if self.is_blocked(order, side, caller, callee):
            return "blocked", None
        if order.waits is not None and self.answer(person(callee), number, now)[1] not in (None, person(order.party(side))):
            return "order_waiting", None
        return "connected", person(callee)

    def why_nobody(self, caller, now):
        """One of several orders that has nobody to connect yet counts most; one that is over comes before none."""
        orders = [order for order in self.orders.values() if caller in order.people()]
        if any(order.has_nobody_yet(now) or self.still_waits(order, now) for order in orders):
            return "order_waiting"
        return "order_over" if caller in self.ever or any(not order.connects(now) for order in orders) else "unknown_caller"
