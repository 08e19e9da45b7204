"""A stand-in for Plivo: it places calls and messages against the service and does what
the answers say, verb by verb, with people who follow a script.

Time is told, not spent: nothing here waits. Every answer is checked against the schema
of what Plivo takes. Callbacks have the parameters that Plivo documents, signed as Plivo
signs, and may be repeated, reordered, delayed and dropped as networks do. What each
person heard and saw is in the transcript.

    plivo = Plivo(local="http://127.0.0.1:5000", public_url="https://calls.example.com", token="…")
    story = plivo.call(Caller("14156667777"), "14155550100", Callee("busy"))
    print(story)

A call that Plivo was asked for (POST Call/) begins at the first phone instead:

    story = plivo.place(body, request_uuid, First("answers"), Callee("busy"))
"""

import random
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from . import answer, callbacks, events, signature

SCHEMA = Path(__file__).resolve().parent / "response.rng"
# Callees whose phone does not ring at all, in words.
UNRUNG = {"busy": "is busy", "unreachable": "cannot be reached", "barred": "may not be called"}
MOST_STEPS = 50  # documents in one call, or messages in one exchange: more is a loop


class Refused(Exception):
    """The service did not answer with 200."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text.strip()}")
        self.status = status


@dataclass
class Caller:
    """Who calls. digits: what is entered, one text per question. gives_up: while it rings. name: as
    the network sends it; often that is the number again."""

    number: str
    digits: list = field(default_factory=list)
    gives_up: bool = False
    name: str = ""


@dataclass
class Callee:
    """What whoever is rung does: answers, busy, no-answer, rejects, unreachable, barred (Plivo may
    not call that country); or his mailbox answers, which presses no key (mailbox), as does who
    answers and does not want to (no-key)."""

    does: str = "answers"
    rings: int = 7
    talks: int = 42
    hangs_up: str = "callee"


@dataclass
class First:
    """What whoever is rung first does, in a call that was asked for: as a Callee; or hangs-up, while
    the other one's phone rings."""

    does: str = "answers"
    rings: int = 5


FIRSTS = ("answers", "busy", "no-answer", "rejects", "unreachable", "mailbox", "no-key", "hangs-up")


@dataclass
class Network:
    """What becomes of callbacks nobody waits for. Delayed ones arrive after the call."""

    seed: int = 0
    repeat: float = 0
    drop: float = 0
    delay: bool = False
    shuffle: bool = False

    def deliveries(self, posts):
        luck = random.Random(self.seed)
        kept = [post for post in posts if luck.random() >= self.drop]
        kept += [post for post in kept if luck.random() < self.repeat]
        if self.shuffle:
            luck.shuffle(kept)
        return kept


class Transcript:
    """What happened, line by line, each with who noticed it."""

    def __init__(self):
        self.lines = []

    def add(self, who, what):
        self.lines.append((who, what))

    def of(self, who):
        """Everything one person heard and saw."""
        return [what for reader, what in self.lines if reader == who]

    def __str__(self):
        return "\n".join(f"{who}: {what}" for who, what in self.lines)


def validate(text):
    """What the schema has against an answer; None: nothing, or nothing here can tell."""
    try:
        from lxml import etree
    except ImportError:
        return None
    schema = etree.RelaxNG(etree.parse(str(SCHEMA)))
    document = etree.fromstring(text)
    return None if schema.validate(document) else str(schema.error_log)


class Plivo:
    """The account: how the service is reached, and what the network does to callbacks."""

    def __init__(self, local, public_url="", token="", network=None, hangup_path=None,
                 on_request=None, trust=None):
        self.local = local
        self.public_url = (public_url or local).rstrip("/")
        self.token = token
        self.network = network or Network()
        self.hangup_path = hangup_path  # None: the answer URL, as Plivo has it
        self.on_request = on_request or (lambda **_: None)
        # No proxy of this machine is to see the call. trust: an SSLContext; None: the machine's.
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))

    def post(self, url, fields):
        """Sends one webhook; the text of the answer."""
        body = events.form(dict(fields))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.token:
            headers.update(signature.headers(self.token, "POST", url, body))
        self.on_request(url=url, fields=fields, headers=headers)
        request = urllib.request.Request(
            url.replace(self.public_url, self.local, 1), data=body.encode(), headers=headers)
        try:
            with self.opener.open(request, timeout=20) as reply:
                return reply.read()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode(errors="replace")) from error

    def fetch(self, url, fields):
        """The same, for an answer that Plivo would run. The Response element."""
        text = self.post(url, fields)
        response = answer.parse(text)
        problem = validate(text)
        if problem:
            raise answer.NotPlivoXml(f"{problem}\n{text.decode(errors='replace')}")
        return response

    def call(self, caller, dialled, callee=None, path="/answer", while_ringing=None,
             while_talking=None):
        """One call from beginning to end. The transcript."""
        call = Call(self, caller, dialled, callee or Callee(), path)
        call.while_ringing = while_ringing or (lambda: None)
        call.while_talking = while_talking or (lambda: None)
        call.run()
        return call.transcript

    def place(self, body, request_uuid, first=None, callee=None, transcript=None, before_answer=None,
              before_key=None, while_ringing=None, while_talking=None):
        """The same of a call that this body of POST Call/ asked for."""
        call = PlacedCall(self, body, request_uuid, first or First(), callee or Callee())
        call.transcript = Transcript() if transcript is None else transcript
        call.before_answer = before_answer or (lambda: None)
        call.before_key = before_key or (lambda: None)
        call.while_ringing = while_ringing or (lambda: None)
        call.while_talking = while_talking or (lambda: None)
        call.run()
        return call.transcript

    def message(self, sender, dialled, text, ours=()):
        """One message and whatever it leads to. ours: numbers whose messages come to us."""
        transcript = Transcript()
        for _ in range(MOST_STEPS):
            fields = {"From": sender, "To": dialled, "Text": text, "Type": "sms", "Units": "1",
                      "MessageUUID": str(uuid.uuid4()), "TotalRate": "0", "TotalAmount": "0",
                      "MessageIntent": ""}
            sent = self.fetch(self.public_url + "/message", fields).find("Message")
            if sent is None:
                return transcript
            sender, dialled, text = sent.get("src"), sent.get("dst"), sent.text
            transcript.add(dialled, f'reads "{text}" from {sender}')
            if dialled not in ours:
                return transcript
        raise AssertionError(f"two machines keep writing to each other:\n{transcript}")


class Call:
    """One call: the caller's leg, and the callee's while there is one."""

    who = "caller"  # in the transcript

    def __init__(self, plivo, caller, dialled, callee, path):
        self.plivo, self.caller, self.callee, self.path = plivo, caller, callee, path
        self.facts = {"uuid": str(uuid.uuid4()), "caller": caller.number, "proxy": dialled,
                      "callee": ""}
        self.transcript = Transcript()
        self.outbox = []  # (url, fields) of callbacks nobody waits for
        self.clock = self.started = datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)
        self.answered = None  # when the caller's leg was
        self.digits = iter(caller.digits)
        self.recorder = None
        self.over = False
        self.source = "Plivo"
        self.steps = 0

    def hears(self, element, who=None):
        who = who or self.who
        for sound in element.iter():
            if sound.tag == "Speak":
                self.transcript.add(who, f'hears "{" ".join((sound.text or "").split())}"')
            elif sound.tag == "Play":
                self.transcript.add(who, f"hears the recording {sound.text}")

    def tell(self, url, fields):
        if url:
            self.outbox.append((url, fields))
            if not self.plivo.network.delay:
                self.deliver()

    def deliver(self):
        posts, self.outbox = self.outbox, []
        for url, fields in self.plivo.network.deliveries(posts):
            self.plivo.post(url, fields)

    def leg(self):
        """The parameters of a request about the caller's leg."""
        return events.incoming_call(self.caller.number, self.facts["proxy"], self.facts["uuid"])

    def run(self):
        url = self.plivo.public_url + self.path
        self.transcript.add(self.who, f"dials {self.facts['proxy']}")
        self.follow(self.plivo.fetch(url, self.leg()))
        if not self.over:
            self.transcript.add(self.who, "is hung up on")
        hangup = self.plivo.public_url + (self.plivo.hangup_path or self.path)
        self.tell(hangup, callbacks.hangup(
            self.facts, self.seconds(self.answered), self.source, **self.times(
                self.started, self.answered)))
        self.deliver()

    def seconds(self, since):
        return int((self.clock - since).total_seconds()) if since else 0

    def times(self, start, answered):
        """In the time zone of somebody's console, as Plivo has it."""
        zone = timedelta(hours=5, minutes=30)
        return {"StartTime": str(start + zone), "EndTime": str(self.clock + zone),
                "AnswerTime": str(answered + zone) if answered else ""}

    def follow(self, response):
        """Runs the verbs of one document, until something else takes over."""
        self.steps += 1
        assert self.steps < MOST_STEPS, f"the documents go round in circles:\n{self.transcript}"
        for verb in response:
            if self.over:
                return
            following = getattr(self, "do_" + verb.tag.lower())(verb)
            if following is not None:
                self.follow(following)
                return

    def do_speak(self, verb):
        self.answered = self.answered or self.clock
        self.hears(verb)
        self.clock += timedelta(seconds=4)

    do_play = do_speak

    def do_hangup(self, _verb):
        self.transcript.add(self.who, "is hung up on")
        self.over = True

    def do_record(self, verb):
        assert verb.get("startOnDialAnswer") == "true", "any other Record is not for us"
        self.recorder = verb.get("callbackUrl")

    def do_getdigits(self, verb):
        self.answered = self.answered or self.clock
        self.hears(verb)
        entered = next(self.digits, None)
        if entered is None:
            self.transcript.add(self.who, "enters nothing")
            return None
        self.transcript.add(self.who, f"enters {entered}")
        entered = entered[: int(verb.get("numDigits", "99"))]
        fields = dict(self.leg(), Event="Redirect", CallStatus="in-progress", Digits=entered)
        return self.plivo.fetch(verb.get("action"), fields)

    def do_dial(self, verb):
        numbers = [number.text.strip() for number in verb.findall("Number")]
        assert len(numbers) == 1 and verb.get("callerId"), "masking rings one phone, with a caller ID"
        assert numbers[0] != self.caller.number, "a loop: Plivo ends it with cause 2060"
        self.facts["callee"] = numbers[0]
        # Without a callerName Plivo sends the name that came with the call.
        name = verb.get("callerName") or self.caller.name or self.caller.number
        shown = verb.get("callerId") if name == verb.get("callerId") else f"{verb.get('callerId')} and the name {name}"
        unrung = UNRUNG.get(self.callee.does)
        self.transcript.add(
            numbers[0], f"{unrung}, would see {shown}" if unrung else f"rings, showing {shown}")
        self.while_ringing()
        status, ringing = self.ring(verb)
        connected = None
        code = None
        if status == "completed":
            connected = self.clock
            if not self.takes(verb):
                status, code = "no-answer", 9110
            else:
                self.talk(verb)
        self.end_dial(verb, status, ringing, connected, code)
        fields = callbacks.dial_action(self.facts, status, "true" if ringing else "false")
        if not verb.get("action"):
            return None
        following = self.plivo.fetch(verb.get("action"), fields)
        return None if self.over else following

    def ring(self, verb):
        """(DialStatus, seconds it rang)."""
        patience = int(verb.get("timeout", "120"))
        if self.caller.gives_up:
            self.clock += timedelta(seconds=5)
            self.transcript.add(self.who, "gives up")
            self.over, self.source = True, "Caller"
            return "cancel", 5
        outcomes = {"busy": ("busy", 0), "unreachable": ("timeout", 0), "rejects": ("busy", 3),
                    "barred": ("failed", 0), "no-answer": ("no-answer", patience),
                    "answers": ("completed", self.callee.rings),
                    "no-key": ("completed", self.callee.rings),
                    "mailbox": ("completed", self.callee.rings)}
        status, seconds = outcomes[self.callee.does]
        if status == "completed" and seconds > patience:
            status, seconds = "no-answer", patience
        self.clock += timedelta(seconds=seconds)
        return status, seconds

    def takes(self, verb):
        """The callee's phone is answered: is the call taken?"""
        callee, url = self.facts["callee"], verb.get("callbackUrl")
        mailbox = self.callee.does == "mailbox"
        self.transcript.add(callee, "has a mailbox that answers" if mailbox else "answers")
        self.tell(url, callbacks.dial_answer(self.facts))
        if verb.get("confirmSound"):
            leg = {"CallUUID": callbacks.B_LEG, "From": verb.get("callerId"), "To": callee,
                   "Direction": "outbound", "CallStatus": "in-progress"}
            self.hears(self.plivo.fetch(verb.get("confirmSound"), leg), callee)
        if verb.get("confirmKey"):
            if self.callee.does != "answers":
                self.clock += timedelta(seconds=int(verb.get("confirmTimeout", "120")))
                return False
            self.transcript.add(callee, f"presses {verb.get('confirmKey')}")
        return True

    def talk(self, verb):
        callee, url = self.facts["callee"], verb.get("callbackUrl")
        self.answered = self.answered or self.clock
        self.tell(url, callbacks.dial_connected(self.facts))
        self.transcript.add(self.who, "talks")
        self.transcript.add(callee, "talks")
        self.while_talking()
        seconds = min(self.callee.talks, int(verb.get("timeLimit", "14400")))
        self.clock += timedelta(seconds=seconds)
        self.source = self.callee.hangs_up.capitalize()
        self.transcript.add(self.who if self.source == "Caller" else callee, "hangs up")
        if self.recorder:
            self.tell(self.recorder, callbacks.recording(
                self.facts, f"https://media.plivo.com/v1/Recording/{uuid.uuid4()}.mp3", seconds))
        self.over = self.source == "Caller"

    def end_dial(self, verb, status, ringing, connected, code=None):
        causes = {"completed": ("Normal Hangup", 4000), "busy": ("Busy Line", 3010),
                  "no-answer": ("No Answer", 3000), "timeout": ("Carrier", 3070), "failed": ("Destination Country Barred", 2040),
                  "cancel": ("Cancelled", 1000)}
        name, code = causes[status] if code is None else ("Confirm Key Failed", code)
        source = self.source if status == "completed" else (
            "Caller" if status == "cancel" else "Callee")
        start = (connected or self.clock) - timedelta(seconds=ringing)
        self.tell(verb.get("callbackUrl"), callbacks.dial_hangup(
            self.facts, self.seconds(connected), source, DialBLegHangupCauseName=name,
            DialBLegHangupCauseCode=code, **self.times(start, connected)))


class PlacedCall(Call):
    """A call that Plivo was asked for: who is rung first takes the caller's part, once they answer."""

    # Of who does not answer: CallStatus, seconds it rang, HangupCause, its name and code.
    NOT_ANSWERED = {"busy": ("busy", 0, "USER_BUSY", "Busy Line", 3010),
                    "rejects": ("busy", 3, "CALL_REJECTED", "Rejected", 3020),
                    "unreachable": ("failed", 0, "UNALLOCATED_NUMBER", "Unallocated Number", 3050),
                    "no-answer": ("no-answer", None, "NO_ANSWER", "No Answer", 3000)}

    def __init__(self, plivo, body, request_uuid, first, callee):
        self.body, self.first = body, first
        self.who = body["to"]
        presses = ["1"] if first.does in ("answers", "hangs-up") else []
        caller = Caller(body["to"], presses, gives_up=first.does == "hangs-up")
        super().__init__(plivo, caller, body["to"], callee, "")
        self.facts.update(caller=body["from"], request_uuid=request_uuid)

    def leg(self):
        return events.placed_call(self.facts["caller"], self.facts["proxy"], self.facts["uuid"],
                                  self.facts["request_uuid"])

    def run(self):
        name = self.body.get("caller_name", "")
        shown = self.body["from"] + ("" if name == self.body["from"] else f" and the name {name}")
        unrung = UNRUNG.get(self.first.does)
        self.transcript.add(
            self.who, f"{unrung}, would see {shown}" if unrung else f"rings, showing {shown}")
        patience = int(self.body.get("ring_timeout", 120))
        status, seconds, cause, name, code = self.NOT_ANSWERED.get(
            self.first.does, ("completed", self.first.rings, "NORMAL_CLEARING", "Normal Hangup", 4000))
        self.clock += timedelta(seconds=patience if seconds is None else seconds)
        self.before_answer()
        if status == "completed":
            self.answered = self.clock
            self.transcript.add(self.who, "has a mailbox that answers"
                                if self.first.does == "mailbox" else "answers")
            self.follow(self.plivo.fetch(self.body["answer_url"], self.leg()))
            if not self.over:
                self.transcript.add(self.who, "is hung up on")
        self.tell(self.body.get("hangup_url") or self.body["answer_url"], callbacks.hangup(
            self.facts, self.seconds(self.answered),
            self.source if status == "completed" else "Callee", CallStatus=status,
            HangupCause=cause, HangupCauseName=name, HangupCauseCode=code,
            **self.times(self.started, self.answered)))
        self.deliver()

    def do_getdigits(self, verb):
        self.before_key()
        return super().do_getdigits(verb)
