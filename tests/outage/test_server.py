"""The server itself is stopped, killed, doubled, starved, or told a wrong time."""
import re
import resource
import socket
import struct
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

import load as loads
from cluster import give_to_postgres, until
from judge import check_answers, check_record, check_unanswered
from load import Load
from service import ended
from test_database_gone import BACK, back
from waiting import in_threads


def test_sigterm_under_load_loses_no_answer(cluster, services):
    """Three times stopped and started: who got no answer was not recorded either."""
    service = services(cluster.url("masking_server"))
    with Load([service.address], rate=600) as load:
        ends = []
        for _ in range(3):
            load.await_kind("connected", time.monotonic(), BACK)
            ends.append(ended(service.stop))
            service.start()
        load.await_kind("connected", time.monotonic(), BACK)
    check_answers(load, ends)
    check_unanswered(load, cluster)
    check_record(load, cluster)


def test_killed_and_started_again(cluster, services):
    """kill -9 loses what was in hand, and no record of what was answered."""
    service = services(cluster.url("masking_server"))
    with Load([service.address], rate=600) as load:
        ends = []
        for _ in range(5):
            load.await_kind("connected", time.monotonic(), BACK)
            ends.append(ended(service.kill))
            service.start()
        load.await_kind("connected", time.monotonic(), BACK)
    check_answers(load, ends)
    check_record(load, cluster)


def test_two_servers_on_one_database(cluster, services):
    """Each asks for half, and some calls are asked of both at the same moment."""
    pair = [services(cluster.url("masking_server")) for _ in range(2)]
    with Load([service.address for service in pair], rate=400) as load:
        load.await_kind("connected", time.monotonic(), BACK)
        calls = [loads.new_call() for _ in range(200)]

        def ask_all(address):
            with socket.create_connection(address, timeout=60) as connection:
                for call in calls:
                    connection.sendall(loads.request(call))
                    connection.recv(65536)
        in_threads(*[partial(ask_all, service.address) for service in pair * 3])
        end = ended(pair[0].stop)
        load.addresses.remove(pair[0].address)
        load.await_kind("connected", time.monotonic(), BACK)
    check_answers(load, [end])
    check_record(load, cluster)
    recorded = cluster.query("SELECT count(*), count(DISTINCT call_uuid) FROM masking.calls"
                             " WHERE call_uuid = ANY (%s)", [call.uuid for call in calls])
    assert recorded == [(200, 200)]


def test_out_of_file_descriptors(cluster, services):
    """So many connections that the server can't open one to the database: whoever is
    connected hears the apology, and the service is back when descriptors are."""
    service = services(cluster.url("masking_server"), WORKERS="100",
                       command=["prlimit", "--nofile=60:60"])
    with Load([service.address], connections=8) as load:
        until(lambda: len(load.answers("connected")) > 50)  # by then all are connected
        idle = []
        for _ in range(80):
            idle.append(socket.create_connection(service.address, timeout=60))
        until(lambda: len(list(Path(f"/proc/{service.process.pid}/fd").iterdir())) >= 60)
        cut = time.monotonic()
        cluster.cut_backends()
        for _ in range(20):  # what the server's own connections freed is taken as well
            idle.append(socket.create_connection(service.address, timeout=60))
        load.await_kind("spoken", cut, BACK)
        time.sleep(1)
        for connection in idle:
            connection.close()
        back(load, service, time.monotonic())
    check_answers(load)
    check_record(load, cluster)
    service.check_log(outages=3)


@pytest.fixture(scope="session")
def shim(workplace):
    library = workplace / "faults.so"
    source = Path(__file__).with_name("faults.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-D_GNU_SOURCE", "-o", library, source],
                   check=True)
    return library


class Faults:
    """What goes wrong inside the server, changed while it runs. See faults.c."""

    def __init__(self, place, shim):
        self._path = place / "faults"
        self.settings = {"LD_PRELOAD": str(shim), "FAULTS": str(self._path)}
        self._path.write_bytes(bytes(32))
        give_to_postgres(self._path)

    def set(self, fails_one_of=0, clock_off=0):
        with open(self._path, "r+b") as file:
            file.write(struct.pack("qq", fails_one_of, clock_off))

    @property
    def failed(self):
        return struct.unpack_from("qqq", self._path.read_bytes())[2]


@pytest.fixture
def faults(place, shim):
    return Faults(place, shim)


@pytest.mark.parametrize("one_of", [pytest.param(100, marks=pytest.mark.long), 20,
                                    pytest.param(3, marks=pytest.mark.long)])
def test_out_of_memory(cluster, services, faults, one_of):
    """Allocations fail here and there: each webhook gets its answer or the apology all the
    same, and when there is memory again everything is as before."""
    service = services(cluster.url("masking_server"), PLIVO_AUTH_TOKEN="outage-token",
                       PUBLIC_URL=loads.PUBLIC_URL, ALLOW_UNSIGNED="no", **faults.settings)
    with Load([service.address], token="outage-token") as load:
        load.await_kind("connected", time.monotonic(), BACK)
        faults.set(fails_one_of=one_of)
        time.sleep(4)
        faults.set()
        back(load, service, time.monotonic())
    assert faults.failed > 10
    check_answers(load)
    # Where the signature could not be checked, there was an apology and no record.
    check_record(load, cluster, apologies_kept=False)


@pytest.mark.parametrize("whose", ["server", "database"])
def test_clock_jumps(clusters, services, faults, whose):
    """An hour forth, a day back: nobody notices."""
    cluster = clusters(environment=faults.settings if whose == "database" else None)
    service = services(cluster.url("masking_server"),
                       **(faults.settings if whose == "server" else {}))
    with Load([service.address]) as load:
        load.await_kind("connected", time.monotonic(), BACK)
        for off in (3600, -86400, 0):
            faults.set(clock_off=off)
            ahead = float(cluster.query("SELECT extract(epoch FROM clock_timestamp())")[0][0])
            assert abs(ahead - time.time() - (off if whose == "database" else 0)) < 60
            load.await_kind("connected", time.monotonic(), BACK)
            assert service.is_ready()
    check_answers(load)
    check_record(load, cluster)
    spoken = sum(call.counterpart != "" and answer.kind == "spoken"
                 for call in load.ledger for answer in call.answers)
    assert spoken == 0


@pytest.mark.parametrize("found", ["0, 0", "907, 909"], ids=["behind", "ahead"])
def test_other_schema_is_refused_at_start(cluster, services, found):
    """Names both interfaces, and changes nothing for a server that runs already."""
    running = services(cluster.url("masking_server"))
    with Load([running.address]) as load:
        load.await_kind("connected", time.monotonic(), BACK)
        cluster.query(f"""
            CREATE OR REPLACE FUNCTION masking.schema_interface(OUT oldest integer, OUT newest integer, OUT edited text[])
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
            AS $$ SELECT {found}, ARRAY['calls/answer_calls.sql'] $$""")
        log = services(cluster.url("masking_server"), start=False).start_refused()
        assert f"found={found.replace(', ', '-')}" in log, log
        assert re.search(r"wanted=\d+-\d+ ", log), log
        assert "schema_edited" in log and "calls/answer_calls.sql" in log
        cluster.cut_backends()
        load.await_kind("connected", time.monotonic(), BACK)
    check_answers(load)
    check_record(load, cluster)


def test_what_was_edited_by_hand_is_told(cluster, services):
    """An answer that was changed in the database is not the one that was tested."""
    definition = cluster.query(
        "SELECT pg_get_functiondef('masking.answer_calls'::regproc)")[0][0]
    cluster.query(definition.replace("BEGIN", "BEGIN -- by hand", 1))
    service = services(cluster.url("masking_server"))
    until(lambda: "event=schema_edited" in service.log)
    assert "answer_calls" in service.log
