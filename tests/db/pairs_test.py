"""Every way in which a person comes, in every state of an order, under every routing setting: the
table tests/cases/pairs.txt, whose top says how to read it and how to add to it.

Each block of the table begins with an empty database. The order system's statements make the states
there; the server's own files of sql/server/ ask, all ways in one batch. Whoever is connected must
reach the other party of that order, who must see the order's number."""

import dataclasses
import itertools
import pathlib

import psycopg2
import pytest

from database import ask, connect, fresh, setting

ROOT = pathlib.Path(__file__).parents[2]
SIDES = ("customer", "agent")
POOL = (541155550100, 541155550101)  # of Buenos Aires, prefix 5411
SUPPORT = 541199990000
AS_DEFAULT = "."
CONNECTED = ("connected", "forwarded")


@dataclasses.dataclass
class Block:
    settings: dict
    line: int
    rows: dict = dataclasses.field(default_factory=dict)  # (way, state): cell


def blocks():
    """The table: the first block has every way, the others those that differ from it."""
    states, found = None, []
    for line, text in enumerate((ROOT / "tests" / "cases" / "pairs.txt").read_text().splitlines(), 1):
        words = text.split()
        if not words or text.startswith("#"):
            continue
        if words[0] == "way":
            states = words[1:]
            assert sorted(states) == sorted(MAKE), f"line {line}: the states"
        elif words[0] == "with":
            found.append(Block(dict(word.split("=") for word in words[1:]), line))
        else:
            assert len(words) == 1 + len(states), f"line {line}: a cell for each state"
            assert words[0] in WAYS and (words[0], states[0]) not in found[-1].rows, f"line {line}: {words[0]}"
            found[-1].rows.update({(words[0], state): cell for state, cell in zip(states, words[1:])})
    return found


def cells(block, defaults):
    """(way, state, side), the right word, and today's where it is not that yet ("right!today")."""
    for (way, state), default in defaults.rows.items():
        cell = block.rows.get((way, state), AS_DEFAULT)
        words = (default if cell == AS_DEFAULT else cell).split("/")
        for side, word in zip(SIDES, words * 2 if len(words) == 1 else words):
            right, _, today = word.partition("!")
            yield (way, state, side), right, today or right


# People: 12 digits, Buenos Aires or, where no number of the pool serves them, Córdoba.
KINDS = ("main", "further", "strange", "busy", "third", "fourth")


def phone(state, side, kind="main"):
    area = "351600" if state in ("unserved", "planned") else "116000"
    return f"54{area}{list(MAKE).index(state)}{SIDES.index(side)}0{KINDS.index(kind)}"


def nationally(number):
    """As Plivo's caller reaches SQL: negative for one leading zero."""
    return -int(number[2:])


def other_spelling(number):
    return int("549" + number[2:])


WRITTEN = {"plus": "+{}".format, "digits": str, "national": lambda number: f"0{number[2:]}"}


# Ways: who calls, and on which number.
WAYS = {
    "main": lambda p: (int(p.main), p.dialled),
    "further": lambda p: (int(phone(p.state, p.side, "further")), p.dialled),
    "code": lambda p: (int(phone(p.state, p.side, "strange")), p.dialled),
    "hidden": lambda p: (None, p.dialled),
    "national": lambda p: (nationally(p.main), p.dialled),
    "spelling": lambda p: (other_spelling(p.main), p.dialled),
    "other": lambda p: (int(p.main), p.other),
    "text": lambda p: (int(p.main), p.dialled),
    "text_other": lambda p: (int(p.main), p.other),
    "press": lambda p: (int(p.main), p.dialled),
    "press_further": lambda p: (int(phone(p.state, p.side, "further")), p.dialled),
}


@dataclasses.dataclass
class Party:
    """One side of an order in some state."""

    state: str
    side: str
    order: str
    callee: int = None  # who is to ring
    code: str = None
    proxy: int = None  # the order's number; None: it has none

    @property
    def main(self):
        return phone(self.state, self.side)

    @property
    def dialled(self):
        return self.proxy or POOL[0]

    @property
    def other(self):
        return POOL[self.dialled == POOL[0]]


class Database:
    """One for all blocks, as what a new one has to read and plan first takes longest."""

    def __init__(self, name):
        self.own = connect(name)
        self.orders = connect(name, "masking_orders")
        self.server = connect(name, "masking_server")
        self.caller = connect(name, "masking_caller")
        for question in ("answer_calls", "answer_codes", "answer_messages", "answer_requests"):
            ask(self.server, f"PREPARE {question} AS " + (ROOT / "sql" / "server" / f"{question}.sql").read_text())
        # Routes first, as numbers in use may not go; last the log, where lifted blocks are told.
        tables = [table for table, in ask(self.own, "SELECT relname::text FROM pg_class"
                                          " WHERE relkind = 'r' AND relnamespace = 'masking'::regnamespace")]
        self.empty = [table for table in sorted(tables, key=lambda table: (table != "routes", table == "block_log"))
                      if not ask(self.own, f"SELECT 1 FROM masking.{table} LIMIT 1")]
        ask(self.own, "CREATE TEMP TABLE as_shipped AS SELECT * FROM masking.settings")
        # A code that is worth nothing any more may be given to somebody else, by a chance of three in
        # 100,000 each: here none is drawn twice.
        ask(self.own, "CREATE SEQUENCE tests.drawn; GRANT USAGE ON SEQUENCE tests.drawn TO masking_owner;"
            "CREATE OR REPLACE FUNCTION masking.random_digits(many integer) RETURNS text LANGUAGE sql"
            " AS $$ SELECT lpad(nextval('tests.drawn')::text, many, '0') $$")

    def reset(self):
        """As it was. (TRUNCATE takes ten times as long.)"""
        ask(self.own, ";".join(f"DELETE FROM masking.{table}" for table in self.empty))
        ask(self.own, "UPDATE masking.settings s SET span = a.span, is_on = a.is_on, amount = a.amount, word = a.word"
            " FROM as_shipped a WHERE a.name = s.name AND a <> s")

    def close(self):
        for connection in (self.own, self.orders, self.server, self.caller):
            connection.close()


class World:
    """The database under the settings of one block, with an order in each state."""

    def __init__(self, database, settings):
        database.reset()
        self.own, self.orders, self.server, self.caller = database.own, database.orders, database.server, database.caller
        self.parties = []
        self.number = itertools.count(1)
        settings = dict(settings)
        take = settings.pop
        self.write = WRITTEN[take("written", "plus")]
        self.support = SUPPORT if take("SUPPORT_NUMBER", "no") == "yes" else None
        self.may_ask = take("PUBLIC_URL", "yes") == "yes"
        self.before = take("before", "no") == "yes"
        self.pool = [] if take("pool", "full") == "empty" else POOL
        self.forbidden = take("dial_prefixes", None)
        for name, value in settings.items():
            setting(self.own, name, value)
        for proxy in self.pool:
            ask(self.own, "INSERT INTO masking.proxy_numbers (number, prefix) VALUES (%s, '5411')", f"+{proxy}")

    def order(self, statement, *values):
        """As the order system; [] where it is refused, as the table's settings may have it."""
        try:
            return ask(self.orders, statement, *values)
        except psycopg2.Error as refused:
            assert refused.pgcode in ("MK001", "MK002", "MK005"), refused
            return []

    def place(self, state, name, customer, agent, sides=SIDES):
        """An order, and as parties those sides of it that will call."""
        row = self.order("INSERT INTO orders (order_id, customer_number, agent_number) VALUES (%s, %s, %s)"
                         " RETURNING proxy_number, customer_code, agent_code", name, customer, agent)
        proxy, *codes = row[0] if row else (None, None, None)
        stored = ask(self.own, "SELECT agent_number, customer_number FROM masking.orders WHERE order_id = %s", name)
        for side in sides:
            place = SIDES.index(side)
            callee = stored[0][place] if stored else None
            self.parties.append(Party(state, side, name, int(callee) if callee else None, codes[place], int(proxy) if proxy else None))
            self.order("INSERT INTO order_phones (order_id, side, number) VALUES (%s, %s, %s)", name, side,
                       self.write(phone(state, side, "further")))

    def place_pair(self, state):
        self.place(state, state, *(self.write(phone(state, side)) for side in SIDES))

    def complete(self, state, when="0"):
        self.order("UPDATE orders SET completed_at = now() + %s::interval WHERE order_id = %s", when, state)

    def passes(self, time):
        ask(self.own, "SELECT tests.pass(%s)", time)

    def calls(self, asked):
        """What callers reach; who is asked for a code enters his party's."""
        said = self.ask("answer_calls", asked, [[self.support, int(self.may_ask), 0]])
        enters = [a for a, answer in zip(asked, said) if answer["outcome"] == "ask_code"]
        entered = iter([answer for start in range(0, len(enters), 15) for answer in self.enter(enters[start:start + 15])])
        return [("ask:", next(entered)) if answer["outcome"] == "ask_code" else ("", answer) for answer in said]

    def enter(self, asked):
        """So few that their wrong ones close no number."""
        ask(self.own, "DELETE FROM masking.code_failures")
        return self.ask("answer_codes", asked, [[1] * len(asked), [p.code or "000000000000000" for _, p, _, _ in asked]])

    def texts(self, asked):
        ask(self.own, "DELETE FROM masking.told_senders")
        return [("", answer) for answer in self.ask("answer_messages", asked, [["text"] * len(asked)])]

    def presses(self, asked):
        """Calls that are asked for: who answers presses the key. What is refused has its SQLSTATE for an outcome."""
        return [("", self.press(name, party, caller)) for name, party, caller, _ in asked]

    def press(self, name, party, caller):
        try:
            [(request,)] = ask(self.orders, "INSERT INTO call_requests (order_id, side, number) VALUES (%s, %s, %s) RETURNING request_id",
                               party.order, party.side, None if caller == int(party.main) else f"+{caller}")
        except psycopg2.Error as refused:
            return {"outcome": refused.pgcode, "counterpart": None, "shows": None}
        ask(self.own, "UPDATE masking.placer SET last_placed_at = NULL")
        [(taken, rings)] = ask(self.caller, "SELECT request_id, body::jsonb ->> 'to' FROM masking.request_take(1, 'https://x', 25)")
        assert (taken, rings) == (request, str(caller)), "the phone that was asked for is rung"
        for key in ("", "1"):
            [answer] = self.run("answer_requests", [[name], [request], [caller], [None], [key], [next(self.number)], [0]])
        ask(self.server, "SELECT masking.end_requests(%s, %s, %s, %s)", [name], [request], [None], ["completed"])
        return answer

    def ask(self, question, asked, more):
        """asked: (id, party, caller, dialled) each. The answers, in the same order."""
        if not asked:
            return []
        ids, _, callers, dialled = zip(*asked)
        asks = [next(self.number) for _ in asked]
        values = [list(ids), list(callers), list(dialled)]
        values += [asks, *more] if question == "answer_calls" else [*more, asks]
        return sorted(self.run(question, values), key=lambda answer: answer["place"])

    def run(self, question, values):
        with self.server.cursor() as cursor:
            cursor.execute(f"EXECUTE {question}({', '.join(['%s'] * len(values))})", values)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]


def make_forgotten(world):
    world.place_pair("forgotten")
    world.complete("forgotten")
    world.passes("30 hours")
    ask(world.own, "SELECT * FROM masking.forget_numbers('0')")
    assert ask(world.own, "SELECT forgotten_at IS NOT NULL FROM masking.orders WHERE order_id = 'forgotten'") == [(True,)]


def make_waiting(world):
    """The other party is on every number with somebody else."""
    for side, other in (SIDES, SIDES[::-1]):
        busy = phone("waiting", other, "busy")
        pair = {other: busy}
        for kind in ("third", "fourth")[:len(world.pool) or 1]:
            pair[side] = phone("waiting", side, kind)
            world.place("waiting", f"{side}-{kind}", *(world.write(pair[s]) for s in SIDES), sides=())
        pair[side] = phone("waiting", side)
        world.place("waiting", f"waiting-{side}", *(world.write(pair[s]) for s in SIDES), sides=(side,))


def make_refused(world):
    """The other party's number is none."""
    for side in SIDES:
        pair = {s: world.write(phone("refused", s)) if s == side else "at the door" for s in SIDES}
        world.place("refused", f"refused-{side}", *(pair[s] for s in SIDES), sides=(side,))


def make_blocked(world):
    world.place_pair("blocked")
    world.order("INSERT INTO order_blocks (order_id, side, reason) VALUES ('blocked', 'both', 'shouts')")


def make_person(world):
    """The owner has blocked the customer, everywhere."""
    world.place_pair("person")
    ask(world.own, "SELECT masking.block_person(%s, 'asked for it')", "+" + phone("person", "customer"))


def make_over(world):
    world.place_pair("over")
    world.complete("over")


def make_planned(world):
    world.place_pair("planned")
    world.complete("planned", "1 day")


# The states, in the order in which they are made. An hour passes over the last: the grace times of what
# is over have passed then; "done" is completed ten minutes before the end of it.
MAKE = {
    "forgotten": make_forgotten,
    "live": lambda world: world.place_pair("live"),
    "done": lambda world: world.place_pair("done"),
    "over": make_over,
    "waiting": make_waiting,
    "unserved": lambda world: world.place_pair("unserved"),
    "planned": make_planned,
    "refused": make_refused,
    "blocked": make_blocked,
    "person": make_person,
}


def make_states(world):
    for make in MAKE.values():
        make(world)
    world.passes("1 hour")
    world.complete("done", "-10 minutes")
    if world.forbidden:
        ask(world.own, "INSERT INTO masking.dial_prefixes (prefix, allowed) VALUES (%s, false)", world.forbidden)
    ask(world.server, "SELECT * FROM masking.assign_pending()")  # the server's chore, every 5 s
    for party in world.parties:
        now = ask(world.own, "SELECT proxy_number FROM masking.orders WHERE order_id = %s", party.order)
        party.proxy = party.proxy or (int(now[0][0]) if now and now[0][0] else None)


def answers(world):
    """What each cell gets: a word, and more of it where the wrong person rang or saw the wrong number."""
    found = {}

    def goes(way, name=None):
        return [(f"{p.state}-{p.side}-{name or way}", p, *WAYS[way](p)) for p in world.parties]

    if world.before:
        world.calls(goes("main", "before"))
        world.texts(goes("text", "before"))
        ask(world.own, "DELETE FROM masking.code_failures")
    connected = {}
    batches = [(world.calls, [way for way in WAYS if not way.startswith(("text", "press"))]), (world.texts, ["text"]), (world.texts, ["text_other"]),
               (world.presses, ["press"]), (world.presses, ["press_further"])]
    for question, ways in batches:
        asked = [(way, *going) for way in ways for going in goes(way)]
        for (way, name, party, _, dialled), (asks, answer) in zip(asked, question([going[1:] for going in asked])):
            cell = way, party.state, party.side
            found[cell] = asks + word(world, name, party, dialled, answer)
            if answer["outcome"] in CONNECTED:
                connected[cell] = f"{name}-back", party, answer["counterpart"], answer["shows"] or dialled
    # Whoever was rung calls the number that was shown.
    for (cell, (_, party, *_)), (_, back) in zip(connected.items(), world.calls(list(connected.values()))):
        if back["counterpart"] not in (None, SUPPORT, int(party.main)):
            found[cell] += "+astray"
    return found


def word(world, name, party, dialled, answer):
    outcome = answer["outcome"]
    wrong = []
    if outcome in CONNECTED:
        if answer["counterpart"] != party.callee:
            wrong.append("rings_another")
        if (answer["shows"] or dialled) != (party.proxy or dialled):
            wrong.append("shows_another")
        table, key = ("messages", "message_uuid") if outcome == "forwarded" else ("calls", "call_uuid")
        if ask(world.own, f"SELECT outcome, side, order_ids FROM masking.{table} WHERE {key} = %s", name) != [
                (outcome, party.side, [party.order])]:
            wrong.append("on_record_otherwise")
    elif answer["counterpart"] != (SUPPORT if outcome == "support" else None):
        wrong.append("rings_somebody")
    return "+".join([outcome, *wrong])


TABLE = blocks()


def test_the_table_is_whole():
    """The first block has every way; each other block differs from it, and says so once."""
    assert {way for way, _ in TABLE[0].rows} == set(WAYS) and {state for _, state in TABLE[0].rows} == set(MAKE)
    for block in TABLE[1:]:
        same = [f"{way} x {state}" for (way, state), cell in block.rows.items() if cell == TABLE[0].rows[way, state]]
        assert not same, f"line {block.line}: write {AS_DEFAULT} for what is as in the first block: {same}"
    assert len({frozenset(block.settings.items()) for block in TABLE}) == len(TABLE)


@pytest.fixture(scope="module")
def database():
    with fresh() as name:
        connected = Database(name)
        yield connected
        connected.close()


@pytest.mark.parametrize("block", TABLE, ids=lambda block: " ".join(map("=".join, block.settings.items())) or "defaults")
def test_each_way_in_each_state(database, block):
    world = World(database, block.settings)
    make_states(world)
    found = answers(world)
    wrong = []
    for cell, right, today in cells(block, TABLE[0]):
        if found[cell] != today:
            wrong.append(f"{' x '.join(cell)}: {found[cell]}, not {today}"
                         + (f'; that is right: take "!{today}" out of the table' if found[cell] == right else ""))
    if wrong:
        pytest.fail(f"pairs.txt, line {block.line}:\n" + "\n".join(wrong), pytrace=False)
