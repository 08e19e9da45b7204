"""PostgreSQL is there but locked, slow, full, refusing, or unreachable."""
import os
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest

import cluster as clusters_module
from cluster import Cut, until
from judge import check_answers, check_record
from load import MARGIN, PROXY, Load, request, new_call
from pgbouncer import pgbouncer
from relay import Relay
from test_database_gone import BACK, back

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@pytest.mark.parametrize("table, seconds", [("calls", 4), ("calls", 10), ("routes", 10)])
@pytest.mark.long
def test_table_locked(cluster, service, load, verdict, table, seconds):
    load.await_kind("connected", time.monotonic(), BACK)
    locked = time.monotonic()
    with cluster.locked(table):
        time.sleep(seconds)
    load.await_kind("spoken", locked, BACK)
    back(load, service, time.monotonic())
    verdict()


@contextmanager
def slowed(cluster, seconds):
    """Recording takes this long."""
    cluster.query(f"""
        CREATE FUNCTION masking.nap() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_catalog.pg_sleep({seconds}); RETURN NULL; END $$;
        CREATE TRIGGER nap BEFORE INSERT ON masking.calls
        FOR EACH STATEMENT EXECUTE FUNCTION masking.nap()""")
    yield
    cluster.query("SET lock_timeout = '30s'; DROP FUNCTION masking.nap() CASCADE")


def test_slow_but_in_time(cluster, service, load, verdict):
    """Everybody still gets the true answer."""
    load.await_kind("connected", time.monotonic(), BACK)
    with slowed(cluster, 0.4):
        started = time.monotonic()
        time.sleep(2)
        assert load.answers("connected", started)
    load.await_kind("connected", time.monotonic(), BACK)
    verdict()
    spoken = sum(call.counterpart != "" and answer.kind == "spoken"
                 for call in load.ledger for answer in call.answers)
    assert spoken == 0


@pytest.mark.long
def test_slower_than_the_deadline(cluster, service, load, verdict):
    load.await_kind("connected", time.monotonic(), BACK)
    with slowed(cluster, 3):
        started = time.monotonic()
        time.sleep(4)
        load.await_kind("spoken", started, BACK)
    back(load, service, time.monotonic())
    verdict()


def test_answer_of_a_commit_lost(cluster, services):
    """Asked again, the database knows the call already: one row, the same answer."""
    relay = Relay((cluster.host, cluster.port))
    service = services(f"postgresql://masking_server@127.0.0.1:{relay.port}/masking")
    with Load([service.address]) as load:
        load.await_kind("connected", time.monotonic(), BACK)
        for _ in range(10):
            relay.lose_answers = 1
            until(lambda: relay.lose_answers == 0, within=BACK)
            load.await_kind("connected", time.monotonic(), BACK)
    relay.close()
    assert relay.lost == 10
    check_answers(load)
    check_record(load, cluster)
    service.check_log(outages=10)
    asked_again = cluster.query("SELECT count(*) FROM masking.calls WHERE repeats > 0")[0][0]
    assert asked_again > 0


@pytest.mark.parametrize("seconds", [1, 3])
def test_backends_stopped(cluster, service, load, verdict, seconds):
    """For less than the deadline and for more: a statement that gets to work when its caller has
    heard the apology puts nothing else on record."""
    load.await_kind("connected", time.monotonic(), BACK)
    for _ in range(3):
        with cluster.stopped_backends() as stopped:
            assert stopped >= 2
            time.sleep(seconds)
        back(load, service, time.monotonic())
    verdict(outages=3)
    recorded = dict(cluster.query("SELECT call_uuid, repeats FROM masking.calls"))
    asked = {call.uuid: len(call.answers) for call in load.ledger}
    assert [] == [uuid for uuid, repeats in recorded.items()
                  if repeats > max(asked.get(uuid, 0) - 1, 0)]


def test_answers_lost_for_a_deadline(cluster, services):
    """Each commit's answer is lost, until long after the caller has heard the apology."""
    relay = Relay((cluster.host, cluster.port))
    service = services(f"postgresql://masking_server@127.0.0.1:{relay.port}/masking")
    with Load([service.address]) as load:
        load.await_kind("connected", time.monotonic(), BACK)
        text = new_call()
        relay.lose_answers = 10**6
        lost = time.monotonic()
        status = send_text(service, text)
        time.sleep(max(0, lost + 2.5 - time.monotonic()))
        relay.lose_answers = 0
        back(load, service, time.monotonic())
    relay.close()
    check_answers(load)
    check_record(load, cluster)
    recorded = dict(cluster.query("SELECT call_uuid, repeats FROM masking.calls"))
    asked = {call.uuid: len(call.answers) for call in load.ledger}
    assert [] == [uuid for uuid, repeats in recorded.items()
                  if repeats > max(asked.get(uuid, 0) - 1, 0)]
    outcome, = until(lambda: cluster.query(
        "SELECT outcome, repeats FROM masking.messages WHERE message_uuid = %s"
        " AND outcome = 'apologised'", text.uuid))
    assert outcome == ("apologised", 0)
    assert status in (200, 503)


def send_text(service, text):
    """A text message from that caller. The status."""
    fields = {"MessageUUID": text.uuid, "From": text.caller, "To": PROXY, "Text": "hello",
              "Type": "sms"}
    try:
        with urllib.request.urlopen("http://%s:%d/message" % service.address,
                                    urlencode(fields).encode(), timeout=60) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def test_poisoned_call_spoils_no_neighbour(cluster, service, load, verdict):
    """A call that the database cannot record, for whatever reason, in every batch."""
    cluster.query("""
        CREATE FUNCTION masking.choke() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE 'poison' USING ERRCODE = 'check_violation'; END $$;
        CREATE TRIGGER choke BEFORE INSERT ON masking.calls FOR EACH ROW
        WHEN (NEW.call_uuid LIKE 'dead%') EXECUTE FUNCTION masking.choke()""")
    poisoned = new_call()
    with clusters_module.socket.create_connection(service.address, timeout=60) as connection:
        for number in range(100):
            poisoned.uuid = f"dead{number:04d}-0000-4000-8000-000000000000"
            connection.sendall(request(poisoned))
            assert b"<Speak" in connection.recv(65536)
    cluster.query("DROP FUNCTION masking.choke() CASCADE")
    verdict()
    spoken = sum(call.counterpart != "" and answer.kind == "spoken"
                 for call in load.ledger for answer in call.answers)
    assert spoken == 0


def ask_once(service, call):
    """The answer to one webhook, as bytes."""
    with clusters_module.socket.create_connection(service.address, timeout=60) as connection:
        connection.sendall(request(call))
        return connection.recv(65536)


def test_locked_row_spoils_no_neighbour(cluster, service, load, verdict):
    """Somebody holds the row of one call (SELECT … FOR UPDATE) for much longer than the deadline.
    Plivo asks about that call again, and its hangup comes: whoever shares a batch with either is
    answered all the same, other events are written, and no connection counts as lost."""
    load.await_kind("connected", time.monotonic(), BACK)
    held, other = new_call(), new_call()
    while not (held.counterpart and other.counterpart):
        held, other = new_call(), new_call()
    assert b"<Dial" in ask_once(service, held) and b"<Dial" in ask_once(service, other)
    holder = cluster.connect()
    holder.autocommit = False
    with holder.cursor() as cursor:
        cursor.execute("SELECT FROM masking.calls WHERE call_uuid = %s FOR UPDATE", (held.uuid,))
    locked = time.monotonic()
    assert b"<Speak" in ask_once(service, held)
    assert time.monotonic() - locked < 2 + MARGIN
    for call in (held, other, held):
        hang_up(service, call)
    until(lambda: cluster.query("SELECT caller_seconds FROM masking.calls WHERE call_uuid = %s",
                                other.uuid) == [(7,)], within=5)
    assert cluster.query("SELECT caller_seconds FROM masking.calls WHERE call_uuid = %s",
                         held.uuid) == [(None,)]
    time.sleep(max(0, locked + 6 - time.monotonic()))
    holder.close()
    until(lambda: cluster.query("SELECT outcome, caller_seconds FROM masking.calls"
                                " WHERE call_uuid = %s", held.uuid) == [("apologised", 7)], within=20)
    verdict()
    spoken = sum(call.counterpart != "" and answer.kind == "spoken"
                 for call in load.ledger for answer in call.answers)
    assert spoken == 0
    assert "event=database_lost" not in service.log


def hang_up(service, call):
    """Its hangup event; whether it is written at once is the service's affair."""
    fields = {"CallUUID": call.uuid, "From": call.caller, "To": PROXY, "Duration": "7",
              "Event": "Hangup", "CallStatus": "completed"}
    with urllib.request.urlopen("http://%s:%d/hangup" % service.address,
                                urlencode(fields).encode(), timeout=60) as reply:
        assert reply.status == 200


def test_full_queue_apologises_at_once(cluster, services):
    """While the database is silent, a part of the workers wait for it and the others stay
    free: they apologise without waiting."""
    service = services(cluster.url("masking_server"), WORKERS="32")
    with Load([service.address], connections=24, rate=200) as load:
        load.await_kind("connected", time.monotonic(), BACK)
        locked = time.monotonic()
        with cluster.locked("calls"):
            time.sleep(5)
        back(load, service, time.monotonic())
    quick = [answer for answer in load.answers("spoken", locked + 1)
             if answer.received < locked + 5 and answer.received - answer.sent < 1]
    assert len(quick) > 100
    assert "reason=database_silent" in service.log
    check_answers(load)
    check_record(load, cluster)
    service.check_log()


@needs_root
def test_disk_full(clusters, services, place):
    """The database's disk is full, then has room again."""
    small = place / "small"
    small.mkdir()
    clusters_module.run("mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "none", small)
    try:
        cluster = clusters(where=small, settings=["max_wal_size = 32MB", "min_wal_size = 32MB"])
        service = services(cluster.url("masking_server"))
        with Load([service.address]) as load:
            load.await_kind("connected", time.monotonic(), BACK)
            subprocess.run(["dd", "if=/dev/zero", f"of={small}/filler", "bs=64k"],
                           stderr=subprocess.DEVNULL, check=False)
            full = time.monotonic()
            load.await_kind("spoken", full, BACK)
            time.sleep(2)
            (small / "filler").unlink()
            if not cluster.is_running():
                cluster.start()
            until(lambda: answers(cluster))
            back(load, service, time.monotonic())
        check_answers(load)
        check_record(load, cluster)
        service.check_log(outages=4)
        service.stop()
        cluster.stop("immediate")
    finally:
        clusters_module.run("umount", "--lazy", small)


def answers(cluster):
    try:
        return cluster.query("SELECT 1")
    except clusters_module.psycopg2.OperationalError:
        return False


@needs_root
def test_network_cut_without_a_word(cluster, service, load, verdict):
    load.await_kind("connected", time.monotonic(), BACK)
    with Cut(cluster.host, cluster.port):
        cut = time.monotonic()
        until(lambda: not service.is_ready(), within=BACK)
        time.sleep(4)
        load.await_kind("spoken", cut, BACK)
    back(load, service, time.monotonic())
    verdict()


@needs_root
@pytest.mark.long
def test_standby_takes_over_from_a_vanished_host(clusters, services):
    """The primary's host is gone without a word: connecting to it gets no answer at all."""
    primary = clusters("primary", settings=["synchronous_standby_names = '*'"], start=False)
    primary.start()
    standby = primary.standby(primary.place.parent / "standby")
    standby.start()
    try:
        service = services(f"postgresql://masking_server@{primary.host}:{primary.port},"
                           f"{standby.host}:{standby.port}/masking")
        with Load([service.address]) as load:
            load.await_kind("connected", time.monotonic(), BACK)
            with Cut(primary.host, primary.port):
                cut = time.monotonic()
                until(lambda: not service.is_ready(), within=BACK)
                load.await_kind("spoken", cut, BACK)
                standby.promote()
                back(load, service, time.monotonic())
        check_answers(load)
        check_record(load, standby)
        service.check_log(outages=2)
    finally:
        standby.stop("immediate")


def test_pgbouncer_in_transaction_mode(cluster, services, place):
    """Prepared statements get lost there; the server notices and does without."""
    with pgbouncer(place, f"host={cluster.place} port={cluster.port} user=masking_server") as port:
        service = services(f"postgresql://masking_server@127.0.0.1:{port}/masking")
        with Load([service.address]) as load:
            load.await_kind("connected", time.monotonic(), BACK)
            time.sleep(2)
            cluster.restart()
            back(load, service, time.monotonic())
        check_answers(load)
        check_record(load, cluster)
        service.check_log(outages=2)
