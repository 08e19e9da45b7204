"""Alerts: promtool's own tests of them, that every metric they name exists and each has its line in the
manual, and what Alertmanager's example makes of a stopped database."""
import http.client
import json
import re
import socket
import subprocess

import pytest
import yaml

import client
from server import ROOT, eventually

DEPLOY = ROOT / "server" / "deploy"
RULES = DEPLOY / "alerts.yml"
DASHBOARD = DEPLOY / "grafana.json"
STORIES = ROOT / "tests" / "console" / "alerts_test.yml"
MANUAL = ROOT / "docs" / "operations.md"

ALERTS = {rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}


def named_in(text):
    """The metrics a file names, a histogram's by its own name."""
    return {re.sub(r"_(bucket|sum|count)$", "", name)
            for name in re.findall(r"\bmasking_[a-z_]+", text)}


def test_alerts_ring_when_they_should():
    for command in (["promtool", "check", "rules", RULES], ["promtool", "test", "rules", STORIES],
                    ["amtool", "check-config", DEPLOY / "alertmanager.yml"]):
        done = subprocess.run(list(map(str, command)), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout


def test_the_dashboard_asks_what_prometheus_understands(tmp_path):
    panels = json.loads(DASHBOARD.read_text())["panels"]
    rules = [{"record": f"panel_{panel['id']}:{target['refId']}", "expr": target["expr"]}
             for panel in panels for target in panel["targets"]]
    file = tmp_path / "panels"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(file)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0 and f"{len(rules)} rules" in done.stdout, done.stdout


def test_each_alert_has_a_time_at_which_it_rings_and_one_at_which_it_does_not():
    said = [case for story in yaml.safe_load(STORIES.read_text())["tests"] for case in story["alert_rule_test"]]
    assert {case["alertname"] for case in said if case["exp_alerts"]} == set(ALERTS)
    assert {case["alertname"] for case in said if not case["exp_alerts"]} == set(ALERTS)


@pytest.fixture
def connected_to_plivo(database):
    """As number-masking-plivo leaves it: only then there are gauges of Plivo."""
    database.query("INSERT INTO masking.plivo_connection (account, app_id, app_name, public_url, sent) VALUES ('MA', '1', 'x', 'https://x', '{}')")
    yield
    database.query("DELETE FROM masking.plivo_connection")


def test_every_metric_exists(pool, database, connected_to_plivo, signed_server, plivo, order):
    """After one call and a refused webhook, /metrics has each that is named in alerts, dashboard and manual, and none that is not."""
    from plivo.stand_in import Caller
    plivo.call(Caller(order.customer), order.proxy)
    signed_server.send([("From", "1")], headers={"X-Plivo-Signature-V3": "x"})
    roles = {name for name, in database.query("SELECT rolname FROM pg_roles")}
    wanted = (named_in(RULES.read_text()) | named_in(DASHBOARD.read_text()) | named_in(MANUAL.read_text())) - roles
    database.query("DELETE FROM masking.gauge_values")  # looked up before the pool was filled, perhaps

    def shown():
        text = client.exchange(signed_server.metrics_address, "GET", "/metrics").body.decode()
        return named_in("\n".join(line for line in text.splitlines() if not line.startswith("#")))

    try:
        eventually(lambda: wanted <= shown(), within=90)
    except AssertionError:
        pass
    assert wanted - shown() == set()
    assert shown() - wanted == set(), "nobody asks for it: name it in docs/operations.md, or let it go"


def test_every_alert_is_in_the_manual():
    """Its runbook_url leads to its line, and no line is left of one that is gone."""
    lines = re.findall(r'^\| <a id="(\w+)"></a>(\w+) \|', MANUAL.read_text(), re.M)
    assert {name for _, name in lines} == set(ALERTS)
    for anchor, name in lines:
        assert ALERTS[name]["annotations"]["runbook_url"] == f"https://masking.example.com/operations.md#{anchor}"
        assert ALERTS[name]["labels"]["severity"] in ("page", "ticket")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Alertmanager:
    """The real one, with the example as its settings."""

    def __init__(self, folder):
        self.port = free_port()
        self.process = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={DEPLOY / 'alertmanager.yml'}", f"--storage.path={folder}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
            reply = connection.getresponse()
            return reply.status, reply.read()
        except ConnectionRefusedError:
            return None, b""
        finally:
            connection.close()

    def heard(self):
        return json.loads(self.ask("GET", "/api/v2/alerts")[1])


@pytest.fixture
def alertmanager(tmp_path):
    running = Alertmanager(tmp_path)
    eventually(lambda: running.ask("GET", "/-/ready")[0] == 200)
    yield running
    running.process.terminate()
    running.process.wait(timeout=30)


def ringing(story, minute):
    """What rings at that time, by the stories that promtool has judged."""
    (found,) = [one for one in yaml.safe_load(STORIES.read_text())["tests"] if one.get("name") == story]
    return [{"alertname": case["alertname"], **alert["exp_labels"]}
            for case in found["alert_rule_test"] if case["eval_time"] == minute for alert in case["exp_alerts"]]


def told_to_somebody(alertmanager, labels):
    """The names of those alerts that are not silent, by receiver."""
    assert alertmanager.ask("POST", "/api/v2/alerts", [{"labels": one} for one in labels])[0] == 200
    eventually(lambda: len(alertmanager.heard()) == len(labels)
               and all(one["status"]["state"] != "unprocessed" for one in alertmanager.heard()), within=90)
    return {(one["receivers"][0]["name"], one["labels"]["alertname"])
            for one in alertmanager.heard() if not one["status"]["inhibitedBy"]}


def test_a_stopped_postgresql_is_one_page(alertmanager):
    at_first, later = ringing("PostgreSQL is stopped", "11m30s"), ringing("PostgreSQL is stopped", "35m")
    assert {one["alertname"] for one in at_first} == {"MaskingDatabaseAway"}, "it rings before what follows from it"
    assert {one["alertname"] for one in later} > {"MaskingDatabaseAway", "MaskingApologies"}
    assert told_to_somebody(alertmanager, later) == {("pager", "MaskingDatabaseAway")}


def test_what_does_not_follow_from_it_is_told(alertmanager):
    alerts = [{"alertname": name, "severity": ALERTS[name]["labels"]["severity"], "kind": kind} for name, kind in (
        ("MaskingNumberLost", "gone"), ("MaskingPoolDrift", "gone"), ("MaskingPoolDrift", "sms"),
        ("MaskingApologies", ""), ("MaskingServerDown", ""))]
    assert told_to_somebody(alertmanager, alerts) == {
        ("pager", "MaskingNumberLost"), ("tickets", "MaskingPoolDrift"), ("pager", "MaskingApologies"), ("tickets", "MaskingServerDown")}
