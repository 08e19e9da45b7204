"""Waiting in tests: for a condition, for threads, for the end of processes. Never for ever.

PostgreSQL's postmaster is nobody's child but process 1's. In a container whose process 1 only
sleeps, as `sleep infinity`, nobody reaps it: it stays in /proc as a zombie, and kill -0 finds it.
"""
import time
from pathlib import Path
from threading import Thread

LONG = 120  # seconds; only ever reached when something hangs


def process_state(pid):
    """The letter of /proc/PID/stat, as "S", "T" (stopped) or "Z" (zombie). None: no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def has_ended(pid):
    """A zombie has."""
    return process_state(pid) in (None, "Z", "X")


def wait_until(condition, within=LONG, what="what the test waits for", every=0.01):
    """Asks until the condition holds; its value."""
    deadline = time.monotonic() + within
    while not (result := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen within {within} s"
        time.sleep(every)
    return result


def wait_for_end(*pids, within=LONG):
    for pid in pids:
        wait_until(lambda: has_ended(pid), within, f"the end of process {pid}")


def join(*threads, within=LONG):
    """Fails when one of them is still at work. Make them daemons, or the interpreter waits for it."""
    deadline = time.monotonic() + within
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
        assert not thread.is_alive(), f"a thread of the test is still at work after {within} s"


def in_threads(*works, within=LONG):
    """Runs these at once, each in a thread of its own, and waits until all are done."""
    threads = [Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    join(*threads, within=within)
