"""Starts the real binary, asks it what Plivo would ask, judges each answer.

Every answer of a webhook in the whole suite passes through Answer: status 200,
application/xml, valid by the schema of Plivo's answers. A test that expects
something else asks with exchange() from client.py.
"""
import os
import re
import select
import signal
import subprocess
import time
import uuid
import xml.etree.ElementTree as etree
from pathlib import Path

from lxml import etree as lxml

import client
import signer
from waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(ROOT, os.environ.get("BUILD", "build"))
BINARY = BUILD / "number-masking"
SCHEMA = lxml.RelaxNG(lxml.parse(str(ROOT / "server" / "tools" / "plivo" / "response.rng")))

# (customer, agent) of the sample pairs in migrations/, and numbers of nobody.
PAIRS = [("14156667777", "14156667778"), ("14156667779", "14156667780"),
         ("14156667781", "14156667782")]
CALLER, COUNTERPART = PAIRS[0]
PROXY = "14155550100"
STRANGER = "14156660001"

WEBHOOKS = ["/answer", "/handleincoming", "/numbermasking/handle_incoming", "/numbermasking",
            "/number_masking"]
FORM = "application/x-www-form-urlencoded"
STARTS_WITHIN = 30  # seconds; a sanitizer build on a busy machine is slow
SANITIZER = re.compile(r"(Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer|runtime error:")


def is_sanitized():
    """Built with a sanitizer: other options, and nothing may be preloaded before it."""
    return re.search(rb"__(asan|tsan|ubsan)_", BINARY.read_bytes()) is not None


def canonical(xml):
    return etree.canonicalize(xml)


class Answer:
    """What a webhook answered; only ever made from a good answer."""

    def __init__(self, reply):
        assert reply is not None, "closed without an answer"
        assert reply.status == 200, f"{reply.status}: {reply.body!r}"
        kind = reply.headers.get("content-type", "")
        assert kind.partition(";")[0] == "application/xml", kind
        assert len(reply.body) < 100_000, "Plivo takes 100 kB at most"
        document = lxml.fromstring(reply.body)
        assert SCHEMA.validate(document), f"{reply.body!r}: {SCHEMA.error_log}"
        self.reply = reply
        self.xml = reply.body.decode()
        self._root = document

    def __repr__(self):
        return f"Answer({self.xml!r})"

    @property
    def dial(self):
        """(what the callee sees, whom it rings), or None."""
        found = self._root.find("Dial")
        if found is None:
            return None
        assert [child.tag for child in self._root] == ["Dial"]
        assert [child.tag for child in found] == ["Number"]
        return found.get("callerId"), found[0].text

    @property
    def refusal(self):
        """The spoken sentence of an answer that is Speak, then Hangup; or None."""
        if [child.tag for child in self._root.iter()] != ["Response", "Speak", "Hangup"]:
            return None
        return self._root[0].text

    @property
    def speak_attributes(self):
        return dict(self._root[0].attrib)

    @property
    def messages(self):
        """(source, destination, text) of each Message of an answer that has nothing else."""
        assert {child.tag for child in self._root} <= {"Message"}
        return [(one.get("src"), one.get("dst"), one.text) for one in self._root]

    @property
    def message(self):
        """The same of an answer that is one Message; or None."""
        if [child.tag for child in self._root.iter()] != ["Response", "Message"]:
            return None
        return self.messages[0]

    @property
    def message_attributes(self):
        return [dict(one.attrib) for one in self._root]

    @property
    def empty(self):
        return len(self._root) == 0 and not (self._root.text or "").strip()


def call_fields(caller, dialled, call_uuid=None, **more):
    """The parameters of a call that begins; None leaves a field out."""
    fields = {"CallUUID": call_uuid or str(uuid.uuid4()), "From": caller, "To": dialled,
              "Direction": "inbound", "CallStatus": "ringing", "Event": "StartApp", **more}
    return [(name, value) for name, value in fields.items() if value is not None]


def raw_call(caller, call_uuid=None):
    """The bytes of a call that begins, for a connection that serves several."""
    body = signer.form(call_fields(caller, PROXY, call_uuid)).encode()
    return client.request_bytes("POST", "/answer", {"Content-Type": FORM}, body)


class Server:
    """One running binary. Made by the start_server fixture, which also stops it."""

    def __init__(self, environment, log_path, command=(), cwd=None):
        self.log_path = log_path
        inherited = {name: value for name, value in os.environ.items()
                     if name == "PATH" or name.endswith("SAN_OPTIONS")}
        self._log = open(log_path, "wb")
        self.process = subprocess.Popen(
            [*command, str(BINARY)], cwd=cwd, stdin=subprocess.DEVNULL, stdout=self._log,
            stderr=self._log, env={
                "LISTEN": "127.0.0.1:0", "METRICS_LISTEN": "127.0.0.1:0",
                "LOG_LEVEL": "debug", **inherited,
                **{name: value for name, value in environment.items() if value is not None}})
        self.address = self._wait_until_it_listens()

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    @property
    def metrics_address(self):
        return eventually(lambda: self._logged_address("listening_metrics"))

    def _logged_address(self, event):
        found = re.search(rf"event={event} address=([0-9.]+):(\d+)", self.log)
        return found and (found[1], int(found[2]))

    def _wait_until_it_listens(self):
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline:
            address = self._logged_address("listening")
            if address:
                return address
            assert self.process.poll() is None, f"exit {self.process.returncode}: {self.log}"
            select.select([], [], [], 0.01)
        self.kill()
        raise AssertionError(f"not listening: {self.log}")

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=60)
        self._log.close()

    def terminate(self):
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout=60):
        """Waits for the end: exit 0, and nothing from a sanitizer in the log."""
        try:
            status = self.process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after SIGTERM: {self.log[-2000:]}")
        self._log.close()
        assert not SANITIZER.search(self.log), self.log[-20000:]
        assert status == 0, f"exit {status}: {self.log[-2000:]}"

    def stop(self):
        self.terminate()
        self.wait()

    def exchange(self, method, target, headers=None, body=b""):
        return client.exchange(self.address, method, target, headers, body)

    def connection(self, **options):
        return client.Connection(self.address, **options)

    def webhook(self, fields, path="/answer", method="POST", headers=None):
        """A webhook with these (name, value) fields, sent as Plivo sends it."""
        return Answer(self.send(fields, path, method, headers))

    def send(self, fields, path="/answer", method="POST", headers=None):
        """As webhook, but any reply is fine."""
        encoded = signer.form(fields)
        if method == "GET":
            return self.exchange("GET", f"{path}?{encoded}", headers)
        return self.exchange(method, path, {"Content-Type": FORM, **(headers or {})},
                             encoded.encode())

    def webhook_raw(self, body, path):
        """A webhook with this form, byte by byte."""
        return Answer(self.exchange("POST", path, {"Content-Type": FORM}, body))

    def metrics(self):
        return client.exchange(self.metrics_address, "GET", "/metrics").body.decode()

    def call(self, caller, dialled=PROXY, call_uuid=None, path="/answer", method="POST", **more):
        """A call that begins: caller dials dialled. The answer."""
        return self.webhook(call_fields(caller, dialled, call_uuid, **more), path, method)


def eventually(condition, within=60):
    """Asks until the condition holds. For what the promises allow to take a while."""
    return wait_until(condition, within, every=0.05)
