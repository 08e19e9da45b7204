"""A fake of Plivo's REST API on loopback: accounts, applications, numbers, calls that are placed; and
its faults.

Shapes of answers are those of Plivo's documentation and SDKs: numbers without "+", an
application's id as text of 17 digits, a number's application as a URI, null, "" or left out,
lists of at most 20 with meta. Every request is in `requests`.

    with FakePlivo() as plivo:
        plivo.add_number("14155550101")
        plivo.fail("POST", "Application/", "cut", times=1)   # does it, then says nothing
        …  PLIVO_API=plivo.url PLIVO_AUTH_ID=plivo.account PLIVO_AUTH_TOKEN=plivo.token

Faults: an HTTP status; "hang"; "cut" (closes the connection after the effect); "html"; "{}" (a 404
without a word); "gateway" (a 502 in HTML); "late" (a call is played before its POST is answered).

A call that was placed is in `calls`; on_call, if set, plays it, on a thread of its own, when it is its
turn: Plivo starts two a second, and has the others wait.
"""
import base64
import itertools
import json
import re
import threading
import time
import uuid
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

HTML = "<html><head><title>502 Bad Gateway</title></head><body>\x1b[2Jnginx</body></html>"
APPLICATION_FIELDS = {"answer_url", "answer_method", "hangup_url", "hangup_method", "message_url",
                      "message_method", "fallback_answer_url", "fallback_method",
                      "log_incoming_messages", "default_number_app", "default_endpoint_app",
                      "subaccount", "public_uri"}
CALL_FIELDS = {"from", "to", "answer_url", "answer_method", "ring_url", "ring_method", "hangup_url",
               "hangup_method", "fallback_url", "fallback_method", "caller_name", "send_digits",
               "send_on_preanswer", "time_limit", "hangup_on_ring", "machine_detection",
               "machine_detection_time", "sip_headers", "ring_timeout", "parent_call_uuid"}
CALLS_PER_SECOND = 2


@dataclass
class Request:
    at: float
    method: str
    path: str  # below the account, without the query
    query: dict
    body: dict
    status: int


@dataclass
class Placed:
    """A call that Plivo was asked for. starts_at: by time.monotonic()."""

    request_uuid: str
    body: dict
    starts_at: float


@dataclass
class Fault:
    method: str
    path: str
    what: object
    times: int
    skip: int


class Refused(Exception):
    def __init__(self, status, error=None):
        super().__init__(error)
        self.status, self.error = status, error


class FakePlivo:
    def __init__(self, account="MAZTK4MTQXY2E5ZTK3MZ", token="a-token-of-the-account-0123456789abcdef"):
        self.account, self.token = account, token
        self.account_fields = {"name": "Pizza & Söhne", "cash_credits": "50.00000",
                               "billing_mode": "prepaid", "auto_recharge": False,
                               "account_type": "standard", "city": "", "address": "Main Street 1"}
        self.applications = {}
        self.numbers = {}
        self.requests = []
        self.refuses = {}  # number: why Plivo will not change it
        self.deaf = set()  # numbers that answer 202 and stay as they are
        self.answers_for = None  # another account's id in GET Account/
        self.after_page = None  # called with (path, offset) when a page of a list was served
        self.calls = []
        self.on_call = None  # called with each of them
        self._faults = []
        self._ids = itertools.count(15784735442685051)
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.hangs = threading.Event()  # set: what hangs is cut

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.hangs.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    # ---- what there is ----

    def add_application(self, name, **fields):
        app_id = str(next(self._ids))
        self.applications[app_id] = {
            "app_id": app_id, "app_name": name, "answer_url": None, "answer_method": "POST",
            "hangup_url": fields.get("answer_url"), "hangup_method": "POST", "message_url": None,
            "message_method": "POST", "fallback_answer_url": None, "fallback_method": "POST",
            "log_incoming_messages": True, "default_app": False, "default_endpoint_app": False,
            "enabled": True, "public_uri": False, "sub_account": None,
            "sip_uri": f"sip:{app_id}@app.plivo.com",
            "resource_uri": f"/v1/Account/{self.account}/Application/{app_id}/", **fields}
        return app_id

    def application_uri(self, app_id):
        return f"/v1/Account/{self.account}/Application/{app_id}/"

    def add_number(self, number, application=None, **fields):
        self.numbers[number] = {
            "number": number, "alias": None, "added_on": "2026-01-05", "carrier": "Plivo",
            "application": self.application_uri(application) if application else None,
            "country": "United States", "region": "California, UNITED STATES",
            "number_type": "local", "type": "local", "monthly_rental_rate": "0.80000",
            "renewal_date": "2099-12-31", "voice_enabled": True, "voice_rate": "0.00850",
            "sms_enabled": True, "sms_rate": "0.00000", "mms_enabled": False, "sub_account": None,
            "resource_uri": f"/v1/Account/{self.account}/Number/{number}/", **fields}

    def attached(self, app_id):
        return sorted(number for number, fields in self.numbers.items()
                      if fields.get("application") == self.application_uri(app_id))

    def fail(self, method, path, what, times=1, skip=0):
        """path: a regular expression of the path below the account. skip: so many go well first."""
        self._faults.append(Fault(method, path, what, times, skip))

    def changes(self):
        """What was asked of Plivo beyond looking."""
        return [(request.method, request.path) for request in self.requests
                if request.method != "GET"]

    def most_within(self, seconds):
        times = [request.at for request in self.requests]
        return max((sum(start <= at < start + seconds for at in times) for start in times),
                   default=0)

    # ---- answering ----

    def _fault(self, method, path):
        for fault in self._faults:
            if fault.method == method and re.fullmatch(fault.path, path) and fault.times > 0:
                if fault.skip > 0:
                    fault.skip -= 1
                    return None
                fault.times -= 1
                return fault.what
        return None

    def _page(self, entries, query, path):
        limit, offset = int(query.get("limit", 20)), int(query.get("offset", 0))
        if limit > 20:
            raise Refused(400, "limit must be at most 20")
        here = f"/v1/Account/{self.account}/{path}?limit={limit}&offset="
        return 200, {"objects": entries[offset:offset + limit], "meta": {
            "limit": limit, "offset": offset, "total_count": len(entries),
            "next": f"{here}{offset + limit}" if offset + limit < len(entries) else None,
            "previous": f"{here}{max(0, offset - limit)}" if offset else None}}

    def _application(self, app_id, method, body):
        if app_id not in self.applications:
            raise Refused(404)
        if method == "GET":
            return 200, self.applications[app_id]
        if method == "DELETE":
            del self.applications[app_id]
            return 204, {}
        unknown = set(body) - APPLICATION_FIELDS
        if unknown:
            raise Refused(400, f"{unknown.pop()} is not a valid parameter")
        self.applications[app_id].update(body)
        return 202, {"message": "changed"}

    def _applications(self, method, query, body):
        if method == "GET":
            return self._page([one for one in self.applications.values()
                               if one["app_name"].startswith(query.get("app_name", ""))],
                              query, "Application/")
        if not body.get("answer_url"):
            raise Refused(400, "answer_url parameter is missing")
        if not re.fullmatch(r"[A-Za-z0-9_-]+", body.get("app_name", "")):
            raise Refused(400, "app_name is not valid")
        fields = {name: value for name, value in body.items() if name != "app_name"}
        return 201, {"message": "created",
                     "app_id": self.add_application(body["app_name"], **fields)}

    def _number(self, number, method, body):
        if number not in self.numbers:
            raise Refused(404)
        if method == "GET":
            return 200, self.numbers[number]
        if number in self.refuses:
            raise Refused(400, self.refuses[number])
        if set(body) - {"app_id", "subaccount", "alias"}:
            raise Refused(400, "unknown parameter")
        if body["app_id"] and body["app_id"] not in self.applications:
            raise Refused(400, "app_id is not valid")
        if number not in self.deaf:
            self.numbers[number]["application"] = (
                self.application_uri(body["app_id"]) if body["app_id"] else "")
        return 202, {"message": "changed"}

    def _call(self, body):
        for name in ("from", "to", "answer_url"):
            if not body.get(name):
                raise Refused(400, f"{name} parameter is missing")
        unknown = set(body) - CALL_FIELDS
        if unknown:
            raise Refused(400, f"{unknown.pop()} is not a valid parameter")
        for name in ("from", "to"):
            if not re.fullmatch(r"[1-9][0-9]{6,14}", body[name]):
                raise Refused(400, f"{body[name]} is not a valid phone number")
        for name in ("answer_url", "hangup_url"):
            if not re.fullmatch(r"https?://[^/]+/.*", body.get(name, body["answer_url"])):
                raise Refused(400, f"{name} is not a valid url")
        if {body.get("answer_method", "POST"), body.get("hangup_method", "POST")} - {"GET", "POST"}:
            raise Refused(400, "a method is not valid")
        if not 1 <= int(body.get("ring_timeout", 120)) <= 600:
            raise Refused(400, "ring_timeout is not valid")
        starts_at = max([time.monotonic()] + [placed.starts_at + 1 / CALLS_PER_SECOND
                                              for placed in self.calls[-1:]])
        self.calls.append(Placed(str(uuid.uuid4()), body, starts_at))
        return 201, {"message": "call fired", "request_uuid": self.calls[-1].request_uuid}

    def _play(self, placed):
        time.sleep(max(0, placed.starts_at - time.monotonic()))
        self.on_call(placed)

    def answer(self, method, path, query, body):
        if path == "Call/" and method == "POST":
            return self._call(body)
        if path == "" and method == "GET":
            return 200, {"auth_id": self.answers_for or self.account, **self.account_fields}
        if path == "Application/":
            return self._applications(method, query, body)
        found = re.fullmatch(r"Application/([0-9]+)/", path)
        if found:
            return self._application(found[1], method, body)
        if path == "Number/" and method == "GET":
            return self._page(list(self.numbers.values()), query, path)
        found = re.fullmatch(r"Number/([0-9]+)/", path)
        if found and method in ("GET", "POST"):
            return self._number(found[1], method, body)
        if path.startswith("Call/"):
            return 204, {}
        raise Refused(404)


def _handler(fake):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def _send(self, status, content, kind="application/json"):
            body = content.encode() if status != 204 else b""
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _body(self):
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            if self.command == "GET":
                return {}
            if self.headers.get("Content-Type") != "application/json":
                raise Refused(400, "JSON only")
            return json.loads(text or b"{}")

        def _path(self):
            parts = urlsplit(self.path)
            found = re.fullmatch(r"/v1/Account/([A-Za-z0-9]+)/(.*)", parts.path)
            if not found:
                raise Refused(404)
            expected = base64.b64encode(f"{fake.account}:{fake.token}".encode()).decode()
            if self.headers.get("Authorization") != f"Basic {expected}" or found[1] != fake.account:
                raise Refused(401, "authentication failed")
            return found[2], {name: values[0] for name, values in parse_qs(parts.query).items()}

        def _serve(self):
            began = time.monotonic()
            path, query, body, api_id = self.path, {}, {}, str(uuid.uuid4())
            with fake._lock:
                before = len(fake.calls)
                try:
                    body = self._body()
                    path, query = self._path()
                    fault = fake._fault(self.command, path)
                    if isinstance(fault, int):
                        raise Refused(fault, "trouble")
                    if fault in ("hang", "html", "{}", "gateway"):
                        status, content = {"html": 200, "{}": 404, "gateway": 502}.get(fault, 0), None
                    else:
                        status, content = fake.answer(self.command, path, query, body)
                except Refused as refused:
                    fault, status = None, refused.status
                    content = {"error": refused.error} if refused.error else {}
                fake.requests.append(Request(began, self.command, path, query, body, status))
                placed = fake.calls[before:] if fake.on_call else []
            for call in placed:
                player = threading.Thread(target=fake._play, args=(call,), daemon=True)
                player.start()
                if fault == "late":
                    player.join()
            if fault == "hang":
                fake.hangs.wait(60)
                self.close_connection = True
            elif fault == "cut":
                self.close_connection = True
            elif fault in ("html", "gateway"):
                self._send(status, HTML, "text/html")
            elif fault == "{}" or not content and status == 404:
                self._send(404, "{}")
            else:
                self._send(status, json.dumps({"api_id": api_id, **content}))
            if fake.after_page and path in ("Number/", "Application/") and self.command == "GET":
                fake.after_page(path, int(query.get("offset", 0)))

        do_GET = do_POST = do_DELETE = _serve

    return Handler
