"""A pytest plugin for every suite: its last line is "N passed, N failed".

A test counts once, whichever of its phases fails; a file that can't be read counts
as failed. Use: PYTHONPATH=tests pytest -p closing_line
"""

import pytest

_outcomes = {}


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report):
    if report.failed:
        _outcomes[report.nodeid] = "failed"
    elif report.skipped:
        _outcomes.setdefault(report.nodeid, "skipped")
    elif report.when == "call":
        _outcomes.setdefault(report.nodeid, "passed")


def pytest_collectreport(report):
    if report.failed:
        _outcomes[report.nodeid] = "failed"


@pytest.hookimpl(trylast=True)
def pytest_unconfigure():
    passed, failed, skipped = (
        list(_outcomes.values()).count(outcome) for outcome in ("passed", "failed", "skipped")
    )
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
