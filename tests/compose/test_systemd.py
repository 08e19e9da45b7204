"""server/deploy/number-masking.service under a real systemd, in a container without a network.

No database is there, so the server apologises; what counts is that it starts, serves,
stops and is restarted inside the unit's sandbox.
"""
import re
import subprocess

import pytest

from server import BINARY, ROOT, eventually

IMAGE, NAME = "masking-systemd", "masking-systemd"
UNIT = "number-masking.service"
TOKEN = "unit-token-0123456789abcdef"
SETTINGS = {"DATABASE_URL": "postgresql://masking_server@127.0.0.1:1/masking",
            "LISTEN": "127.0.0.1:5000", "PLIVO_AUTH_TOKEN": TOKEN,
            "PUBLIC_URL": "https://masking.example.com"}


def podman(*arguments, given=None, check=True):
    done = subprocess.run(["podman", *map(str, arguments)], input=given, text=True, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0 or not check, f"podman {arguments}: {done.stdout[-3000:]}"
    return done.stdout.strip()


class Machine:
    def run(self, *command, **options):
        return podman("exec", "-i", NAME, *command, **options)

    def write(self, path, text):
        self.run("install", "-D", "-m", "0600", "/dev/stdin", path, given=text)

    def configure(self, **settings):
        self.write("/etc/number-masking/environment",
                   "".join(f"{name}={value}\n" for name, value in settings.items()))

    def unit(self, name):
        return self.run("systemctl", "show", "--value", "--property", name, UNIT)

    def answers(self):
        """As a container's health check asks."""
        self.write("/run/probe", (ROOT / "server" / "deploy" / "probe").read_text())
        return podman("exec", NAME, "bash", "/run/probe", "5000", "/healthz", check=False) == ""

    def file_of_process(self, name):
        return self.run("cat", f"/proc/{self.unit('MainPID')}/{name}")


@pytest.fixture(scope="module")
def machine():
    podman("build", "--quiet", "--network", "host", "--tag", IMAGE, ROOT / "tests/compose/systemd")
    podman("run", "--detach", "--name", NAME, "--systemd=always", "--privileged", "--network",
           "none", "--volume", f"{BINARY.resolve()}:/usr/local/bin/number-masking:ro", "--volume",
           f"{ROOT / 'server' / 'deploy' / UNIT}:/etc/systemd/system/{UNIT}:ro", IMAGE)
    machine = Machine()
    try:
        booted = ("running", "degraded")
        eventually(lambda: machine.run("systemctl", "is-system-running", check=False) in booted)
        # systemd does so on a machine, not in a container; credentials are mounted by a
        # process beside the service's.
        machine.run("mount", "--make-rshared", "/")
        yield machine
    finally:
        podman("rm", "--force", "--time", "5", NAME)


def test_it_starts_and_serves(machine):
    machine.configure(**SETTINGS)
    machine.run("systemctl", "start", UNIT)
    # Type=notify: started means that it listens.
    assert machine.unit("ActiveState") == "active"
    assert machine.answers()


def test_it_has_no_rights_to_lose(machine):
    status = machine.file_of_process("status")
    assert re.search(r"^Uid:\t(?!0\b)\d+\t", status, re.M), status
    assert re.search(r"^CapBnd:\t0+$", status, re.M), status
    assert re.search(r"^NoNewPrivs:\t1$", status, re.M), status
    assert re.search(r"^Seccomp:\t2$", status, re.M), status
    limits = machine.file_of_process("limits")
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M), limits
    assert re.search(r"^Max open files +8192 +8192 ", limits, re.M), limits


def test_no_secret_is_on_its_command_line_or_in_the_journal(machine):
    assert TOKEN not in machine.file_of_process("cmdline")
    assert TOKEN not in machine.run("journalctl", "--no-pager", "--unit", UNIT)


def test_it_reloads(machine):
    before = machine.unit("MainPID")
    machine.run("systemctl", "reload", UNIT)
    assert machine.answers()
    assert machine.unit("MainPID") == before


def test_it_is_started_again_after_a_crash(machine):
    before = machine.unit("MainPID")
    machine.run("bash", "-c", f"kill -KILL {before}")
    eventually(lambda: machine.unit("ActiveState") == "active"
               and machine.unit("MainPID") not in ("0", before))
    assert machine.answers()


def test_it_stops_well(machine):
    machine.run("systemctl", "stop", UNIT)
    assert (machine.unit("Result"), machine.unit("ExecMainStatus")) == ("success", "0")


def test_bad_settings_are_not_tried_again(machine):
    machine.configure(**{**SETTINGS, "WORKERS": "many"})
    machine.run("systemctl", "start", UNIT, check=False)
    assert machine.unit("ExecMainStatus") == "2"
    assert machine.unit("ActiveState") == "failed"
    assert machine.unit("NRestarts") == "0"
    assert "WORKERS" in machine.run("journalctl", "--no-pager", "--unit", UNIT)


def test_secrets_can_be_credentials(machine):
    """As the unit's own comment shows it."""
    text = (ROOT / "server" / "deploy" / UNIT).read_text()
    lines = re.findall(r"^#   ((?:LoadCredential|Environment)=.*)$", text, re.M)
    assert len(lines) == 4
    machine.write(f"/etc/systemd/system/{UNIT}.d/secrets.conf",
                  "\n".join(["[Service]", *lines, ""]))
    secret = {"plivo-auth-token": "PLIVO_AUTH_TOKEN", "database-url": "DATABASE_URL"}
    for file, name in secret.items():
        machine.write(f"/etc/number-masking/{file}", SETTINGS[name] + "\n")
    machine.configure(**{name: value for name, value in SETTINGS.items()
                         if name not in secret.values()})
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", UNIT, check=False)
    assert machine.answers(), machine.run("journalctl", "--no-pager", "--lines=20", "--unit", UNIT)
    assert TOKEN not in machine.file_of_process("environ")
