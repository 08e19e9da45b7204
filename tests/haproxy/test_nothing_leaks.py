"""No whole phone number in any log of the run, of server, proxy and PostgreSQL. Runs last."""
from proxy import PUBLIC_URL
from redaction import assert_no_whole_number
from server import CALLER, COUNTERPART, PROXY, STRANGER, call_fields


def make_both_talk(proxy):
    """Of calls of every kind, and of what only one of the two gets to see."""
    assert proxy.call(CALLER).dial == (PROXY, COUNTERPART)
    assert proxy.call(STRANGER).refusal
    assert proxy.send(call_fields(CALLER, PROXY), sign=False, method="GET").status == 403
    assert proxy.exchange("GET", f"/{CALLER}?From={CALLER}", {
        "User-Agent": CALLER, "Referer": f"{PUBLIC_URL}/{CALLER}"}).status == 404
    assert proxy.exchange(CALLER, "/answer?From=" + CALLER).status in (400, 403, 405, 501)
    assert proxy.exchange("POST", "/answer", {"Transfer-Encoding": CALLER}).status in (400, 411)


def test_no_log_of_the_run_holds_a_whole_number(proxy, signed_server, cluster, logs, stopping):
    """Promise 1, behind the shipped HAProxy settings, which write a log of their own."""
    make_both_talk(proxy)
    signed_server.stop()
    for server in stopping:
        server.wait()
    assert assert_no_whole_number([*logs.iterdir(), cluster.log_path]) > 20
    text = "".join(path.read_text(errors="replace") for path in logs.iterdir())
    assert " event=call " in text and " event=proxied " in text
