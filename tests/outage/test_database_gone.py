"""PostgreSQL goes away and comes back, in every way it can."""
import time

import pytest

from cluster import until
from judge import check_answers, check_record
from load import Load

# Seconds from the database's return to the service's, and for whatever else must happen. It
# takes one or two; the rest is for a busy machine.
BACK = 30


def away(load, service, database_goes, seconds=2.5):
    """Under load, the database goes; everybody hears the apology, the load balancer knows."""
    load.await_kind("connected", time.monotonic(), BACK)
    database_goes()
    gone = time.monotonic()
    until(lambda: not service.is_ready(), within=BACK)
    time.sleep(seconds)
    load.await_kind("spoken", gone, BACK)


def back(load, service, since):
    load.await_kind("connected", since, BACK)
    until(service.is_ready, within=BACK)


@pytest.mark.parametrize("how", [
    pytest.param("fast", marks=pytest.mark.long), pytest.param("immediate", marks=pytest.mark.long),
    "kill -9"])
def test_stopped_and_started(cluster, service, load, verdict, how):
    away(load, service, cluster.kill if how == "kill -9" else lambda: cluster.stop(how))
    cluster.start()
    back(load, service, time.monotonic())
    verdict()


@pytest.mark.long
def test_restarted(cluster, service, load, verdict):
    load.await_kind("connected", time.monotonic(), BACK)
    for _ in range(3):
        cluster.restart()
        back(load, service, time.monotonic())
    verdict(outages=3)


def test_backends_killed_in_the_middle_of_batches(cluster, service, load, verdict):
    killed = 0
    for _ in range(30):
        killed += cluster.cut_backends()
        load.await_kind("connected", time.monotonic(), BACK)
    assert killed >= 30
    verdict(outages=30)


def test_standby_takes_over(clusters, services):
    """Streaming replication, synchronous, as what was answered must not be lost with the
    primary; two hosts in the connection string. The old primary comes back read-only."""
    primary = clusters("primary", settings=["synchronous_standby_names = '*'"], start=False)
    primary.start()
    standby = primary.standby(primary.place.parent / "standby")
    standby.start()
    try:
        url = (f"postgresql://masking_server@{primary.host}:{primary.port},"
               f"{standby.host}:{standby.port}/masking")
        service = services(url)
        with Load([service.address]) as load:
            away(load, service, lambda: primary.stop("immediate"))
            standby.promote()
            back(load, service, time.monotonic())
            primary.become_standby()
            standby.cut_backends()
            load.await_kind("connected", time.monotonic(), BACK)
        check_answers(load)
        check_record(load, standby)
        service.check_log(outages=2)
    finally:
        standby.stop("immediate")


def test_a_standby_that_is_missing_is_told(clusters):
    """Its gauge is read although every commit waits for the standby by then."""
    primary = clusters("primary", settings=["synchronous_standby_names = '*'"], start=False)
    primary.start()
    standby = primary.standby(primary.place.parent / "standby")
    standby.start()
    try:
        until(lambda: primary.query("SELECT count(*) FROM pg_stat_replication") == [(1,)])
        assert standby_missing(primary) == 0
    finally:
        standby.stop("immediate")
    until(lambda: primary.query("SELECT count(*) FROM pg_stat_replication") == [(0,)])
    began = time.monotonic()
    assert standby_missing(primary) == 1
    assert time.monotonic() - began < 3


def standby_missing(cluster):
    """The gauge, as a server hears it, looked up anew."""
    cluster.query("SET synchronous_commit = off; SET statement_timeout = '10s';"
                  " UPDATE masking.gauge_values SET taken_at = now() - interval '2 minutes'")
    return dict(cluster.query("SET statement_timeout = '10s'; SET ROLE masking_server;"
                              " SELECT name, value FROM masking.gauges()"))["standby_missing"]


def test_every_connection_taken(clusters, services):
    """max_connections exhausted by others, at the moment the server needs new ones."""
    cluster = clusters(settings=["max_connections = 13", "superuser_reserved_connections = 4"])
    service = services(cluster.url("masking_server"))
    with Load([service.address]) as load:
        load.await_kind("connected", time.monotonic(), BACK)
        others = [cluster.connect(role="masking_orders") for _ in range(5)]
        cluster.cut_backends()
        while len(others) < 9:
            try:
                others.append(cluster.connect(role="masking_orders"))
            except Exception:  # the server was quicker: cut it off again
                cluster.cut_backends()
        full = time.monotonic()
        load.await_kind("spoken", full, BACK)
        time.sleep(1)
        for other in others:
            other.close()
        back(load, service, time.monotonic())
    check_answers(load)
    check_record(load, cluster)
    service.check_log()
