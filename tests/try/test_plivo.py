"""What server/tools/plivo knows of Plivo: its forms, and answers in words. Signatures: tests/http."""

import pytest

from plivo import answer, events
from plivo.rest import FakePlivo, Refused

CALL = {"from": "14155550100", "to": "14156667777", "answer_url": "https://calls.example.com/request/1"}


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


def test_plivo_starts_two_calls_a_second_and_has_the_others_wait():
    with FakePlivo() as plivo:
        answers = [plivo.answer("POST", "Call/", {}, CALL) for _ in range(4)]
        starts = [placed.starts_at for placed in plivo.calls]
    assert [status for status, _ in answers] == [201] * 4
    assert all(later - earlier >= 0.499 for earlier, later in zip(starts, starts[1:]))


@pytest.mark.parametrize("wrong", [{"from": None}, {"to": "+14156667777"}, {"answer_url": "calls.example.com"},
                                   {"answer_method": "PUT"}, {"ring_timeout": 0}, {"rings": 3}])
def test_what_plivo_would_not_place(wrong):
    with FakePlivo() as plivo, pytest.raises(Refused):
        plivo.answer("POST", "Call/", {}, {**CALL, **wrong})
