"""One running server, on a port that stays its own when it is started again."""
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from cluster import ROOT, free_port, until

BINARY = Path(ROOT, os.environ.get("BUILD", "build")) / "number-masking"
SANITIZER = re.compile(r"(Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer|runtime error:")


def ended(end):
    """Ends a server so, and says from when until when that took."""
    began = time.monotonic()
    end()
    return began, time.monotonic()


class Service:
    def __init__(self, log_path, database_url, command=(), **settings):
        self.address = ("127.0.0.1", free_port())
        self.log_path = Path(log_path)
        self._command = [*command, str(BINARY)]
        self._environment = {
            **{name: value for name, value in os.environ.items()
               if name == "PATH" or name.endswith("SAN_OPTIONS")},
            "DATABASE_URL": database_url, "LISTEN": "%s:%d" % self.address,
            "METRICS_LISTEN": "127.0.0.1:0", "ALLOW_UNSIGNED": "yes", **settings}
        self.process = None

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def events(self, level=None):
        """The lines that are not about one request."""
        return [line for line in self.log.splitlines()
                if not re.search(r" event=(call|request) ", line)
                and (level is None or f" level={level} " in line)]

    def launch(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environment, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)

    def start(self):
        before = self.log.count("event=listening ")
        self.launch()

        def is_listening():
            assert self.process.poll() is None, self.log[-2000:]
            return self.log.count("event=listening ") > before
        until(is_listening)
        return self

    def start_refused(self):
        """Starts, and expects it to refuse. The log."""
        self.launch()
        assert self.process.wait(timeout=20) == 1, self.log[-2000:]
        self.process = None
        return self.log

    def is_ready(self):
        try:
            with urllib.request.urlopen("http://%s:%d/readyz" % self.address, timeout=5) as reply:
                return reply.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def kill(self):
        self.process.kill()
        assert self.process.wait(timeout=60) == -signal.SIGKILL
        self.process = None

    def stop(self):
        if self.process is None:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert status == 0, f"exit {status}: {self.log[-1000:]}"
        assert not SANITIZER.search(self.log), self.log[-20000:]

    def check_log(self, outages=1):
        """A few lines per outage and connection, not thousands; and no whole number."""
        lines = len(self.events("error")) + len(self.events("warning"))
        assert lines <= 10 * outages, \
            f"{lines} lines, the last: {self.events()[-10:]}"
        assert not re.search(r"1415(666|555)\d{4}(?!\d)", "\n".join(self.events()))

    def memory(self):
        """Resident bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096
