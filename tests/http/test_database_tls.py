"""TLS to PostgreSQL as docs/settings.md asks for it: sslmode=verify-full, against a cluster
that admits nothing else, with certificates made here."""
import os
import socket
import subprocess

import pytest

from cluster import Cluster
from postgresql import BIN
from server import CALLER, COUNTERPART, PROXY, eventually

HOST, OTHER_HOST = "database.masking.test", "elsewhere.masking.test"
PASSWORD = "tls-pass-word-0123"
DATABASE = "masking"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def make_authority(place, name):
    """A certificate authority: its certificate; the key lies beside it."""
    certificate = place / f"{name}.crt"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "2", "-subj", f"/CN={name}", "-keyout", certificate.with_suffix(".key"),
            "-out", certificate)
    return certificate


def make_certificate(place, authority, host):
    """(certificate, key) of a database at this host, signed by the authority."""
    request, certificate, key = place / "db.csr", place / "db.crt", place / "db.key"
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=database", "-addext", f"subjectAltName=DNS:{host}",
            "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", authority, "-days", "2", "-CAcreateserial",
            "-CAkey", authority.with_suffix(".key"), "-copy_extensions", "copy",
            "-out", certificate)
    return certificate, key


class RemoteCluster(Cluster):
    """As PostgreSQL on another machine: on TCP, with TLS and a password or not at all."""

    def serve_tls(self, certificate, key):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.tcp_port = probe.getsockname()[1]
        data = self.place / "data"
        owner = data.stat()
        for path in (certificate, key):
            os.chown(path, owner.st_uid, owner.st_gid)
            path.chmod(0o600)
        for name, value in {"ssl": "on", "ssl_cert_file": certificate, "ssl_key_file": key,
                            "listen_addresses": "127.0.0.1", "port": self.tcp_port}.items():
            self.administer(f"ALTER SYSTEM SET {name} = '{value}'")
        with open(data / "pg_hba.conf", "a", encoding="ascii") as rules:
            rules.write("hostssl all masking_server 127.0.0.1/32 scram-sha-256\n")
        self.stop()
        # Not by server/tools/cluster, which knows one port only.
        user = [] if os.geteuid() != 0 else [
            "setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
        log = data / "server.log"
        subprocess.run([*user, BIN / "pg_ctl", "start", "--wait", "--silent",
                        f"--pgdata={data}", f"--log={log}"], check=True, cwd="/",
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self._port = self.tcp_port


@pytest.fixture(scope="module")
def keys(workplace):
    """The folder of keys and certificates; PostgreSQL's user may enter."""
    place = workplace / "tls"
    place.mkdir()
    place.chmod(0o755)
    return place


@pytest.fixture(scope="module")
def authority(keys):
    return make_authority(keys, "right")


@pytest.fixture(scope="module")
def remote(workplace, keys, authority):
    cluster = RemoteCluster(workplace / "remote")
    cluster.start()
    try:
        cluster.migrate(DATABASE, SAMPLE_PAIRS="yes", MASKING_SERVER_PASSWORD=PASSWORD)
        cluster.serve_tls(*make_certificate(keys, authority, HOST))
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def start(start_server, remote):
    """start(host, sslmode, authority): a server that is told so in its DATABASE_URL."""
    def start(host, sslmode, authority):
        return start_server(DATABASE_URL=(
            f"postgresql://masking_server:{PASSWORD}@{host}:{remote.tcp_port}/{DATABASE}"
            f"?hostaddr=127.0.0.1&sslmode={sslmode}&sslrootcert={authority}"))
    return start


def test_the_right_certificate_carries_calls(start, remote, authority):
    server = start(HOST, "verify-full", authority)
    eventually(lambda: server.exchange("GET", "/readyz").status == 200)
    assert server.call(CALLER).dial == (PROXY, COUNTERPART)
    connection = remote.connect(DATABASE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity"
                       " USING (pid) WHERE usename = 'masking_server'")
        assert cursor.fetchall() == [(True, "TLSv1.3")]
    connection.close()


@pytest.mark.parametrize("host, sslmode, signer, reason", [
    (HOST, "verify-full", "wrong", "certificate verify failed"),
    (OTHER_HOST, "verify-full", "right", "does not match host name"),
    (HOST, "disable", "right", "no pg_hba.conf entry"),
], ids=["another authority", "another host", "without TLS"])
def test_any_other_is_refused_and_the_log_says_why(start, keys, authority, host, sslmode, signer,
                                                   reason):
    """The caller hears an apology: no call goes through an unproven connection."""
    trusted = authority if signer == "right" else make_authority(keys, "wrong")
    server = start(host, sslmode, trusted)
    assert server.call(CALLER).refusal
    assert server.exchange("GET", "/readyz").status == 503
    down = eventually(lambda: [line for line in server.log.splitlines()
                               if " event=database_down " in line])
    assert reason in down[0]
    assert PASSWORD not in server.log
