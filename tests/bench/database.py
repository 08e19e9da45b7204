"""The PostgreSQL of a benchmark: durable, filled with live pairs, kept between runs.

fsync and synchronous_commit are on, and autovacuum and checkpoints as PostgreSQL has them, as where
it counts. The numbers of the pairs are too long for telephones: 1415666 and eight digits more.
"""
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg2

ROOT = Path(__file__).resolve().parents[2]
PROXY = "14155550100"
SETTINGS = ["fsync=on", "synchronous_commit=on", "shared_buffers=1GB", "max_connections=400"]
CHUNK = 100_000  # pairs in one statement
# Where the peers record what Plivo tells of a call after its answer: a row each, as it comes.
PEERS_RECORD = """
    CREATE SCHEMA IF NOT EXISTS bench;
    CREATE TABLE IF NOT EXISTS bench.call_events (
      call_uuid text NOT NULL, told_at timestamptz NOT NULL DEFAULT now(), event jsonb NOT NULL);
    CREATE INDEX IF NOT EXISTS call_events_call_uuid ON bench.call_events (call_uuid);
    GRANT USAGE ON SCHEMA bench TO masking_server;
    GRANT INSERT ON bench.call_events TO masking_server"""


def customer(pair):
    return 141566600000000 + pair


def agent(pair):
    return 141566650000000 + pair


class Database:
    def __init__(self, place):
        self.place = Path(place)
        self._forget_another_schema()
        self._script("start", *SETTINGS)
        words = dict(word.split("=", 1) for word in shlex.split(self._script("env"))
                     if "=" in word)
        self.host, self.port, self.name = words["PGHOST"], words["PGPORT"], words["PGDATABASE"]
        subprocess.run([ROOT / "migrations" / "migrate"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "DATABASE_URL": self.url("postgres")})

    def _script(self, action, *settings):
        return subprocess.run([ROOT / "server" / "tools" / "cluster", action, self.place, *settings],
                              check=True, text=True, stdout=subprocess.PIPE).stdout

    def _forget_another_schema(self):
        """Pairs take minutes to make, so the cluster is kept for as long as it fits."""
        made_by = hashlib.sha256()
        for file in sorted((ROOT / "migrations").rglob("*.sql")):
            made_by.update(file.read_bytes())
        note = self.place.with_suffix(".made-by")
        if self.place.exists() and (not note.exists() or note.read_text() != made_by.hexdigest()):
            self._script("stop")
            shutil.rmtree(self.place)
        note.write_text(made_by.hexdigest())

    def stop(self):
        self._script("stop")

    def url(self, role="masking_server"):
        return f"postgresql://{role}@/{self.name}?host={self.host}&port={self.port}"

    def query(self, sql, *values):
        connection = psycopg2.connect(self.url("postgres"))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def fill(self, pairs):
        """So many live pairs, customers and agents both ways. Straight into routes: what an
        order costs is another question, and the constraint is checked all the same.
        Without the trigger, or the routes would not outlive the commit without their orders."""
        present = self.query("SELECT count(*) / 2 FROM masking.routes")[0][0]
        if present > pairs:
            self.query("TRUNCATE masking.routes")
            present = 0
        for first in range(present, pairs, CHUNK):
            self.query("""
                ALTER TABLE masking.routes DISABLE TRIGGER belongs;
                INSERT INTO masking.routes (order_id, side, caller, proxy, callee, live, held)
                SELECT 'BENCH-' || pair, side, caller, NULL, callee,
                  tstzrange(now(), 'infinity'), tstzrange(now(), 'infinity')
                FROM generate_series(%s, %s) AS pair,
                LATERAL (VALUES ('customer', %s + pair, %s + pair), ('agent', %s + pair, %s + pair))
                  AS s (side, caller, callee)""",
                       first, min(first + CHUNK, pairs) - 1,
                       customer(0), agent(0), agent(0), customer(0))
            self.query("ALTER TABLE masking.routes ENABLE ALWAYS TRIGGER belongs")
            if pairs - present > CHUNK:
                print(f"\r{min(first + CHUNK, pairs)} pairs", end="", file=sys.stderr, flush=True)
        if pairs - present > CHUNK:
            print(file=sys.stderr)
        self.query("VACUUM ANALYZE masking.routes")
        self.query(PEERS_RECORD)

    def forget_calls(self):
        self.query("TRUNCATE masking.calls, bench.call_events")
        self.query("CHECKPOINT")

    def wal_bytes(self):
        """Written so far."""
        return int(self.query("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")[0][0])

    def kept_bytes(self):
        """What is on record about calls, with its indexes and all."""
        return self.query("SELECT pg_total_relation_size('masking.calls')"
                          " + pg_total_relation_size('bench.call_events')")[0][0]

    def told_calls(self, webhooks):
        """Of which all six (or three) webhooks are on record, ours or a peer's."""
        return self.query(f"""
            SELECT (SELECT count(*) FROM masking.calls WHERE (callee_answered AND callee_ended OR {webhooks} = 3)
                      AND caller_ended AND dial_status IS NOT NULL)
              + (SELECT count(*) FROM (SELECT FROM bench.call_events GROUP BY call_uuid
                   HAVING count(*) = 5) AS told)""")[0][0]

    def connected_calls(self):
        return self.query("SELECT count(*) FROM masking.calls WHERE outcome = 'connected'")[0][0]

    def server_connections(self):
        return self.query("SELECT count(*) FROM pg_stat_activity"
                          " WHERE usename = 'masking_server'")[0][0]

    def postmaster(self):
        return int((self.place / "data" / "postmaster.pid").read_text().split()[0])
