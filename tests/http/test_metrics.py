"""The numbers for operators: Prometheus text on a listener of its own."""
import re
import socket

from client import exchange
from server import CALLER, COUNTERPART, PROXY, STRANGER, eventually

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
    assert grown["masking_signatures_refused_total"] == 4
    assert grown["masking_requests_refused_total"] == 1
    assert not [name for name in grown if "answers_total" in name]


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
