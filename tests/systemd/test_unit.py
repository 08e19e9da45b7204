"""The unit file by systemd's own judgement, and the notifications it waits for."""
import re
import shutil
import socket
import subprocess

import pytest

from server import BINARY, ROOT

UNIT = ROOT / "server" / "deploy" / "number-masking.service"
PLIVO = ROOT / "server" / "deploy" / "number-masking-plivo.service"
CONSOLE = ROOT / "server" / "deploy" / "number-masking-console.service"
CALLER = ROOT / "server" / "deploy" / "number-masking-caller.service"
UNITS = [UNIT, PLIVO, CONSOLE, CALLER]


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *map(str, arguments)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module", autouse=True)
def tools():
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed", allow_module_level=True)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line(tmp_path, unit):
    """With the built binary in the place where it would be installed."""
    copy = tmp_path / unit.name
    (tmp_path / "program").symlink_to(BINARY.resolve())
    copy.write_text(re.sub(r"^ExecStart=.*", f"ExecStart={tmp_path}/program", unit.read_text(),
                           flags=re.M))
    timer = unit.with_suffix(".timer")
    if timer.exists():
        copy = shutil.copy(timer, tmp_path)
    done = analyze("verify", "--man=no", "--recursive-errors=no", copy)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_exposure_is_at_most_2_0(unit):
    done = analyze("security", "--offline=yes", "--no-pager", "--threshold=20", unit)
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure, done.stdout
    assert float(exposure[1]) <= 2.0 and done.returncode == 0, done.stdout


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A socket like systemd's, and its name as NOTIFY_SOCKET holds it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@masking-{tmp_path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1))
        manager.settimeout(20)
        yield name, manager


def told(manager):
    return manager.recv(4096).decode().split()


def test_the_server_says_when_it_is_ready_and_when_it_stops(manager, start_server):
    name, socket_of_manager = manager
    server = start_server(NOTIFY_SOCKET=name)
    assert "READY=1" in told(socket_of_manager)
    # Ready means that a request is answered, so there is nothing to wait for.
    assert server.exchange("GET", "/healthz").status == 200
    server.terminate()
    assert "STOPPING=1" in told(socket_of_manager)
    server.wait()


def test_a_manager_that_is_gone_does_no_harm(start_server, tmp_path):
    server = start_server(NOTIFY_SOCKET=str(tmp_path / "nobody"))
    assert server.exchange("GET", "/healthz").status == 200
    server.stop()
