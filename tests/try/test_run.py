"""make run, make call and make psql as a newcomer uses them, on a real terminal."""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from postgresql import BIN
from waiting import wait_until

TOP = Path(__file__).resolve().parent.parent.parent
SAMPLE_PAIRS = [
    ("14156667777", "14156667778"),
    ("14156667779", "14156667780"),
    ("14156667781", "14156667782"),
]
READY = "Ctrl-C stops"
STARTING = 120  # seconds; it only ever takes that long when something hangs


def environment(place, **settings):
    """Ours, with the try-out's folder elsewhere and any free port."""
    return {**os.environ, "TRY_DIR": str(place), "LISTEN": "127.0.0.1:0", **settings}


def make(place, *arguments, **settings):
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=TOP, env=environment(place, **settings), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=STARTING,
    )


def mentioning(place):
    """Processes that mention the folder: servers, PostgreSQL, scripts. A zombie mentions nothing."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if str(place).encode() in words:
                found.append((process / "comm").read_text().strip())
        except OSError:
            continue
    return found


def assert_nothing_left(place):
    """PostgreSQL counts as stopped a moment before its process is gone."""
    deadline = time.monotonic() + 60
    while left := mentioning(place):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


class MakeRun:
    """A "make run" on a terminal of its own, where Ctrl-C is a key."""

    def __init__(self, place, **settings):
        self.text = ""
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            # Whoever runs the tests in the background has it ignored.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.chdir(TOP)
            os.execvpe("make", ["make", "--no-print-directory", "run"],
                       environment(place, **settings))

    def read_until(self, wanted):
        """Reads what appears; to the end when wanted is None. Fails when it ends before."""
        deadline = time.monotonic() + STARTING
        while wanted is None or wanted not in self.text:
            left = max(0, deadline - time.monotonic())
            assert select.select([self._terminal], [], [], left)[0], self.text
            try:
                piece = os.read(self._terminal, 65536)
            except OSError:  # how Linux says that nobody has the terminal open any more
                piece = b""
            if not piece:
                assert wanted is None, self.text
                return
            self.text += piece.decode(errors="replace").replace("\r\n", "\n")

    def press_ctrl_c(self):
        os.write(self._terminal, b"\x03")

    def wait(self):
        self.read_until(None)
        os.close(self._terminal)
        wait_until(lambda: os.waitpid(self.pid, os.WNOHANG)[0], what="the end of make run")

    def stop(self):
        self.press_ctrl_c()
        self.wait()


@pytest.fixture(scope="module")
def place():
    """The try-out's folder. One for all, so that each test but the first starts on kept data."""
    with tempfile.TemporaryDirectory(prefix="try-run.") as folder:
        os.chmod(folder, 0o755)
        yield folder
        subprocess.run([TOP / "server/tools/cluster", "stop", f"{folder}/cluster"],
                       capture_output=True, check=False)


def assert_no_whole_number(place):
    """In what server and PostgreSQL wrote; the scripts may show the numbers they suggest."""
    logs = [Path(place, "server.log"), Path(place, "cluster/data/server.log")]
    assert "event=listening " in logs[0].read_text(errors="replace")
    for log in filter(Path.exists, logs):  # a database of somebody else has none here
        text = log.read_text(errors="replace")
        assert not re.search(r"1[ ().-]*415[ ().-]*(?:555|666)[ ().-]*\d{4}", text), log


@contextmanager
def running(place, **settings):
    """A make run that is ready; in the end Ctrl-C leaves nothing behind, and no number."""
    made = MakeRun(place, **settings)
    made.read_until(READY)
    try:
        yield made
    finally:
        made.stop()
    assert_nothing_left(place)
    assert_no_whole_number(place)


def last_line(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1]


def call(place, caller, *more, **settings):
    """What make call says in the end, in another terminal."""
    return last_line(make(place, "call", f"FROM={caller}", *more, LISTEN="", **settings))


def psql(place, statement, **settings):
    return subprocess.run(
        [TOP / "server/tools/psql", "-XAtq", "-c", statement],
        env=environment(place, **settings), capture_output=True, text=True, timeout=60,
    )


def test_a_newcomers_first_minutes(place):
    with running(place):
        for customer, agent in SAMPLE_PAIRS:
            assert call(place, customer) == f"{agent} rings, sees 14155550100"
            assert call(place, agent) == f"{customer} rings, sees 14155550100"
        said = call(place, "14156667777", "TO=14155550123")
        assert said == "14156667778 rings, sees 14155550123"
        for stranger in ("14155550199", "anonymous", ""):
            said = call(place, stranger)
            assert re.fullmatch(r'nobody rings; the caller hears: ".+"', said)
        assert "already running in this checkout" in make(place, "run").stderr
        said = call(place, "14156667777", "CALLEE=busy")
        assert re.fullmatch(r'14156667778 is busy, would see 14155550100; the caller hears: ".+"', said)
        said = call(place, "14156667777", "CALLEE=no-answer")
        assert said.startswith("14156667778 rings, sees 14155550100; nobody answers; the caller hears: ")


def test_an_application_reaches_the_database_by_the_url_that_is_printed(place):
    with running(place) as made:
        url = re.search(r"^  (postgresql://masking_orders@\S+)$", made.text, re.M).group(1)
        asked = subprocess.run([BIN / "psql", "-XAtq", url, "-c", "SELECT current_user"],
                               capture_output=True, text=True, timeout=60)
        assert asked.stdout.strip() == "masking_orders", asked.stderr
        refused = psql(place, "INSERT INTO orders (order_id, customer_number) VALUES ('E-1', '0171 2345678')")
        assert refused.returncode != 0 and "ERROR:  MK001: customer_number" in refused.stderr
        assert "2345678" not in refused.stderr and "CONTEXT" not in refused.stderr


def test_a_pair_of_ones_own_is_callable_at_once_and_kept(place):
    with running(place) as made:
        insert = re.search(r"INSERT INTO[^;]*;", made.text).group()
        customer, agent = (re.sub(r"\D", "", word) for word in re.findall(r"'(\+[^']*)'", insert))
        assert psql(place, insert).stdout.strip() == "14155550100"
        assert call(place, customer) == f"{agent} rings, sees 14155550100"
        assert psql(place, "SELECT current_user").stdout.strip() == "masking_orders"
        owner = psql(place, "SELECT current_user", ROLE="masking_owner")
        assert owner.stdout.strip() == "masking_owner"
        # A number of one's own replaces the sample ones for good, and what lives goes on.
        replace = re.search(r"<!-- run: masking_owner -->\n```sql\n(.*?)```",
                            (TOP / "docs" / "first-real-call.md").read_text(), re.S).group(1)
        replace += "DELETE FROM proxy_numbers WHERE number = '14155550102'"
        assert psql(place, replace, ROLE="masking_owner").returncode == 0
    with running(place):
        assert call(place, agent) == f"{customer} rings, sees 14155550100"
        other = psql(place, insert.replace("T-1", "T-2").replace("666-1", "666-2"))
        assert other.stdout.strip() == "14155550123"
        pool = psql(place, "SELECT number FROM proxy_numbers ORDER BY 1", ROLE="masking_owner")
        assert pool.stdout.split() == ["14155550100", "14155550101", "14155550123"]


def request(place, **words):
    """What make request says in the end, and all of it, in another terminal."""
    done = make(place, "request", *(f"{name}={value}" for name, value in words.items()), LISTEN="")
    return last_line(done), done.stdout


def test_press_call_as_a_newcomer_does(place):
    with running(place) as made:
        assert "make request ORDER=SAMPLE-1 SIDE=agent     rings the agent, then the customer\n" in made.text
        customer, agent = SAMPLE_PAIRS[0]
        said, story = request(place, ORDER="SAMPLE-1", SIDE="agent")
        assert said == "The order system reads: connected"
        assert [line for line in story.splitlines() if line[:1].isdigit()] == [
            f"{agent}: rings, showing 14155550100", f"{agent}: answers",
            f'{agent}: hears "This is a call about an order. Press 1 to be connected."', f"{agent}: enters 1",
            f"{customer}: rings, showing 14155550100", f"{customer}: answers", f"{agent}: talks", f"{customer}: talks",
            f"{customer}: hangs up", f"{agent}: is hung up on"]
        assert "<GetDigits " in story and "<Dial " in story
        customer, agent = SAMPLE_PAIRS[1]
        said, story = request(place, ORDER="SAMPLE-2", SIDE="customer", FIRST="busy")
        assert said == "The order system reads: unanswered (first_busy)"
        assert f"{customer}: is busy, would see 14155550100\n" in story and agent not in story
        assert request(place, ORDER="SAMPLE-2", SIDE="customer", CALLEE="busy")[0] == "The order system reads: unanswered (busy)"
        said, story = request(place, ORDER="SAMPLE-2", SIDE="customer", FIRST="mailbox")
        assert said.startswith("The order system reads: unanswered (") and "has a mailbox that answers" in story
        refused = make(place, "request", "ORDER=SAMPLE-9", "SIDE=agent", LISTEN="").stderr
        assert refused.startswith("MK005: order_id: there is no such order\n")
        log = Path(place, "placer.log").read_text()
        assert log.count("event=call_placed ") == 4 and not re.search("1415[0-9]{7}", log)


def test_request_says_what_is_missing(place):
    assert "ORDER=SAMPLE-1 SIDE=agent" in make(place, "request").stderr
    assert "one of customer, agent" in make(place, "request", "ORDER=A-1", "SIDE=both").stderr
    assert "hangs-up" in make(place, "request", "ORDER=A-1", "SIDE=agent", "FIRST=?").stderr
    assert "no-key" in make(place, "request", "ORDER=A-1", "SIDE=agent", "CALLEE=hangs-up").stderr
    assert "Start one with: make run" in make(place, "request", "ORDER=A-1", "SIDE=agent").stderr


ACCOUNT = {"PLIVO_AUTH_ID": "MAXXXXXXXXXXXXXXXXXX", "PLIVO_AUTH_TOKEN": "dGhlIHRva2VuIG9mIHRoaXMgdGVzdA",
           "PUBLIC_URL": "https://calls.example.com"}


@pytest.mark.parametrize("missing", ACCOUNT)
def test_without_a_whole_account_no_call_is_placed_and_make_run_says_so(place, missing):
    with running(place, **{name: value for name, value in ACCOUNT.items() if name != missing}) as made:
        assert "SIDE=agent     rings the agent, then the customer: not here, without PLIVO_AUTH_ID, a token" in made.text
        assert "No calls are placed here" in make(place, "request", "ORDER=SAMPLE-1", "SIDE=agent", LISTEN="").stderr


def test_with_an_account_plivo_itself_is_asked(place):
    """Plivo's address is one where nobody is: nothing leaves this machine."""
    with running(place, **ACCOUNT, PLIVO_API="http://127.0.0.1:1") as made:
        assert "rings the agent, then the customer: at Plivo itself" in made.text
        assert "event=placing_started plivo=http://127.0.0.1:1\n" in Path(place, "placer.log").read_text()
        assert "placer=plivo\ndoor=\n" in Path(place, "state").read_text()


def test_a_second_ctrl_c_leaves_nothing_running_either(place):
    made = MakeRun(place)
    made.read_until(READY)
    made.press_ctrl_c()
    made.read_until("Stopping")
    made.stop()
    assert_nothing_left(place)


def test_two_ctrl_c_at_once_leave_nothing_running_either(place):
    """The second takes from the terminal what it has not shown yet: nothing is known of that."""
    made = MakeRun(place)
    made.read_until(READY)
    made.press_ctrl_c()
    made.stop()
    assert_nothing_left(place)


def test_sigterm_leaves_nothing_running(place):
    made = MakeRun(place)
    made.read_until(READY)
    os.kill(made.pid, signal.SIGTERM)
    made.wait()
    assert_nothing_left(place)


def test_killed_outright_the_next_one_takes_over(place):
    made = MakeRun(place)
    made.read_until(READY)
    state = dict(line.split("=", 1) for line in Path(place, "state").read_text().splitlines())
    os.kill(int(state["pid"]), signal.SIGKILL)
    made.wait()
    with running(place):
        assert call(place, "14156667777") == "14156667778 rings, sees 14155550100"


def test_signed_when_a_token_is_set(place):
    with running(place, PLIVO_AUTH_TOKEN="dGhlIHRva2VuIG9mIHRoaXMgdGVzdA"):
        # In another terminal the token need not be repeated; a wrong one is refused.
        assert call(place, "14156667777") == "14156667778 rings, sees 14155550100"
        wrong = make(place, "call", "FROM=14156667777", LISTEN="", PLIVO_AUTH_TOKEN="other")
    assert wrong.returncode != 0 and "403" in wrong.stderr


@pytest.mark.parametrize("name, value", [
    ("LISTEN", "5000"), ("LISTEN", "localhost:http"), ("METRICS_LISTEN", "5001"), ("CONSOLE_LISTEN", "5002"),
    ("WORKERS", "none"), ("PUBLIC_URL", "calls.example.com"), ("CONSOLE_TIME_ZONE", "Nowhere"),
    ("PLIVO_AUTH_TOKEN_FILE", "/nowhere"), ("DATABASE_URL", "nothing")])
def test_a_wrong_setting_is_named_before_anything_starts(tmp_path, name, value):
    done = make(tmp_path, "run", **{name: value})
    assert done.returncode != 0 and re.search(f"^number-masking(-console)?: {name}: ", done.stderr, re.M)
    assert "PostgreSQL" not in done.stdout and not (tmp_path / "cluster").exists()


def test_a_database_of_ones_own_is_left_alone(tmp_path):
    """No cluster, no migration, no sample pair: only the server."""
    with running(tmp_path, DATABASE_URL="postgresql://masking_server@/none?host=/nowhere"):
        assert not Path(tmp_path, "cluster").exists()


def test_a_taken_port_is_named(place):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = make(place, "run", LISTEN=f"127.0.0.1:{port}")
    assert done.returncode != 0
    assert f"127.0.0.1:{port} is taken" in done.stderr
    assert_nothing_left(place)


def test_two_side_by_side(place):
    with tempfile.TemporaryDirectory(prefix="try-run.") as second:
        os.chmod(second, 0o755)
        with running(place), running(second):
            assert call(place, "14156667777") == "14156667778 rings, sees 14155550100"
            assert call(second, "14156667777") == "14156667778 rings, sees 14155550100"


def test_call_says_what_is_missing(place):
    assert "FROM=14156667777" in make(place, "call").stderr
    nobody = make(place, "call", "FROM=14156667777", LISTEN="127.0.0.1:1")
    assert "Start one with: make run" in nobody.stderr
    assert "No server of this folder runs" in make(place, "call", "FROM=14156667777", LISTEN="").stderr
    assert "no-answer" in make(place, "call", "FROM=14156667777", "CALLEE=noanswer").stderr
    assert "make run" in make(place, "psql").stderr
    unbuilt = make(place, "build", "CC=no-such-compiler", f"BUILD={place}/unbuilt")
    assert re.search("apt-get install .* gcc .*libcivetweb-dev", unbuilt.stderr)
    assert "DATABASE_URL" in make(place, "migrate", DATABASE_URL="").stderr
