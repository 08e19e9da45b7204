"""Recording: off as shipped; with it both sides are told, and the link is on record."""
import os
import subprocess
import uuid

from plivo import callbacks
import pytest
from server import BINARY, CALLER, COUNTERPART, PROXY, STRANGER, canonical

PUBLIC_URL = "https://calls.example.com"
SPEAK = {"voice": "WOMAN", "language": "en-US"}
URL = "https://media.plivo.com/v1/Account/MAXXXXXXXXXXXXXXXXXX/Recording/c2186400-1c8c.mp3"


@pytest.fixture(scope="module")
def server(start_server):
    return start_server(PUBLIC_URL=PUBLIC_URL, RECORD_CALLS="yes", CALL_TIME_LIMIT="3600")


def said(database):
    return database.query("SELECT say FROM masking.prompt('recorded', 14155550100)")[0][0]


def test_both_sides_are_told_before_it_starts(server, database, oracle):
    answer = server.call(CALLER)
    assert canonical(answer.xml) == canonical(oracle.ask(
        "recorded_xml", sentence=said(database), speak=SPEAK, number=COUNTERPART,
        record={"startOnDialAnswer": "true", "redirect": "false", "maxLength": "3600",
                "callbackUrl": f"{PUBLIC_URL}/recording#rc=3&rp=all", "callbackMethod": "POST"},
        attributes={"callerId": PROXY, "action": f"{PUBLIC_URL}/dial/action#rc=3&rp=all", "method": "POST",
                    "callbackUrl": f"{PUBLIC_URL}/dial/event#rc=3&rp=all", "callbackMethod": "POST",
                    "timeout": "25", "timeLimit": "3600", "callerName": PROXY,
                    "confirmSound": f"{PUBLIC_URL}/recording/announcement#rc=3&rp=all"})["xml"])
    callee = server.webhook([("CallUUID", str(uuid.uuid4())), ("From", PROXY), ("To", COUNTERPART)],
                            "/recording/announcement")
    assert [child.tag for child in callee._root.iter()] == ["Response", "Speak"]
    assert callee._root[0].text == said(database)


def test_the_callee_is_told_also_while_the_database_is_away(server, database):
    """Nobody is recorded unawares."""
    with database.locked("prompts"):
        callee = server.webhook([("From", PROXY), ("To", COUNTERPART)], "/recording/announcement")
    assert callee._root[0].text == "This call is recorded."


def test_who_is_not_connected_is_not_recorded(server):
    assert "<Record" not in server.call(STRANGER).xml


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_link_and_the_length_are_on_the_calls_row(server, database, method):
    call = {"uuid": str(uuid.uuid4()), "caller": CALLER, "callee": COUNTERPART, "proxy": PROXY}
    server.call(CALLER, PROXY, call["uuid"])
    url = URL if method == "GET" else URL.replace("https", "HTTPS")
    fields = callbacks.recording(call, url, 42)
    assert server.webhook(fields, "/recording", method).empty
    assert server.webhook(fields, "/recording", method).empty
    assert database.query("SELECT outcome, recording_url, recording_seconds FROM masking.calls"
                          " WHERE call_uuid = %s", call["uuid"]) == [("connected", url, 42)]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://x/y.mp3", "https://x/<y>", "https://x/ y",
                                 "https://x/" + "y" * 600])
def test_a_strange_link_is_not_kept(server, database, url):
    call = {"uuid": str(uuid.uuid4()), "caller": CALLER, "callee": COUNTERPART, "proxy": PROXY}
    assert server.webhook(callbacks.recording(call, url, 42), "/recording").empty
    assert database.query("SELECT recording_url, recording_seconds FROM masking.calls"
                          " WHERE call_uuid = %s", call["uuid"]) == [(None, 42)]


def test_recording_needs_a_place_to_announce_from():
    done = subprocess.run([str(BINARY)], capture_output=True, text=True, timeout=30, env={
        "DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "ALLOW_UNSIGNED": "yes",
        "RECORD_CALLS": "yes", "SUPPORT_NUMBER": "0800 SUPPORT",
        **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}})
    assert done.returncode == 2
    assert "RECORD_CALLS: must not be yes without PUBLIC_URL" in done.stderr
    assert "SUPPORT_NUMBER: must be a phone number" in done.stderr
