"""One machine's life, in order: docker-compose.yml is built, started, called,
broken and mended. Each test is a step and needs the ones before it.

tests/compose/run prepares podman. podman-compose 1.0 starts services without
waiting for "condition: …", so Stack.start does that waiting, service by service.
"""
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import client
import server as running
import signer
from server import CALLER, COUNTERPART, PROXY, STRANGER, eventually

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "compose-token-0123456789abcdef"
PUBLIC_URL = "https://masking.example.com"
SECRETS = {"PLIVO_AUTH_TOKEN": TOKEN, "POSTGRES_PASSWORD": "superuser's @:/secret",
           "MASKING_SERVER_PASSWORD": "server's secret", "MASKING_ORDERS_PASSWORD": "orders' secret"}
OWNER_PASSWORD = "owner's secret"
# A limit in the compose file makes podman ask for its own highest values of the others,
# which only a fully privileged root may have.
LIMITS = "--podman-run-args=--ulimit nofile=10000:10000 --ulimit nproc=30000:30000"
NEW_CALLER, NEW_COUNTERPART = "14156661234", "14156661235"
ENTERS_BY_MISTAKE = "14156669876"


def podman(*arguments, check=True):
    done = subprocess.run(["podman", *arguments], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
    assert done.returncode == 0 or not check, f"podman {arguments}: {done.stdout[-3000:]}"
    return done


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stack:
    """A copy of what the images are made of, with a .env of its own, and what runs from it."""

    def __init__(self, place):
        self.place = place / "masking"
        self.place.mkdir()
        for name in ["Makefile", "migrations", "server", "sql"]:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, self.place / name)
        for name in ["docker-compose.yml", ".dockerignore", ".env.example"]:
            shutil.copy(ROOT / name, self.place / name)
        self.http = ("127.0.0.1", free_port())
        self.https = ("127.0.0.1", free_port())
        self.settings = {**SECRETS, "PUBLIC_URL": PUBLIC_URL, "SAMPLE_PAIRS": "yes",
                         "MASKING_OWNER_PASSWORD": OWNER_PASSWORD,
                         "MASKING_PLIVO_PASSWORD": "plivo's secret", "MASKING_CALLER_PASSWORD": "caller's secret",
                         "PLIVO_AUTH_ID": "MAXXXXXXXXXXXXXXXXXX",
                         "HTTP_PORT": str(self.http[1]),
                         "HTTPS_PUBLISH": f"127.0.0.1:{self.https[1]}"}

    def write_env(self, without=None, **more):
        """.env as a person makes it: the example, filled in."""
        self.settings.update(more)
        text = (ROOT / ".env.example").read_text()
        for name, value in self.settings.items():
            text, found = re.subn(rf"^#?{name}=.*$", lambda _: f'{name}="{value}"', text, flags=re.M)
            assert found == 1, f"{name} is not in .env.example"
        if without:  # podman-compose takes an empty one for one that is set
            text = re.sub(rf"^{without}=.*$", "", text, flags=re.M)
        (self.place / ".env").write_text(text)

    def compose(self, *arguments, check=True):
        known = {name: value for name, value in os.environ.items()
                 if name in ("PATH", "HOME", "DISABLE_HC_SYSTEMD") or name.startswith("CONTAINERS_")}
        done = subprocess.run(["podman-compose", LIMITS, *arguments], cwd=self.place, env=known, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=1200)
        assert done.returncode == 0 or not check, f"{arguments}: {done.stdout[-5000:]}"
        return done.stdout

    def container(self, service, number=1):
        return f"{self.place.name}_{service}_{number}"

    def healthy(self, service):
        return podman("healthcheck", "run", self.container(service), check=False).returncode == 0

    def migrate(self):
        self.compose("up", "-d", "migrate")
        status = podman("wait", self.container("migrate")).stdout.strip()
        assert status == "0", podman("logs", self.container("migrate")).stdout[-3000:]

    def start(self):
        self.compose("up", "-d", "postgres")
        eventually(lambda: self.healthy("postgres"), within=60)
        self.migrate()
        self.compose("up", "-d", "server")
        self.compose("up", "-d", "haproxy")
        try:
            eventually(self.ready, within=60)
        except AssertionError as late:
            raise AssertionError(f"not ready: {self.logs()}") from late

    def recreate(self, service):
        podman("rm", "--force", self.container(service))
        self.compose("up", "-d", service)

    def ready(self):
        try:
            return client.exchange(self.http, "GET", "/readyz").status == 200
        except (OSError, client.BadAnswer):
            return False

    def inside(self, service, *command, check=True):
        return podman("exec", self.container(service), *command, check=check)

    def slots_in_use(self):
        """How many of its servers HAProxy has given the last calls to."""
        calls = 8
        for _ in range(calls):
            call(self, CALLER)
        return eventually(lambda: self._slots_of_last(calls))

    def _slots_of_last(self, calls):
        log = podman("logs", self.container("haproxy")).stdout
        return len(set(re.findall(r" server=ready/(server\d+) ", log)[-calls:]))

    def orders(self, sql):
        return podman("exec", self.container("postgres"), "psql", "--no-psqlrc", "--username",
                      "masking_orders", "--dbname", "masking", "--command", sql, check=False)

    def logs(self):
        names = podman("ps", "--all", "--format", "{{.Names}}").stdout.split()
        return {name: podman("logs", name).stdout for name in names}


@pytest.fixture(scope="module")
def stack():
    return Stack(Path(os.environ["PLACE"]))


def signed(fields, method="POST", path="/answer"):
    url = PUBLIC_URL + path + ("?" + signer.form(fields) if method == "GET" else "")
    return signer.headers_v3(TOKEN, method, url, None, fields if method == "POST" else ())


def ask(stack, caller, connect=None, sign=True):
    """A call through HAProxy: the raw reply."""
    fields = running.call_fields(caller, PROXY)
    headers = {"Content-Type": running.FORM, **(signed(fields) if sign else {})}
    with (connect or client.Connection)(stack.http) as connection:
        return connection.request("POST", "/answer", headers, signer.form(fields).encode())


def call(stack, caller, **options):
    return running.Answer(ask(stack, caller, **options))


def test_a_missing_setting_is_named(stack):
    for name in [*SECRETS, "PUBLIC_URL"]:
        stack.write_env(without=name)
        said = stack.compose("ps", check=False)
        assert f"set {name} in .env" in said, said[-500:]
    stack.write_env()


def test_the_images_build(stack):
    # Podman's default network is the machine's, not this run's: builds do without.
    stack.compose("--podman-build-args=--network host", "build")
    for service in ["server", "haproxy", "migrate"]:
        image = f"{stack.place.name}_{service}"
        history = podman("history", "--no-trunc", image).stdout
        assert not any(secret in history for secret in SECRETS.values())
        print(service, podman("image", "inspect", "--format", "{{.Size}}", image).stdout.strip())


def test_up_migrates_and_a_signed_call_is_answered(stack):
    stack.start()
    assert call(stack, CALLER).dial == (PROXY, COUNTERPART)
    assert call(stack, STRANGER).refusal


def test_migrating_again_is_harmless(stack):
    stack.migrate()
    assert call(stack, COUNTERPART).dial == (PROXY, CALLER)


def test_an_unsigned_call_gets_403(stack):
    assert ask(stack, CALLER, sign=False).status == 403


def test_a_pair_inserted_by_the_order_system_is_callable_at_once(stack):
    done = stack.orders("INSERT INTO orders (order_id, customer_number, agent_number)"
                        f" VALUES ('compose-1', '{NEW_CALLER}', '+1 415-666-1235')")
    assert done.returncode == 0, done.stdout
    assert call(stack, NEW_CALLER).dial == (PROXY, NEW_COUNTERPART)


@pytest.mark.parametrize("role, right", [
    ("masking_orders", SECRETS["MASKING_ORDERS_PASSWORD"]), ("masking_owner", OWNER_PASSWORD)])
def test_a_role_needs_its_password_over_tcp(stack, role, right):
    """From another container; on the socket, only those who may exec are let in."""
    address = stack.inside("postgres", "hostname", "-i").stdout.split()[0]
    for password, expected in [(right, True), ("wrong", False)]:
        done = podman("exec", "--env", f"PGPASSWORD={password}", stack.container("postgres"),
                      "psql", "-h", address, "-U", role, "-d", "masking",
                      "-c", "SELECT 1", check=False)
        assert (done.returncode == 0) == expected, done.stdout


def test_one_becomes_the_owner_as_the_compose_file_says(stack):
    done = stack.inside("postgres", "psql", "-U", "masking_owner", "-d", "masking",
                        "-c", "SELECT * FROM pool_status")
    assert "headroom" in done.stdout


def test_the_plivo_service_runs_on_request(stack):
    """Its image, and the way to the database as its own role."""
    said = stack.compose("run", "-T", "--rm", "plivo", "check", check=False)
    assert "This database is not connected to Plivo" in said, said


def test_the_caller_starts_and_waits_for_calls_that_are_asked_for(stack):
    """Its way to Plivo leads nowhere here."""
    stack.compose("up", "-d", "caller")
    eventually(lambda: "event=placing_started" in podman("logs", stack.container("caller")).stdout, within=60)
    podman("stop", stack.container("caller"))
    assert "event=stopped left=yes" in podman("logs", stack.container("caller")).stdout


def test_prometheus_reaches_the_metrics_on_the_network_of_the_calls(stack):
    """haproxy stands in for it: it is on that network and on no other."""
    done = stack.inside("haproxy", "bash", "-c", "exec 3<>/dev/tcp/server/5001;"
                        r" printf 'GET /metrics HTTP/1.0\r\nHost: server\r\n\r\n' >&3; cat <&3")
    assert "masking_" in done.stdout, done.stdout


def test_the_log_of_each_container_is_bounded(stack):
    for service in ["postgres", "migrate", "server", "haproxy"]:
        inspected = json.loads(podman("inspect", stack.container(service)).stdout)[0]
        bound = inspected["HostConfig"]["LogConfig"]
        assert bound["Size"] == "10MB", f"{service}: {bound}"


def test_migrate_says_that_the_superusers_password_counts_once(stack):
    stack.write_env(POSTGRES_PASSWORD="another one")
    try:
        podman("rm", "--force", stack.container("migrate"))
        stack.compose("up", "-d", "migrate")
        assert podman("wait", stack.container("migrate")).stdout.strip() == "2"
        said = podman("logs", stack.container("migrate")).stdout
        assert "POSTGRES_PASSWORD counts only while the volume is new" in said, said
    finally:
        stack.write_env(POSTGRES_PASSWORD=SECRETS["POSTGRES_PASSWORD"])
        podman("rm", "--force", stack.container("migrate"))
        stack.migrate()


@pytest.mark.parametrize("service", ["server", "haproxy", "postgres"])
def test_a_container_has_no_rights_to_lose(stack, service):
    assert stack.healthy(service)
    status = stack.inside(service, "cat", "/proc/1/status").stdout
    assert re.search(r"^Uid:\t(?!0\b)\d+\t", status, re.M), status
    for field in ["CapEff", "CapPrm", "CapBnd", "CapInh"]:
        assert re.search(rf"^{field}:\t0+$", status, re.M), status
    assert re.search(r"^NoNewPrivs:\t1$", status, re.M), status
    limits = stack.inside(service, "cat", "/proc/1/limits").stdout
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M), limits
    refused = stack.inside(service, "touch", "/usr/local/bin/x", check=False)
    assert ("Permission denied" if service == "postgres" else "Read-only") in refused.stdout
    command = stack.inside(service, "cat", "/proc/1/cmdline").stdout
    assert not any(secret in command for secret in SECRETS.values())


def test_haproxy_cannot_reach_postgres(stack):
    inspected = json.loads(podman("inspect", stack.container("postgres")).stdout)
    networks = inspected[0]["NetworkSettings"]["Networks"]
    addresses = [network["IPAddress"] for network in networks.values()]
    assert len(addresses) == 1
    for address in ["postgres", *addresses]:
        tried = stack.inside("haproxy", "timeout", "3", "bash", "-c",
                             f"exec 3<>/dev/tcp/{address}/5432", check=False)
        assert tried.returncode != 0, f"reached {address}"
    assert stack.inside("server", "bash", "-c", "exec 3<>/dev/tcp/postgres/5432").returncode == 0


def test_a_restarted_postgres_is_found_again(stack):
    podman("stop", stack.container("postgres"))
    answer = eventually(lambda: call(stack, CALLER).refusal)
    assert answer
    podman("start", stack.container("postgres"))
    eventually(lambda: call(stack, CALLER).dial == (PROXY, COUNTERPART), within=30)
    eventually(stack.ready)


def test_without_a_server_the_caller_hears_an_apology(stack):
    podman("stop", stack.container("server"))
    assert call(stack, CALLER).refusal
    podman("start", stack.container("server"))
    eventually(lambda: call(stack, CALLER).dial == (PROXY, COUNTERPART), within=30)


def test_a_server_made_anew_is_found_again(stack):
    """It may have another address."""
    stack.recreate("server")
    eventually(lambda: call(stack, CALLER).dial == (PROXY, COUNTERPART), within=30)


def test_a_second_server_shares_the_calls_and_takes_over(stack):
    assert stack.slots_in_use() == 1, "one address takes one slot"
    # As "docker compose up -d --scale server=2" does; podman-compose 1.0 reads it and no more.
    more = stack.place / "docker-compose.override.yml"
    more.write_text("services: {server: {deploy: {replicas: 2}}}\n")
    stack.compose("up", "-d", "server")
    more.unlink()
    eventually(lambda: stack.slots_in_use() == 2, within=30)
    podman("stop", stack.container("server"))
    eventually(lambda: call(stack, CALLER).dial, within=30)
    podman("start", stack.container("server"))
    eventually(lambda: stack.slots_in_use() == 2, within=30)
    podman("stop", stack.container("server", 2))
    eventually(lambda: call(stack, CALLER).dial, within=30)
    podman("rm", stack.container("server", 2))


HOST = urlsplit(PUBLIC_URL).hostname


class Certificates:
    """A folder like the one that CERTIFICATES names, and a client that trusts what is in it."""

    def __init__(self, place):
        self.folder = place / "certificates"
        self.folder.mkdir()
        self._place = place
        self.renew()

    def renew(self):
        certificate, key = self._place / "certificate", self._place / "key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", key,
                        "-out", certificate, "-subj", f"/CN={HOST}", "-addext",
                        f"subjectAltName=DNS:{HOST}"], check=True, capture_output=True)
        pem = self.folder / "site.pem"
        pem.touch(mode=0o640)
        os.chown(pem, 0, 10001)
        pem.write_bytes(certificate.read_bytes() + key.read_bytes())
        self.trust = ssl.create_default_context(cafile=certificate)

    def connect(self, address):
        """A connection over TLS; the certificate has to be the newest one."""
        connection = client.Connection(address)
        try:
            connection._socket = self.trust.wrap_socket(connection._socket, server_hostname=HOST)
        except OSError:
            connection.close()
            raise
        return connection


@pytest.fixture(scope="module")
def certificates(stack):
    return Certificates(stack.place.parent)


def connects(stack, certificates):
    try:
        with certificates.connect(stack.https) as connection:
            return connection._socket.version()
    except OSError:
        return None


def test_with_a_certificate_haproxy_speaks_tls_only(stack, certificates):
    stack.write_env(CERTIFICATES=str(certificates.folder))
    stack.recreate("haproxy")
    assert eventually(lambda: connects(stack, certificates), within=30) == "TLSv1.3"

    def over_tls(_):
        return certificates.connect(stack.https)

    eventually(lambda: call(stack, CALLER, connect=over_tls).dial == (PROXY, COUNTERPART))
    with pytest.raises((OSError, AssertionError)):
        ask(stack, CALLER)


def test_a_renewed_certificate_is_taken_without_a_restart(stack, certificates):
    certificates.renew()
    assert connects(stack, certificates) is None, "the old one is still served"
    podman("kill", "--signal", "USR2", stack.container("haproxy"))
    eventually(lambda: connects(stack, certificates), within=30)


def test_no_number_and_no_secret_is_in_any_log(stack):
    """After a statement that fails with a number in it, too."""
    done = stack.orders(f"SELECT '{ENTERS_BY_MISTAKE}'::int; ")
    assert ENTERS_BY_MISTAKE in done.stdout, "the sender does get the whole error"
    for name, log in stack.logs().items():
        for number in [CALLER, COUNTERPART, PROXY, STRANGER, NEW_CALLER, NEW_COUNTERPART,
                       ENTERS_BY_MISTAKE]:
            assert number not in log, f"{number} in the log of {name}"
        for secret in SECRETS.values():
            assert secret not in log, f"a secret in the log of {name}"
    assert any("event=proxied" in log for log in stack.logs().values())


def test_down_ends_everything_well(stack):
    for service in ["haproxy", "server", "postgres"]:
        started = time.monotonic()
        podman("stop", stack.container(service))
        print(service, "stopped in", round(time.monotonic() - started, 1), "s")
        state = json.loads(podman("inspect", stack.container(service)).stdout)[0]["State"]
        assert state["ExitCode"] == 0, f"{service}: {state['ExitCode']}"
    stack.compose("down", "--volumes")
    assert podman("ps", "--all", "--quiet").stdout.strip() == ""
