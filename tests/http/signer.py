"""Signs webhooks the way Plivo does. Used by this suite and by load tests.

V3 is made by server/tools/plivo/signature.py, which shares no code with the server; here
it is given (name, value) pairs, and V2 stands beside it. Plivo's SDK judges both.

    headers = signer.headers_v3(token, "POST", url, body=pairs)
"""
import base64
import hashlib
import hmac
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "server" / "tools"))

from plivo.signature import new_nonce, sign  # noqa: E402


def pairs(text):
    """A query or form body as decoded (name, value) pairs, in order."""
    return parse_qsl(text, keep_blank_values=True)


def form(fields):
    """Pairs as application/x-www-form-urlencoded text, in the order given."""
    return urlencode(list(fields))


def signature_v3(token, method, url, nonce, body=()):
    """url is as Plivo calls it, with the query; body holds the pairs of a POST."""
    return sign(token, method, url, form(body), nonce)


def signature_v2(token, url, nonce):
    """V2 covers neither query nor parameters."""
    address = url.partition("#")[0].partition("?")[0]
    return base64.b64encode(
        hmac.new(token.encode(), (address + nonce).encode(), hashlib.sha256).digest()).decode()


def headers_v3(token, method, url, nonce=None, body=()):
    nonce = nonce or new_nonce()
    return {"X-Plivo-Signature-V3": signature_v3(token, method, url, nonce, body),
            "X-Plivo-Signature-V3-Nonce": nonce}


def headers_v2(token, url, nonce=None):
    nonce = nonce or new_nonce()
    return {"X-Plivo-Signature-V2": signature_v2(token, url, nonce),
            "X-Plivo-Signature-V2-Nonce": nonce}
