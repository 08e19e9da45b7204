"""A private PostgreSQL cluster for one run of the suite, on a Unix socket only.

server/tools/cluster makes and starts it, migrations/migrate brings in the schema once;
each file of tests gets a copy of that database. What the tests ask of a database
is here too.
"""
import os
import re
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from waiting import process_state, wait_for_end, wait_until

ROOT = Path(__file__).resolve().parents[2]
# As PostgreSQL comes: what the server's statements would write into an ordinary log
# must show in ours too.
SETTINGS = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60",
            "log_min_error_statement=error", "log_error_verbosity=default",
            "log_parameter_max_length=-1"]


def run(*command, **environment):
    done = subprocess.run(list(map(str, command)), cwd=ROOT, stdin=subprocess.DEVNULL,
                          env={**os.environ, **environment}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0, done.stdout
    return done.stdout


class Cluster:
    def __init__(self, place):
        self.place = Path(place)
        self.log_path = self.place / "data" / "server.log"
        self._copies = 0

    def _script(self, action, *settings):
        return run(ROOT / "server" / "tools" / "cluster", action, self.place, *settings)

    def start(self):
        self._script("start", *SETTINGS)
        named = dict(re.findall(r"(PG[A-Z]+)=(\S+)", self._script("env")))
        self.socket, self._port = named["PGHOST"], named["PGPORT"]

    def stop(self, mode="fast"):
        """mode "immediate": without a goodbye to anybody, as a host that loses power."""
        if mode == "immediate":
            postmaster = self._postmaster()
            os.kill(postmaster, signal.SIGQUIT)
            wait_for_end(postmaster)
        self._script("stop")

    def deadlocks(self):
        """How many there were; the server hides them by asking again."""
        return self.log_path.read_text(errors="replace").count("deadlock detected")

    def _postmaster(self):
        return int((self.place / "data" / "postmaster.pid").read_text().split()[0])

    @contextmanager
    def frozen(self):
        """Alive but silent, as a host that hangs: every process is stopped.

        The postmaster stops first and goes on last, as only it takes away a child that
        ended: every process id stays what it was in between."""
        postmaster = self._postmaster()
        os.kill(postmaster, signal.SIGSTOP)
        wait_until(lambda: process_state(postmaster) == "T")
        listed = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text()
        children = [int(pid) for pid in listed.split()]
        for pid in children:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in [*children, postmaster]:
                os.kill(pid, signal.SIGCONT)

    def url(self, database, role):
        return f"postgresql://{role}@/{database}?host={self.socket}&port={self._port}"

    def connect(self, database, role="postgres"):
        connection = psycopg2.connect(self.url(database, role))
        connection.autocommit = True
        return connection

    def administer(self, sql):
        connection = self.connect("postgres")
        with connection.cursor() as cursor:
            cursor.execute(sql)
        connection.close()

    def migrate(self, database, **environment):
        self.administer(f'CREATE DATABASE "{database}"')
        run(ROOT / "migrations" / "migrate", DATABASE_URL=self.url(database, "postgres"),
            **environment)

    def copy(self, template):
        """A new database with the template's content. Its name."""
        self._copies += 1
        name = f"{template}_{self._copies}"
        self.administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name


class Database:
    """One database, as the tests see it: the orders' side and the record."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name

    @property
    def server_url(self):
        return self.cluster.url(self.name, "masking_server")

    def query(self, sql, *values, role="postgres"):
        connection = self.cluster.connect(self.name, role)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def orders(self, sql, *values):
        """What the order system may do, under its own role."""
        return self.query(sql, *values, role="masking_orders")

    def add_order(self, order_id, customer, agent):
        self.orders("INSERT INTO orders (order_id, customer_number, agent_number)"
                    " VALUES (%s, %s, %s)", order_id, customer, agent)

    @contextmanager
    def locked(self, *tables):
        """Whoever touches these tables waits."""
        connection = self.cluster.connect(self.name)
        connection.autocommit = False
        try:
            with connection.cursor() as cursor:
                names = ", ".join(f"masking.{table}" for table in tables)
                cursor.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
            yield
        finally:
            connection.close()

    def somebody_waits_for_a_lock(self):
        return self.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                          " AND datname = current_database()")[0][0] > 0

    def call_rows(self, call_uuid):
        """The record of one call: its outcomes, one per row."""
        return [row[0] for row in self.query(
            "SELECT outcome::text FROM masking.calls WHERE call_uuid::text = %s", call_uuid)]

    def recorded(self, call_uuids):
        """How many rows these calls have, all together."""
        return self.query("SELECT count(*) FROM masking.calls WHERE call_uuid::text = ANY (%s)",
                          list(call_uuids))[0][0]

    def calls(self):
        """How many calls are on record."""
        return self.query("SELECT count(*) FROM masking.calls")[0][0]
