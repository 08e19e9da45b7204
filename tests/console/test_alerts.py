"""Alerts: promtool's own tests of them, and that every metric they name exists."""
import re
import subprocess

import pytest

import client
from server import ROOT, eventually

RULES = ROOT / "server" / "deploy" / "alerts.yml"
DASHBOARD = ROOT / "server" / "deploy" / "grafana.json"


def named_in(text):
    """The metrics a file names, a histogram's by its own name."""
    return {re.sub(r"_(bucket|sum|count)$", "", name)
            for name in re.findall(r"\bmasking_[a-z_]+", text)}


def test_alerts_ring_when_they_should():
    for command in (["check", "rules", RULES], ["test", "rules", ROOT / "tests/console/alerts_test.yml"]):
        done = subprocess.run(["promtool", *map(str, command)], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", [RULES, DASHBOARD], ids=["alerts", "dashboard"])
def test_every_metric_exists(pool, database, signed_server, plivo, order, file):
    """After one call and a refused webhook, /metrics has each of them."""
    from plivo.stand_in import Caller
    database.query("DELETE FROM masking.gauge_values")  # looked up before the pool was filled, perhaps
    plivo.call(Caller(order.customer), order.proxy)
    signed_server.send([("From", "1")], headers={"X-Plivo-Signature-V3": "x"})
    wanted = named_in(file.read_text())
    if "'pool_drift'" in (ROOT / "sql/plivo/plivo_gauges.sql").read_text():
        wanted.discard("masking_pool_drift")  # there once the pool is connected to Plivo
    assert len(wanted) > 5

    def missing():
        text = client.exchange(signed_server.metrics_address, "GET", "/metrics").body.decode()
        return wanted - named_in("\n".join(line for line in text.splitlines()
                                           if not line.startswith("#")))

    try:
        eventually(lambda: not missing(), within=40)
    except AssertionError:
        pass
    assert not missing()


def test_every_alert_is_in_the_manual():
    manual = (ROOT / "docs" / "operations.md").read_text()
    for name in re.findall(r"alert: (\w+)", RULES.read_text()):
        assert f"| {name} |" in manual
