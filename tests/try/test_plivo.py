"""What tests/plivo knows of Plivo: signatures as the SDKs make them, answers in words."""

import pytest

from plivo import answer, events, signature

# From the test suites of Plivo's official Go and Ruby SDKs.
TOKEN = "Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4"
NONCE = "31627761595286130198"
URL = "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml"
FORM = (
    "Direction=outbound&From=19792014278&ALegUUID=3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
    "&CallStatus=in-progress&BillRate=0.002&ParentAuthID=MANWVLYTK4ZWU1YTY4QA"
    "&To=sip%3APlivoSignature382029104058171078704104%40phone-qa.voice.plivodev.com"
    "&ALegRequestUUID=3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
    "&CallUUID=3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
    "&RequestUUID=3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
    "&SIP-H-To=%3Csip%3APlivoSignature382029104058171078704104%4052.9.11.55%3Btransport"
    "%3Dudp%3E%3Btag%3D1&SessionStart=2020-04-08+11%3A34%3A33.238707&Event=StartApp"
)


@pytest.mark.parametrize(
    "method, url, body, expected",
    [
        ("POST", f"{URL}/?a=b&c=d", FORM, "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c="),
        ("GET", f"{URL}/?a=b&c=d&{FORM}", "", "UBq8jAtd32wR8EK9VgxbBn4n5rpI/l1H9iN4WfSEHFQ="),
        ("POST", URL, FORM, "iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0="),
        ("GET", f"{URL}?{FORM}", "", "i/MQsaQSAd6fiKhOh2qeeeLHZ9faldADSb3/7+Akfbc="),
    ],
)
def test_signs_as_the_sdks_do(method, url, body, expected):
    assert signature.sign(TOKEN, method, url, body, NONCE) == expected


def test_a_form_is_sorted_by_key_as_plivos_is():
    body = events.form(events.incoming_call("14156667777", "14155550100", "the-uuid"))
    keys = [pair.split("=")[0] for pair in body.split("&")]
    assert keys == sorted(keys)
    assert "CallUUID=the-uuid" in body and "From=14156667777" in body


@pytest.mark.parametrize(
    "xml, words",
    [
        ('<Response><Dial callerId="1"><Number>2</Number></Dial></Response>', "2 rings, sees 1"),
        (
            '<Response><Dial callerId="1"><Number>2</Number><Number>3</Number></Dial></Response>',
            "2 and 3 ring, sees 1",
        ),
        (
            "<Response><Dial><Number>2</Number></Dial></Response>",
            "2 rings, sees the caller's own number: NOT MASKED",
        ),
        (
            "<Response><Speak>Sorry,\n no.</Speak><Hangup/></Response>",
            'nobody rings; the caller hears: "Sorry, no."',
        ),
        ("<Response/>", "nobody rings; the caller hears nothing"),
    ],
)
def test_an_answer_in_words(xml, words):
    assert answer.in_words(answer.parse(xml)) == words


@pytest.mark.parametrize("text", ["", "OK", "<Response>", "<html/>"])
def test_what_plivo_would_not_take(text):
    with pytest.raises(answer.NotPlivoXml):
        answer.parse(text)
