"""Fixtures beside those of tests/http: the running console, a browser, and people with orders."""
import itertools
import os
import re
import signal
import subprocess
import urllib.parse
import uuid
from pathlib import Path

import pytest

import client
import server as running
from browser import Browser, assert_no_party_number
from plivo.stand_in import Plivo

BINARY = running.BUILD / "number-masking-console"
PUBLIC_URL = "https://calls.example.com"
TOKEN = "story-token"
POOL = ["14155550100", "14155550101"]


def pytest_collection_modifyitems(items):
    """NO_BROWSER=yes leaves out what a browser would only make slower, under a sanitizer."""
    if os.environ.get("NO_BROWSER") == "yes":
        items[:] = [item for item in items if "one_browser" not in item.fixturenames]


class Console:
    """One running number-masking-console."""

    def __init__(self, environment, log_path):
        self.log_path = log_path
        self._log = open(log_path, "wb")
        self.process = start(environment, self._log)
        self.address = running.eventually(self._listening, within=running.STARTS_WITHIN)
        self.url = "http://%s:%d" % self.address

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def _listening(self):
        assert self.process.poll() is None, f"exit {self.process.returncode}: {self.log}"
        found = re.search(r"event=listening_console address=([0-9.]+):(\d+)", self.log)
        return found and (found[1], int(found[2]))

    def get(self, target, headers=None, method="GET", body=b"", source=None):
        """A reply as it came; its page holds no whole number."""
        reply = client.exchange(self.address, method, target,
                                {"Host": "localhost", **(headers or {})}, body, source)
        assert reply is not None, "closed without an answer"
        assert_no_party_number(reply.body.decode(errors="replace"))
        return reply

    def token(self, headers=None):
        return re.search(r'name="token" value="([0-9a-f]{64})"',
                         self.get("/order", headers).body.decode())[1]

    def send(self, target, headers=None, token=None, **fields):
        """A form's answer as it came: an address, unless the form is refused."""
        fields = {"token": token or self.token(headers),
                  **{name.rstrip("_"): value for name, value in fields.items()}}
        return self.get(target, {"Content-Type": running.FORM, **(headers or {})}, "POST",
                        urllib.parse.urlencode(fields).encode())

    def post(self, target, headers=None, token=None, **fields):
        """The page that a form leads to, as a browser sees it."""
        return self.follow(self.send(target, headers, token, **fields), headers)

    def follow(self, reply, headers=None):
        if reply.status != 303:
            return reply
        assert_no_party_number(urllib.parse.unquote(reply.headers["location"]))
        return self.get(reply.headers["location"], headers)

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def terminate(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self):
        self.terminate()
        status = self.process.wait(timeout=30)
        self._log.close()
        assert not running.SANITIZER.search(self.log), self.log[-20000:]
        assert status == 0, f"exit {status}: {self.log[-2000:]}"


def start(environment, log):
    import os
    inherited = {name: value for name, value in os.environ.items()
                 if name == "PATH" or name.endswith("SAN_OPTIONS")}
    return subprocess.Popen([str(BINARY)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={
        "CONSOLE_LISTEN": "127.0.0.1:0", "CONSOLE_LOG_LEVEL": "debug", **inherited, **environment})


_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def start_console(request, logs, database):
    """start_console(NAME=value, …): a console on this file's database."""
    started = []

    def start_one(**settings):
        environment = {"DATABASE_URL": database.cluster.url(database.name, "masking_console"),
                       **settings}
        name = f"{request.module.__name__}-console-{next(_numbers)}.log"
        started.append(Console(environment, logs / name))
        return started[-1]

    yield start_one
    for one in started:  # at once, as each takes a while
        one.terminate()
    for one in started:
        one.stop()


@pytest.fixture(scope="module")
def console(start_console):
    return start_console()


@pytest.fixture(scope="session")
def one_browser(sanitizer_options):
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def browser(one_browser):
    one_browser.fresh()
    return one_browser


@pytest.fixture(scope="module")
def pool(database):
    """Two numbers, so that there is another number to dial."""
    for number in POOL:
        database.query("INSERT INTO masking.proxy_numbers (number) VALUES (%s)", number)
    return POOL


@pytest.fixture(scope="module")
def signed_server(start_server):
    return start_server(PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN)


@pytest.fixture(scope="module")
def plivo(signed_server):
    return Plivo("http://%s:%d" % signed_server.address, PUBLIC_URL, TOKEN)


def fill_a_busy_day(database):
    """400 orders with long ids, 3,000 calls with every kind of end, 500 texts, people who wait."""
    database.query("""
        INSERT INTO masking.orders (order_id, customer_number, agent_number, placed_at)
        SELECT 'ORD-2026-' || lpad(g::text, 9, '0') || '-BERLIN-MITTE', (14157000000 + g)::text,
          (14158000000 + g)::text, now() - g * interval '90 seconds'
        FROM generate_series(1, 400) g;
        INSERT INTO masking.orders (order_id, customer_number, agent_number)
        SELECT 'WAIT-' || g, (14157100000 + g)::text, '14158000001' FROM generate_series(1, 12) g;
        INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, ask, outcome, side, order_ids,
          caller_digits, repeats, dial_status, dial_cause, callee_answered, callee_ended, callee_rang_seconds,
          callee_seconds, caller_ended, caller_seconds, caller_cause, caller_code, caller_source)
        SELECT gen_random_uuid(), at, at, 14155550100 + g %% 2, g, k.outcome,
          CASE WHEN k.outcome = 'connected' THEN CASE g %% 3 WHEN 0 THEN 'agent' ELSE 'customer' END END,
          CASE WHEN k.outcome = 'connected' THEN ARRAY['ORD-2026-' || lpad((1 + g %% 400)::text, 9, '0') || '-BERLIN-MITTE'] END,
          CASE WHEN k.outcome <> 'connected' THEN lpad((g %% 100)::text, 2, '0') END, (g %% 40 = 0)::integer,
          k.status, CASE k.status WHEN 'busy' THEN 'busy_line' END, k.status = 'completed', k.ended, 5 + g %% 30,
          CASE WHEN k.status = 'completed' THEN CASE WHEN g %% 11 = 0 THEN 3 ELSE 30 + g %% 600 END END,
          k.ended, 40 + g %% 600, CASE WHEN k.ended THEN 'Normal Hangup' END, CASE WHEN k.ended THEN 4000 END,
          CASE g %% 2 WHEN 0 THEN 'Caller' ELSE 'Callee' END
        FROM generate_series(1, 3000) g
        CROSS JOIN LATERAL (SELECT now() - g * interval '25 seconds' AS at) t
        CROSS JOIN LATERAL (SELECT
          (ARRAY['connected', 'connected', 'connected', 'connected', 'connected', 'connected', 'connected', 'unknown_caller',
            'no_caller_id', 'apologised', 'connected', 'connected', 'connected'])[1 + g %% 13] AS outcome,
          (ARRAY['completed', 'completed', 'busy', 'no-answer', 'completed', 'cancel', 'completed'])[1 + g %% 7] AS status,
          g > 9 AS ended) k;
        INSERT INTO masking.messages (message_uuid, received_at, answered_at, proxy, ask, side, order_ids, outcome)
        SELECT gen_random_uuid(), at, at, 14155550100 + g %% 2, g, 'customer',
          ARRAY['ORD-2026-' || lpad((1 + g %% 400)::text, 9, '0') || '-BERLIN-MITTE'],
          (ARRAY['forwarded', 'forwarded', 'forwarded', 'media', 'optout'])[1 + g %% 5]
        FROM generate_series(1, 500) g CROSS JOIN LATERAL (SELECT now() - g * interval '150 seconds' AS at) t;
        INSERT INTO masking.code_failures (call_uuid, attempt, caller, proxy, failed_at)
        SELECT 'busy-' || g, 1, 14156690000 + g, 14155550100, now() - g * interval '1 minute' FROM generate_series(1, 30) g""")
    return "ORD-2026-000000007-BERLIN-MITTE"


class Order:
    """An order of its own for each test, and three people with phones of nobody else."""

    _used = iter(range(1000, 9999))

    def __init__(self, database, assigned=True):
        self.database = database
        self.id = f"STORY-{uuid.uuid4()}"
        self.customer, self.agent, self.other = (
            f"1415666{next(self._used):04}" for _ in range(3))
        database.add_order(self.id, self.customer, self.agent if assigned else None)

    def update(self, sql, *values):
        self.database.orders(f"UPDATE orders SET {sql} WHERE order_id = %s", *values, self.id)

    @property
    def proxy(self):
        return self.database.orders("SELECT proxy_number FROM orders WHERE order_id = %s",
                                    self.id)[0][0]


@pytest.fixture
def order(database, pool):
    return Order(database)
