"""No whole phone number in any log of the whole run. Runs last, whatever its name."""
from client import exchange
from redaction import WHOLE_NUMBER, assert_no_whole_number
from server import CALLER, COUNTERPART, PROXY, STRANGER, call_fields, eventually


def unmask_nobody(texts):
    """Error texts, metrics: nothing of what was asked comes back."""
    for text in texts:
        assert not WHOLE_NUMBER.search(text.decode(errors="replace")), text


def say_everything(start_server, database):
    """A server at its most talkative, made to log about calls of every kind."""
    server = start_server(LOG_LEVEL="debug")
    server.call(CALLER)
    server.call(STRANGER)
    server.call("sip:" + CALLER + "@phone.plivo.com", PROXY + "x")
    server.call(CALLER, path="/answer?From=" + CALLER)
    server.call(CALLER, Event="Hangup", CallStatus="completed")
    server.call(CALLER, call_uuid=CALLER)
    query = "/answer?From=" + CALLER
    unmask_nobody(reply.body for reply in [
        server.send(call_fields(CALLER, PROXY), "/" + COUNTERPART, "GET"),
        server.send(call_fields(CALLER, PROXY), "/answer", "PUT"),
        server.exchange("GET", query, {"Content-Length": CALLER}),
        server.exchange("GET", query, {"Transfer-Encoding": CALLER}),
        server.exchange("GET", query, {"Host": CALLER, "User-Agent": CALLER}),
        server.exchange("GET", f"/{CALLER} HTTP/1.1\r\nX-{CALLER}\r\n"),
        server.exchange(CALLER, query)])
    database.cluster.stop()
    try:
        server.call(CALLER)
    finally:
        database.cluster.start()
    eventually(lambda: server.call(CALLER).dial)
    unmask_nobody([exchange(server.metrics_address, "GET", "/metrics").body])
    server.stop()


def test_no_log_of_the_run_holds_a_whole_number(start_server, database, cluster, logs, stopping):
    """Promise 1: no log line, metric, error text or URL holds a whole phone number."""
    for server in stopping:
        server.wait()
    say_everything(start_server, database)
    assert assert_no_whole_number([*logs.iterdir(), cluster.log_path]) > 20
    assert "event=" in "".join(path.read_text(errors="replace") for path in logs.iterdir())
