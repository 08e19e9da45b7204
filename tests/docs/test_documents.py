"""The README and docs/ against the code: what they show is run, what they list is compared.

The line above a block of SQL or of a program says how it is run, and is not seen by readers:

    <!-- run: masking_orders -->             as this role, in the document's own database
    <!-- run: masking_orders error MK001 --> the last statement fails so
    <!-- run: python -->                     as a program; DATABASE_URL is the order system's
    <!-- run: django -->                     as a module of a Django project with that database
    <!-- shown: why it is not run -->

The database of a document has the schema and the sample pairs; its blocks run in their order.
"""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cluster import Cluster, Database
from postgresql import BIN

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^(?:<!-- (run|shown): (.*?) -->\n)?```(\w+)\n(.*?)^```$", re.M | re.S)
IS_RUN = {"sql", "python", "js"}


def name_of(document):
    return document.stem.lower()


def blocks(document):
    """(what the marker says, its words, language, text) of each block that has to be run."""
    return [match.groups() for match in BLOCK.finditer(document.read_text())
            if match.group(3) in IS_RUN]


def row_of(line):
    """The cells of a line of a table, without the marks around code."""
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split(" | ")]


def rows_with(document, first):
    """The rows of every table whose first cell matches."""
    return [row_of(line) for line in document.read_text().splitlines()
            if re.match(rf"\| `?{first}`? \|", line)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    place = tmp_path_factory.mktemp("docs")
    for folder in [place, *place.parents[:2]]:
        folder.chmod(0o755)
    cluster = Cluster(place / "cluster")
    cluster.start()
    cluster.migrate("migrated", SAMPLE_PAIRS="yes")
    yield cluster
    cluster.stop()


@pytest.fixture
def database(cluster):
    return Database(cluster, cluster.copy("migrated"))


def run_sql(database, words, text):
    role, _, state = words.partition(" error ")
    done = subprocess.run(
        [BIN / "psql", "-X", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose",
         "-f", "-", database.cluster.url(database.name, role)],
        input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    if state:
        assert done.returncode != 0 and f" {state}: " in done.stdout, done.stdout
    else:
        assert done.returncode == 0, text + done.stdout


def node_modules():
    """pg from npm, as the bench's peer has it; None where there is no way to npm."""
    place = BUILD / "docs" / "node"
    if not (place / "node_modules").exists():
        place.mkdir(parents=True, exist_ok=True)
        for file in (ROOT / "tests" / "bench" / "peers" / "express").glob("package*.json"):
            shutil.copy(file, place)
        if subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=place,
                          stdin=subprocess.DEVNULL).returncode != 0:
            return None
    return place / "node_modules"


# What a project has already.
DJANGO = '''
import os
import django
from django import conf
from django.db import DatabaseError, models
from django.utils import timezone
from psycopg2.extensions import parse_dsn

server = parse_dsn(os.environ["DATABASE_URL"])
conf.settings.configure(USE_TZ=True, DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": server.pop("dbname"), "OPTIONS": server}})
django.setup()
'''


def run_program(database, words, language, text, place):
    place = place / f"snippet.{language}"
    place.write_text(DJANGO + text if words == "django" else text)
    environment = {**os.environ, "DATABASE_URL": database.cluster.url(database.name, "masking_orders")}
    command = ["/usr/bin/python3", str(place)]
    if language == "js":
        modules = node_modules()
        if modules is None:
            pytest.skip("npm gave no module pg")
        environment["NODE_PATH"] = str(modules)
        command = ["node", str(place)]
    done = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_its_blocks_run(document, database, tmp_path):
    for how, words, language, text in blocks(document):
        assert how, f"{document.name}: how is this run?\n{text}"
        if how == "run" and language == "sql":
            run_sql(database, words, text)
        elif how == "run":
            run_program(database, words, language, text, tmp_path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_its_links_lead_somewhere(document):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", document.read_text()):
        file = document if not target else document.parent / target
        assert file.exists(), target
        headings = re.findall(r"^#+ (.*)$", file.read_text(), re.M)
        known = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
        assert not anchor or anchor in known, f"{target}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_its_make_targets_exist(document):
    code = "\n".join(text for *_, language, text in
                     (match.groups() for match in BLOCK.finditer(document.read_text()))
                     if language == "sh")
    makefile = (ROOT / "Makefile").read_text()
    suites = (ROOT / "tests" / "run").read_text()
    for target in re.findall(r"\bmake ([a-z][a-z-]*)", code):
        known = re.search(rf"^{target}:|^\.PHONY:.* {target}\b", makefile, re.M)
        assert known or re.search(rf"^{target.removeprefix('test-')} ", suites, re.M), target


def test_every_setting_of_the_server_is_in_settings_md_with_its_default():
    said = subprocess.run([BUILD / "number-masking", "--help"], capture_output=True, text=True,
                          check=True).stdout
    wanted = {}
    for name, words in re.findall(r"^ {2,4}([A-Z][A-Z_]+) +(.*)$", said, re.M):
        default = re.search(r"\(default (.*?)\)", words)
        wanted[name] = default.group(1) if default else ""
    shown = {row[0]: row[1] for row in rows_with(ROOT / "docs" / "settings.md", "[A-Z][A-Z_]+")}
    assert {name: shown.get(name) for name in wanted} == {
        name: default or shown.get(name) for name, default in wanted.items()}
    assert set(wanted) <= set(shown)


def test_every_setting_of_routing_is_in_settings_md_with_its_default(database):
    shown = {row[0]: row[1] for row in rows_with(ROOT / "docs" / "settings.md", "[a-z][a-z_]+")}
    names = {row[0] for row in database.query("SELECT name FROM masking.settings")}
    assert names <= set(shown), names - set(shown)
    for name in sorted(names):
        same = database.query("""
            SELECT CASE WHEN span IS NOT NULL THEN span = CAST(%s AS text)::interval
              ELSE coalesce(is_on::text, amount::text, word) = %s END
            FROM masking.settings WHERE name = %s""", shown[name], shown[name], name)
        assert same == [(True,)], f"{name} is not {shown[name]}"


def test_every_state_is_explained():
    used = set()
    for folder in ("migrations", "sql"):
        for file in (ROOT / folder).rglob("*.sql"):
            used |= set(re.findall(r"\bMK0\d\d\b", file.read_text()))
    explained = {row[0] for row in rows_with(ROOT / "docs" / "integration.md", r"MK0\d\d")}
    assert used == explained


def test_the_superuser_becomes_the_owner_as_shown(database):
    options = re.search(r"PGOPTIONS='([^']*)'", (ROOT / "docs" / "settings.md").read_text()).group(1)
    assert options in (ROOT / "server" / "deploy" / "number-masking.service").read_text()
    done = subprocess.run(
        [BIN / "psql", "-XAtq", database.cluster.url(database.name, "postgres"), "-c",
         "SELECT current_user, count(*) > 0 FROM settings"],
        env={**os.environ, "PGOPTIONS": options}, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "masking_owner|t", done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="it gives the file to another group")
def test_the_hook_of_certbot_makes_one_file_of_two(tmp_path):
    text = (ROOT / "docs" / "production.md").read_text()
    hook = re.search(r"^```sh\n(#!/bin/sh\n.*?)^```", text, re.M | re.S).group(1)
    folder = tmp_path / "certificates"
    hook = hook.replace("/etc/number-masking/certificates", str(folder))
    hook = re.sub(r"^cd .*docker compose.*\n", "", hook, flags=re.M)
    for name in ("fullchain", "privkey"):
        (tmp_path / f"{name}.pem").write_text(f"{name}\n")
    subprocess.run(["sh", "-c", hook], check=True, timeout=60,
                   env={**os.environ, "RENEWED_LINEAGE": str(tmp_path)})
    pem = folder / "site.pem"
    assert pem.read_text() == "fullchain\nprivkey\n"
    assert (pem.stat().st_mode & 0o777, pem.stat().st_gid) == (0o640, 10001)
    assert [entry.name for entry in folder.iterdir()] == ["site.pem"]


def reached(database, caller):
    return database.query(
        "SELECT coalesce(counterpart::text, outcome) FROM masking.answer_calls(ARRAY[%s], ARRAY[%s::bigint],"
        " '{14155550100}', ARRAY[1])", f"readme-{caller}-{os.urandom(4).hex()}", caller)[0][0]


def test_the_statements_of_the_readme_do_what_their_comments_say_beside_the_sample_pairs(database):
    """Pasted one after the other, as whoever tries it out does."""
    block = next(text for how, _, language, text in blocks(ROOT / "README.md")
                 if language == "sql" and "-- swap the agent" in text)
    pairs = {"14156667777": "14156667778", "14156667779": "14156667780", "14156667781": "14156667782"}
    customer, first, second = "14156667001", "14156667002", "14156667005"
    after = {"-- place:": (None, None, None), "-- assign:": (first, customer, None),
             "-- both at once": (first, customer, None), "-- swap the agent": (second, None, customer),
             "-- done:": (second, None, customer)}
    for part in re.split(r"(?m)^(?=-- )", block)[1:]:
        run_sql(database, "masking_orders", part)
        for begins, wanted in after.items():
            if part.startswith(begins):
                found = [reached(database, caller) for caller in (customer, first, second)]
                assert [who if who.isdigit() else None for who in found] == [
                    who or None for who in wanted], part
        assert {a: reached(database, a) for a in pairs} == pairs
        assert {b: reached(database, b) for b in pairs.values()} == {b: a for a, b in pairs.items()}
    assert (reached(database, "14156667003"), reached(database, "14156667004")) == ("14156667004", "14156667003")
