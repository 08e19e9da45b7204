"""The tutorial's published paths: whoever followed it changes only the host."""
import pytest

from client import exchange
from server import FORM, PAIRS, PROXY, WEBHOOKS, call_fields, canonical, eventually
from signer import form

PATHS = [path + slash for path in WEBHOOKS for slash in ("", "/")]
ANY_CASE = ["/HandleIncoming", "/HandleIncoming/", "/handleIncoming/", "/HANDLEINCOMING"]
BOTH_WAYS = PAIRS + [(agent, customer) for customer, agent in PAIRS]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", PATHS + ANY_CASE)
def test_connects_all_sample_numbers_both_ways(server, oracle, path, method):
    """Promise 1: the callee sees the proxy number; promise 3: as Plivo's SDK writes it."""
    for caller, counterpart in BOTH_WAYS:
        answer = server.call(caller, path=path, method=method)
        assert answer.dial == (PROXY, counterpart)
        assert canonical(answer.xml) == canonical(oracle.dial_xml(PROXY, counterpart))


@pytest.mark.parametrize("dialled", ["14155550199", "14155550123"])
def test_caller_id_is_the_number_dialled(server, dialled):
    caller, counterpart = PAIRS[0]
    assert server.call(caller, dialled).dial == (dialled, counterpart)


def test_query_of_the_answer_url_is_no_part_of_the_path(server):
    """An answer URL may carry the customer's own parameters."""
    caller, counterpart = PAIRS[0]
    answer = server.call(caller, path="/answer?tenant=eu&a=1")
    assert answer.dial == (PROXY, counterpart)


def test_get_with_merged_parameters_in_plivos_order(server):
    """Plivo sorts its own and our parameters into one query."""
    caller, counterpart = PAIRS[0]
    fields = sorted(call_fields(caller, PROXY, tenant="eu", direction="mine"))
    assert server.webhook(fields, method="GET").dial == (PROXY, counterpart)


@pytest.mark.parametrize("path", ["//answer", "/answer//", "///answer///", "//numbermasking//handle_incoming//",
                                  "/numbermasking///handle_incoming", "//HandleIncoming"])
def test_several_slashes_count_as_one(server, path):
    """They come of a base URL that ends in a slash, and a path that begins with one."""
    assert server.call(PAIRS[0][0], path=path).dial == (PROXY, PAIRS[0][1])
    assert server.call(PAIRS[0][0], path=path, method="GET", Event="Hangup").empty
    assert server.exchange("GET", "//healthz").status == 200
    assert exchange(server.metrics_address, "GET", "//metrics").status == 200


@pytest.mark.parametrize("path", ["/", "//", "/nothing", "/answer/x", "/answerx", "/answer/.", "/./answer", "/x/../answer",
                                  "/numbermasking/handle_incoming/x", "/number_masking/x", "/%2fanswer", "/answer%2f",
                                  "/" + "/" * 600 + "x", "/" + "x" * 600 + "//answer",
                                  "/Answer", "/handleincoming/x", "/healthz/x"])
def test_every_other_path_is_404(server, path):
    for method in ("GET", "POST"):
        assert server.send(call_fields(PAIRS[0][0], PROXY), path, method).status == 404


def seen(server, method, path, words):
    """Asked for until the log says so: it has one such line a second."""
    eventually(lambda: server.exchange(method, path) and words in server.log)


@pytest.mark.parametrize("path, logged", [
    ("/v1//anwser/?From=14156667777", '/v1//anwser/"'),
    ("/'%22%0a/1-415-666-7777%3f" + "x" * 100, "/'%##%#a/#-###-###-####%#f" + "x" * 37 + '"')])
def test_a_path_that_there_is_none_is_in_the_log(server, path, logged):
    """Promise 1: nothing of a phone number, no query, no end."""
    seen(server, "GET", path, f'endpoint=none status=404 path="{logged}')
    assert "666-7777" not in server.log and "From" not in server.log


def test_so_is_the_path_of_a_method_that_there_is_not(server):
    seen(server, "PUT", "//hangup?x=1", 'endpoint=hangup status=405 path="//hangup"')


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_every_other_method_is_405_and_names_the_right_ones(server, path, method):
    reply = server.exchange(method, path)
    assert reply.status == 405
    allowed = {name.strip() for name in reply.headers["allow"].split(",")}
    assert allowed == {"GET", "POST"}


@pytest.mark.parametrize("kind", [FORM, FORM + "; charset=utf-8", FORM + ";charset=UTF-8",
                                  FORM.upper()])
def test_form_type_may_have_a_charset_and_any_case(server, kind):
    caller, counterpart = PAIRS[0]
    answer = server.webhook(call_fields(caller, PROXY), headers={"Content-Type": kind})
    assert answer.dial == (PROXY, counterpart)


def test_keep_alive_serves_many_calls_on_one_connection(server):
    """As Plivo and a proxy use it."""
    with server.connection() as connection:
        for caller, counterpart in BOTH_WAYS:
            body = form(call_fields(caller, PROXY)).encode()
            reply = connection.request("POST", "/answer", {"Content-Type": FORM}, body)
            assert reply.status == 200 and counterpart.encode() in reply.body
            assert not reply.closes
