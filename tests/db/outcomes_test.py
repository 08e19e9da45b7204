"""What may become of a call or a text stands once, in server/protocol/outcomes.def: here the schema's own
words are held against it, both ways. A word that one of the two does not know would be silence on
the phone, "other" in the metrics, or a bare word in call_log."""

import pathlib
import re

import pytest

from database import ask, one

ROOT = pathlib.Path(__file__).parents[2]
ENTRY = re.compile(r'^OUTCOME\((\w+),\s*"(\w+)",\s*(\w+),\s*"([\w-]*)",\s*"(\w*)",\s*((?:"[^"]*"\s*)+)\)$', re.M)
NOT_SERVERS = {"not_asked"}  # on record when only later events of a call are known


def entries():
    """(label, source, word, event, sentence) of each outcome."""
    text = (ROOT / "server" / "protocol" / "outcomes.def").read_text()
    found = [(label, source, word, event, "".join(re.findall(r'"([^"]*)"', sentence)))
             for _, label, source, word, event, sentence in ENTRY.findall(text)]
    assert len(found) == len(re.findall(r"^OUTCOME\(", text, re.M))
    return found


ENTRIES = entries()
CALLS = {word for _, source, word, _, _ in ENTRIES if source == "CALLS"}
MESSAGES = {word for _, source, word, _, _ in ENTRIES if source == "MESSAGES"}
SPOKEN = {event: sentence for _, _, _, event, sentence in ENTRIES if sentence}
EVENTS = {event for _, _, _, event, _ in ENTRIES if event}
WITHOUT_ROW = {"apologised"}  # what is said when the database cannot say it


def words_of_comment(database, table):
    """The words that the comment on the outcome of this table names."""
    comment = one(database, "SELECT col_description(%s::regclass, attnum) FROM pg_attribute"
                  " WHERE attrelid = %s::regclass AND attname = 'outcome'", table, table)
    return set(re.findall(r"[a-z_]+", re.sub(r"\([^)]*\)", "", comment))) - {"or"}


def test_labels_and_words_are_told_apart():
    labels = [label for label, *_ in ENTRIES]
    assert len(set(labels)) == len(labels)
    decided = [(source, word) for _, source, word, _, _ in ENTRIES if source != "SERVER"]
    assert len(set(decided)) == len(decided)
    assert all(label in (word, f"message_{word}", f"dial_{word.replace('-', '_')}")
               for label, _, word, _, _ in ENTRIES if word)


def test_outcomes_on_record(database):
    known = {word for word, in ask(database, "SELECT outcome FROM masking.outcomes")}
    assert known == CALLS | NOT_SERVERS
    assert words_of_comment(database, "masking.messages") == MESSAGES


def test_every_event_that_is_heard_has_its_english_sentence_and_no_other_is_allowed(database):
    rows = dict(ask(database, "SELECT event, words FROM masking.prompts WHERE language = 'en-US'"))
    assert set(rows) == EVENTS - WITHOUT_ROW
    assert {event: rows[event] for event in SPOKEN if event in rows} == {
        event: sentence for event, sentence in SPOKEN.items() if event not in WITHOUT_ROW}
    allowed = one(database, "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                  " WHERE conrelid = 'masking.prompts'::regclass AND conname = 'known_event'")
    assert set(re.findall(r"'(\w+)'", allowed)) == set(rows)


def test_every_language_has_every_event(database):
    missing = ask(database, "SELECT language, event FROM (SELECT DISTINCT language FROM masking.prompts) l,"
                  " (SELECT DISTINCT event FROM masking.prompts) e"
                  " EXCEPT SELECT language, event FROM masking.prompts")
    assert missing == []


@pytest.mark.parametrize("word", sorted(CALLS | NOT_SERVERS))
def test_call_log_has_words_for_it(database, word):
    ask(database, "INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome)"
        " VALUES (%s, now(), now(), 14155550100, %s)", f"outcome-{word}", word)
    told = one(database, "SELECT outcome FROM masking.call_log WHERE call_uuid = %s", f"outcome-{word}")
    assert " " in told, "a bare word"


def test_haproxy_says_the_apology():
    """When no server is left, the same sentence."""
    assert SPOKEN["apologised"] in (ROOT / "server" / "deploy" / "haproxy" / "sorry.http").read_text()
