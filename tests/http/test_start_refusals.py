"""A server that would be unsafe or useless does not start, and says all of why."""
import socket
import subprocess

import pytest

from server import BINARY, is_sanitized

GOOD = {"DATABASE_URL": "postgresql://masking_server@/nothing?host=/nowhere",
        "LISTEN": "127.0.0.1:0", "METRICS_LISTEN": "127.0.0.1:0", "ALLOW_UNSIGNED": "yes"}
TOKEN = "c2VjcmV0LXRva2VuLW9mLXRoZS10ZXN0cw"
SETTINGS = ["DATABASE_URL", "LISTEN", "METRICS_LISTEN", "WORKERS", "DATABASE_CONNECTIONS",
            "ANSWER_DEADLINE_MS", "LOG_LEVEL", "PLIVO_AUTH_TOKEN", "PUBLIC_URL", "ALLOW_UNSIGNED"]


def run(*arguments, **settings):
    environment = {name: value for name, value in {**GOOD, **settings}.items()
                   if value is not None}
    return subprocess.run([str(BINARY), *arguments], env={"PATH": "/usr/bin:/bin", **environment},
                          capture_output=True, text=True, timeout=30)


def refused(*names, **settings):
    """Exit 2, each of the names on stderr. The text."""
    done = run(**settings)
    assert done.returncode == 2, (done.returncode, done.stderr)
    for name in names:
        assert name in done.stderr, (name, done.stderr)
    return done.stderr


def test_no_token_needs_to_be_asked_for():
    """Promise 6: unsigned mode is for trying things out only."""
    for value in (None, "no"):
        refused("PLIVO_AUTH_TOKEN", "ALLOW_UNSIGNED", ALLOW_UNSIGNED=value)


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "192.0.2.1:5000", "0.0.0.0:5000"])
def test_unsigned_mode_is_for_loopback_only(listen):
    """Promise 6: and only on a loopback address."""
    refused("ALLOW_UNSIGNED", "LISTEN", LISTEN=listen)


def test_token_needs_the_address_plivo_signs():
    refused("PUBLIC_URL", PLIVO_AUTH_TOKEN=TOKEN, ALLOW_UNSIGNED=None)


@pytest.mark.parametrize("name, values", {
    "WORKERS": ["", "0", "-1", "many", "64x", "1e3", "99999999999999999999"],
    "DATABASE_CONNECTIONS": ["0", "-1", "two", "99999999999999999999"],
    "ANSWER_DEADLINE_MS": ["0", "-1", "soon", "2s", "99999999999999999999"],
    "LOG_LEVEL": ["loud", "INFO,", "7"],
    "ALLOW_UNSIGNED": ["maybe", "1x"],
    "METRICS_LISTEN": ["nonsense", "127.0.0.1"],
    "LISTEN": ["nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:x", ":",
               "127.0.0.1:5000s", "[::1]:5000", "127.0.0.1:0,127.0.0.1:0", "+5000"],
}.items())
def test_bad_value_is_named(name, values):
    for value in values:
        if name == "WORKERS" and value == "":
            continue  # an empty setting may mean the default
        refused(name, **{name: value})


@pytest.mark.parametrize("url", ["not a url", "ftp://masking.example.com", "masking.example.com",
                                 "https://", "https://masking.example.com/?a=b",
                                 "https://masking.example.com/#x", "https://mask ing.example.com"])
def test_bad_public_url_is_named(url):
    refused("PUBLIC_URL", PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=url, ALLOW_UNSIGNED=None)


@pytest.mark.parametrize("settings, words", [
    ({"LISTEN": "5610"}, "LISTEN: must be an IPv4 address and a port, as 127.0.0.1:5610"),
    ({"LISTEN": ":5610"}, "as 127.0.0.1:5610"), ({"LISTEN": "localhost:5610"}, "as 127.0.0.1:5610"),
    ({"LISTEN": "localhost"}, "as 127.0.0.1:5000"), ({"METRICS_LISTEN": "off"}, "as 127.0.0.1:5001"),
    ({"METRICS_LISTEN": "5611"}, "as 127.0.0.1:5611"),
    ({"PUBLIC_URL": "https://x.example.com/answer"}, "PUBLIC_URL: must end before /answer: that is what Plivo dials behind it"),
    ({"PUBLIC_URL": "https://x.example.com/a/Hangup/"}, "must end before /hangup")])
def test_the_words_fit_what_was_set(settings, words):
    assert words in refused(*settings, **settings)


def test_all_bad_settings_are_named_at_once():
    refused("WORKERS", "DATABASE_CONNECTIONS", "ANSWER_DEADLINE_MS", "LOG_LEVEL", "LISTEN",
            WORKERS="x", DATABASE_CONNECTIONS="x", ANSWER_DEADLINE_MS="x", LOG_LEVEL="x",
            LISTEN="x")


def test_secrets_are_not_shown_with_what_is_wrong():
    """Promise 1, for the token and the database's password."""
    text = refused("PUBLIC_URL", "WORKERS", PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL="x", WORKERS="x",
                   DATABASE_URL="postgresql://masking_server:pass-of-the-test@/db?bad=1",
                   ALLOW_UNSIGNED=None)
    assert TOKEN not in text and "pass-of-the-test" not in text


def test_empty_token_is_no_token():
    """Else anybody could sign: with nothing."""
    for value in ("", ",", " ", f",{TOKEN}"):
        done = run(PLIVO_AUTH_TOKEN=value, PUBLIC_URL="https://masking.example.com", LISTEN="x",
                   ALLOW_UNSIGNED=None)
        assert done.returncode == 2 and "PLIVO_AUTH_TOKEN" in done.stderr, (value, done.stderr)


def test_port_in_use_is_an_error_that_names_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(LISTEN=f"127.0.0.1:{port}")
    assert done.returncode not in (0, -11, -6)
    assert str(port) in done.stderr


def test_help_lists_every_setting_and_version_says_one():
    help_text = run("--help", DATABASE_URL=None, ALLOW_UNSIGNED=None, LISTEN="nonsense")
    assert help_text.returncode == 0
    for name in SETTINGS:
        assert name in help_text.stdout
    version = run("--version", DATABASE_URL=None, ALLOW_UNSIGNED=None)
    assert version.returncode == 0 and any(c.isdigit() for c in version.stdout)


def test_unknown_argument_is_refused():
    done = run("--frobnicate")
    assert done.returncode == 2 and "--help" in done.stderr


def test_database_without_our_schema_is_an_error_that_says_what_to_do(cluster):
    """A wrong DATABASE_URL should not look like callers who belong to no order."""
    done = run(DATABASE_URL=cluster.url("postgres", "masking_server"))
    assert done.returncode == 1
    assert "schema" in done.stderr and "migrate" in done.stderr


@pytest.mark.skipif(is_sanitized(), reason="nothing may be preloaded before it")
def test_an_unknown_version_of_the_web_server_is_refused(tmp_path):
    """The guards against malformed HTTP rely on its insides."""
    source, library = tmp_path / "version.c", tmp_path / "version.so"
    source.write_text('const char *mg_version(void);\n'
                      'const char *mg_version(void) { return "1.17"; }\n')
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    done = run(LD_PRELOAD=str(library))
    assert done.returncode == 1 and "CivetWeb 1.17 is not one of" in done.stderr
