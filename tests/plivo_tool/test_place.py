"""number-masking-plivo place: each call that was asked for is placed once at most, whatever breaks."""
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from contextlib import contextmanager, suppress

import pytest

from cluster import Database
from conftest import BINARY, SANITIZER
from plivo.rest import Refused
from waiting import wait_until

PROXY = "14155550101"


def customer(i):
    return f"1415666{i:04}"


def agent(i):
    return f"1415777{i:04}"


class Placing:
    """A placer that runs."""

    def __init__(self, tool, path, **settings):
        self.path = path
        self._log = path.open("w")
        url = tool.database.cluster.url(tool.database.name, "masking_caller")
        self.process = subprocess.Popen(
            [str(BINARY), "place"], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            env=tool.environment(**{"DATABASE_URL": url, "PLIVO_SECOND_MS": "1000", **settings}))

    @property
    def log(self):
        return self.path.read_text(errors="replace")

    def until(self, words, count=1):
        """Waits until that stands in its log, so many times."""
        wait_until(lambda: self.log.count(words) >= count or self.process.poll() is not None,
                   what=f"{words!r} in the log")
        assert self.log.count(words) >= count, self.log
        return self

    def wait(self):
        self.process.wait(timeout=60)
        self._log.close()
        return self.process.returncode

    def stop(self):
        self.process.terminate()
        assert self.wait() == 0, self.log

    def kill(self):
        self.process.kill()
        self.wait()


class Calls:
    """What the order system asks for, and what became of it."""

    def __init__(self, tool, folder):
        self.tool, self.database, self.plivo = tool, tool.database, tool.plivo
        self.placers = []
        self._folder = folder

    def start(self, **settings):
        placer = Placing(self.tool, self._folder / f"placer{len(self.placers)}.log", **settings)
        self.placers.append(placer)
        return placer

    def started(self, **settings):
        return self.start(**settings).until("event=placing_started")

    def ask(self, order=1, side="agent", life="10 minutes"):
        return self.database.orders(
            "INSERT INTO call_requests (order_id, side, expires_at) VALUES (%s, %s, now() + %s::interval)"
            " RETURNING request_id", f"A-{order}", side, life)[0][0]

    def state(self, request):
        return self.database.query("SELECT state FROM masking.requests WHERE request_id = %s", request)[0][0]

    def until(self, request, state):
        wait_until(lambda: self.state(request) == state,
                   what=f"{state}, not {self.state(request)}: {[placer.log for placer in self.placers]}")

    def posts(self):
        """The bodies of what Plivo was asked, in their order."""
        return [request.body for request in self.plivo.requests if request.path == "Call/"]

    def silent(self):
        """Whoever places was heard of last longer ago than another waits."""
        self.database.query("UPDATE masking.placer SET heard_at = heard_at - interval '20 seconds'")

    def goes_on(self):
        """The next one is placed: what could have been placed again before it was not."""
        before = len(self.posts())
        request = self.ask(order=99)
        self.until(request, "ringing")
        assert len(self.posts()) == before + 1

    @contextmanager
    def while_posted(self, what, *more):
        """what() is done when Plivo has taken a call, before it answers."""
        answer, done = self.plivo.answer, []

        def slow(method, path, query, body):
            answered = answer(method, path, query, body)
            if not done:
                done.append(True)
                what(*more)
            return answered
        self.plivo.answer = slow
        yield done
        self.plivo.answer = answer


@pytest.fixture
def calls(tool, tmp_path):
    calls = Calls(tool, tmp_path)
    tool.database.query("INSERT INTO masking.proxy_numbers (number, prefix) VALUES (%s, '')", PROXY)
    for i in (1, 2, 99):
        tool.database.add_order(f"A-{i}", customer(i), agent(i))
    yield calls
    for placer in calls.placers:
        if placer.process.poll() is None:
            placer.process.send_signal(signal.SIGCONT)
            tool.plivo.hangs.set()
            placer.stop()
        assert not SANITIZER.search(placer.log), placer.log
        assert tool.plivo.token not in placer.log
        for number in re.findall(r"1415[0-9]{7}", placer.log):
            pytest.fail(f"{number} stands in the log:\n{placer.log}")


# ---- placed ----

def test_it_is_placed_once_and_both_see_our_number(calls):
    placer = calls.started(RING_TIMEOUT="20")
    request = calls.ask()
    calls.until(request, "ringing")
    url = f"{calls.tool.door.url}/request/{request}"
    body, = calls.posts()
    assert {name: value.partition("#")[0] if name.endswith("_url") else value for name, value in body.items()} == {
        "from": PROXY, "to": agent(1), "caller_name": PROXY, "answer_url": url, "answer_method": "POST",
        "hangup_url": url, "hangup_method": "POST", "ring_timeout": 20}
    placer.until(f"event=call_placed request={request} status=201 state=ringing ms=")
    told = calls.database.query("SELECT request_uuid FROM masking.requests")[0][0]
    assert told == calls.plivo.calls[0].request_uuid
    calls.goes_on()


def test_the_webhook_may_come_before_the_answer(calls):
    calls.plivo.fail("POST", "Call/", "late")
    calls.plivo.on_call = lambda placed: calls.database.query(
        "UPDATE masking.requests SET state = 'ringing', call_uuid = %s WHERE state = 'placing'", placed.request_uuid)
    placer = calls.started()
    request = calls.ask()
    placer.until(f"event=call_placed request={request} status=201 state=ringing")
    calls.plivo.on_call = None
    calls.goes_on()


def test_nothing_is_placed_that_expired_while_nobody_placed(calls):
    request = calls.ask()
    calls.database.query("UPDATE masking.requests SET expires_at = now()")
    calls.started()
    calls.goes_on()
    assert calls.state(request) == "expired"


# ---- what Plivo answers ----

@pytest.mark.parametrize("fault", [500, "gateway", "html", "cut"])
def test_what_plivo_may_have_done_is_never_asked_again(calls, fault):
    calls.plivo.fail("POST", "Call/", fault)
    placer = calls.started()
    request = calls.ask()
    placer.until("event=call_not_placed request=")
    assert calls.state(request) == "unknown", placer.log
    assert ("sent=yes" in placer.log) == (fault == "cut")
    calls.goes_on()
    assert len(calls.plivo.calls) == (2 if fault == "cut" else 1)


def test_a_silent_plivo_is_given_up_long_before_another_could_take_over(calls):
    calls.plivo.fail("POST", "Call/", "hang")
    placer = calls.started(PLIVO_SECOND_MS="100")
    request = calls.ask()
    placer.until(f"event=call_not_placed request={request} sent=yes state=unknown")
    assert re.search('reason="[^"]*time', placer.log)


def test_what_was_too_fast_is_asked_again(calls):
    calls.plivo.fail("POST", "Call/", 429, times=2)
    calls.started()
    calls.until(calls.ask(), "ringing")
    assert len(calls.posts()) == 3 and len(calls.plivo.calls) == 1


@pytest.mark.parametrize("fault, words", [
    ("not a number", "Plivo answered 400: … is not a valid phone number"), (401, "Plivo answered 401: trouble"),
    ("{}", "Plivo answered 404")])
def test_what_plivo_refuses_has_failed_with_its_words(calls, fault, words):
    if fault == "not a number":
        calls.plivo._call = lambda body: calls.plivo.answer("POST", "Call/", {}, {**body, "to": body["to"] * 2}) \
            if len(body["to"]) < 12 else type(calls.plivo)._call(calls.plivo, body)
    else:
        calls.plivo.fail("POST", "Call/", fault)
    placer = calls.started()
    request = calls.ask()
    placer.until("event=call_not_placed request=")
    reason = calls.database.orders("SELECT state, reason FROM call_requests WHERE request_id = %s", request)
    assert reason == [("failed", words)], placer.log
    calls.plivo.__dict__.pop("_call", None)
    calls.goes_on()


# ---- not sent ----

@contextmanager
def listener():
    """Somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def nobody():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture(params=["refused", "unknown name", "no TLS", "silent TLS", "untrusted"])
def out_of_reach(request, plivo, tmp_path):
    """An address for PLIVO_API where no request can be sent."""
    if request.param == "refused":
        with nobody() as port:
            yield f"http://127.0.0.1:{port}"
    elif request.param == "unknown name":
        yield "https://plivo.invalid"
    elif request.param == "no TLS":
        yield plivo.url.replace("http:", "https:")
    elif request.param == "silent TLS":
        with listener() as port:
            yield f"https://127.0.0.1:{port}"
    else:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "1", "-subj", "/CN=localhost", "-keyout", tmp_path / "key",
                        "-out", tmp_path / "certificate"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
        plivo._server.socket = context.wrap_socket(plivo._server.socket, server_side=True)
        yield plivo.url.replace("http:", "https:")


def test_what_was_not_sent_is_not_at_plivo_and_waits_again(calls, out_of_reach):
    placer = calls.started(PLIVO_API=out_of_reach, PLIVO_SECOND_MS="100")
    request = calls.ask()
    placer.until(f"event=call_not_placed request={request} sent=no state=requested", count=2)
    assert calls.posts() == []


def test_what_was_not_sent_is_placed_when_plivo_is_there(calls):
    with nobody() as port:
        placer = calls.started(PLIVO_API=f"http://127.0.0.1:{port}")
        request = calls.ask()
        placer.until("sent=no state=requested")
    placer.stop()
    calls.started()
    calls.until(request, "ringing")
    assert len(calls.plivo.calls) == 1


@pytest.fixture
def patient(cluster):
    """The role waits for a lock for as long as a test holds one."""
    cluster.administer("ALTER ROLE masking_caller SET lock_timeout = '60s'")
    yield
    cluster.administer("ALTER ROLE masking_caller SET lock_timeout = '1s'")


def test_one_that_slept_between_taking_and_sending_does_not_send(calls, database, patient):
    placer = calls.started(PLIVO_SECOND_MS="20")
    with database.locked("placer"):
        wait_until(database.somebody_waits_for_a_lock)
        request = calls.database.query(
            "INSERT INTO masking.requests (order_id, side, first, requested_at, expires_at, state)"
            " SELECT 'A-1', 'agent', masking.dialled(o, 'agent'), now(), now() + interval '10 minutes', 'requested'"
            " FROM masking.orders o WHERE o.order_id = 'A-1' RETURNING request_id")[0][0]
        placer.process.send_signal(signal.SIGSTOP)
    calls.until(request, "placing")
    time.sleep(0.2)  # twice the 5 seconds
    placer.process.send_signal(signal.SIGCONT)
    placer.until(f"event=call_not_placed request={request} sent=no state=requested")


# ---- killed ----

def killed_before_the_post(calls):
    with listener() as port:
        placer = calls.started(PLIVO_API=f"https://127.0.0.1:{port}")
        request = calls.ask()
        calls.until(request, "placing")
        placer.kill()
    return request, 0


def killed_during_the_post(calls):
    calls.plivo.fail("POST", "Call/", "hang")
    placer = calls.started()
    request = calls.ask()
    wait_until(calls.posts)
    placer.kill()
    return request, 1


def killed_before_it_reads_the_answer(calls):
    placer = calls.started()
    with calls.while_posted(placer.kill):
        request = calls.ask()
        placer.wait()
        wait_until(calls.posts)
    return request, 1


def killed_before_it_reports(calls):
    """The report waits for a lock."""
    placer = calls.started()
    lock = calls.database.locked("requests")
    with calls.while_posted(lock.__enter__):
        request = calls.ask()
        wait_until(calls.posts)
        wait_until(calls.database.somebody_waits_for_a_lock)
        placer.kill()
    calls.database.query("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
                         " WHERE usename = 'masking_caller'")
    lock.__exit__(None, None, None)
    return request, 1


@pytest.mark.parametrize("step", [killed_before_the_post, killed_during_the_post, killed_before_it_reads_the_answer,
                                  killed_before_it_reports], ids=lambda step: step.__name__)
def test_whoever_is_killed_nothing_is_placed_twice(calls, step):
    request, posts = step(calls)
    assert (calls.state(request), len(calls.posts())) == ("placing", posts)
    next_one = calls.started().until("event=standing_by")
    calls.silent()
    next_one.until("event=taken_over")
    calls.until(request, "unknown")
    calls.goes_on()
    assert len(calls.posts()) == posts + 1


# ---- the database ----

@pytest.fixture
def sleeper(database):
    """The placer's backend, which falls asleep, and does what it was asked long after its caller gave it up."""
    class Sleeper:
        pid = None

        def sleep(self):
            self.pid = database.query("SELECT pid FROM pg_stat_activity WHERE usename = 'masking_caller'")[0][0]
            os.kill(self.pid, signal.SIGSTOP)

        def wake(self):
            """It does that, and finds nobody to tell."""
            os.kill(self.pid, signal.SIGCONT)
            wait_until(lambda: not database.query("SELECT FROM pg_stat_activity WHERE pid = %s", self.pid))
    sleeper = Sleeper()
    yield sleeper
    with suppress(ProcessLookupError):
        os.kill(sleeper.pid, signal.SIGCONT)


def test_a_take_that_is_done_too_late_gives_nothing_back_that_is_being_placed(calls, sleeper):
    placer = calls.started()
    sleeper.sleep()
    placer.until("event=database_lost statement=request_take")
    with calls.while_posted(sleeper.wake):
        request = calls.ask()
        calls.until(request, "ringing")
    calls.goes_on()
    assert len(calls.plivo.calls) == 2


def test_a_report_that_is_done_too_late_gives_nothing_back_either(calls, sleeper):
    """Plivo was asked too fast; the same request is being placed again when that is told."""
    answer, posts = calls.plivo.answer, []

    def slow(method, path, query, body):
        posts.append(body)
        if len(posts) == 1:
            sleeper.sleep()
            raise Refused(429, "too fast")
        if len(posts) == 2:
            sleeper.wake()
        return answer(method, path, query, body)
    placer = calls.started()
    calls.until(calls.ask(2), "ringing")  # the statement is prepared by now: it is what comes late
    calls.plivo.answer = slow
    request = calls.ask()
    placer.until("event=database_lost statement=request_report")
    calls.until(request, "ringing")
    calls.goes_on()
    assert len(posts) == 3


def test_the_database_may_be_away_and_what_was_placed_is_reported_when_it_is_back(calls, cluster, database):
    placer = calls.started()
    with calls.while_posted(cluster.stop):
        request = calls.ask()
        placer.until("event=database_lost")
    cluster.start()
    calls.until(request, "ringing")
    placer.until(f"event=call_placed request={request} status=201 state=ringing")
    assert len(calls.posts()) == 1
    calls.goes_on()
    assert placer.log.count("event=database_down") <= 1, placer.log


def test_it_starts_before_the_database_does(calls, cluster):
    cluster.stop()
    placer = calls.start()
    placer.until("cannot connect")
    cluster.start()
    placer.until("event=placing_started")
    calls.goes_on()


@pytest.mark.parametrize("role, event", [("masking_caller", "schema_differs"), ("masking_plivo", "schema_unreadable")])
def test_it_does_not_start_on_a_schema_that_lacks_what_it_calls(calls, cluster, role, event):
    other = Database(cluster, cluster.copy("masking"))
    definition = other.query("SELECT pg_get_functiondef('masking.schema_interface'::regproc)")[0][0]
    other.query(re.sub(r"SELECT [0-9]+, [0-9]+,", "SELECT 90, 91,", definition))
    placer = calls.start(DATABASE_URL=cluster.url(other.name, role))
    assert placer.wait() == 1 and f"event={event} " in placer.log, placer.log


# ---- two, and stopping ----

def test_of_two_one_places_and_the_other_takes_over_when_it_is_killed(calls):
    first = calls.started()
    calls.goes_on()
    second = calls.started().until("event=standing_by")
    request = calls.ask(1)
    calls.until(request, "ringing")
    assert f"event=call_placed request={request}" in first.until(request).log
    first.kill()
    calls.silent()
    second.until("event=taken_over")
    calls.until(calls.ask(2), "ringing")
    second.until("event=call_placed")
    assert len(calls.posts()) == 3 and second.log.count("event=standing_by") == 1


def test_the_other_takes_over_at_once_when_it_is_stopped(calls):
    first = calls.started()
    calls.goes_on()
    second = calls.started().until("event=standing_by")
    stopped = time.monotonic()
    first.stop()
    second.until("event=taken_over")
    assert time.monotonic() - stopped < 10, "a silent one would be waited for for 15 s"
    calls.until(calls.ask(), "ringing")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_reports_what_it_has_in_hand_and_leaves(calls, database, stop):
    placer = calls.started()
    with calls.while_posted(placer.process.send_signal, stop):
        request = calls.ask()
        assert placer.wait() == 0, placer.log
    assert calls.state(request) == "ringing"
    assert database.query("SELECT who FROM masking.placer") == [(None,)]


def test_told_to_stop_while_the_database_is_away_it_does_not_wait_for_long(calls, cluster):
    placer = calls.started()
    with calls.while_posted(cluster.stop):
        request = calls.ask()
        placer.until("event=database_lost")
    placer.process.terminate()
    assert placer.wait() == 1 and f"request={request} status=201 state=unreported" in placer.log
    cluster.start()
    assert calls.state(request) == "placing"


# ---- many ----

@pytest.fixture
def per_second(database):
    change = "UPDATE masking.settings SET amount = %s WHERE name = 'requests_per_second'"
    yield lambda amount: database.query(change, amount)
    database.query(change, 2)


@pytest.mark.parametrize("amount, requests", [(2, 5), (50, 200)])
def test_never_more_within_a_second_than_plivo_takes_and_each_once(calls, database, per_second, amount, requests):
    """By the database's clock."""
    per_second(amount)
    database.orders("INSERT INTO orders (order_id, customer_number, agent_number)"
                    " SELECT 'M-' || i, (14156661000 + i)::text, (14157771000 + i)::text FROM generate_series(1, %s) i", requests)
    database.orders("INSERT INTO call_requests (order_id, side, expires_at)"
                    " SELECT 'M-' || i, 'customer', now() + interval '10 minutes' FROM generate_series(1, %s) i", requests)
    calls.started()
    calls.started()
    wait_until(lambda: len(calls.posts()) == requests)
    wait_until(lambda: database.query("SELECT FROM masking.requests WHERE state <> 'ringing'") == [])
    assert sorted(body["to"] for body in calls.posts()) == [str(14156661001 + i) for i in range(requests)]
    most = database.query("SELECT max((SELECT count(*) FROM masking.requests b WHERE b.placed_at >= a.placed_at"
                          " AND b.placed_at < a.placed_at + interval '1 second')) FROM masking.requests a")
    assert most[0][0] <= amount
    in_order = database.query("SELECT array_agg(order_id ORDER BY placed_at) = array_agg(order_id ORDER BY requested_at, request_id)"
                              " FROM masking.requests")
    assert in_order == [(True,)]


# ---- usage ----

@pytest.mark.parametrize("arguments", [["--yes"], ["--all"], ["14155550101"], ["--now"], ["--fix"]])
def test_it_takes_no_arguments(tool, arguments):
    done = tool("place", *arguments)
    assert done.code == 2 and "place: does not take one of the arguments" in done.err


@pytest.mark.parametrize("name, value", [("RING_TIMEOUT", "4"), ("RING_TIMEOUT", "121"), ("PLACER_LOG_LEVEL", "loud"),
                                         ("PLIVO_AUTH_ID", ""), ("PUBLIC_URL", "calls.example.com")])
def test_a_wrong_setting_is_named(tool, name, value):
    done = tool("place", **{name: value})
    assert done.code == 2 and f"number-masking-plivo: {name}: " in done.err
