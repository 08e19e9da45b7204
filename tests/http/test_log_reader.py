"""Whoever reads the log hangs: calls go on, and what was not logged is told."""
import os
import re
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest

from server import CALLER, Answer, eventually, raw_call
from test_metrics import read

# The server's standard error is a pipe, and cat is its reader. Bash becomes the server.
THROUGH_A_PIPE = ["bash", "-c", 'exec "$@" 2> >(exec cat >&2)', "bash"]
NEVER_BLOCKING = [*THROUGH_A_PIPE, "/usr/bin/python3", "-c",
                  "import fcntl, os, sys; fcntl.fcntl(2, fcntl.F_SETFL, os.O_NONBLOCK);"
                  "os.execv(sys.argv[1], sys.argv[1:])"]
LOST = "masking_log_lines_lost_total"
ENOUGH = 20_000  # calls; the pipe and the buffer hold fewer lines


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


def test_a_hanging_reader_keeps_nobody_from_stopping(start_server):
    """Promise 7."""
    server = start_server(command=THROUGH_A_PIPE)
    with hanging_reader(server):
        for _ in range(500):
            assert server.call(CALLER).dial
        server.stop()
