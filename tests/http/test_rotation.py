"""Auth tokens change while the server runs: files, SIGHUP, (sub)account and main."""
import signal
from pathlib import Path

import pytest

import signer
from server import CALLER, PROXY, call_fields, eventually

PUBLIC_URL = "https://masking.example.com"
OLD, NEW, MAIN = "old-token-" + "o" * 30, "new-token-" + "n" * 30, "main-token-" + "m" * 30


def status(server, token, prefix="X-Plivo-Signature-"):
    """The status of a call signed with this token."""
    fields = call_fields(CALLER, PROXY)
    nonce = signer.new_nonce()
    signature = signer.signature_v3(token, "POST", PUBLIC_URL + "/answer", nonce, fields)
    return server.send(fields, headers={prefix + "V3": signature,
                                        "X-Plivo-Signature-V3-Nonce": nonce}).status


def reload(server, event="reloaded"):
    before = server.log.count(f"event={event}")
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: server.log.count(f"event={event}") > before)


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(OLD + "\n")
    return path


def test_rotation_without_a_restart(start_server, token_file):
    """Promise 6 holds throughout: each token counts exactly as long as it is listed."""
    server = start_server(PLIVO_AUTH_TOKEN_FILE=str(token_file), PUBLIC_URL=PUBLIC_URL,
                          ALLOW_UNSIGNED=None)
    assert (status(server, OLD), status(server, NEW)) == (200, 403)
    token_file.write_text(f"{OLD},{NEW}\n")
    assert (status(server, OLD), status(server, NEW)) == (200, 403)
    reload(server)
    assert (status(server, OLD), status(server, NEW)) == (200, 200)
    token_file.write_text(NEW)
    reload(server)
    assert (status(server, OLD), status(server, NEW)) == (403, 200)
    assert OLD not in server.log and NEW not in server.log


@pytest.mark.parametrize("content", ["", ",", "a,,b", "x" * 5000])
def test_bad_file_leaves_the_old_tokens_in_force(start_server, token_file, content):
    server = start_server(PLIVO_AUTH_TOKEN_FILE=str(token_file), PUBLIC_URL=PUBLIC_URL,
                          ALLOW_UNSIGNED=None)
    token_file.write_text(content)
    reload(server, "reload_failed")
    assert (status(server, OLD), status(server, "")) == (200, 403)


def test_missing_file_leaves_the_old_tokens_in_force(start_server, token_file):
    server = start_server(PLIVO_AUTH_TOKEN_FILE=str(token_file), PUBLIC_URL=PUBLIC_URL,
                          ALLOW_UNSIGNED=None)
    token_file.unlink()
    reload(server, "reload_failed")
    assert status(server, OLD) == 200


def test_main_accounts_token_counts_for_its_own_header_only(start_server):
    server = start_server(PLIVO_AUTH_TOKEN=OLD, PLIVO_MAIN_AUTH_TOKEN=MAIN,
                          PUBLIC_URL=PUBLIC_URL)
    assert status(server, OLD) == 200
    assert status(server, MAIN, "X-Plivo-Signature-Ma-") == 200
    assert status(server, MAIN) == 403
    assert status(server, OLD, "X-Plivo-Signature-Ma-") == 403


def test_retry_with_the_same_nonce_is_answered_again(start_server, database):
    """Promise 3: Plivo retries within a minute, and must not be taken for a replay."""
    server = start_server(PLIVO_AUTH_TOKEN=OLD, PUBLIC_URL=PUBLIC_URL)
    fields = call_fields(CALLER, PROXY)
    headers = signer.headers_v3(OLD, "POST", PUBLIC_URL + "/answer", body=fields)
    answers = {server.webhook(fields, headers=headers).xml for _ in range(3)}
    assert len(answers) == 1
    assert database.call_rows(dict(fields)["CallUUID"]) == ["connected"]


@pytest.fixture
def with_passwords(cluster):
    """The server's role needs a password; set_password changes it, and cuts who is in."""
    rules = Path(cluster.place, "data", "pg_hba.conf")
    before = rules.read_text()

    def set_password(password):
        cluster.administer(f"ALTER ROLE masking_server PASSWORD '{password}'")
        cluster.administer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                           " WHERE usename = 'masking_server'")
    rules.write_text("local all masking_server scram-sha-256\n" + before)
    cluster.administer("SELECT pg_reload_conf()")
    yield set_password
    rules.write_text(before)
    cluster.administer("SELECT pg_reload_conf(); ALTER ROLE masking_server PASSWORD NULL")


def url_with(database, password):
    return database.server_url.replace("masking_server@", f"masking_server:{password}@")


@pytest.mark.parametrize("told_by", ["SIGHUP", "the refusal"])
def test_a_rotated_database_password_is_read_again(start_server, database, with_passwords, tmp_path,
                                                   told_by):
    """Promise 7: it heals itself. Whoever changes the password need not be quicker with the file
    than the server is with its next connection."""
    url = tmp_path / "database-url"
    url.write_text(url_with(database, "one-1111111"))
    with_passwords("one-1111111")
    server = start_server(DATABASE_URL=None, DATABASE_URL_FILE=str(url))
    assert eventually(lambda: server.call(CALLER).dial)
    if told_by == "SIGHUP":
        url.write_text(url_with(database, "two-2222222"))
        server.process.send_signal(signal.SIGHUP)
        with_passwords("two-2222222")
    else:
        # (Who was logging in with the old one at that moment comes in, and is cut the next time.)
        eventually(lambda: with_passwords("two-2222222") or server.call(CALLER).refusal)
        url.write_text("no connection string: two-2222222")
        eventually(lambda: "event=database_url_unread" in server.log)
        url.write_text(url_with(database, "two-2222222"))
    eventually(lambda: server.call(CALLER).dial)
    assert "one-1111111" not in server.log and "two-2222222" not in server.log
