"""The parameters of Plivo's requests, one function per event of a call."""

import uuid
from datetime import datetime, timezone
from urllib.parse import urlencode


def incoming_call(caller, dialled, call_uuid=None):
    """A call to one of our numbers, before anybody has answered it."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return {
        "BillRate": "0.00850",
        "CallStatus": "ringing",
        "CallUUID": call_uuid or str(uuid.uuid4()),
        "CallerName": caller,
        "Direction": "inbound",
        "Event": "StartApp",
        "From": caller,
        "ParentAuthID": "MAXXXXXXXXXXXXXXXXXX",
        "STIRAttestation": "Not Applicable",
        "STIRVerification": "Not Applicable",
        "SessionStart": now.isoformat(sep=" ", timespec="microseconds"),
        "To": dialled,
    }


def placed_call(shown, rung, call_uuid, request_uuid):
    """A call that Plivo was asked for, and whose phone was answered."""
    return {
        **incoming_call(shown, rung, call_uuid),
        "ALegRequestUUID": request_uuid,
        "ALegUUID": call_uuid,
        "CallStatus": "in-progress",
        "Direction": "outbound",
        "RequestUUID": request_uuid,
    }


def form(parameters):
    """The body as Plivo writes it: keys in byte order, a space as "+"."""
    return urlencode(sorted(parameters.items()))
