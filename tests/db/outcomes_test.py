"""What may become of a call or a text stands once, in server/protocol/outcomes.def: here the schema's own
words are held against it, both ways. A word that one of the two does not know would be silence on
the phone, "other" in the metrics, or a bare word in the logs."""

import pathlib
import re

from database import ask, one

ROOT = pathlib.Path(__file__).parents[2]
ENTRY = re.compile(r'^OUTCOME\((\w+),\s*"(\w+)",\s*(\w+),\s*"([\w-]*)",\s*"(\w*)",\s*((?:"[^"]*"\s*)+)\)$', re.M)
# On record when only later events of a call are known; and what the database alone makes of these.
NOT_SERVERS = {("call", "not_asked"): None} | {("life", word): None for word in ("talked", "answered", "mailbox", "ended")}


def entries():
    """(label, source, word, event, sentence) of each outcome."""
    text = (ROOT / "server" / "protocol" / "outcomes.def").read_text()
    found = [(label, source, word, event, "".join(re.findall(r'"([^"]*)"', sentence)))
             for _, label, source, word, event, sentence in ENTRY.findall(text)]
    assert len(found) == len(re.findall(r"^OUTCOME\(", text, re.M))
    return found


ENTRIES = entries()
KINDS = {"CALLS": "call", "MESSAGES": "text", "DIAL_STATUS": "ringing"}
SPOKEN = {event: sentence for _, _, _, event, sentence in ENTRIES if sentence}
WITHOUT_ROW = {"apologised"}  # what is said when the database cannot say it


def test_labels_and_words_are_told_apart():
    labels = [label for label, *_ in ENTRIES]
    assert len(set(labels)) == len(labels)
    decided = [(source, word) for _, source, word, _, _ in ENTRIES if source != "SERVER"]
    assert len(set(decided)) == len(decided)
    assert all(label in (word, f"message_{word}", f"dial_{word.replace('-', '_')}")
               for label, _, word, _, _ in ENTRIES if word)


def test_the_schema_knows_the_same_ones_and_what_is_heard_then(database):
    known = {(kind, word): event for kind, word, event in ask(database, "SELECT kind, outcome, event FROM masking.outcomes")}
    wanted = {(KINDS.get(source, "server"), word or label): event for label, source, word, event, _ in ENTRIES
              if source != "SERVER" or event}
    assert known == {entry: event if event not in WITHOUT_ROW | {""} else None for entry, event in wanted.items()} | NOT_SERVERS


def test_every_event_that_is_heard_has_its_english_sentence(database):
    rows = dict(ask(database, "SELECT event, words FROM masking.prompts WHERE language = 'en-US'"))
    assert set(rows) == {event for event, in ask(database, "SELECT event FROM masking.outcomes WHERE event IS NOT NULL")}
    assert {event: rows[event] for event in SPOKEN if event in rows} == {
        event: sentence for event, sentence in SPOKEN.items() if event not in WITHOUT_ROW}


def test_every_language_has_every_event(database):
    missing = ask(database, "SELECT language, event FROM (SELECT DISTINCT language FROM masking.prompts) l,"
                  " (SELECT DISTINCT event FROM masking.prompts) e"
                  " EXCEPT SELECT language, event FROM masking.prompts")
    assert missing == []


def test_logs_have_the_words_for_it(database):
    ask(database, "INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome)"
        " SELECT outcome, now(), now(), 14155550100, outcome FROM masking.outcomes WHERE kind = 'call'")
    ask(database, "INSERT INTO masking.messages (message_uuid, received_at, answered_at, proxy, outcome)"
        " SELECT outcome, now(), now(), 14155550100, outcome FROM masking.outcomes WHERE kind = 'text'")
    assert ask(database, "SELECT o.outcome, l.outcome FROM masking.outcomes o LEFT JOIN masking.call_log l ON l.call_uuid = o.outcome"
               " WHERE o.kind = 'call' AND l.outcome IS DISTINCT FROM o.told") == []
    assert ask(database, "SELECT o.outcome, l.outcome FROM masking.outcomes o LEFT JOIN masking.message_log l ON l.message_uuid = o.outcome"
               " WHERE o.kind = 'text' AND l.outcome IS DISTINCT FROM o.told") == []


def test_what_became_of_a_call_is_one_word_with_one_sentence(database):
    told = {"talked": "dial_status = 'completed', callee_confirmed = true", "answered": "callee_answered = true",
            "mailbox": "dial_status = 'completed', callee_code = 9110", "failed": "dial_status = 'ended'",
            "ended": "caller_ended = true", "connected": "repeats = 0", "blocked": "outcome = 'blocked', dial_status = 'busy'"}
    told |= {word: f"dial_status = '{word}'" for word in ("cancel", "busy", "no-answer", "timeout")}
    for word, columns in told.items():
        ask(database, "INSERT INTO masking.calls (call_uuid, called_at, answered_at, outcome) VALUES (%s, now(), now(), 'connected')", "became " + word)
        ask(database, f"UPDATE masking.calls SET {columns} WHERE call_uuid = %s", "became " + word)
    said = ask(database, "SELECT c.call_uuid, coalesce(c.became, 'connected'), l.outcome, o.told FROM masking.call_life c"
               " JOIN masking.call_log l USING (call_uuid) LEFT JOIN masking.outcomes o"
               " ON o.kind IN ('call', 'ringing', 'life') AND o.outcome = coalesce(c.became, 'connected') WHERE c.call_uuid ~ '^became '")
    assert len(said) == len(told)
    assert all(uuid == "became " + word and read == sentence for uuid, word, read, sentence in said), said


def test_a_call_has_the_tone_of_its_outcome(database):
    ask(database, "INSERT INTO masking.calls (call_uuid, called_at, answered_at, proxy, outcome, dial_status, callee_seconds)"
        " VALUES ('tone-1', now(), now(), 14155550100, 'connected', 'completed', 60),"
        " ('tone-2', now(), now(), 14155550100, 'connected', 'busy', NULL), ('tone-3', now(), now(), 14155550100, 'apologised', NULL, NULL)")
    assert [tone for tone, in ask(database, "SELECT masking.class_tone(l.class) FROM masking.call_life l"
                                  " WHERE l.call_uuid LIKE 'tone-%' ORDER BY l.call_uuid")] == ["good", "warn", "bad"]


def test_haproxy_says_the_apology():
    """When no server is left, the same sentence."""
    assert SPOKEN["apologised"] in (ROOT / "server" / "deploy" / "haproxy" / "sorry.http").read_text()


def test_the_console_names_what_a_call_counts_as_by_the_schemas_words(database):
    """Its form of calls and its picture have them before the database is asked."""
    source = (ROOT / "server" / "console" / "bars.c").read_text()
    table = re.search(r"bars_classes\[BARS_CLASSES\] = {\n(.*?)^};", source, re.M | re.S)[1]
    assert re.findall(r'{"(\w+)", "([^"]+)"}', table) == ask(
        database, "SELECT n, masking.said_class(n) FROM unnest(masking.class_names()) WITH ORDINALITY AS c (n, place) ORDER BY place")
    assert {name for name, in ask(database, "SELECT unnest(masking.class_names())")} == {
        name for name, in ask(database, "SELECT DISTINCT class FROM masking.outcomes WHERE class IS NOT NULL")}
