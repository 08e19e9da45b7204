"""PostgreSQL clusters to be broken: each a copy of one that was migrated and filled.

Unlike server/tools/cluster they listen on TCP as well, die in every way there is, have
standbys, and live where the test says (a full disk). synchronous_commit stays on:
what was answered must be on record. fsync is off, as the machine itself stays up.
"""
import os
import pwd
import signal
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

import psycopg2

import load
from postgresql import BIN
from waiting import has_ended, process_state, wait_for_end, wait_until

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "masking"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def as_postgres(*command):
    """Root has PostgreSQL run as the user postgres, who else as oneself."""
    if os.getuid() != 0:
        return [*map(str, command)]
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
            *map(str, command)]


def give_to_postgres(path):
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(path, owner.pw_uid, owner.pw_gid)


def run(*command, **environment):
    done = subprocess.run([*map(str, command)], cwd="/", stdin=subprocess.DEVNULL, text=True,
                          env={**os.environ, **environment}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0, done.stdout
    return done.stdout


def until(condition, within=60):
    """Asks until the condition holds."""
    return wait_until(condition, within, every=0.02)


class Cluster:
    def __init__(self, place, host="127.0.0.1", settings=(), environment=None):
        """place: a folder of its own, with a data folder or none yet."""
        self.place = Path(place)
        self.data = self.place / "data"
        self.host = host
        self.port = free_port()
        self._settings = settings
        self._environment = environment or {}
        self.place.mkdir(exist_ok=True)
        give_to_postgres(self.place)

    def initialise(self):
        run(*as_postgres(BIN / "initdb", "--pgdata", self.data, "--username=postgres",
                         "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"))

    def copy(self, place, **options):
        """Another cluster with the same content; this one is stopped."""
        other = Cluster(place, **options)
        run("cp", "-a", "--no-target-directory", self.data, other.data)
        return other

    def _configure(self):
        (self.data / "postgresql.conf").write_text("\n".join([
            f"listen_addresses = '{self.host}'", f"port = {self.port}",
            f"unix_socket_directories = '{self.place}'", "fsync = off", "full_page_writes = off",
            "max_connections = 60", "shared_buffers = 32MB", "synchronous_commit = on",
            "log_line_prefix = '%m [%p] %q%u@%d '", "restart_after_crash = on",
            *self._settings, ""]))
        (self.data / "pg_hba.conf").write_text(
            "local all all trust\nhost all all samenet trust\nhost all all 127.0.0.0/8 trust\n"
            "local replication all trust\nhost replication all 127.0.0.0/8 trust\n")

    def _control(self, action, *options):
        run(*as_postgres(BIN / "pg_ctl", action, "--pgdata", self.data, "--silent", "--wait",
                         "--timeout=60", *options), **self._environment)

    def start(self):
        self._configure()
        self._control("start", "--log", self.place / "log")

    def stop(self, mode="fast"):
        if self.is_running():
            self._control("stop", f"--mode={mode}")

    def restart(self):
        self._control("restart", "--mode=fast", "--log", self.place / "log")

    def promote(self):
        self._control("promote")

    def _postmaster(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def is_running(self):
        try:
            return not has_ended(self._postmaster())
        except FileNotFoundError:
            return False

    def kill(self):
        """kill -9 to the postmaster and every backend, as the kernel does out of memory."""
        postmaster = self._postmaster()
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        all_of_them = [postmaster, *map(int, children)]
        for pid in all_of_them:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_for_end(*all_of_them)
        # PostgreSQL takes a zombie for a postmaster that runs, and would not start beside it.
        if process_state(postmaster) == "Z":
            for lock in (self.data / "postmaster.pid", self.place / f".s.PGSQL.{self.port}.lock"):
                lock.unlink()

    def url(self, role, database=DATABASE):
        return f"postgresql://{role}@{self.host}:{self.port}/{database}"

    def connect(self, role="postgres", database=DATABASE):
        connection = psycopg2.connect(host=str(self.place), port=self.port, user=role,
                                      dbname=database)
        connection.autocommit = True
        return connection

    def query(self, sql, *values, database=DATABASE):
        connection = self.connect(database=database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    @contextmanager
    def locked(self, *tables):
        connection = self.connect()
        connection.autocommit = False
        try:
            with connection.cursor() as cursor:
                names = ", ".join(f"masking.{table}" for table in tables)
                cursor.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
            yield
        finally:
            connection.close()

    def standby(self, place):
        """A standby that follows this running cluster; not started."""
        other = Cluster(place, host=self.host)
        run(*as_postgres(BIN / "pg_basebackup", "--pgdata", other.data, "--host", self.place,
                         "--port", self.port, "--username=postgres", "--checkpoint=fast",
                         "--write-recovery-conf", "--wal-method=stream", "--no-sync"))
        (other.data / "postgresql.auto.conf").write_text(
            f"primary_conninfo = 'host={self.host} port={self.port} user=postgres'\n")
        return other

    def become_standby(self):
        """Started again, but only to be read from."""
        (self.data / "standby.signal").touch()
        give_to_postgres(self.data / "standby.signal")
        self.start()

    @contextmanager
    def stopped_backends(self):
        """The servers' backends stand still, and then go on with what they were at. How many."""
        pids = [pid for pid, in self.query("SELECT pid FROM pg_stat_activity"
                                           " WHERE usename = 'masking_server'")]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield len(pids)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def cut_backends(self):
        """Ends every connection of the servers. How many."""
        return self.query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                          " WHERE usename = 'masking_server'")[0][0]


class Cut:
    """Packets to and from an address vanish, without a word."""

    def __init__(self, host, port):
        self._rules = [["-p", "tcp", "-d", host, "--dport", str(port), "-j", "DROP"],
                       ["-p", "tcp", "-s", host, "--sport", str(port), "-j", "DROP"]]

    def _change(self, action):
        for rule in self._rules:
            run("iptables", "--wait", action, "INPUT", *rule)

    def __enter__(self):
        self._change("-I")

    def __exit__(self, *_):
        self._change("-D")


def make_template(place):
    """A stopped cluster with the schema and the load's pairs."""
    cluster = Cluster(place)
    cluster.initialise()
    cluster.start()
    cluster.query(f"CREATE DATABASE {DATABASE}", database="postgres")
    run(ROOT / "migrations" / "migrate", DATABASE_URL=cluster.url("postgres"))
    connection = cluster.connect()
    with connection.cursor() as cursor:
        for pair in range(load.PAIRS):
            cursor.execute("INSERT INTO masking.orders (order_id, customer_number, agent_number,"
                           " completed_at) VALUES (%s, %s, %s, 'infinity')",
                           (load.order_id(pair), load.customer(pair), load.agent(pair)))
    connection.close()
    cluster.stop()
    return cluster
