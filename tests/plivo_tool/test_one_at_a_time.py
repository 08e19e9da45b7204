"""One run at a time, through a pooler too; one that was interrupted keeps nobody out for long."""
import contextlib
import re
import signal

import pytest

from pgbouncer import pgbouncer
from waiting import wait_until


@pytest.fixture(autouse=True)
def numbers(plivo):
    for i in range(5):
        plivo.add_number(str(14155550101 + i))


@contextlib.contextmanager
def stuck(tool, plivo, path):
    """A run that waits for Plivo's answer."""
    plivo.fail("GET", path, "hang")
    process = tool.start("connect", "--all", "--yes", PLIVO_SECOND_MS="1000")
    try:
        wait_until(lambda: plivo.requests and plivo.requests[-1].path == path)
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


@pytest.fixture
def through_pgbouncer(tool, cluster, tmp_path):
    with pgbouncer(tmp_path, f"host={cluster.socket} user=masking_plivo") as port:
        tool.settings["DATABASE_URL"] = f"postgresql://masking_plivo@127.0.0.1:{port}/masking"
        yield


def test_through_pgbouncer_three_at_once_are_one(tool, plivo, database, through_pgbouncer):
    runs = [tool.start("connect", "--all", "--yes", PLIVO_SECOND_MS="300") for _ in range(3)]
    said = [run.communicate(timeout=60)[1] for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 1, 1], said
    assert sum("Another number-masking-plivo is at work" in words for words in said) == 2, said
    assert len(plivo.applications) == 1 and len(tool.pool()) == 5
    tool.in_step()
    assert database.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


def test_one_that_was_killed_is_taken_over_after_two_minutes(tool, plivo, interrupted):
    with stuck(tool, plivo, "Number/"):
        pass
    done = tool("connect", "--all", "--yes")
    seconds = re.search(r"at work on this database \(connect\). If it was interrupted, this one can begin in (\d+) s\.", done.err)
    assert done.code == 1 and 100 < int(seconds[1]) <= 120, done
    interrupted("100 seconds")
    assert tool("check").code == 1, "not yet"
    interrupted("21 seconds")
    assert tool("connect", "--all", "--yes").code == 0
    tool.in_step()


def test_one_that_was_taken_over_stops_and_says_so(tool, plivo, interrupted):
    """It slept, as a laptop does, and wakes when another is done."""
    with stuck(tool, plivo, "Application/") as sleeper:
        sleeper.send_signal(signal.SIGSTOP)
        interrupted()
        assert tool("connect", "--all", "--yes").code == 0
        before = plivo.changes()
        plivo.hangs.set()
        sleeper.send_signal(signal.SIGCONT)
        said = sleeper.communicate(timeout=60)[1]
        assert sleeper.returncode == 1 and "has taken over" in said, said
    assert plivo.changes() == before and len(plivo.applications) == 1


def test_it_is_at_work_as_long_as_it_tries(tool, plivo, database):
    """Plivo is slow to come back: each try renews the lock."""
    plivo.fail("GET", "Number/", 500, times=3)
    heard = []
    answer = plivo._fault
    plivo._fault = lambda method, path: (heard.append(database.query(
        "SELECT heard_at FROM masking.plivo_runs WHERE ended_at IS NULL")), answer(method, path))[1]
    assert tool("connect", "--all", "--yes").code == 0
    assert len(heard) == len(plivo.requests) and all(a < b for a, b in zip(heard, heard[1:]))
