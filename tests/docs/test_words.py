"""Words that the documents quote (events of the log, metrics, alerts, columns, functions, settings) and sentences
that callers hear are there: in what is shipped, not in a test or in another document."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
FILES = [ROOT / "docker-compose.yml", *(file for folder in ("server", "sql", "migrations")
                                        for file in (ROOT / folder).rglob("*") if file.suffix != ".pyc" and file.is_file())]
SHIPPED = " ".join(file.read_text(errors="replace") for file in FILES)
WORDS = set(re.findall(r"\w+", SHIPPED))
EVENTS = set(re.findall(r'log_event\w*\([^;"]*"(\w+)"', SHIPPED))
SENTENCES = re.sub(r"\s+", " ", SHIPPED.replace("''", "'")).lower()
# Those of PostgreSQL, PgBouncer, Plivo, an ORM and Caddy.
OTHERS = set("""auto_explain call_us_at log_lock_waits log_min_duration_statement log_statement maintenance_work_mem reverse_proxy server_login_retry
    xact_rollback xact_start attr_readonly locking_column refresh_from_db update_fields version_id_col""".split())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.stem.lower())
def test_what_it_quotes_is_there(document):
    text = document.read_text()
    quoted = " ".join(re.findall(r"`([^`\n]+)`", text))
    words = set(re.findall(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b", quoted)) | set(re.findall(r"\bMasking[A-Z]\w+", text))
    assert {word for word in words if not word.startswith("pg_") and not {word, word.removeprefix("masking_")} & WORDS} <= OTHERS
    assert set(re.findall(r"\bevent=(\w+)", text)) <= EVENTS


def test_what_callers_hear_is_what_is_said():
    heard = re.findall(r'"([^"\n`]{12,})"', (ROOT / "docs" / "troubleshooting.md").read_text())
    parts = [part.strip(" .,").lower() for sentence in heard for part in sentence.split("…") if part.strip(" .,")]
    assert len(parts) > 5 and [part for part in parts if part not in SENTENCES] == []
