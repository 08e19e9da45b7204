"""The parameter sets of Plivo's callbacks about a call, phone numbers and all.

What the documentation lists for Dial's action and callbackUrl and for the hangup
URL; the server must take from them what it needs and leave the rest.
"""
STANDARD = {"Direction": "inbound", "CallStatus": "in-progress", "BillRate": "0.00850",
            "ParentAuthID": "MAXXXXXXXXXXXXXXXXXX", "SessionStart": "2026-11-24 06:00:00.238707",
            "STIRVerification": "Not Applicable", "CallerName": ""}
B_LEG = "b0000000-58b6-11e1-86da-77300b68f8bb"


def _fields(call, **more):
    fields = {**STANDARD, "CallUUID": call["uuid"], "From": call["caller"], "To": call["proxy"],
              **more}
    if "request_uuid" in call:  # one that we placed: proxy is who was rung first, caller what they saw
        fields = {**fields, "Direction": "outbound", "RequestUUID": call["request_uuid"],
                  "ALegRequestUUID": call["request_uuid"], "ALegUUID": call["uuid"]}
    return sorted((name, str(value)) for name, value in fields.items() if value is not None)


def dial_action(call, status="completed", rang="true", cause="NORMAL_CLEARING", **more):
    answered = status == "completed"
    return _fields(call, Event="Redirect", DialStatus=status, DialRingStatus=rang,
                   DialHangupCause=cause, DialALegUUID=call["uuid"],
                   DialBLegUUID=B_LEG if answered else "", **more)


def _dial(call, **more):
    return _fields(call, DialALegUUID=call["uuid"], DialBLegUUID=B_LEG, DialBLegPosition=1,
                   DialBLegFrom=call["caller" if "request_uuid" in call else "proxy"], DialBLegTo=call["callee"], **more)


def dial_answer(call, **more):
    return _dial(call, Event="DialAnswer", DialAction="answer", DialBLegStatus="answer", **more)


def dial_connected(call, **more):
    return _dial(call, Event="DialConnected", DialAction="connected", DialBLegStatus="connected",
                 **more)


def dial_hangup(call, seconds=42, source="Callee", **more):
    return _dial(call, **{**dict(
        Event="DialHangup", DialAction="hangup", DialBLegStatus="hangup",
        DialBLegDuration=seconds, DialBLegBillDuration=60, DialBLegBillRate="0.01",
        DialBLegTotalCost="0.01000", DialBLegHangupCause="NORMAL_CLEARING",
        DialBLegHangupCauseName="Normal Hangup", DialBLegHangupCauseCode=4000,
        DialBLegHangupSource=source, StartTime="2026-11-24 11:30:00",
        AnswerTime="2026-11-24 11:30:07", EndTime="2026-11-24 11:30:49"), **more})


def hangup(call, seconds=42, source="Callee", **more):
    return _fields(call, **{**dict(
        Event="Hangup", CallStatus="completed", Duration=seconds, BillDuration=60,
        TotalCost="0.00850", HangupCause="NORMAL_CLEARING", HangupCauseName="Normal Hangup",
        HangupCauseCode=4000, HangupSource=source, StartTime="2026-11-24 11:30:00",
        AnswerTime="2026-11-24 11:30:07", EndTime="2026-11-24 11:30:49"), **more})


def recording(call, url, seconds, **more):
    return _fields(call, **{**dict(
        Event="RecordStop", RecordUrl=url, RecordingID="c2186400-1c8c-11e4-a664-0026b945b52x",
        RecordingDuration=seconds, RecordingDurationMs=seconds * 1000,
        RecordingStartMs="1764000000000", RecordingEndMs="1764000042000"), **more})
