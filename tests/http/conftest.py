"""Fixtures: a private cluster and the oracle for the run, a database and a server
for each file. Logs of servers and PostgreSQL are kept until the run has ended;
after a failure the folder stays and is named.
"""
import itertools
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import server as running  # noqa: E402
from cluster import Cluster, Database  # noqa: E402
from oracle import Oracle  # noqa: E402

pytest_plugins = ["closing_line"]

LAST = "test_nothing_leaks.py"
TEMPLATE = "masking"


def pytest_collection_modifyitems(items):
    """The test that reads all logs runs when all logs are written."""
    items.sort(key=lambda item: item.path.name == LAST)


@pytest.fixture(scope="session")
def workplace(request):
    """The folder of this run: cluster, sockets, logs. Short, for the socket's path."""
    place = Path(tempfile.mkdtemp(prefix="masking-http."))
    place.chmod(0o755)
    yield place
    if request.session.testsfailed:
        print(f"\nlogs are kept in {place}")
    else:
        shutil.rmtree(place)


@pytest.fixture(scope="session")
def logs(workplace):
    """Where every server of the run writes its log."""
    place = workplace / "logs"
    place.mkdir()
    return place


@pytest.fixture(scope="session")
def cluster(workplace):
    cluster = Cluster(workplace / "cluster")
    cluster.start()
    try:
        cluster.migrate(TEMPLATE, SAMPLE_PAIRS="yes")
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def oracle():
    oracle = Oracle()
    yield oracle
    oracle.close()


@pytest.fixture(scope="session")
def migrated_database(cluster):
    """The one that was migrated: a copy has not the rights on the database itself."""
    return Database(cluster, TEMPLATE)


@pytest.fixture(scope="module")
def database(cluster):
    """A fresh copy of the migrated database, with the sample pairs."""
    return Database(cluster, cluster.copy(TEMPLATE))


@pytest.fixture(scope="session")
def stopping(cluster, logs):
    """Servers that were told to stop. Stopping takes each of them two seconds, so the
    files do not wait; the run does, and wants a clean end from every one."""
    servers = []
    yield servers
    failures = []
    for one in servers:
        try:
            one.wait()
        except AssertionError as failure:
            failures.append(f"{one.log_path.name}: {failure}")
    assert not failures, "\n".join(failures)


_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def start_server(request, logs, database, stopping):
    """start_server(NAME=value, …): a server on this file's database, told to stop at
    the end of the file. Unsigned unless the settings name a token."""
    started = []

    def start(command=(), cwd=None, **settings):
        environment = {"DATABASE_URL": database.server_url,
                       "ALLOW_UNSIGNED": None if "PLIVO_AUTH_TOKEN" in settings else "yes",
                       **settings}
        name = f"{request.module.__name__}-{next(_numbers)}.log"
        started.append(running.Server(environment, logs / name, command, cwd))
        return started[-1]

    yield start
    for one in started:
        one.terminate()
    stopping.extend(started)


@pytest.fixture(scope="module")
def server(start_server):
    return start_server()


@pytest.fixture(scope="module")
def patient_server(start_server):
    """For crowds: a busy machine must not turn right answers into apologies."""
    return start_server(ANSWER_DEADLINE_MS="20000")


@pytest.fixture(autouse=True, scope="session")
def sanitizer_options(workplace):
    """A finding ends the process with a status of its own, never a quiet warning. A server that
    runs as somebody else must be able to read the suppressions: not below a closed home."""
    os.environ.setdefault("ASAN_OPTIONS", "exitcode=98:detect_stack_use_after_return=1")
    os.environ.setdefault("UBSAN_OPTIONS", "halt_on_error=1:exitcode=97:print_stacktrace=1")
    suppressions = shutil.copy(running.ROOT / "tests" / "tsan.supp", workplace)
    os.environ.setdefault("TSAN_OPTIONS", f"exitcode=96:suppressions={suppressions}")
