"""The README and docs/ against the code: what they show is typed in as it stands, what they list is compared.

Blocks of each document run in their order: ```sh in a folder that looks like the checkout, with the programs on
the PATH, ```sql on the database of make run. A block of SQL or of a program says above it how it is run, which
readers do not see:

    <!-- run: masking_orders -->             as this role
    <!-- run: masking_orders error MK001 --> the last statement fails so
    <!-- run: python -->                     as a program; DATABASE_URL is the order system's
    <!-- run: django -->                     as a module of a Django project with that database
    <!-- run: js until WORDS -->             as a program that goes on for ever, until it says so
    <!-- shown: why it is not run -->

Of ```sh all is run but lines of the programs in CANNOT, and lines with "…", which readers complete. The same goes
for whole statements and curl in `code`. An output is compared where it is shown: in a ``` block right below, after
"You see" or "in words", as a bare number in a comment, beside curl in a table.

README.md and first-real-call.md are one session, as readers go from one to the other; every other document
begins with a new database.
"""
import os
import re
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from cluster import Cluster, Database
from postgresql import BIN
from waiting import LONG

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
DOCUMENTS = [ROOT / "README.md", ROOT / "docs" / "first-real-call.md",
             *(file for file in sorted((ROOT / "docs").glob("*.md")) if file.name != "first-real-call.md")]
BLOCK = re.compile(r"^(?:<!-- (run|shown): (.*?) -->\n)?```(\w*)\n(.*?)^```$", re.M | re.S)
COMMANDS = {"sh", "sql", "python", "js"}
NO_COMMANDS = {"", "text", "yaml", "nginx", "java"}
# Programs of which nothing is run here, and why.
CANNOT = {
    "docker": "make test-compose has it",
    "cloudflared": "a tunnel", "ngrok": "a tunnel",
    "ssh": "another machine",
    "certbot": "a certificate authority",
    "systemctl": "systemd", "journalctl": "systemd",
    "sudo": "the PostgreSQL of the machine",
    "number-masking-plivo": "an account at Plivo; make test-plivo has a fake one",
}
CANNOT_LINE = re.compile(rf"(^|[;&|(] *|\w=\S* +|/)({'|'.join(CANNOT)})( |$)")
# Programs that do not end are started, until they are ready, and left running: one make run at a time.
SHELL = r"""
set -euo pipefail
begin() {
    : >"$TRY_DIR/$2.log" # before tail looks for it
    setsid "${@:2}" >>"$TRY_DIR/$2.log" 2>&1 </dev/null &
    echo $! >"$TRY_DIR/$2.pid"
    local seen=0
    timeout 120 sed "/$1/q5" < <(tail --lines=+1 --follow --pid=$! "$TRY_DIR/$2.log" 2>/dev/null) || seen=$?
    [ $seen -eq 5 ]
}
end() {
    [ ! -e "$TRY_DIR/$1.pid" ] || kill -TERM -- -"$(cat "$TRY_DIR/$1.pid")" 2>/dev/null || true
    rm -f "$TRY_DIR/$1.pid"
}
end_all() {
    end number-masking-console
    end make
    [ ! -e "$TRY_DIR/lock" ] || flock --timeout 60 "$TRY_DIR/lock" true
}
make() {
    [ "${1:-}" = run ] || { command make --no-print-directory "$@"; return; }
    end_all
    begin "Ctrl-C stops" make "$@"
}
number-masking-console() { begin event=listening_console number-masking-console "$@"; }
[ ! -e "$TRY_DIR/environment" ] || . "$TRY_DIR/environment"
"""


def name_of(document):
    return document.stem.lower()


def blocks(document):
    """(what the marker says, its words, language, text) of each block that is a command."""
    return [match.groups() for match in BLOCK.finditer(document.read_text())
            if match.group(3) in COMMANDS]


def row_of(line):
    """The cells of a line of a table, without the marks around code."""
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split(" | ")]


def rows_with(document, first):
    """The rows of every table whose first cell matches."""
    return [row_of(line) for line in document.read_text().splitlines()
            if re.match(rf"\| `?{first}`? \|", line)]


@pytest.fixture(scope="module")
def cluster():
    with tempfile.TemporaryDirectory(prefix="masking-docs.") as place:
        Path(place).chmod(0o755)
        cluster = Cluster(Path(place) / "try" / "cluster")
        cluster.start()
        cluster.migrate("migrated", SAMPLE_PAIRS="yes")
        yield cluster
        cluster.stop()


@pytest.fixture
def database(cluster):
    cluster.start()
    return Database(cluster, cluster.copy("migrated"))


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


class Reader:
    """Who types what the documents say, beside a make run of their own."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.tries = cluster.place.parent
        self.folder = self.tries.parent / "checkout"
        self.folder.mkdir()
        for entry in ROOT.iterdir():
            if entry.name not in (".git", ".env", "build"):
                (self.folder / entry.name).symlink_to(entry)
        (self.folder / "build").symlink_to(BUILD)
        self.environment = {
            **os.environ, "BUILD": "build", "TRY_DIR": str(self.tries), "LISTEN": "127.0.0.1:0",
            "METRICS_LISTEN": "127.0.0.1:0", "CONSOLE_LISTEN": "127.0.0.1:0",
            "PATH": f"{BUILD}:{BIN}:{os.environ['PATH']}", "PGHOST": cluster.socket, "PGUSER": "postgres"}

    def start(self, command, text, **environment):
        return subprocess.run(command, input=text, text=True, cwd=self.folder, timeout=180,
                              env={**self.environment, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def begin(self, document):
        """Its databases: of make run, and "masking", which production.md makes."""
        if document.name == "first-real-call.md":
            return
        self.shell("end_all")
        (self.tries / "environment").unlink(missing_ok=True)
        self.cluster.start()
        for name in ("number_masking", "masking"):
            self.cluster.administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            is_empty = document.name == "production.md" and name == "masking"
            self.cluster.administer(f"CREATE DATABASE {name} TEMPLATE {'template0' if is_empty else 'migrated'}")

    def shell(self, text):
        done = self.start(["bash", "-c", f'{SHELL}{text}\nexport -p >"$TRY_DIR/environment"'], "token\n")
        assert done.returncode == 0, text + done.stdout
        return done.stdout.replace(self.address(), "127.0.0.1:5000")

    def sql(self, words, text):
        role, _, state = words.partition(" error ")
        done = self.start(["server/tools/psql", "-X", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-f", "-"],
                          text, ROLE=role)
        if state:
            assert done.returncode != 0 and f" {state}: " in done.stdout, done.stdout
        else:
            assert done.returncode == 0, text + done.stdout
        return done.stdout

    def program(self, words, language, text):
        words, _, until = words.partition(" until ")
        place = self.folder / f"snippet.{language}"
        place.write_text(DJANGO + text if words == "django" else text)
        environment = {"DATABASE_URL": self.cluster.url("number_masking", "masking_orders")}
        command = ["/usr/bin/python3", str(place)]
        if language == "js":
            modules = node_modules()
            if modules is None:
                pytest.skip("npm gave no module pg")
            environment["NODE_PATH"] = str(modules)
            command = ["node", str(place)]
        if until:
            return self.listen(command, until, environment)
        done = self.start(command, "", **environment)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def listen(self, command, until, environment):
        """What it said, up to these words."""
        heard = []
        with subprocess.Popen(command, text=True, cwd=self.folder, env={**self.environment, **environment},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as program:
            late = threading.Timer(LONG, program.kill)
            late.start()
            for line in program.stdout:
                heard.append(line)
                if until in line:
                    break
            late.cancel()
            program.kill()
        assert heard and until in heard[-1], f"{command} did not say {until!r}, but {''.join(heard)}"
        return "".join(heard)

    def address(self):
        """Where the server of make run listens, or the address that documents show."""
        state = self.tries / "state"
        return re.search(r"^address=(.*)$", state.read_text(), re.M)[1] if state.exists() else "127.0.0.1:5000"

    def completed(self, text):
        """Without what cannot be run here, and with what is ours in the place of the reader's."""
        text = re.sub(r"postgresql://(?:admin|(\w+))?(?::…)?@?[\w.]*/masking\b",
                      lambda url: f"postgresql://{url[1] or 'postgres'}@/masking?host={self.cluster.socket}", text)
        text = "\n".join(line for line in text.replace("\\\n", " ").splitlines()
                         if "…" not in line and not CANNOT_LINE.search(line))
        if "https://masking.example.com" in text:
            if not (self.tries / "state").exists():
                self.shell("PLIVO_AUTH_TOKEN=token PUBLIC_URL=https://masking.example.com make run")
            text = text.replace("https://masking.example.com", f"http://{self.address()}")
        return text


@pytest.fixture(scope="module")
def reader(cluster):
    reader = Reader(cluster)
    yield reader
    reader.shell("end_all")


def flat(text):
    return re.sub(r"\s+", " ", text)


def run_block(reader, how, words, language, text):
    """Its output."""
    assert how == "run" or language == "sh", f"how is this run?\n{text}"
    if language == "sql":
        return reader.sql(words, text)
    if language != "sh":
        return reader.program(words, language, text)
    if text.startswith("#!"):
        return ""  # a file: another test has it
    output = reader.shell(reader.completed(text))
    for number in re.findall(r" # (\d+)$", text, re.M):
        assert number in output.split(), text + output
    return output


def run_code(reader, code, behind):
    """Whole commands between words or in a table. What they do to the database is taken back."""
    if "…" in code:
        return
    if re.match(r"(SELECT .|INSERT INTO |UPDATE \w+ SET |DELETE FROM )", code):
        reader.sql("masking_owner", f"BEGIN;\n{code};\nROLLBACK;\n")
    elif code.startswith("curl "):
        output = reader.shell(reader.completed(code))
        beside = re.match(r" *\| `?(\w+)", behind)
        assert not beside or beside[1] in output, f"{code}: {output}"


def shown_below(text):
    """Lines of output that stand right below a block."""
    block = re.match(r"\n+```\n(.*?)^```$", text, re.M | re.S)
    if block:
        return [line.partition("…")[0] for line in block[1].splitlines()]
    paragraph = text.lstrip("\n").partition("\n\n")[0]
    return [words.partition("…")[0] for words in re.findall(r"(?:You see\W*|in words\s)`([^`\n]+)`", paragraph)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_what_it_shows_is_run(document, reader):
    reader.begin(document)
    text = document.read_text()
    for match in re.finditer(rf"{BLOCK.pattern}|`(?P<code>[^`\n]+)`", text, re.M | re.S):
        how, words, language, block, code = match.groups()
        below = text[match.end():]
        if code:
            run_code(reader, code, below)
        elif language in COMMANDS and how != "shown":
            output = flat(run_block(reader, how, words, language, block))
            for line in shown_below(below):
                assert flat(line).strip() in output, f"{block}shows {line}, and got {output}"
        else:
            assert how == "shown" or language in NO_COMMANDS, f"```{language} is neither run nor declared\n{block}"


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
    text = document.read_text()
    code = "\n".join([match.group(4) for match in BLOCK.finditer(text)] + re.findall(r"`([^`\n]+)`", text))
    makefile = (ROOT / "Makefile").read_text()
    suites = (ROOT / "tests" / "run").read_text()
    for target in re.findall(r"\bmake ([a-z][a-z-]*)", code):
        known = re.search(rf"^{target}:|^\.PHONY:.* {target}\b", makefile, re.M)
        assert known or f'Suite("{target.removeprefix("test-")}"' in suites, target


def test_the_services_exist():
    known = re.findall(r"^  (\w+):$", (ROOT / "docker-compose.yml").read_text(), re.M)
    for document in DOCUMENTS:
        for service in re.findall(r"docker compose (?:exec|run --rm|logs|ps|ps -q|build|kill -s \w+) (\w+)",
                                  document.read_text()):
            assert service in known, f"{document.name}: {service}"


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


def test_no_login_with_a_password_is_by_the_socket():
    """Debian lets a role in there only whose name is the login's."""
    for file in [*DOCUMENTS, *(ROOT / "server" / "deploy").glob("*"), ROOT / ".env.example"]:
        text = file.read_text() if file.is_file() else ""
        assert not re.findall(r"postgresql://masking_\w+(?::[^@\s]*)?@/", text), file


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
        database.query(part, role="masking_orders")
        for begins, wanted in after.items():
            if part.startswith(begins):
                found = [reached(database, caller) for caller in (customer, first, second)]
                assert [who if who.isdigit() else None for who in found] == [
                    who or None for who in wanted], part
        assert {a: reached(database, a) for a in pairs} == pairs
        assert {b: reached(database, b) for b in pairs.values()} == {b: a for a, b in pairs.items()}
    assert (reached(database, "14156667003"), reached(database, "14156667004")) == ("14156667004", "14156667003")
