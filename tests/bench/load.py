"""The load of a benchmark: signed requests made in advance, sent by wrk; or pgbench."""
import base64
import collections
import hashlib
import hmac
import random
import subprocess
import uuid
from pathlib import Path
from urllib.parse import urlencode

from database import PROXY, agent, customer
from plivo import callbacks
from postgresql import BIN
from subjects import HERE, PLACE, PUBLIC_URL, TOKEN, parse_result


WARM_UP = 60_000  # requests at the front of a file, for filling pools and caches
MOST_PER_SECOND = 60_000
WEBHOOKS = {"calls": 6, "few": 3, "answer": 1}  # of what counts as one call
IN_PROGRESS = 64  # whole calls at a time


def signed_request(path, fields, keep_alive):
    nonce = "".join(random.choices("0123456789", k=20))
    text = "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.new(TOKEN.encode(), f"{PUBLIC_URL}{path}?{text}.{nonce}".encode(),
                      hashlib.sha256).digest()
    body = urlencode(fields)
    closing = "" if keep_alive else "Connection: close\r\n"
    return (f"POST {path} HTTP/1.1\r\nHost: calls.example.com\r\n{closing}"
            f"User-Agent: PlivoBench\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"X-Plivo-Signature-V3: {base64.b64encode(digest).decode()}\r\n"
            f"X-Plivo-Signature-V3-Nonce: {nonce}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


def new_call(pairs):
    pair = random.randrange(pairs)
    caller, callee = random.sample([customer(pair), agent(pair)], 2)
    return {"uuid": str(uuid.uuid4()), "caller": str(caller), "callee": str(callee),
            "proxy": PROXY}


def answer_fields(call):
    return {
        "BillRate": "0.00850", "CallStatus": "ringing", "CallUUID": call["uuid"],
        "CallerName": f"+{call['caller']}", "Direction": "inbound", "Event": "StartApp",
        "From": call["caller"], "ParentAuthID": "MAXXXXXXXXXXXXXXXXXX",
        "STIRAttestation": "Not Applicable", "STIRVerification": "Not Applicable",
        "SessionStart": "2026-01-01 12:00:00.000000", "To": PROXY}


def webhooks(call, kind="calls"):
    """What Plivo sends of a call that is taken and ended, with every parameter, in its order; "few": with
    CALLEE_EVENTS=no."""
    return [("/answer", answer_fields(call)),
            *[("/dial/event", dict(callbacks.dial_answer(call))),
              ("/dial/event", dict(callbacks.dial_connected(call))),
              ("/dial/event", dict(callbacks.dial_hangup(call)))] * (kind == "calls"),
            ("/dial/action", dict(callbacks.dial_action(call))),
            ("/hangup", dict(callbacks.hangup(call)))]


def whole_calls(count, pairs, keep_alive, kind="calls"):
    """The webhooks of so many calls, each in its order, with so many in progress at any time: whose
    turn it is, is chance, as calls begin and end when they do, but not one whose last webhook may
    still be on its way: Plivo waits for an answer too."""
    begun, ready, waiting = 0, [], collections.deque()
    while begun < count or ready or waiting:
        while begun < count and len(ready) + len(waiting) < IN_PROGRESS:
            ready.append(iter(webhooks(new_call(pairs), kind)))
            begun += 1
        if len(waiting) >= IN_PROGRESS // 2 or not ready:
            ready.append(waiting.popleft())
        call = ready.pop(random.randrange(len(ready)))
        webhook = next(call, None)
        if webhook:
            waiting.append(call)
            yield signed_request(*webhook, keep_alive)


def answers(count, pairs, keep_alive):
    for _ in range(count):
        yield signed_request("/answer", answer_fields(new_call(pairs)), keep_alive)


def write_requests(path, requests):
    with open(path, "wb") as file:
        for text in requests:
            file.write(b"%06d" % len(text) + text)
    return path


def requests_file(seconds, pairs, keep_alive, kind):
    """Made anew for each run, each call with an id of its own: those that warm up, and more than
    can be answered in so many seconds, or calls would repeat."""
    path = PLACE / f"requests-{kind}-{'keep' if keep_alive else 'close'}"
    count = WARM_UP + MOST_PER_SECOND * seconds
    return write_requests(path, answers(count, pairs, keep_alive) if kind == "answer"
                          else whole_calls(count // WEBHOOKS[kind], pairs, keep_alive, kind))


def start_wrk(url, connections, seconds, requests, first=0):
    # One thread: a second one would only take processor time from those measured.
    closing = [] if requests != "close" else ["-H", "Connection: close"]
    file = "-" if not isinstance(requests, Path) else requests
    return subprocess.Popen(
        ["wrk", "--threads", "1", "--connections", str(connections), "--duration",
         f"{seconds}s", "--timeout", "10s", *closing, "--script", HERE / "wrk.lua", url, "--",
         str(file), str(first)], stdout=subprocess.PIPE, text=True)


def wrk_result(process):
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return parse_result(output)


def start_pgbench(database, connections, seconds, pairs, new_connections):
    for log in PLACE.glob("pgbench.*"):
        log.unlink()
    return subprocess.Popen(
        [BIN / "pgbench", "--no-vacuum", "--protocol=prepared",
         f"--file={HERE / 'answer_call.pgbench'}", f"--define=pairs={pairs}",
         f"--client={connections}", f"--jobs={min(connections, 2)}", f"--time={seconds}",
         *(["--connect"] if new_connections else []), "--log", "--log-prefix=pgbench",
         f"--host={database.host}", f"--port={database.port}", "--username=masking_server",
         database.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=PLACE)


def pgbench_result(process, seconds):
    output, _ = process.communicate()
    assert process.returncode == 0, output
    took = sorted(int(line.split()[2]) for log in PLACE.glob("pgbench.*")
                  for line in log.read_text().splitlines())
    return {"requests": len(took), "seconds": seconds, "p50": took[len(took) // 2],
            "p99": took[len(took) * 99 // 100], "p999": took[len(took) * 999 // 1000],
            "errors": 0}
