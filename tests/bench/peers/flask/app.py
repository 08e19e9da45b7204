"""The same work as a Python team would write it: Flask, psycopg2 with a pool, under gunicorn.
Plivo's SDK is not in Debian, so the signature is checked here."""
import base64
import hashlib
import hmac
import os
import random
from xml.etree import ElementTree

from flask import Flask, Response, abort, request
from psycopg2.extras import Json
from psycopg2.pool import ThreadedConnectionPool

app = Flask(__name__)
pool = ThreadedConnectionPool(1, 8, os.environ["DATABASE_URL"])
TOKEN = os.environ["PLIVO_AUTH_TOKEN"].encode()
PUBLIC_URL = os.environ["PUBLIC_URL"]
QUESTION = ("SELECT outcome, counterpart FROM masking.answer_calls("
            "%s::text[], %s::bigint[], %s::bigint[], %s::bigint[])")
RECORD = "INSERT INTO bench.call_events (call_uuid, event) VALUES (%s, %s)"


def is_signed():
    fields = "".join(name + value for name, value in sorted(request.form.items(multi=True)))
    nonce = request.headers.get("X-Plivo-Signature-V3-Nonce", "")
    text = f"{PUBLIC_URL}{request.path}?{fields}.{nonce}"
    wanted = base64.b64encode(hmac.new(TOKEN, text.encode(), hashlib.sha256).digest()).decode()
    return hmac.compare_digest(wanted, request.headers.get("X-Plivo-Signature-V3", ""))


def ask(statement, values):
    connection = pool.getconn()
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone() if cursor.description else None
    finally:
        pool.putconn(connection)


@app.post("/answer")
def answer():
    if not is_signed():
        abort(403)
    outcome, counterpart = ask(QUESTION, (
        [request.form["CallUUID"]], [int(request.form["From"])], [int(request.form["To"])],
        [random.getrandbits(62) + 1]))
    response = ElementTree.Element("Response")
    if outcome == "connected":
        dial = ElementTree.SubElement(response, "Dial", callerId=request.form["To"])
        ElementTree.SubElement(dial, "Number").text = str(counterpart)
    else:
        ElementTree.SubElement(response, "Speak").text = "Sorry, this call cannot be connected."
        ElementTree.SubElement(response, "Hangup")
    return Response(ElementTree.tostring(response), mimetype="application/xml")


@app.post("/dial/event")
@app.post("/dial/action")
@app.post("/hangup")
def event():
    if not is_signed():
        abort(403)
    ask(RECORD, (request.form["CallUUID"], Json(request.form)))
    return Response("<Response/>", mimetype="application/xml")
