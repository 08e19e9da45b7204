"""Who may look, what they may do, what is on record of it, and what strangers get."""
import base64
import functools
import http.server
import os
import re
import select
import subprocess
import threading
import time
import urllib.parse
import uuid

import psycopg2
import pytest

import client
import server as running
from console_fixtures import BINARY, POOL, Order, start
from plivo.stand_in import Caller
from redaction import assert_no_whole_number
from waiting import LONG, join


def hashed(password):
    return subprocess.run(["openssl", "passwd", "-6", password], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def login(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture
def users(tmp_path):
    file = tmp_path / "users"
    file.write_text(f"anna:{hashed('right')}\nbob:{hashed('other')}\n")
    return file


# ---- starting ----

@pytest.mark.parametrize("settings, named", [
    ({"CONSOLE_LISTEN": ""}, "CONSOLE_LISTEN"),
    ({"CONSOLE_LISTEN": "localhost:1"}, "CONSOLE_LISTEN"),
    ({"CONSOLE_LISTEN": "0.0.0.0:0"}, "CONSOLE_USERS_FILE"),
    ({"CONSOLE_LISTEN": "0.0.0.0:0", "CONSOLE_USERS_FILE": "/dev/null"}, "CONSOLE_BEHIND"),
    ({"CONSOLE_BEHIND": "tls"}, "CONSOLE_USERS_FILE"),
    ({"CONSOLE_BEHIND": "nobody"}, "CONSOLE_BEHIND"),
    ({"CONSOLE_LOG_LEVEL": "loud"}, "CONSOLE_LOG_LEVEL"),
    ({"CONSOLE_TIME_ZONE": "Europe/Nowhere"}, "CONSOLE_TIME_ZONE"),
    ({"CONSOLE_TIME_ZONE": "Europe"}, "CONSOLE_TIME_ZONE"),
    ({"CONSOLE_TIME_ZONE": "../../../etc/passwd"}, "CONSOLE_TIME_ZONE"),
    ({"CONSOLE_TIME_ZONE": "berlin"}, "CONSOLE_TIME_ZONE"),
    ({"DATABASE_URL": "postgresql://a:b/c@d/e"}, "DATABASE_URL"),
])
def test_what_would_show_it_to_strangers_does_not_start(tmp_path, settings, named):
    log = tmp_path / "log"
    with open(log, "wb") as file:
        process = start({"DATABASE_URL": "postgresql://masking_console@/none", **settings}, file)
        assert process.wait(timeout=running.STARTS_WITHIN) == 2
    assert f"number-masking-console: {named}: " in log.read_text()


def test_a_users_file_that_names_nobody(tmp_path):
    log = tmp_path / "log"
    with open(log, "wb") as file:
        process = start({"DATABASE_URL": "postgresql://masking_console@/none",
                         "CONSOLE_USERS_FILE": "/dev/null"}, file)
        assert process.wait(timeout=running.STARTS_WITHIN) == 1
    assert "users_missing" in log.read_text()


def test_it_is_off_unless_asked_for():
    helped = subprocess.run([BINARY, "--help"], text=True, stdout=subprocess.PIPE, check=True).stdout
    assert "CONSOLE_LISTEN" in helped and "default 127" not in helped


# ---- without users ----

def test_without_users_only_this_machine(console, pool):
    assert console.get("/").status == 200
    for host in ("localhost", "localhost:5080", "127.0.0.1:1", "127.8.8.8"):
        assert console.get("/", {"Host": host}).status == 200
    for host in ("console.example.com", "127.0.0.1.example.com", "localhost.example.com"):
        assert console.get("/", {"Host": host}).status == 403
    for header in ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"):
        assert console.get("/", {header: "https"}).status == 403


def test_every_page_has_its_guards(console, pool):
    for target in ("/", "/order", "/why", "/calls", "/call", "/pool", "/style.css", "/nothing"):
        headers = console.get(target).headers
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert headers["referrer-policy"] == "no-referrer" and "set-cookie" not in headers
    assert "script" not in console.get("/").body.decode()
    assert len(console.get("/style.css").body) < 10_000


def test_methods_and_paths(console, pool):
    assert console.get("/", method="HEAD").status == 200
    assert console.get("/", method="DELETE").status == 405
    assert console.get("/nothing").status == 404
    assert console.get("/healthz").status == 200


def test_numbers_never_come_from_a_url(console, order):
    page = console.get(f"/why?from={order.customer}&to={order.proxy}")
    assert page.status == 200 and b"does not connect" not in page.body and b"This call" not in page.body


# ---- users ----

def test_only_who_is_in_the_file(browser, start_console, users, pool):
    console = start_console(CONSOLE_USERS_FILE=str(users))
    refused = console.get("/")
    assert refused.status == 401 and "Basic" in refused.headers["www-authenticate"]
    assert b"proxy number" not in refused.body
    assert console.get("/", login("anna", "wrong"), source="127.0.0.2").status == 401
    assert console.get("/", login("carl", "right"), source="127.0.0.3").status == 401
    assert console.get("/", login("bob", "right"), source="127.0.0.4").status == 401
    assert console.get("/", login("anna", "right")).status == 200
    browser.fresh(user="anna", password="right")
    page = browser.open(console.url + "/")
    assert page.status == 200 and "on record under the name anna" in page


def test_who_is_removed_gets_in_no_longer(start_console, users, pool):
    console = start_console(CONSOLE_USERS_FILE=str(users))
    assert console.get("/", login("anna", "right")).status == 200
    users.write_text("\n".join(users.read_text().splitlines()[1:]) + "\n")
    assert console.get("/", login("anna", "right")).status == 200
    console.hang_up()
    running.eventually(lambda: "users_reloaded" in console.log)
    assert console.get("/", login("anna", "right"), source="127.0.0.2").status == 401
    assert console.get("/", login("bob", "other")).status == 200


def test_a_user_beyond_the_last_place_is_told_of(start_console, users, pool):
    users.write_text("\n".join(f"u{n}:$5$x$y" for n in range(256)) + "\n" + users.read_text())
    console = start_console(CONSOLE_USERS_FILE=str(users))
    assert console.get("/", login("anna", "right")).status == 401
    assert 'event=users_ignored from_line=257 reason="256 users at most"' in console.log


def test_guessing_passwords_keeps_nobody_else_out(start_console, tmp_path, pool):
    """Four sources guess without end. Who comes later from elsewhere is let in at once; who was in
    stays in, after the file is read again too, unless the line changed."""
    lines = [f"u{n}:{hashed('right')}" for n in range(12)]
    users = tmp_path / "users"
    users.write_text("\n".join(lines))
    console = start_console(CONSOLE_USERS_FILE=str(users))
    failed, over = [threading.Event() for _ in range(4)], threading.Event()

    def guess(n):
        while not over.is_set():
            if console.get("/style.css", login("u0", "guess"), source=f"127.0.1.{n + 1}").status == 401:
                failed[n].set()

    def statuses():
        return {console.get("/style.css", login(f"u{n}", "right"), source=f"127.0.0.{n + 2}").status
                for n in range(12)}

    threads = [threading.Thread(target=guess, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert all(one.wait(running.STARTS_WITHIN) for one in failed)
        assert statuses() == {200}
        users.write_text("\n".join([f"u0:{hashed('new')}", *lines[1:]]))
        console.hang_up()
        running.eventually(lambda: "users_reloaded" in console.log)
        assert statuses() == {200, 401}
        assert console.get("/", login("u0", "new"), source="127.0.0.99").status == 200
    finally:
        over.set()
        join(*threads)
    assert "login_failed" in console.log and "guess" not in console.log


@pytest.mark.parametrize("settings, forwarded, is_one_source", [
    ({"CONSOLE_BEHIND": "tls"}, "198.51.100.1", True),
    ({"CONSOLE_BEHIND": "tls"}, "203.0.113.{n}, 198.51.100.1", True),
    ({"CONSOLE_BEHIND": "tls"}, "198.51.100.1, 203.0.113.{n}", False),
    ({"CONSOLE_BEHIND": "tls"}, "2001:db8:1:2::{n}", True),
    ({"CONSOLE_BEHIND": "tls"}, "2001:db8:1:{n}::1", False),
    ({"CONSOLE_BEHIND": "tls"}, "nonsense-{n}", True),
    ({}, "203.0.113.{n}", True),
    ({"CONSOLE_BEHIND": "loopback"}, "203.0.113.{n}", True),
])
def test_what_is_one_source(start_console, users, settings, forwarded, is_one_source):
    """What the proxy says last counts, where there is one; any other says what he likes."""
    console = start_console(CONSOLE_USERS_FILE=str(users), **settings)
    statuses = {console.get("/style.css", {"X-Forwarded-Proto": "https",
                                           "X-Forwarded-For": forwarded.format(n=n),
                                           **login("anna", "wrong")}).status for n in range(1, 9)}
    assert statuses == ({401, 429} if is_one_source else {401})


def test_behind_tls_only_what_came_by_tls(start_console, users, pool):
    console = start_console(CONSOLE_LISTEN="0.0.0.0:0", CONSOLE_USERS_FILE=str(users),
                            CONSOLE_BEHIND="tls")
    console.address = ("127.0.0.1", console.address[1])
    assert console.get("/", login("anna", "right")).status == 403
    assert console.get("/", {"X-Forwarded-Proto": "http", **login("anna", "right")}).status == 403
    assert console.get("/", {"X-Forwarded-Proto": "https", **login("anna", "right")}).status == 200


@pytest.mark.parametrize("name, value", [
    ("Authorization", login("anna", "right")["Authorization"]), ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-For", "192.0.2.1"), ("Content-Type", running.FORM), ("Sec-Fetch-Site", "none")])
def test_a_field_that_counts_is_there_once(start_console, users, name, value):
    """What the proxy adds must not stand behind what a client sent."""
    console = start_console(CONSOLE_USERS_FILE=str(users), CONSOLE_BEHIND="tls")
    good = {"X-Forwarded-Proto": "https", **login("anna", "right"), name: value}
    assert console.get("/style.css", good).status == 200
    for second in (value, "x"):
        assert console.get("/style.css", {**good, name.upper(): second}).status == 400


def test_who_is_not_let_in_is_answered_before_his_body(start_console, users):
    console = start_console(CONSOLE_USERS_FILE=str(users))
    for headers, status in (({}, 401), (login("anna", "wrong"), 401),
                            ({"Sec-Fetch-Site": "cross-site", **login("anna", "right")}, 403)):
        with client.Connection(console.address) as connection:
            connection.send(client.request_bytes("POST", "/why", {"Content-Length": "60000", **headers}))
            assert connection.reply().status == status and connection.closed()


def test_bodies_that_drip_leave_workers_for_others(start_console, users):
    """Twelve of sixteen workers wait for what a user never sends; one more such is put off."""
    console = start_console(CONSOLE_USERS_FILE=str(users))
    anna = login("anna", "right")
    assert console.get("/style.css", anna).status == 200
    held = [client.Connection(console.address) for _ in range(13)]
    try:
        for one in held:
            one.send(client.request_bytes("POST", "/why", {"Content-Length": "60000", **anna}, b"a"))
        put_off = select.select(held, [], [], LONG)[0]
        assert [one.reply().status for one in put_off] == [503]
        assert console.get("/healthz").status == 200 and console.get("/style.css", anna).status == 200
    finally:
        for one in held:
            one.close()


# ---- other sites ----

def test_a_form_from_elsewhere(start_console, users, order):
    """Another site can make the browser post, credentials and all, but knows no token."""
    console = start_console(CONSOLE_USERS_FILE=str(users))
    anna = login("anna", "right")
    bobs = console.token(login("bob", "other"))
    for token in ("", "0" * 64, bobs, bobs[:-1]):
        refused = console.post("/why", anna, token=token or "x", from_=order.customer)
        assert refused.status == 403 and b"connects" not in refused.body
    assert b"This call connects" in console.post("/why", anna, from_=order.customer).body


PAGES = ["/order?id={id}", "/calls?order={id}", "/", "/pool", "/style.css", "/nothing", "/call?id={id}"]


@pytest.mark.parametrize("site, status", [("cross-site", 403), ("same-site", 403), ("", 403),
                                          ("Same-Origin", 403), ("same-origin", 200), ("none", 200)])
def test_another_site_makes_no_look(start_console, users, database, order, site, status):
    """Promise of the record: nobody else looks in a user's name. The browser says who asks."""
    console = start_console(CONSOLE_USERS_FILE=str(users))
    before = looks(database)
    for target in PAGES:
        headers = {"Sec-Fetch-Site": site, **login("anna", "right")}
        reply = console.get(target.format(id=order.id), headers)
        assert reply.status == (404 if "nothing" in target and status == 200 else status)
        if status == 403:
            wrong = {**headers, **login("anna", "guess")}
            assert console.get(target.format(id=order.id), wrong).status == 403, "not a password tried"
    if status == 403:
        assert looks(database) == before and "login_failed" not in console.log
        posted = {"Sec-Fetch-Site": site, "Content-Type": running.FORM, **login("anna", "right")}
        assert console.get("/order", posted, "POST", f"id={order.id}".encode()).status == 403
        assert looks(database) == before
    assert console.get("/healthz", {"Sec-Fetch-Site": site}).status == 200


def test_a_picture_looks_at_nothing_and_a_link_asks_first(browser, start_console, users, database, order,
                                                         tmp_path):
    """As a browser does it: another site's picture of an order, then its link to the order."""
    console = start_console(CONSOLE_USERS_FILE=str(users))
    target = f"{console.url}/order?id={order.id}&x=<"
    (tmp_path / "index.html").write_text(
        f'<img src="{target}" alt=""><iframe src="{target}"></iframe><a href="{target}">the ticket</a>')
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    before = looks(database)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        browser.fresh(user="anna", password="right")
        browser.open(f"http://localhost:{other.server_port}/")
        page = browser.click("the ticket")
        assert page.status == 403 and "nothing was looked up" in page
        browser.judge("elsewhere")
        assert looks(database) == before
        page = browser.click("Look it up")
        other.shutdown()
    assert page.status == 200 and order.id in page
    assert [row[3] for row in looks(database)[len(before):]] == [order.id]


# ---- what is on record ----

def looks(database):
    return database.query("SELECT who, role, page, subject FROM masking.console_log"
                          " ORDER BY looked_at")


def test_who_looked_is_on_record(start_console, users, database, order):
    console = start_console(CONSOLE_USERS_FILE=str(users))
    anna = login("anna", "right")
    console.post("/order", anna, id=order.id)
    console.post("/order", anna, id="14156667777")
    console.post("/why", anna, from_=order.customer, to=order.proxy)
    console.post("/why", anna, from_=order.customer, to=order.agent)
    assert looks(database)[-4:] == [
        ("anna", "masking_console", "order", order.id),
        ("anna", "masking_console", "order", None),
        ("anna", "masking_console", "why", f"**{order.customer[-2:]} to {order.proxy}"),
        ("anna", "masking_console", "why", f"**{order.customer[-2:]} to **{order.agent[-2:]}")]


def test_the_console_reads_no_table(database, pool):
    for table in ("orders", "routes", "calls", "messages", "console_log", "proxy_numbers", "call_log",
                  "codes", "secrets"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            database.query(f"SELECT 1 FROM masking.{table}", role="masking_console")
    for call in ("explain_route('14156667777', '14155550100', now())", "looked('x', 'y', 'z')",
                 "hashed(14156667777)", "explain('A')", "orders_of_person(14156667777, now(), 10)"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            database.query(f"SELECT masking.{call}", role="masking_console")


def test_support_with_psql(database, order):
    def support(sql, *values):
        return database.query(sql, *values, role="masking_support")

    words = [row[0] for row in support("SELECT * FROM explain(%s)", order.id)]
    assert any("The customer reaches the agent." in one for one in words)
    assert support("SELECT words FROM explain(%s, %s, now())", order.customer,
                   order.proxy)[0][0].startswith("connected")
    support("SELECT * FROM call_log LIMIT 1")
    support("SELECT * FROM unmasked_orders LIMIT 1")
    assert looks(database)[-2:] == [
        ("masking_support", "masking_support", "explain", order.id),
        ("masking_support", "masking_support", "explain",
         f"**{order.customer[-2:]} to {order.proxy}")]
    for sql in ("SELECT 1 FROM orders", "INSERT INTO console_log (who, page) VALUES ('anna', 'x')",
                "DELETE FROM console_log", "SELECT looked('anna', 'x', 'y')",
                f"SELECT * FROM console_order('anna', '{order.id}')",
                "SELECT * FROM explain_route('14156667777', '14155550100')"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            support(sql)
    assert order.customer not in str(words)


LOOKS = [  # role, what it asks, and what PostgreSQL's log says then, once
    ("masking_console", "SELECT * FROM masking.console_order('anna', '{order}')", "order {order} as anna"),
    ("masking_console", "SELECT * FROM masking.console_order(E'a\\nb', '{order}')", "order {order} as a?b"),
    ("masking_console", "SELECT * FROM masking.console_order('anna', '{customer}')", "order <NULL> as anna"),
    ("masking_console", "SELECT * FROM masking.console_why('anna', '{customer}', '{proxy}', NULL)",
     "why **{digits} to {proxy} as anna"),
    ("masking_console", "SELECT * FROM masking.console_calls('anna', NULL, NULL, '{order}', NULL, NULL, NULL, NULL)",
     "calls {order} as anna"),
    ("masking_support", "SELECT * FROM explain('{order}')", "explain {order} as masking_support"),
    ("masking_support", "SELECT * FROM explain('{customer}', '{proxy}')",
     "explain **{digits} to {proxy} as masking_support"),
    ("masking_support", "SELECT * FROM call_log LIMIT 1", "masking.call_log"),
    ("masking_support", "SELECT * FROM order_calls('{order}')", "masking.call_log"),
    ("masking_support", "SELECT * FROM missed('1 hour')", "masking.call_log"),
    ("masking_support", "SELECT * FROM calls_by_country('1 hour')", "masking.call_log"),
    ("masking_support", "SELECT * FROM message_log", "masking.message_log"),
    ("masking_support", "SELECT n, l.call_uuid FROM generate_series(1, 50) n"
     " LEFT JOIN call_log l ON l.call_uuid = n::text", "masking.call_log"),
    ("masking_orders", "SELECT * FROM call_log", None),
]


@pytest.mark.parametrize("sql", ["{}", "BEGIN; {}; ROLLBACK", "{}; SELECT 1 / 0",
                                 "SET default_transaction_read_only = on; {}"])
@pytest.mark.parametrize("role, asked, said", LOOKS)
def test_a_look_stays_in_postgresqls_log(database, cluster, order, role, asked, said, sql):
    """Whatever becomes of the transaction, and without a whole number."""
    words = {"order": order.id, "customer": order.customer, "proxy": order.proxy,
             "digits": order.customer[-2:]}
    before = cluster.log_path.stat().st_size
    try:
        database.query(sql.format(asked.format(**words)).replace("%", "%%"), role=role)
    except (psycopg2.errors.DivisionByZero, psycopg2.errors.ReadOnlySqlTransaction):
        pass
    with open(cluster.log_path, errors="replace") as log:
        log.seek(before)
        lines = re.findall(r"masking: (\S+) looked at (.*)", log.read())
    assert lines == ([] if said is None else [(role, said.format(**words))])


@pytest.mark.parametrize("role", ["masking_console", "masking_support"])
@pytest.mark.parametrize("setting", ["log_min_messages", "log_destination", "logging_collector"])
def test_no_role_keeps_postgresqls_log_from_its_looks(database, role, setting):
    for sql in (f"SET {setting} = 'panic'", f"ALTER ROLE {role} SET {setting} = 'panic'"):
        with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.CantChangeRuntimeParam)):
            database.query(sql, role=role)


def test_the_record_has_a_bounded_life(database, pool):
    database.query("INSERT INTO masking.console_log (looked_at, who, page)"
                   " SELECT now() - interval '401 days', 'old', 'x' FROM generate_series(1, 7)")
    assert database.query("SELECT masking.purge_console_log(5)") == [(5,)]
    assert database.query("SELECT masking.purge_console_log(5)") == [(2,)]
    database.query("INSERT INTO masking.console_log (looked_at, who, page)"
                   " VALUES (now() - interval '401 days', 'old', 'x')")
    database.query("SELECT masking.retention_run()")
    assert not [row for row in looks(database) if row[0] == "old"]


# ---- trouble ----

HOSTILE = ["<script>alert(1)</script>", "'; DROP TABLE masking.orders; --", "\" onfocus=\"alert(1)",
           "%s%n%x", "../../etc/passwd", "9" * 40, "-1", "+", "\u202e4155556661\u202c", "𝟏𝟒𝟏𝟓",
           "{}[]", "NULL", "1e309", "2026-02-30 25:61", "{1,2,3}", "\\", "\ufffe", "a" * 1000,
           "99999999999999999-x", "0-", "999999999999999999999-x"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_in_every_field(console, pool, text):
    """Every page answers as for any other text, and prints none of it back as markup."""
    fields = {"/order": ["id"], "/why": ["from_", "to", "at"], "/call": ["id"],
              "/calls": ["outcome", "number", "order", "prefix", "cause", "until", "before"]}
    token = console.token()
    for target, names in fields.items():
        for name in names:
            given = {"from_": "14156667777"} if target == "/why" else {}
            reply = console.post(target, token=token, **{**given, name: text})
            assert reply.status in (200, 400), (target, name, reply.status)
            assert b"<script>alert" not in reply.body and b'" onfocus="' not in reply.body
            if target != "/why":
                query = urllib.parse.urlencode({name.rstrip("_"): text})
                assert console.get(f"{target}?{query}").status in (200, 400)


@pytest.mark.parametrize("body, status", [
    (b"id=%00", 403), (b"id=%zz", 403), (b"token=%00", 403), (b"&" * 2000, 403),
    (b"&".join(b"a%d=1" % n for n in range(200)), 400), (b"\xff\xfe", 403), (b"", 403)],
    ids=range(7))
def test_forms_that_no_browser_sends(console, pool, body, status):
    assert console.get("/order", {"Content-Type": running.FORM}, "POST", body).status == status
    assert console.get("/order", {"Content-Type": "text/plain"}, "POST", body).status == 400


def test_control_characters_and_fields_sent_twice(console, pool):
    token = console.token()
    for body in (f"token={token}&id=a%00b", f"token={token}&id=a&id=b", f"token={token}&id=%ff",
                 f"token={token}&id={'a' * 5000}"):
        reply = console.follow(
            console.get("/order", {"Content-Type": running.FORM}, "POST", body.encode()))
        assert reply.status == 400 and b"cannot be read" in reply.body


def test_a_database_that_is_away(start_console):
    console = start_console(DATABASE_URL="postgresql://masking_console@/masking?host=/nowhere")
    begun = time.monotonic()
    for target in ("/", "/pool", "/calls", "/order?id=A"):
        reply = console.get(target)
        assert reply.status == 503 and b"This console has no connection to the database." in reply.body
    assert time.monotonic() - begun < 3
    assert console.get("/why").status == 200, "a form needs no database"


def test_a_database_that_refuses_the_consoles_own_login(start_console, database):
    """The calls are no worse for it, and the page does not say that they are."""
    reply = start_console(DATABASE_URL=database.cluster.url(database.name, "nobody")).get("/pool")
    assert reply.status == 503 and b"own login" in reply.body
    assert b"if a server has none either, its callers hear an apology" in reply.body


def test_a_database_that_is_locked(console, database, pool):
    """The page gives up within its time; the database is not kept busy by whoever clicks again."""
    with database.locked("calls"):
        begun = time.monotonic()
        reply = console.get("/")
        assert reply.status == 503 and b"took too long" in reply.body
        assert time.monotonic() - begun < 5
    assert running.eventually(lambda: console.get("/").status == 200)


def test_a_database_whose_password_was_rotated(start_console, database, tmp_path):
    """The file is read again before each connection; meanwhile the log says what is wrong."""
    file = tmp_path / "url"
    file.write_text("postgresql://masking_console:old@/masking?host=/nowhere\n")
    console = start_console(DATABASE_URL="", DATABASE_URL_FILE=str(file))
    assert console.get("/").status == 503
    file.write_text("postgresql://a:b/c@d/e\n")
    running.eventually(lambda: console.get("/").status == 503 and
                       "event=database_url_unread" in console.log)
    file.write_text(database.cluster.url(database.name, "masking_console") + "\n")
    running.eventually(lambda: console.get("/").status == 200)
    assert "event=database_url_changed" in console.log and "old" not in console.log.replace(
        "the old one stays", "")


def test_the_environment_shows_no_password(start_console):
    console = start_console(DATABASE_URL="postgresql://masking_console:geheim@/x?host=/nowhere")
    with open(f"/proc/{console.process.pid}/environ", "rb") as environment:
        assert b"geheim" not in environment.read()


def test_a_database_that_lost_its_connections(console, database, pool):
    assert console.get("/").status == 200
    database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                   " WHERE usename = 'masking_console'")
    assert console.get("/").status == 200


def test_one_question_at_a_time_for_each_user(console, database, pool):
    """Eight pages at once: one waits for the database, the others for their turn."""
    replies = []
    with database.locked("calls"):
        threads = [threading.Thread(daemon=True, target=lambda: replies.append(console.get("/").status))
                   for _ in range(8)]
        for thread in threads:
            thread.start()
        running.eventually(database.somebody_waits_for_a_lock)
        busy = database.query("SELECT count(*) FROM pg_stat_activity"
                              " WHERE usename = 'masking_console' AND state = 'active'")
        assert busy == [(1,)]
        join(*threads)
    assert set(replies) <= {429, 503} and 429 in replies


def test_calls_are_answered_while_somebody_hammers_the_console(start_console, plivo, database, users,
                                                              order):
    """Every call of these people connects, and none is slow."""
    console = start_console(CONSOLE_USERS_FILE=str(users))
    anna, bob = login("anna", "right"), login("bob", "other")
    over = threading.Event()

    def hammer(who):
        while not over.is_set():
            for target in ("/", "/calls", "/pool", f"/order?id={order.id}"):
                assert console.get(target, who).status in (200, 429, 503)

    threads = [threading.Thread(target=hammer, args=(who,), daemon=True) for who in (anna, bob) * 4]
    for thread in threads:
        thread.start()
    slowest = 0
    try:
        for _ in range(40):
            begun = time.monotonic()
            story = plivo.call(Caller(order.customer), order.proxy)
            slowest = max(slowest, time.monotonic() - begun)
            assert "talks" in story.of(order.agent)
    finally:
        over.set()
        join(*threads)
    assert database.query("SELECT count(*) FROM masking.calls WHERE outcome = 'apologised'") == [(0,)]


def test_no_log_holds_a_whole_number(logs, console):
    assert assert_no_whole_number(logs.glob("*console*.log")) > 0
