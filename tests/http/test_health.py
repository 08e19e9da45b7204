"""Is the process up, does the database answer: for load balancers and people."""
from server import CALLER, COUNTERPART, PROXY, eventually


def test_healthy_and_ready(server):
    for path in ("/healthz", "/readyz"):
        reply = eventually(lambda path=path: server.exchange("GET", path))
        assert reply.status == 200
        assert reply.headers["content-type"].startswith("text/plain")
        assert reply.body == (b"ok\n" if path == "/healthz" else b"ready\n")


def test_health_needs_no_signature(start_server):
    server = start_server(PLIVO_AUTH_TOKEN="t" * 40, PUBLIC_URL="https://masking.example.com")
    assert server.exchange("GET", "/healthz").status == 200
    eventually(lambda: server.exchange("GET", "/readyz").status == 200)


def test_other_methods_are_405(server):
    for path in ("/healthz", "/readyz"):
        reply = server.exchange("POST", path)
        assert reply.status == 405 and "GET" in reply.headers["allow"]


def test_ready_follows_the_database_and_healthy_does_not(server, cluster):
    """Promise 7: database back, service back, without a restart."""
    cluster.stop()
    try:
        eventually(lambda: server.exchange("GET", "/readyz").status == 503)
        assert server.exchange("GET", "/healthz").status == 200
        assert server.exchange("GET", "/readyz").body.startswith(b"not ready")
    finally:
        cluster.start()
    eventually(lambda: server.exchange("GET", "/readyz").status == 200)
    assert server.call(CALLER).dial == (PROXY, COUNTERPART)


def test_error_text_of_ready_names_no_secret(start_server, database, cluster):
    server = start_server(DATABASE_URL=database.server_url.replace(
        "masking_server@", "masking_server:pass-of-the-test@"))
    eventually(lambda: server.exchange("GET", "/readyz").status == 200)
    cluster.stop()
    try:
        reply = eventually(lambda: (lambda r: r.status == 503 and r)(
            server.exchange("GET", "/readyz")))
    finally:
        cluster.start()
    assert b"pass-of-the-test" not in reply.body and str(cluster.socket).encode() not in reply.body
    assert "pass-of-the-test" not in server.log
