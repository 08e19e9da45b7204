"""What other processes of the machine can learn about the running server: no core file,
no look into its memory, no secret where the kernel shows how it was started."""
import os
import re
import shutil
import signal
from pathlib import Path

import pytest

import client
import signer
from server import BINARY, CALLER, PROXY, call_fields, eventually

PUBLIC_URL = "https://masking.example.com"
TOKEN, MAIN, PASSWORD = "token-in-environment-0123", "main-in-environment-4567", "pass-word-89"


@pytest.fixture(scope="module")
def server(start_server, database):
    """Every secret in the environment, where it is seen most easily."""
    url = database.server_url.replace("masking_server@", f"masking_server:{PASSWORD}@")
    return start_server(DATABASE_URL=url, PUBLIC_URL=PUBLIC_URL, PLIVO_AUTH_TOKEN=TOKEN,
                        PLIVO_MAIN_AUTH_TOKEN=MAIN)


def proc(server, name):
    return Path(f"/proc/{server.process.pid}/{name}")


def signed(server, token=TOKEN):
    """The status of a call signed with this token."""
    fields = call_fields(CALLER, PROXY)
    return server.send(fields, headers=signer.headers_v3(token, "POST", PUBLIC_URL + "/answer",
                                                         body=fields)).status


def test_a_crash_leaves_no_core_file(server):
    assert re.search(r"^Max core file size +0 +0 ", proc(server, "limits").read_text(), re.M)


def test_the_process_is_closed_to_its_own_user(server):
    """Not dumpable: the kernel gives its files in /proc to root, whoever it runs as, and
    neither a debugger nor a core file gets at its memory."""
    assert proc(server, "environ").stat().st_uid == 0
    assert proc(server, "mem").stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_process_is_closed_to_its_own_user_when_that_is_not_root(start_server, workplace):
    binary = shutil.copy(BINARY, workplace)  # the checkout may be closed to others
    server = start_server(command=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                   "sh", "-c", 'exec "$0"', binary],
                          DATABASE_URL="postgresql://masking_server@127.0.0.1:1/none",
                          # Which looks at the memory of the closed process from outside.
                          ASAN_OPTIONS=os.environ["ASAN_OPTIONS"] + ":detect_leaks=0")
    status = proc(server, "status").read_text()
    assert re.search(r"^Uid:\t65534\t65534\t", status, re.M), status
    assert proc(server, "environ").stat().st_uid == 0
    assert proc(server, "mem").stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may read it at all")
@pytest.mark.parametrize("shown", ["cmdline", "environ"])
def test_the_kernel_shows_no_secret(server, shown):
    assert signed(server) == 200
    text = proc(server, shown).read_bytes()
    assert b"number-masking" in text if shown == "cmdline" else b"PLIVO_AUTH_TOKEN=" in text
    for secret in (TOKEN, MAIN, PASSWORD):
        assert secret.encode() not in text


def test_tokens_of_the_environment_outlive_a_reload(server):
    """They are wiped where they came from, and SIGHUP must still find them."""
    for _ in range(2):
        before = server.log.count("event=reloaded tokens=2")
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: server.log.count("event=reloaded tokens=2") > before)
    assert (signed(server), signed(server, MAIN)) == (200, 403)
    for name in ("PLIVO_AUTH_TOKEN", "PLIVO_MAIN_AUTH_TOKEN"):
        assert server.log.count(f"event=setting_kept setting={name} reason=") == 2
    assert "reload_failed" not in server.log and "number-masking:" not in server.log


def test_neither_log_nor_metrics_show_a_secret(server):
    metrics = client.exchange(server.metrics_address, "GET", "/metrics").body.decode()
    for secret in (TOKEN, MAIN, PASSWORD):
        assert secret not in server.log and secret not in metrics
