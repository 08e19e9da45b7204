"""A real browser, asked by the tests: one node process, a question and its answer a line each.

Every page that is seen here is searched for whole phone numbers, which is why the tests look at
pages through this (or through Console.get, which does the same).
"""
import fcntl
import json
import os
import select
import shutil
import subprocess
from pathlib import Path

from redaction import WHOLE_NUMBER
from waiting import LONG

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests" / "console"
PLACE = ROOT / "build" / "console-browser"

OURS = {f"141555501{n:02}" for n in range(8)}  # proxy numbers, shown whole


def assert_no_party_number(html):
    """No page may hold a whole number of a party, however it is written."""
    for found in WHOLE_NUMBER.findall(html):
        digits = "".join(filter(str.isdigit, found))
        assert digits in OURS, f"a page shows {found}: {html}"


def install():
    """Bring build/console-browser up to the lock file. Two suites may start at once."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with open(PLACE / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (SOURCE / "package-lock.json").read_bytes()
        done = PLACE / "installed-lock.json"
        if done.exists() and done.read_bytes() == wanted:
            return
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, PLACE / name)
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
            cwd=PLACE, check=True, stdout=subprocess.DEVNULL, timeout=600)
        done.write_bytes(wanted)


class Page:
    """What the browser shows."""

    def __init__(self, answer):
        self.__dict__.update(answer)
        assert_no_party_number(self.html)
        assert_no_party_number(self.url)

    def __contains__(self, words):
        return words in self.text

    def __repr__(self):
        return f"Page({self.status} {self.url}\n{self.text})"


class Browser:
    def __init__(self):
        install()
        self._node = subprocess.Popen(
            ["node", str(SOURCE / "browser.js")],
            env={**os.environ, "NODE_PATH": str(PLACE / "node_modules")},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        self._pictures = 0
        self.fresh()

    def ask(self, op, **question):
        self._node.stdin.write(json.dumps({"op": op, **question}) + "\n")
        self._node.stdin.flush()
        assert select.select([self._node.stdout], [], [], LONG)[0], "node does not answer"
        answer = json.loads(self._node.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def fresh(self, **options):
        """A new session: width, dark, user and password."""
        self.ask("fresh", **options)

    def open(self, url):
        return Page(self.ask("open", url=url))

    def submit(self, action, **fields):
        """Fills a form of the page and sends it. from_ is the field "from"."""
        return Page(self.ask("submit", action=action,
                             fields={name.rstrip("_"): value for name, value in fields.items()}))

    def click(self, text):
        return Page(self.ask("click", text=text))

    def back(self):
        return Page(self.ask("back"))

    def press(self, *keys):
        return Page(self.ask("press", keys=keys))

    def judge(self, name):
        """axe finds nothing, nothing is wider than the screen; a picture for people."""
        found = self.ask("accessible")["violations"]
        assert not found, found
        if "PICTURES" in os.environ:
            self._pictures += 1
            self.ask("picture", path=os.path.join(
                os.environ["PICTURES"], f"{self._pictures:02}-{name}.png"))

    def close(self):
        self._node.stdin.close()
        self._node.wait(timeout=60)
