"""Where PostgreSQL's programs are, as server/tools/cluster finds them."""
import subprocess
from pathlib import Path

_CLUSTER = Path(__file__).resolve().parents[1] / "server" / "tools" / "cluster"
BIN = Path(subprocess.run([_CLUSTER, "bin"], check=True, capture_output=True,
                          text=True).stdout.strip())
