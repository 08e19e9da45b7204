"""Fixtures: a private cluster for the run; a database, a fake Plivo and a front door per test."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cluster import ROOT, Cluster, Database  # noqa: E402
from door import Door  # noqa: E402
from plivo.rest import FakePlivo  # noqa: E402

pytest_plugins = ["closing_line"]

BINARY = Path(ROOT, os.environ.get("BUILD", "build")) / "number-masking-plivo"
SANITIZER = re.compile(r"(Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer|runtime error:")


@pytest.fixture(scope="session")
def cluster():
    place = Path(tempfile.mkdtemp(prefix="masking-plivo."))
    place.chmod(0o755)
    cluster = Cluster(place / "cluster")
    cluster.start()
    try:
        cluster.migrate("masking")
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(place)


@pytest.fixture
def database(cluster):
    """Emptied, which is quicker than a fresh one."""
    database = Database(cluster, "masking")
    yield database
    tables = [row[0] for row in database.query(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'masking'::regnamespace"
        " AND (relname LIKE 'plivo%%' OR relname IN ('orders', 'routes', 'requests', 'proxy_numbers'))")]
    database.query("SET session_replication_role = replica;"
                   + "".join(f"DELETE FROM masking.{table};" for table in tables)
                   + "UPDATE masking.placer SET who = NULL, heard_at = NULL, last_placed_at = NULL")


@pytest.fixture
def interrupted(database):
    """interrupted(): the run at work was heard of last longer ago than another waits."""
    return lambda ago="121 seconds": database.query(
        "UPDATE masking.plivo_runs SET heard_at = heard_at - %s::interval WHERE ended_at IS NULL", ago)


@pytest.fixture
def plivo():
    with FakePlivo() as plivo:
        yield plivo


@pytest.fixture
def door(plivo):
    with Door(plivo.token) as door:
        yield door


class Done:
    def __init__(self, process):
        self.code = process.returncode
        self.out, self.err = process.stdout, process.stderr
        self.text = self.out + self.err

    def __repr__(self):
        return f"exit {self.code}\n{self.out}--- stderr\n{self.err}"


class Tool:
    """The binary, with what it needs to know."""

    def __init__(self, database, plivo, door):
        self.database, self.plivo, self.door = database, plivo, door
        self.settings = {
            "DATABASE_URL": database.cluster.url(database.name, "masking_plivo"),
            "PLIVO_API": plivo.url, "PLIVO_AUTH_ID": plivo.account,
            "PLIVO_AUTH_TOKEN": plivo.token, "PUBLIC_URL": door.url, "PLIVO_SECOND_MS": "10"}

    def environment(self, **settings):
        inherited = {name: value for name, value in os.environ.items()
                     if name == "PATH" or name.endswith("SAN_OPTIONS")}
        return {"ASAN_OPTIONS": "exitcode=98:detect_stack_use_after_return=1",
                "UBSAN_OPTIONS": "halt_on_error=1:exitcode=97:print_stacktrace=1", **inherited,
                **{name: value for name, value in {**self.settings, **settings}.items()
                   if value is not None}}

    def start(self, *arguments, **settings):
        return subprocess.Popen([str(BINARY), *arguments], env=self.environment(**settings),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def __call__(self, *arguments, **settings):
        """Runs it to its end. What it says never holds the token, nor what moves a cursor."""
        process = self.start(*arguments, **settings)
        process.stdout_text, process.stderr_text = process.communicate(timeout=120)
        done = Done(subprocess.CompletedProcess(arguments, process.returncode,
                                                process.stdout_text, process.stderr_text))
        assert not SANITIZER.search(done.text), done
        assert self.plivo.token not in done.text
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.text), repr(done.text)
        return done

    # ---- what is so afterwards ----

    def pool(self):
        """number: (prefix, language, enabled)"""
        return {row[0]: row[1:] for row in self.database.query(
            "SELECT number, prefix, language, enabled FROM masking.proxy_numbers ORDER BY number")}

    def our_application(self):
        return self.database.query("SELECT app_id FROM masking.plivo_connection")[0][0]

    def drift(self):
        return self.database.query("SELECT kind, number FROM masking.pool_drift ORDER BY 1, 2")

    def in_step(self):
        """Nothing is left to do, and nothing differs."""
        again = self("connect", "--all")
        assert (again.code, "nothing to do" in again.out) == (0, True), again
        check = self("check")
        assert check.code == 0, check


@pytest.fixture
def tool(database, plivo, door):
    return Tool(database, plivo, door)
