"""The image to try things out with: make run in a container, and make call beside it."""
import time

import pytest

from test_compose import ROOT, podman

IMAGE, NAME = "masking-try", "masking-try"


@pytest.fixture(scope="module")
def container():
    podman("build", "--quiet", "--network", "host", "--file", str(ROOT / "server/tools/Dockerfile"),
           "--tag", IMAGE, str(ROOT))
    podman("run", "--detach", "--init", "--name", NAME, "--network", "none", IMAGE)
    deadline = time.monotonic() + 120
    while "Ctrl-C stops" not in (said := podman("logs", NAME).stdout):
        assert time.monotonic() < deadline, said
        time.sleep(0.5)
    yield NAME
    podman("rm", "--force", "--time", "10", NAME)


def test_a_call_is_played_beside_it(container):
    said = podman("exec", container, "make", "call", "FROM=14156667777").stdout
    assert said.splitlines()[-1] == "14156667778 rings, sees 14155550100", said


def test_an_order_placed_beside_it_is_callable(container):
    podman("exec", container, "server/tools/psql", "-c",
           "INSERT INTO orders (order_id, customer_number, agent_number)"
           " VALUES ('A-1', '+1 415-666-1111', '+1 415-666-8888')")
    said = podman("exec", container, "make", "call", "FROM=14156661111").stdout
    assert said.splitlines()[-1] == "14156668888 rings, sees 14155550100", said
