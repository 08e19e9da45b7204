"""The shipped HAProxy settings for the console: clients that are slow, and who a password is from."""
import socket
import ssl
import subprocess

import pytest

import client
import server as running
from test_access import hashed, login

SETTINGS = running.ROOT / "server" / "deploy" / "haproxy" / "console.cfg"
ANY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # whoever the certificate is from
ANY.check_hostname, ANY.verify_mode = False, ssl.CERT_NONE


@pytest.fixture(scope="module")
def haproxy(tmp_path_factory, start_console):
    """Its address, with a console behind it that has two users."""
    place = tmp_path_factory.mktemp("haproxy")
    (place / "users").write_text(f"anna:{hashed('right')}\nbob:{hashed('other')}\n")
    console = start_console(CONSOLE_BEHIND="tls", CONSOLE_USERS_FILE=str(place / "users"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=console",
                    "-keyout", place / "pem.key", "-out", place / "pem"], check=True, capture_output=True)
    front = socket.create_server(("127.0.0.1", 0), backlog=1024)
    with front, open(place / "log", "wb") as log:
        address = front.getsockname()
        process = subprocess.Popen(
            ["haproxy", "-db", "-f", SETTINGS], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            pass_fds=[front.fileno()], env={
                "PATH": "/usr/sbin:/usr/bin", "TLS_CERTIFICATES": str(place / "pem"),
                "CONSOLE_TLS_LISTEN": f"fd@{front.fileno()}", "CONSOLE_ADDRESS": "%s:%d" % console.address})
    yield address
    process.kill()
    process.wait(timeout=60)


class Connection(client.Connection):
    """Over TLS."""

    def __init__(self, address, source=None):
        super().__init__(address, source=source)
        self._socket = ANY.wrap_socket(self._socket)


def get(haproxy, target="/style.css", headers=None, source=None):
    with Connection(haproxy, source) as connection:
        return connection.request("GET", target, headers)


def raw(method, more=""):
    return f"{method} /why HTTP/1.1\r\nHost: x\r\n{more}".encode()


@pytest.mark.parametrize("count, said", [
    (300, None), (40, b""), (40, raw("GET", "X: ")),
    (40, raw("POST", "Content-Length: 20000\r\nAuthorization: "
             f"{login('anna', 'right')['Authorization']}\r\n\r\na"))],
    ids=["silent", "no request", "half a head", "a body"])
def test_who_says_little_holds_up_nobody(haproxy, count, said):
    """More of them than the console has threads; each question is answered while all are there."""
    opened = []
    try:
        for n in range(count):
            source = f"127.0.2.{1 + n // 90}"
            opened.append(Connection(haproxy, source) if said is not None
                          else client.Connection(haproxy, source=source))
            opened[-1].send(said or b"")
        for _ in range(5):
            assert get(haproxy, headers=login("anna", "right")).status == 200
    finally:
        for one in opened:
            one.close()


def test_a_field_of_an_odd_name_is_dropped(haproxy):
    """As of Plivo's requests: what a browser's extension or a balancer adds is no reason for a 403."""
    assert get(haproxy, headers={"X_Forwarded_Proto": "http", "x.trace": "1", **login("anna", "right")}).status == 200


def test_a_wrong_password_slows_down_who_sent_it(haproxy):
    """Whatever is sent as the address."""
    forged = [{"X-Forwarded-For": f"203.0.113.{n}", "X-Forwarded-Proto": "http",
               **login("bob", "wrong")} for n in range(8)]
    assert {get(haproxy, headers=one, source="127.0.3.1").status for one in forged} == {401, 429}
    assert get(haproxy, headers=login("bob", "other"), source="127.0.3.2").status == 200
