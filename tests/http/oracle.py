"""The official plivo SDK for node as a judge: install it once, ask it questions.

The npm package goes to build/oracle (pinned by tests/oracle/package-lock.json),
whatever BUILD says: a sanitizer build needs no second copy. Nothing here is used
by the server itself.
"""
import fcntl
import json
import os
import select
import shutil
import subprocess
import threading
from pathlib import Path

from waiting import LONG

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests" / "oracle"
PLACE = ROOT / "build" / "oracle"


def install():
    """Bring build/oracle up to the lock file. Two suites may start at once."""
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


class Oracle:
    """One node process; a question and its answer are a line each. Thread-safe."""

    def __init__(self):
        install()
        self._lock = threading.Lock()
        self._node = subprocess.Popen(
            ["node", str(SOURCE / "oracle.js")],
            env={**os.environ, "NODE_PATH": str(PLACE / "node_modules")},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def ask(self, op, **question):
        with self._lock:
            self._node.stdin.write(json.dumps({"op": op, **question}) + "\n")
            self._node.stdin.flush()
            assert select.select([self._node.stdout], [], [], LONG)[0], "node does not answer"
            answer = json.loads(self._node.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def dial_xml(self, caller_id, number, **attributes):
        return self.ask("dial_xml", caller_id=caller_id, number=number,
                        attributes=attributes)["xml"]

    def message_xml(self, src, dst, text):
        return self.ask("message_xml", src=src, dst=dst, text=text)["xml"]

    def play_xml(self, url):
        return self.ask("play_xml", url=url)["xml"]

    def refusal_xml(self, sentence, attributes):
        return self.ask("refusal_xml", sentence=sentence, attributes=attributes)["xml"]

    def empty_xml(self):
        return self.ask("empty_xml")["xml"]

    def valid_v3(self, token, method, url, nonce, signature, body=()):
        params = {}
        for name, value in body:
            params.setdefault(name, []).append(value)
        return self.ask("validate_v3", method=method, url=url, nonce=nonce, token=token,
                        signature=signature, params=params)["valid"]

    def valid_v2(self, token, url, nonce, signature):
        return self.ask("validate_v2", url=url, nonce=nonce, token=token,
                        signature=signature)["valid"]

    def close(self):
        self._node.stdin.close()
        self._node.wait(timeout=10)
