"""The front door without the house: what PUBLIC_URL leads to, played."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from plivo import signature


class Door:
    """token: what the server checks signatures with; None: it takes unsigned requests.
    answers: (status, text) to everything instead."""

    def __init__(self, token):
        self.token = token
        self.answers = None
        self.knocks = []
        door = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                status, text = door.answer(self.path, self.headers)
                door.knocks.append((self.path, status))
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                if status == 301:
                    self.send_header("Location", "https://elsewhere.example.com/")
                self.end_headers()
                self.wfile.write(text.encode())

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path, headers):
        if callable(self.answers):
            return self.answers()
        if self.answers:
            return self.answers
        if path != "/connected":
            return 404, "not found\n"
        nonce = headers.get("X-Plivo-Signature-V3-Nonce", "")
        if self.token is None or headers.get("X-Plivo-Signature-V3") == signature.sign(
                self.token, "GET", self.url + path, "", nonce):
            return 200, "ok\n"
        return 403, "forbidden\n"
