"""make call through HAProxy and its TLS, as docs/production.md checks a service before its first call."""
import os
import subprocess

import pytest

from proxy import PUBLIC_URL, ROOT, TOKEN
from server import CALLER, COUNTERPART, PROXY, eventually


def certificate(place, name):
    """(folder of certificate and key in one file, the certificate alone) of this host, signed by itself."""
    folder = place / name
    folder.mkdir()
    key, alone = place / f"{name}.key", place / f"{name}.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
                    f"subjectAltName=DNS:{name}", "-keyout", key, "-out", alone],
                   check=True, capture_output=True)
    (folder / "site.pem").write_text(alone.read_text() + key.read_text())
    return folder, alone


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def door(start_proxy, signed_server, certificates):
    """(URL, file of the authority) of a proxy that speaks TLS only."""
    folder, alone = certificate(certificates, "localhost")
    proxy = start_proxy(signed_server.address, CERTIFICATES=str(folder))
    url = f"https://localhost:{proxy.address[1]}"
    eventually(lambda: call(url, alone).returncode == 0)
    return url, alone


def call(url, authority="", token=TOKEN, **settings):
    return subprocess.run(
        [ROOT / "server/tools/call"], capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "FROM": CALLER, "TO": PROXY, "URL": url, "CA": str(authority),
             "PUBLIC_URL": PUBLIC_URL, "PLIVO_AUTH_TOKEN": token, **settings})


def test_a_signed_call_goes_through_tls_to_its_end(door, database):
    done = call(*door)
    assert done.stdout.splitlines()[-1] == f"{COUNTERPART} rings, sees {PROXY}", done
    assert f"{COUNTERPART}: talks" in done.stdout
    assert database.query("SELECT outcome, talk_seconds FROM masking.call_log ORDER BY called_at DESC LIMIT 1") == [
        ("answered", 42)]


def test_only_a_trusted_certificate_of_that_name_will_do(door, certificates):
    url, alone = door
    _, other = certificate(certificates, "elsewhere")
    for where, authority in [(url, ""), (url, other), (url.replace("localhost", "127.0.0.1"), alone)]:
        done = call(where, authority)
        assert done.returncode != 0 and not done.stdout
        assert done.stderr.startswith(f"{where}: ") and "CA=FILE" in done.stderr, done.stderr


def test_a_call_signed_otherwise_is_refused(door):
    for settings in ({"token": "another"}, {"PUBLIC_URL": "https://another.example.com"}):
        assert call(*door, **settings).stderr.startswith("403: ")


def test_of_several_urls_the_first_is_signed_for(door):
    assert call(*door, PUBLIC_URL=f"{PUBLIC_URL}, https://old.example.com").returncode == 0
