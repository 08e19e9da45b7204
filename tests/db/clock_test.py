"""A clock that is really set back, below a running PostgreSQL: by a failover to a host that is behind, by
a step of NTP. years_test.sql moves all rows instead; here libfaketime moves the clock of a cluster of its own."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg2
import pytest

from database import ask, one

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))
from moved_clock import MovedClock
REACHED = "SELECT outcome FROM masking.answer_calls(ARRAY[gen_random_uuid()::text], ARRAY[%s], '{14155550100}', '{1}')"


class Clock:
    """A migrated PostgreSQL whose clock can be set, by so many hours from the true time."""

    def __init__(self, place):
        place.chmod(0o755)
        self.cluster, self.clock = place / "cluster", MovedClock(place)
        self.script("start", "fsync=off")
        words = dict(re.findall(r"(PG\w+)=(\S+)", self.script("env")))
        self.url = f"postgresql://postgres@/{words['PGDATABASE']}?host={words['PGHOST']}"
        subprocess.run([ROOT / "migrations" / "migrate"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "DATABASE_URL": self.url})
        self.owner = psycopg2.connect(self.url)
        self.owner.autocommit = True

    def script(self, action, *settings):
        return subprocess.run([ROOT / "server" / "tools" / "cluster", action, self.cluster, *settings],
                              check=True, text=True, stdout=subprocess.PIPE,
                              env={**os.environ, "POSTGRESQL_PROGRAMS": str(self.clock.programs)}).stdout

    def set(self, hours):
        self.clock.set(3600 * hours)

    def reached(self, caller):
        return one(self.owner, REACHED, caller)


@pytest.fixture
def clock():
    with tempfile.TemporaryDirectory() as folder:
        made = Clock(Path(folder))
        yield made
        made.owner.close()
        made.script("stop")


def place(clock, order, customer, agent):
    ask(clock.owner, "INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES (%s, %s, %s)",
        order, str(customer), str(agent))


def test_promise_2_holds_while_the_clock_is_two_hours_behind(clock):
    ask(clock.owner, "INSERT INTO masking.proxy_numbers (number) VALUES ('14155550100')")
    place(clock, "CANCELLED", 14156660001, 14156660002)
    place(clock, "SWAPPED", 14156660003, 14156660004)
    place(clock, "OPEN", 14156660005, 14156660006)
    ask(clock.owner, "UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'CANCELLED'")
    ask(clock.owner, "UPDATE masking.orders SET agent_number = '14156660007' WHERE order_id = 'SWAPPED'")
    truly = one(clock.owner, "SELECT now()")
    clock.set(-2)
    behind = truly - one(clock.owner, "SELECT now()")
    assert 7000 < behind.total_seconds() < 7200, "libfaketime does not move PostgreSQL's clock"
    assert [clock.reached(caller) for caller in (14156660001, 14156660002, 14156660004)] == ["order_over"] * 3
    assert [clock.reached(caller) for caller in (14156660003, 14156660005, 14156660006)] == ["connected"] * 3
    # What is done meanwhile holds too, then and when the clock is right again.
    ask(clock.owner, "UPDATE masking.orders SET cancelled_at = now() WHERE order_id = 'OPEN'")
    place(clock, "MEANWHILE", 14156660008, 14156660009)
    for hours in (-2, 0):
        clock.set(hours)
        assert clock.reached(14156660005) == "order_over"
        assert clock.reached(14156660008) == "connected"
        assert ask(clock.owner, "SELECT * FROM masking.orders_out_of_step") == []
