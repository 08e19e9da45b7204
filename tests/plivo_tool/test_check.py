"""check: drift is found, told and counted; --fix only ever takes numbers out of use, with brakes."""
import time

import pytest

NUMBERS = [str(14155550100 + i) for i in range(30)]


@pytest.fixture
def connected(tool, plivo):
    for number in NUMBERS:
        plivo.add_number(number)
    done = tool("connect", "--all", "--yes")
    assert done.code == 0, done
    return tool


@pytest.fixture
def an_hour_later(database):
    return lambda: database.query("UPDATE masking.plivo_suspects SET since = since - interval '1 hour'")


def enabled(tool):
    return [number for number, row in tool.pool().items() if row[2]]


def gauges(tool):
    return {(name, labels): value for name, labels, value in tool.database.query(
        "SELECT name, labels, value FROM masking.plivo_gauges()")}


def test_in_step(connected, plivo):
    before = plivo.changes()
    done = connected("check")
    assert (done.code, done.err) == (0, "") and "In step: 30 numbers." in done.out
    assert plivo.changes() == before


def test_what_is_no_phone_number_is_told_of_and_no_obstacle(connected, plivo):
    """A short code, and what nobody has seen yet; on the first page and on the last."""
    plivo.numbers = {"22366": None, **plivo.numbers}
    for odd in ("22366", "611", "PLIVO\x1b[2J"):
        plivo.add_number(odd)
    plivo.add_number("none")
    plivo.numbers["none"]["number"] = None
    before = plivo.changes()
    done = connected("check")
    assert (done.code, done.err) == (0, "") and "In step: 30 numbers." in done.out
    assert "Left alone, as no phone number: 22366, 611, PLIVO [2J, {" in done.out
    assert plivo.changes() == before
    done = connected("connect", "--all", "--yes")
    assert done.code == 0 and done.out.count("Left alone, as no phone number: 22366") == 1, done
    assert sorted(connected.pool()) == NUMBERS
    assert connected("disconnect", "--now", "--yes").code == 0


def test_before_it_was_connected_it_says_so(tool, plivo):
    done = tool("check")
    assert done.code == 1 and "is not connected to Plivo" in done.err
    assert plivo.requests == [] and gauges(tool) == {}


def test_each_kind_of_drift(connected, plivo):
    other = plivo.add_application("other")
    plivo.numbers[NUMBERS[0]]["application"] = None
    plivo.numbers[NUMBERS[1]]["application"] = plivo.application_uri(other)
    plivo.numbers[NUMBERS[2]]["application"] = f"/v1/Account/{plivo.account}/Zentrunk/Trunk/1/"
    del plivo.numbers[NUMBERS[3]]
    plivo.numbers[NUMBERS[4]]["voice_enabled"] = False
    plivo.numbers[NUMBERS[5]]["sms_enabled"] = False
    plivo.numbers[NUMBERS[6]]["renewal_date"] = "2026-11-27"
    plivo.add_number("14155550199", connected.our_application())
    plivo.account_fields["cash_credits"] = "3.50000"
    plivo.applications[connected.our_application()].update(hangup_url="https://old.example.com/", message_method="GET")
    done = connected("check")
    assert done.code == 1, done
    assert connected.drift() == [
        ("application", ""), ("application", ""), ("gone", NUMBERS[3]), ("idle", "14155550199"),
        ("lost", NUMBERS[0]), ("lost", NUMBERS[1]), ("lost", NUMBERS[2]), ("renewal", NUMBERS[6]),
        ("sms", NUMBERS[5]), ("voice", NUMBERS[4])]
    for kind, number in connected.drift():
        assert f"{kind}: {number}" in done.err
    seen = gauges(connected)
    assert seen[("pool_drift", 'kind="lost"')] == 3 and seen[("pool_drift", 'kind="application"')] == 2
    assert {labels for name, labels in seen if name == "pool_drift"} == {
        f'kind="{kind}"' for kind in ("application", "gone", "idle", "lost", "renewal", "sms", "voice")}
    assert time.time() - 60 < seen[("plivo_look_timestamp_seconds", "")] <= time.time()
    assert len(enabled(connected)) == 30, "check alone changes nothing"


def test_the_look_grows_old_while_plivo_is_away(connected, plivo):
    connected.database.query("UPDATE masking.plivo_look SET looked_at = now() - interval '2 hours'")
    plivo.fail("GET", "Number/", 500, times=99)
    assert connected("check").code == 3
    assert gauges(connected)[("plivo_look_timestamp_seconds", "")] <= time.time() - 7200


def test_the_servers_gauges_have_it(connected):
    connected.database.query("DELETE FROM masking.gauge_values")
    names = {row[0] for row in connected.database.query("SELECT name FROM masking.gauges()")}
    assert {"pool_drift", "pool_drift_orders", "plivo_look_timestamp_seconds"} <= names


def test_urls_are_compared_without_their_fragments(connected, plivo):
    plivo.applications[connected.our_application()]["answer_url"] = f"{connected.door.url}/answer#ct=2000"
    assert connected("check").code == 0


def test_another_public_url_is_told_of(connected):
    with type(connected.door)(connected.plivo.token) as moved:
        done = connected("check", PUBLIC_URL=moved.url)
    assert done.code == 1 and "connect again" in done.err


def test_a_front_door_that_is_closed_is_told_of(connected):
    connected.door.answers = (503, "")
    done = connected("check")
    assert done.code == 1 and "out of order" in done.err
    assert connected.database.query("SELECT looked_at > now() - interval '1 minute' FROM masking.plivo_look") == [(True,)]


# ---- --fix ----

def test_a_lost_number_is_disabled_when_looks_an_hour_apart_agree(connected, plivo, an_hour_later):
    plivo.numbers[NUMBERS[0]]["application"] = None
    del plivo.numbers[NUMBERS[1]]
    for _ in range(3):
        done = connected("check", "--fix")
        assert done.code == 1 and "disabled when a look an hour after the first finds the same" in done.out, done
        assert len(enabled(connected)) == 30
    an_hour_later()
    done = connected("check", "--fix")
    assert done.code == 1 and f"{NUMBERS[0]}: disabled in the pool." in done.out, done
    assert enabled(connected) == NUMBERS[2:]
    assert connected("check", "--fix").code == 0, "what is out of use is no drift"


def test_a_finding_that_went_away_starts_again(connected, plivo, an_hour_later):
    uri = plivo.numbers[NUMBERS[0]]["application"]
    for application in (None, uri, None):
        plivo.numbers[NUMBERS[0]]["application"] = application
        connected("check", "--fix")
        an_hour_later()
    assert len(enabled(connected)) == 30


def test_nothing_is_disabled_while_more_than_a_tenth_is_missing(connected, plivo, an_hour_later):
    """What was disabled before counts: no number of runs leaves one."""
    there = dict(plivo.numbers)
    plivo.numbers = {NUMBERS[0]: there[NUMBERS[0]]}
    for _ in range(3):
        done = connected("check", "--fix")
        assert done.code == 1 and "Nothing is disabled: 29 of 30 numbers" in done.err, done
        an_hour_later()
    plivo.numbers = {number: there[number] for number in NUMBERS[3:]}
    connected("check", "--fix")
    assert len(enabled(connected)) == 30, "such a look counts for nothing"
    an_hour_later()
    connected("check", "--fix")
    assert enabled(connected) == NUMBERS[3:]
    plivo.numbers[NUMBERS[3]]["application"] = None
    for _ in range(2):
        done = connected("check", "--fix")
        an_hour_later()
    assert "Nothing is disabled: 4 of 30 numbers" in done.err and "masking.replace_number()" in done.err, done
    assert enabled(connected) == NUMBERS[3:]


def test_never_the_last_number_of_a_prefix(tool, plivo, an_hour_later):
    for number in ("14155550101", "442079460102", *map(str, range(4930555010, 4930555030))):
        plivo.add_number(number)
    assert tool("connect", "--all", "--yes").code == 0
    for number in ("14155550101", "442079460102"):
        plivo.numbers[number]["application"] = None
    for _ in range(3):
        done = tool("check", "--fix")
        an_hour_later()
    assert done.code == 1 and "it is the last one of prefix 1" in done.err, done
    assert len(enabled(tool)) == 22


def test_an_empty_list_disables_nothing(connected, plivo):
    plivo.numbers.clear()
    for _ in range(3):
        done = connected("check", "--fix")
        assert done.code == 1 and "Nothing is disabled" in done.err, done
    assert len(enabled(connected)) == 30


def test_another_accounts_list_disables_nothing(connected, plivo):
    plivo.answers_for = "MAOTHERACCOUNT000000"
    plivo.numbers = {"14155559999": {**plivo.numbers[NUMBERS[0]], "number": "14155559999"}}
    for _ in range(3):
        assert connected("check", "--fix").code == 1
    assert len(enabled(connected)) == 30
    assert connected.database.query("SELECT count(*) FROM masking.plivo_suspects") == [(0,)]


def test_an_application_that_is_gone_disables_nothing(connected, plivo):
    plivo.applications.clear()
    for _ in range(3):
        done = connected("check", "--fix")
    assert done.code == 1 and "Nothing is disabled" in done.err
    assert len(enabled(connected)) == 30


def test_connect_brings_back_what_fix_took_out_of_use(connected, plivo, database, an_hour_later):
    database.query("UPDATE masking.proxy_numbers SET enabled = number = %s", NUMBERS[0])
    database.query("INSERT INTO masking.orders (order_id, customer_number, agent_number) VALUES ('A', '14156660001', '14156660002')")
    database.query("UPDATE masking.proxy_numbers SET enabled = true")
    plivo.numbers[NUMBERS[0]]["application"] = None
    connected("check", "--fix")
    an_hour_later()
    done = connected("check", "--fix")
    assert f"{NUMBERS[0]}: disabled in the pool; its 1 live orders get other numbers." in done.out, done
    assert NUMBERS[0] not in enabled(connected)
    stopped = "SELECT stopped FROM masking.replacements"
    assert database.query(stopped) == [(False,)]
    (order_id, number), = database.query("SELECT * FROM masking.assign_pending()")
    assert order_id == "A" and number in NUMBERS[1:]
    database.query("DELETE FROM masking.orders")
    done = connected("connect", "--yes")
    assert done.code == 0 and f"{NUMBERS[0]}: in use again" in done.out, done
    assert database.query(stopped) == [(True,)]
    assert len(enabled(connected)) == 30
    connected.in_step()


def test_connect_leaves_out_of_use_what_an_operator_disabled(connected, plivo):
    connected.database.query("UPDATE masking.proxy_numbers SET enabled = false WHERE number = %s", NUMBERS[0])
    assert connected("connect", "--all", "--yes").code == 0
    assert NUMBERS[0] not in enabled(connected)
    assert connected("check").code == 0


def test_the_role_sees_no_order_and_writes_no_table(database):
    for sql in ("SELECT * FROM masking.orders", "SELECT * FROM masking.routes", "SELECT * FROM masking.calls",
                "SELECT * FROM masking.plivo_runs", "UPDATE masking.proxy_numbers SET enabled = false",
                "SELECT * FROM masking.pool_drift", "SELECT masking.plivo_switch_off(1)", "SELECT masking.plivo_plan('connect', '{}', '{}')"):
        with pytest.raises(Exception, match="permission denied"):
            database.query(sql, role="masking_plivo")
