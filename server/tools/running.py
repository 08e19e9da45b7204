"""What make run of this checkout wrote about the service that it runs, for the tools beside it."""

import os
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def place():
    return TOP / (os.environ.get("TRY_DIR") or os.path.join(os.environ.get("BUILD", "build"), "try"))


def running_server():
    """What server/tools/run wrote about the server it runs: address, public_url, pid, ...; or {}."""
    try:
        lines = (place() / "state").read_text().splitlines()
    except OSError:
        return {}
    server = dict(line.partition("=")[::2] for line in lines)
    return server if Path("/proc", server["pid"]).exists() else {}
