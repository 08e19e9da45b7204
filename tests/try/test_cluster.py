"""The private PostgreSQL: closed to others, works for anybody, keeps its data."""

import os
import shlex
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from postgresql import BIN

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = str(ROOT / "server" / "tools" / "cluster")
PSQL = str(BIN / "psql")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can try this")


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def settings(place):
    """What "cluster env" says, as a dict."""
    done = run(CLUSTER, "env", str(place))
    assert done.returncode == 0, done.stderr
    return dict(word.split("=", 1) for word in shlex.split(done.stdout) if word != "export")


def ask(place, statement):
    done = run(PSQL, "-XAt", settings(place)["DATABASE_URL"], "-c", statement)
    return done.stdout.strip()


@pytest.fixture
def place():
    """A folder that anybody may enter; the cluster below it is stopped in the end."""
    with tempfile.TemporaryDirectory(prefix="try-cluster.") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
        for data in Path(folder).rglob("PG_VERSION"):
            if data.parent.name == "data":
                run(CLUSTER, "stop", str(data.parent.parent))


def start(place, *more):
    done = run(CLUSTER, "start", str(place), "fsync=off", *more)
    assert done.returncode == 0, done.stderr


def test_only_a_private_socket_and_no_number_in_the_log(place):
    start(place)
    directory = Path(settings(place)["PGHOST"])
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert ask(place, "SHOW listen_addresses") == ""
    url = settings(place)["DATABASE_URL"]
    table = "CREATE TABLE t (n bigint PRIMARY KEY)"
    row = "INSERT INTO t VALUES (14156667777)"
    assert run(PSQL, "-X", url, "-c", table, "-c", row, "-c", row).returncode != 0
    log = (place / "data" / "server.log").read_text()
    assert "duplicate key" in log
    assert "14156667777" not in log


def test_data_and_settings_over_a_restart(place):
    start(place, "max_connections=23")
    assert ask(place, "SHOW max_connections") == "23"
    assert ask(place, "SHOW fsync") == "off"
    ask(place, "CREATE TABLE kept AS SELECT 5 AS n")
    start(place)  # runs already: nothing happens
    for _ in range(2):  # the second stop finds nothing to do
        assert run(CLUSTER, "stop", str(place)).returncode == 0
    assert "no cluster runs" in run(CLUSTER, "env", str(place)).stderr
    start(place)
    assert ask(place, "SELECT n FROM kept") == "5"


@pytest.mark.parametrize("name", ["with space", "ümlaut, 'quote' and \"another\" for $x or \\", "x" * 120])
def test_odd_and_long_paths(place, name):
    start(place / name)
    assert ask(place / name, "SELECT current_user, current_database()") == "postgres|number_masking"
    directory = Path(settings(place / name)["PGHOST"])
    assert run(CLUSTER, "stop", str(place / name)).returncode == 0
    assert directory.is_relative_to(place) or not directory.exists()


@as_root
def test_below_a_folder_closed_to_the_postgres_user(place):
    place.chmod(0o700)
    start(place / "deeper")
    assert ask(place / "deeper", "SELECT 1") == "1"


@as_root
def test_as_an_ordinary_user_without_privileges(place):
    os.chown(place, 65534, 65534)
    place.chmod(0o755)
    plain = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    # A copy, as that user may not be let into this checkout.
    cluster = shutil.copy(CLUSTER, place / "cluster")
    try:
        done = run(*plain, cluster, "start", str(place / "theirs"), "fsync=off")
        assert done.returncode == 0, done.stderr
        assert (place / "theirs" / "data").stat().st_uid == 65534
    finally:
        # Root stops it as that user.
        assert run(CLUSTER, "stop", str(place / "theirs")).returncode == 0
