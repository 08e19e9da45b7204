"""The installer: silent when all is there, and a command to paste when it can't help."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

INSTALL = str(Path(__file__).resolve().parents[2] / "server" / "tools" / "install")


def run(*command, **settings):
    return subprocess.run(command, env={**os.environ, **settings},
                          capture_output=True, text=True, timeout=60)


def test_nothing_to_do_is_said_by_saying_nothing():
    done = run(INSTALL, "build", "migrate", "run", "test")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_without_a_way_to_become_root_it_names_the_command(tmp_path):
    """As an ordinary user on a machine without sudo, where dpkg knows no package.

    With a copy, as that user may not be let into this checkout.
    """
    install = shutil.copy(INSTALL, tmp_path / "install")
    for name in ("bash", "id", "true", "cat", "env"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    (tmp_path / "dpkg-query").write_text("#!/bin/bash\nexit 1\n")
    (tmp_path / "dpkg-query").chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)
    plain = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    done = run(*plain, install, "migrate", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "apt-get update && apt-get install" in done.stderr
    assert "sqitch" in done.stderr
