"""Whoever reads the log hangs: calls go on, and what was not logged is told."""
import os
import re
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from client import exchange
from server import CALLER, Answer, eventually, raw_call
from test_metrics import read

# The server's standard error is a pipe, and cat is its reader. Bash becomes the server.
THROUGH_A_PIPE = ["bash", "-c", 'exec "$@" 2> >(exec cat >&2)', "bash"]
NEVER_BLOCKING = [*THROUGH_A_PIPE, "/usr/bin/python3", "-c",
                  "import fcntl, os, sys; fcntl.fcntl(2, fcntl.F_SETFL, os.O_NONBLOCK);"
                  "os.execv(sys.argv[1], sys.argv[1:])"]
LOST = "masking_log_lines_lost_total"
ENOUGH = 20_000  # calls; the pipe and the buffer hold fewer lines


def metric_of(address, name):
    """When the log no longer says where the metrics are."""
    text = exchange(address, "GET", "/metrics").body.decode()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


@contextmanager
def hanging_reader(server):
    pid = server.process.pid
    reader = int(Path(f"/proc/{pid}/task/{pid}/children").read_text())
    os.kill(reader, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(reader, signal.SIGCONT)


@pytest.mark.parametrize("command", [THROUGH_A_PIPE, NEVER_BLOCKING], ids=["pipe", "nonblocking"])
def test_calls_are_answered_and_lost_lines_are_told_of(start_server, command):
    """Promise 3: a log that nobody takes holds up no call, and no line is lost in silence."""
    server = start_server(command=command, LOG_LEVEL="info")
    made = 0

    def call(connection):
        nonlocal made
        made += 1
        connection.send(raw_call(CALLER))
        assert Answer(connection.reply()).dial

    assert read(server)[LOST] == 0  # where the metrics are is in the log
    with server.connection() as connection:
        with hanging_reader(server):
            while made < ENOUGH and (made % 500 or read(server)[LOST] == 0):
                call(connection)
            assert made < ENOUGH
        # The first line that finds room again brings the count.
        eventually(lambda: call(connection) or "event=log_lines_lost" in server.log)
    lost = int(read(server)[LOST])
    eventually(lambda: server.log.count("event=call ") == made - lost)
    told = re.findall(r"event=log_lines_lost count=(\d+)", server.log)
    assert sum(map(int, told)) == lost


def test_lines_lost_to_a_full_disk_are_counted_and_told_of(start_server):
    """A file that may not grow, until it is emptied as by a rotation."""
    limited = ["bash", "-c", 'trap "" XFSZ; ulimit -f 16; exec "$@" 2>>/proc/self/fd/2', "bash"]
    server = start_server(command=limited, LOG_LEVEL="info")
    metrics = server.metrics_address
    assert read(server)[LOST] == 0
    made = 0
    while made < 1000 and (made % 50 or read(server)[LOST] == 0):
        assert server.call(CALLER).dial
        made += 1
    assert made < 1000, "nothing was counted"
    os.truncate(server.log_path, 0)
    eventually(lambda: server.call(CALLER).dial and "event=log_lines_lost" in server.log)
    told = re.findall(r"event=log_lines_lost count=(\d+)", server.log)
    assert sum(map(int, told)) == metric_of(metrics, LOST) > 0


def test_a_hanging_reader_keeps_nobody_from_stopping(start_server):
    """Promise 7."""
    server = start_server(command=THROUGH_A_PIPE)
    with hanging_reader(server):
        for _ in range(500):
            assert server.call(CALLER).dial
        server.stop()


def test_sigterm_is_heard_while_bad_settings_cannot_be_told(start_server, tmp_path):
    """Whoever waits for signals writes nothing itself: SIGHUP with a bad setting, while nobody
    reads the log, must not make it deaf."""
    token = tmp_path / "token"
    token.write_text("t" * 40)
    server = start_server(command=THROUGH_A_PIPE, ALLOW_UNSIGNED=None,
                          PLIVO_AUTH_TOKEN_FILE=str(token), PUBLIC_URL="https://m.example.com")
    assert read(server)[LOST] == 0  # where the metrics are is in the log
    with hanging_reader(server):
        with server.connection() as connection:
            made = 0
            while made < ENOUGH and (made % 500 or read(server)[LOST] == 0):  # pipe and buffer fill
                assert connection.request("GET", "/healthz").status == 200
                made += 1
            assert made < ENOUGH
        token.write_text("a,,b")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        server.stop()


def test_bad_settings_are_told_in_the_log(start_server, tmp_path):
    """In its form, each by name: not beside it."""
    token = tmp_path / "token"
    token.write_text("t" * 40)
    server = start_server(ALLOW_UNSIGNED=None, PLIVO_AUTH_TOKEN_FILE=str(token),
                          PUBLIC_URL="https://m.example.com")
    token.write_text("a,,b")
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: re.search(r"level=error event=bad_setting setting=PLIVO_AUTH_TOKEN reason=",
                                 server.log))
    eventually(lambda: "event=reload_failed" in server.log)
    assert all(line.startswith("time=") for line in server.log.splitlines())
