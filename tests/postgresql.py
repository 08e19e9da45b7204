"""Where PostgreSQL's programs are, as tests/try/cluster finds them."""
import subprocess
from pathlib import Path

_CLUSTER = Path(__file__).resolve().parent / "try" / "cluster"
BIN = Path(subprocess.run([_CLUSTER, "bin"], check=True, capture_output=True,
                          text=True).stdout.strip())
