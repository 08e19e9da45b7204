"""Signs a webhook as Plivo does (version 3), following Plivo's official SDKs.

Independent of server/lib/signature.c on purpose, so that each checks the other.
"""

import base64
import hashlib
import hmac
import random
from urllib.parse import parse_qsl, urlsplit, urlunsplit


def new_nonce():
    """Twenty decimal digits, as in Plivo's own samples."""
    return "".join(random.choices("0123456789", k=20))


def _pairs(text):
    return sorted(parse_qsl(text, keep_blank_values=True))


def signed_text(method, url, body, nonce):
    """The text under the signature. url: as configured at Plivo; body: the form as sent."""
    parts = urlsplit(url)
    text = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    query = "&".join(f"{key}={value}" for key, value in _pairs(parts.query))
    form = "".join(key + value for key, value in _pairs(body)) if method == "POST" else ""
    if query or form:
        text += "?" + query
    if query and form:
        text += "."
    return f"{text}{form}.{nonce}"


def sign(token, method, url, body, nonce):
    """The value of X-Plivo-Signature-V3."""
    text = signed_text(method, url, body, nonce)
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def headers(token, method, url, body):
    """The headers that a signed webhook carries."""
    nonce = new_nonce()
    return {
        "X-Plivo-Signature-V3": sign(token, method, url, body, nonce),
        "X-Plivo-Signature-V3-Nonce": nonce,
    }
