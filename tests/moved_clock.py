"""A PostgreSQL whose clock can be moved while it runs: Debian's libfaketime, loaded by a pg_ctl of our own, which
server/tools/cluster starts when POSTGRESQL_PROGRAMS names `programs`. The cluster must lie where PostgreSQL's user
can go without a right of his own: with one, nothing would be preloaded."""
from pathlib import Path

from postgresql import BIN

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class MovedClock:
    def __init__(self, place, seconds=0):
        """place: an empty folder that others may enter."""
        self._offset = place / "offset"
        self.set(seconds)
        self.programs = place / "programs"
        folder = self.programs / BIN.parent.name / "bin"
        folder.mkdir(parents=True)
        for program in BIN.iterdir():
            if program.name != "pg_ctl":
                (folder / program.name).symlink_to(program)
        (folder / "pg_ctl").write_text(
            f"#!/bin/sh\nLD_PRELOAD={LIBRARY} FAKETIME_TIMESTAMP_FILE={self._offset} FAKETIME_NO_CACHE=1 FAKETIME_FMT=%s"
            f" FAKETIME_DONT_FAKE_MONOTONIC=1 exec {BIN}/pg_ctl \"$@\"\n", encoding="ascii")
        (folder / "pg_ctl").chmod(0o755)

    def set(self, seconds):
        """So far from the true time, from now on."""
        self._write(f"{seconds:+.3f}")

    def stand_at(self, moment):
        """From now on it stands still: whatever a busy machine does, it is this second."""
        self._write(f"{moment.timestamp():.0f}")

    def _write(self, told):
        written = self._offset.with_suffix(".new")
        written.write_text(told + "\n", encoding="ascii")
        written.chmod(0o644)
        written.rename(self._offset)
