"""Who is measured: our server in its shapes, the peers, and the limits. Each is a context
manager that starts one and gives (URL, pid), or None for the database alone."""
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from database import ROOT

BUILD = Path(ROOT, os.environ.get("BUILD", "build"))
PLACE = BUILD / "bench"
HERE = Path(__file__).resolve().parent
TOKEN = "bench-auth-token"
PUBLIC_URL = "https://calls.example.com"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    deadline = time.monotonic() + 30
    while True:
        assert process.poll() is None, f"{process.args[0]} ended; see {PLACE}/*.log"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"{process.args[0]} does not listen"
            time.sleep(0.01)


@contextmanager
def running(name, command, port, **environment):
    with open(PLACE / f"{name}.log", "wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL, start_new_session=True,
                                   env={**os.environ, **environment})
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ours(database, connections, signed=True, workers=None, build=BUILD, **settings):
    port = free_port()
    signing = ({"PLIVO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": PUBLIC_URL} if signed
               else {"ALLOW_UNSIGNED": "yes"})
    return running("ours", [Path(build) / "number-masking"], port, DATABASE_URL=database.url(),
                   LISTEN=f"127.0.0.1:{port}", METRICS_LISTEN="127.0.0.1:0",
                   WORKERS=str(workers or max(64, connections * 4 // 3 + 16)), **signing, **settings)


@contextmanager
def behind_haproxy(database, connections, signed=True):
    """The shipped settings, with TLS; the server as it comes, with 64 workers."""
    port, health, plain = free_port(), free_port(), free_port()
    with ours(database, connections, signed, workers=64) as (url, pid):
        with running("haproxy", [ROOT / "server" / "deploy" / "haproxy" / "start"], port,
                     SERVER_ADDRESS=url.partition("//")[2], SERVERS="1",
                     TLS_LISTEN=f"127.0.0.1:{port}", HTTP_LISTEN=f"127.0.0.1:{plain}",
                     HEALTH_LISTEN=f"127.0.0.1:{health}", SOURCE_MAXCONN="4000",
                     CERTIFICATES=certificates()):
            deadline = time.monotonic() + 10
            while True:
                try:
                    with socket.create_connection(("127.0.0.1", health)) as probe:
                        probe.sendall(b"GET /readyz HTTP/1.1\r\nHost: bench\r\n\r\n")
                        if b" 200 " in probe.recv(4096):
                            break
                except OSError:
                    pass
                assert time.monotonic() < deadline, "HAProxy finds no server ready"
                time.sleep(0.05)
            yield f"https://127.0.0.1:{port}", pid


def certificates():
    """A folder with one of our own, as most have it: P-256."""
    place = PLACE / "certificates"
    place.mkdir(exist_ok=True)
    file = place / "bench.pem"
    if not file.exists():
        file.write_bytes(subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "3650", "-subj", "/CN=calls.example.com", "-keyout", "-"],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    return str(place)


def install_express():
    place = PLACE / "express"
    place.mkdir(exist_ok=True)
    source = HERE / "peers" / "express"
    wanted = (source / "package-lock.json").read_bytes()
    done = place / "installed-lock.json"
    shutil.copy(source / "server.js", place)
    if not done.exists() or done.read_bytes() != wanted:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, place)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts",
                        "--loglevel=error"], cwd=place, check=True, stdout=subprocess.DEVNULL)
        done.write_bytes(wanted)
    return place


def peer_environment(database, port):
    return {"PORT": str(port), "PLIVO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": PUBLIC_URL,
            "DATABASE_URL": database.url(), "PGHOST": database.host, "PGPORT": database.port,
            "PGDATABASE": database.name, "NODE_ENV": "production"}


def express(database, _connections):
    port = free_port()
    return running("express", ["node", install_express() / "server.js"], port,
                   **peer_environment(database, port))


def gin(database, _connections):
    port = free_port()
    binary, source = PLACE / "gin", HERE / "peers" / "gin" / "main.go"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["go", "build", "-o", binary, source], check=True,
                       env={**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
                            "GOCACHE": str(PLACE / "go-cache")})
    return running("gin", [binary], port, **peer_environment(database, port))


def flask(database, _connections):
    port = free_port()
    return running("flask", ["gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "4",
                             "--worker-class", "gthread", "--threads", "8", "--backlog", "1024",
                             "--log-level", "error", "--chdir", HERE / "peers" / "flask",
                             "app:app"], port,
                   **peer_environment(database, port), PYTHONDONTWRITEBYTECODE="1")


@contextmanager
def fixed_reply(database, connections):
    """The same program answering /healthz: what CivetWeb and the kernel cost."""
    with ours(database, connections) as (url, pid):
        yield url + "/healthz", pid


def parse_result(output):
    line = next(line for line in output.splitlines() if line.startswith("RESULT "))
    return json.loads(line.partition(" ")[2])
