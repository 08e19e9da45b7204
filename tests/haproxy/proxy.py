"""Runs the shipped HAProxy settings in front of servers of the test.

HAProxy gets its listening sockets handed over, so no port is fixed and none can
be lost to another between choosing and using it. Fixtures: start_proxy, and the
pair that most tests want, signed_server behind proxy.
"""
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

import client
import server as running
import signer
from server import eventually

ROOT = Path(__file__).resolve().parents[2]
START = ROOT / "server" / "deploy" / "haproxy" / "start"
TOKEN = "haproxy-token-0123456789abcdef"
PUBLIC_URL = "https://masking.example.com"


def listener():
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", 0))
    taken.listen(1024)
    return taken


def answer_gets(server, heads):
    """A server of no more than that, in a thread until its socket is closed; POSTs end without an answer. heads: what came."""
    def take():
        while True:
            try:
                one, _ = server.accept()
            except OSError:
                return
            with one:
                heads.append(one.recv(65536))
                if heads[-1].startswith(b"GET /"):
                    one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    threading.Thread(target=take, daemon=True).start()


class Proxy:
    def __init__(self, address, log_path, **settings):
        """One HAProxy in front of the server at this (host, port)."""
        self.log_path = log_path
        front, health = listener(), listener()
        self.address, self.health = front.getsockname(), health.getsockname()
        host, port = address
        self._log = open(log_path, "wb")
        self.process = subprocess.Popen(
            [START], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            pass_fds=[front.fileno(), health.fileno()],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SERVER_ADDRESS": f"{host}:{port}",
                 "SERVERS": "1", "CERTIFICATES": "/nonexistent",
                 "HTTP_LISTEN": f"fd@{front.fileno()}", "TLS_LISTEN": f"fd@{front.fileno()}",
                 "HEALTH_LISTEN": f"fd@{health.fileno()}", **settings})
        front.close()
        health.close()

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self._log.close()

    def exchange(self, method, target, headers=None, body=b""):
        return client.exchange(self.address, method, target, headers, body)

    def connection(self, **options):
        return client.Connection(self.address, **options)

    def ready(self):
        return self.exchange("GET", "/readyz").status == 200

    def send(self, fields, path="/answer", method="POST", headers=None, sign=True):
        """A webhook as Plivo sends it, signed unless told otherwise: the raw reply."""
        encoded = signer.form(fields)
        target = path + ("?" + encoded if method == "GET" else "")
        signature = signer.headers_v3(TOKEN, method, PUBLIC_URL + target, None,
                                      fields if method == "POST" else ()) if sign else {}
        kind = {"Content-Type": running.FORM} if method == "POST" else {}
        return self.exchange(method, target, {**kind, **signature, **(headers or {})},
                             encoded.encode() if method == "POST" else b"")

    def call(self, caller, dialled=running.PROXY, call_uuid=None, **options):
        """A call that begins: the Answer, which only a good one makes."""
        return running.Answer(
            self.send(running.call_fields(caller, dialled, call_uuid), **options))


@pytest.fixture(scope="module")
def start_proxy(request, logs):
    started = []

    def start(address, **settings):
        name = f"{request.module.__name__}-proxy-{len(started)}.log"
        proxy = Proxy(address, logs / name, **settings)
        started.append(proxy)
        return proxy

    yield start
    for proxy in started:
        proxy.stop()


@pytest.fixture(scope="module")
def signed_server(start_server):
    return start_server(PLIVO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC_URL, WORKERS="16")


@pytest.fixture(scope="module")
def proxy(start_proxy, signed_server):
    """Plivo's view: a proxy for the 16 threads of signed_server, ready."""
    proxy = start_proxy(signed_server.address, WORKERS="16")
    eventually(proxy.ready)
    return proxy
