"""The numbers for operators: Prometheus text on a listener of its own."""
import re
import socket
import subprocess
import time

import pytest

import signer
from client import exchange
from server import BINARY, CALLER, COUNTERPART, PROXY, STRANGER, call_fields, eventually

SAMPLE = re.compile(r'([a-z_]+)(\{[a-z_]+="[^"\\\n]*"(?:,[a-z_]+="[^"\\\n]*")*\})? (\S+)')


def read(server):
    """{name with labels: value} of every sample; each line must be well-formed."""
    reply = exchange(server.metrics_address, "GET", "/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain")
    samples, types = {}, {}
    for line in reply.body.decode().splitlines():
        if line.startswith("# TYPE "):
            name, kind = line[len("# TYPE "):].split()
            assert name not in types
            types[name] = kind
        elif not line.startswith("# HELP "):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            assert name in types or types.get(family) == "histogram", line
            assert name + (labels or "") not in samples, line
            samples[name + (labels or "")] = float(value)
    return samples


def growth(server, act):
    """What grew while act ran, and by how much."""
    before = read(server)
    act()
    return {name: value - before.get(name, 0) for name, value in read(server).items()
            if value != before.get(name, 0)}


def answers(outcome):
    return f'masking_answers_total{{outcome="{outcome}"}}'


def test_answers_are_counted_by_outcome(server):
    """Promise 4 in numbers."""
    def calls():
        for _ in range(3):
            assert server.call(CALLER).dial
        server.call(STRANGER)
        server.call("anonymous")
        server.call(CALLER, "letters")
        server.call(CALLER, Event="Hangup", CallStatus="completed")
    grown = growth(server, calls)
    assert {name: count for name, count in grown.items() if "answers_total" in name} == {
        answers("connected"): 3, answers("unknown_caller"): 1, answers("no_caller_id"): 1,
        answers("bad_dialled_number"): 1, answers("hangup_event"): 1}
    assert grown["masking_answer_seconds_count"] == 7
    assert grown['masking_answer_seconds_bucket{le="+Inf"}'] == 7


def test_apologies_and_the_database_are_counted(server, database):
    """Promise 3 in numbers: while the database is away, apologies are counted."""
    assert server.call(CALLER).dial == (PROXY, COUNTERPART)
    assert read(server)["masking_database_up"] == 1

    def outage():
        database.cluster.stop()
        try:
            server.call(CALLER)
            eventually(lambda: read(server)["masking_database_up"] == 0)
        finally:
            database.cluster.start()
        eventually(lambda: read(server)["masking_database_up"] == 1)
    grown = growth(server, outage)
    assert grown[answers("apologised")] == 1
    assert grown["masking_database_connects_total"] >= 1
    assert "masking_records_lost_total" not in grown


def test_what_was_refused_is_counted(start_server):
    """Promise 6 in numbers."""
    server = start_server(PLIVO_AUTH_TOKEN="t" * 40, PUBLIC_URL="https://masking.example.com")

    def strangers():
        for _ in range(4):
            assert server.exchange("GET", "/answer?From=1").status == 403
        assert server.exchange("POST", "/answer", {"Transfer-Encoding": "chunked"}).status == 411
    grown = growth(server, strangers)
    assert grown['masking_signatures_refused_total{reason="missing",version="none"}'] == 4
    assert grown["masking_requests_refused_total"] == 1
    assert not [name for name in grown if "answers_total" in name]


TOKEN, PUBLIC_URL = "t" * 40, "https://masking.example.com"


@pytest.fixture(scope="module")
def signing(start_server):
    return start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL)


def send_signed(server, fields, path="/answer", version=3):
    headers = (signer.headers_v3(TOKEN, "POST", PUBLIC_URL + path, body=fields) if version == 3
               else signer.headers_v2(TOKEN, PUBLIC_URL + path))
    return server.send(fields, path, headers=headers)


def test_refused_signatures_are_counted_by_reason_and_version(signing):
    fields = call_fields(CALLER, PROXY)

    def strangers():
        url = PUBLIC_URL + "/answer"
        for headers in (signer.headers_v3("x" * 40, "POST", url, body=fields),
                        signer.headers_v2(TOKEN, url), {}):
            assert signing.send(fields, headers=headers).status == 403
        bad = signer.headers_v2("x" * 40, PUBLIC_URL + "/message")
        assert signing.send(fields, "/message", headers=bad).status == 403
    assert {name: count for name, count in growth(signing, strangers).items()
            if "refused" in name} == {
        f'masking_signatures_refused_total{{reason="{reason}",version="{version}"}}': 1
        for reason, version in (("wrong", "3"), ("missing", "2"), ("missing", "none"),
                                ("wrong", "2"))}


def test_refused_paths_methods_and_forms_are_counted(signing):
    def strangers():
        for _ in range(3):
            assert signing.exchange("GET", "/wp-login.php").status == 404
        assert signing.exchange("PUT", "/answer").status == 405
        many = [("k%d" % n, "1") for n in range(129)]
        assert send_signed(signing, many).status == 403
    grown = growth(signing, strangers)
    assert grown["masking_paths_unknown_total"] == 3
    assert grown["masking_methods_refused_total"] == 1
    assert grown["masking_forms_refused_total"] == 1
    eventually(lambda: re.search('event=form_refused endpoint=answer reason="has too many fields"',
                                 signing.log))


LAST = "masking_last_call_timestamp_seconds"
TOLD = "masking_gauges_told_timestamp_seconds"


def last_of(server, number):
    return read(server).get(f'masking_number_last_call_timestamp_seconds{{number="{number}"}}')


@pytest.fixture
def look_again(database):
    """look_again(): the gauges are looked up anew when a server asks next, as when a minute has passed."""
    def forget():
        database.query("DELETE FROM masking.gauge_values")
    yield forget
    forget()


@pytest.fixture
def numbers(database):
    added = ["14155550190", "14155550191"]
    database.query("INSERT INTO masking.proxy_numbers (number) SELECT unnest(%s::text[])", added)
    yield added
    database.query("DELETE FROM masking.proxy_numbers WHERE number = ANY (%s)", added)


def test_the_last_call_outlives_the_server_and_is_the_same_from_each(start_server, database, numbers, look_again):
    """Silence, or a dead number, is no less silent after a restart."""
    first = start_server()
    eventually(lambda: read(first)[TOLD] > 0)  # else its first look may end when we have forgotten
    first.call(STRANGER, numbers[0])
    (called,), = database.query("SELECT extract(epoch FROM max(called_at))::float8 FROM masking.calls")
    look_again()
    eventually(lambda: read(first).get(LAST) == pytest.approx(called, abs=0.01), within=60)
    assert last_of(first, numbers[0]) == pytest.approx(called, abs=0.01)
    first.stop()
    database.query("DELETE FROM masking.calls")
    database.query("UPDATE masking.last_calls SET called_at = called_at - interval '2 hours', enabled_at = enabled_at - interval '3 hours'")
    look_again()
    servers = [start_server(), start_server()]
    for server in servers:
        eventually(lambda: last_of(server, numbers[0]), within=60)
        assert last_of(server, numbers[0]) == pytest.approx(called - 7200, abs=0.01)
        assert last_of(server, numbers[1]) < called - 7200, "never called, it counts from when it was added"
        assert read(server)[LAST] == pytest.approx(last_of(server, numbers[1]), abs=60), "so does the pool, without any call on record"


def test_while_the_database_refuses_the_gauges_their_age_grows(start_server, database):
    """Also in a server that is refused from its start on."""
    told = start_server()
    eventually(lambda: read(told)[TOLD] > time.time() - 60)
    database.query("REVOKE EXECUTE ON FUNCTION masking.gauges() FROM masking_server")
    try:
        refused = start_server()
        eventually(lambda: read(refused)["masking_chores_failed_total"] > 0)
        eventually(lambda: read(told)["masking_chores_failed_total"] > 0, within=60)
        before = read(told)
        assert read(refused)[TOLD] == 0 and 0 < before[TOLD] < time.time()
        assert before['masking_gauges_timestamp_seconds{source="pool_gauges"}'] < time.time()
        assert read(told)[TOLD] == before[TOLD], "it stands, so time() - it grows"
    finally:
        database.query("GRANT EXECUTE ON FUNCTION masking.gauges() TO masking_server")
    eventually(lambda: read(refused)[TOLD] > before[TOLD], within=60)


@pytest.fixture
def prefixes(database):
    """prefixes(COUNT): the pool's gauges as of so many, the last one short; as if looked up in a moment."""
    def fill(count):
        database.query("DELETE FROM masking.gauge_values")
        database.query("INSERT INTO masking.gauge_values (name, labels, value, source, taken_at)"
                       " SELECT name, format('prefix=\"%%s\"', g), CASE WHEN g = %s THEN -1 ELSE 1 END, 'pool_gauges', now() + interval '50 seconds'"
                       " FROM generate_series(1, %s) g, unnest('{live_routes,pool_headroom,pool_numbers,pool_numbers_needed}'::text[]) name",
                       count, count)
    yield fill
    database.query("DELETE FROM masking.gauge_values")


@pytest.mark.parametrize("count, left_out", [(70, 0), (1100, 1)])
def test_a_pool_of_many_prefixes_leaves_out_no_alert(start_server, prefixes, count, left_out):
    """What has no room is counted and logged, and is never what an alert asks for."""
    prefixes(count)
    server = start_server()
    found = eventually(lambda: (samples := read(server)).get('masking_unmasked_orders{kind="waiting"}') is not None and samples)
    assert found["masking_standby_missing"] == 0 and "masking_unmasked_orders_total" in found
    assert found[f'masking_pool_headroom{{prefix="{count}"}}'] == -1
    values = sum("prefix=" in name for name in found)
    assert (values == 4 * count) == (left_out == 0)
    if left_out:
        assert found["masking_metrics_left_out_total"] >= 4 * count - values > 0
        told = re.findall(r"event=metrics_left_out what=gauges kept=4096 left_out=(\d+)", server.log)
        # The first look's number. Chores that have ended since may have put more gauges before.
        assert len(told) == 1 and 0 < int(told[0]) <= 4 * count - values


def test_the_build_and_the_workers_are_shown(start_server):
    server = start_server(WORKERS="5")
    samples = read(server)
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True)
    assert samples[f'masking_build_info{{version="{version.stdout.split()[1]}"}}'] == 1
    assert samples["masking_workers"] == 5 and samples["masking_workers_busy"] == 0
    with server.connection() as slow:
        slow.send(b"POST /answer HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nFrom")
        eventually(lambda: read(server)["masking_workers_busy"] == 1)
    eventually(lambda: read(server)["masking_workers_busy"] == 0)


def test_numbers_are_not_for_the_public(server):
    assert server.exchange("GET", "/metrics").status == 404
    assert exchange(server.metrics_address, "GET", "/answer").status == 404


def test_taken_metrics_port_does_not_keep_calls_waiting(start_server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = start_server(METRICS_LISTEN=f"127.0.0.1:{taken.getsockname()[1]}")
        assert server.call(CALLER).dial == (PROXY, COUNTERPART)
    assert "level=error" in server.log
