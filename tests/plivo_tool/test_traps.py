"""What goes wrong at Plivo, on the way there, and at the front door."""
import itertools

import pytest

from waiting import wait_until


@pytest.fixture(autouse=True)
def number(plivo):
    plivo.add_number("14155550101")
    return "14155550101"


def connect(tool, *more):
    return tool("connect", "--all", "--yes", *more)


def untouched(tool, plivo):
    return plivo.changes() == [] and tool.pool() == {}


# ---- Plivo is busy, broken or away ----

@pytest.mark.parametrize("method, path", [
    ("GET", ""), ("GET", "Application/"), ("POST", "Application/"), ("GET", "Number/"),
    ("POST", "Number/14155550101/"), ("GET", "Application/[0-9]+/")])
@pytest.mark.parametrize("what", [429, 500, "gateway", "cut"])
def test_trouble_anywhere_is_tried_again(tool, plivo, method, path, what):
    """429 four times, and once a 500, a gateway's HTML, a connection cut after the effect."""
    plivo.fail(method, path, what, times=4 if what == 429 else 1)
    done = connect(tool)
    assert done.code == 0, done
    assert len(plivo.applications) == 1
    assert list(tool.pool()) == ["14155550101"]
    tool.in_step()


def test_it_waits_1_2_4_and_8_seconds_and_then_gives_up(tool, plivo):
    plivo.fail("GET", "Number/", 429, times=99)
    done = tool("connect", "--all", "--yes", PLIVO_SECOND_MS="50")
    assert (done.code, untouched(tool, plivo)) == (3, True), done
    assert "HTTP 429" in done.err and "goes on where it stopped" in done.err
    times = [request.at for request in plivo.requests if request.path == "Number/"]
    waits = [b - a for a, b in zip(times, times[1:])]
    assert len(waits) == 4
    assert all(wait >= seconds * 0.05 for wait, seconds in zip(waits, (1, 2, 4, 8))), waits


def test_plivo_away_is_exit_3(tool):
    assert tool("connect", "--all", PLIVO_API="http://127.0.0.1:9").code == 3


def test_an_answer_that_never_comes_is_given_up(tool, plivo):
    plivo.fail("GET", "", "hang", times=99)
    done = tool("connect", "--all", "--yes", PLIVO_SECOND_MS="5")
    assert (done.code, untouched(tool, plivo)) == (3, True), done


@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_application_that_may_have_been_created_is_looked_for_first(tool, plivo, times):
    plivo.fail("POST", "Application/", "cut", times=1)
    plivo.fail("POST", "Application/", 500, times=times - 1)
    assert connect(tool).code == 0
    assert len(plivo.applications) == 1
    tool.in_step()


def test_an_application_that_cannot_be_created_is_given_up(tool, plivo):
    plivo.fail("POST", "Application/", 500, times=99)
    done = connect(tool)
    assert (done.code, len(plivo.applications), tool.pool()) == (3, 0, {}), done
    assert len(plivo.changes()) == 5


@pytest.mark.parametrize("path", ["", "Application/", "Number/"])
@pytest.mark.parametrize("what", ["html", "{}"])
def test_what_is_no_answer_of_plivos_ends_it(tool, plivo, path, what):
    plivo.fail("GET", path, what, times=99)
    done = connect(tool)
    assert done.code == (4 if (path, what) == ("", "{}") else 3), done
    assert untouched(tool, plivo)
    if what == "html":
        assert "502 Bad Gateway" in done.err and "\x1b" not in done.text


def test_control_characters_of_plivos_stay_off_the_terminal(tool, plivo):
    plivo.account_fields["name"] = "\x1b]0;owned\x07\u202eevil\u009b2J"
    plivo.refuses["14155550101"] = "no\x1b[31m\r\nno\u2028no"
    done = connect(tool)  # Tool looks for them
    assert done.code == 1 and "owned evil" in done.out and "no [31m no no" in done.err, done


def test_bytes_that_are_no_text_do_no_harm(tool, plivo):
    answer = plivo.answer
    plivo.answer = lambda *a: (200, {"auth_id": plivo.account, "name": "a\x00b\ud800"}) if a[1] == "" else answer(*a)
    assert connect(tool).code in (0, 3)


# ---- credentials ----

def test_a_wrong_token_is_exit_4(tool, plivo):
    done = tool("connect", "--all", "--yes", PLIVO_AUTH_TOKEN="wrong-token")
    # The front door has the right one, and says so first.
    assert (done.code, untouched(tool, plivo)) == (1, True), done
    tool.door.token = "wrong-token"
    done = tool("connect", "--all", "--yes", PLIVO_AUTH_TOKEN="wrong-token")
    assert (done.code, untouched(tool, plivo)) == (4, True), done
    assert "wrong-token" not in done.text


def test_the_token_stands_in_no_argument_and_in_no_environment(tool, plivo):
    plivo.fail("GET", "", "hang")
    process = tool.start("connect", "--all", PLIVO_SECOND_MS="1000")
    try:
        wait_until(lambda: plivo.requests or process.poll() is not None)
        assert process.poll() is None
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{process.pid}/{name}", "rb") as file:
                    assert plivo.token.encode() not in file.read()
            except PermissionError:
                pass
    finally:
        process.kill()
        process.communicate(timeout=60)


def test_the_token_may_come_from_a_file(tool, plivo, tmp_path):
    file = tmp_path / "token"
    file.write_text(plivo.token + "\n")
    assert tool("connect", "--all", "--yes", PLIVO_AUTH_TOKEN=None, PLIVO_AUTH_TOKEN_FILE=str(file)).code == 0


def test_of_several_tokens_and_urls_the_first_counts(tool, plivo):
    done = tool("connect", "--all", "--yes", PLIVO_AUTH_TOKEN=f"{plivo.token},old-token",
                PUBLIC_URL=f"{tool.door.url},https://old.example.com")
    assert done.code == 0, done


def test_an_answer_for_another_account_changes_nothing(tool, plivo):
    plivo.answers_for = "MAOTHERACCOUNT000000"
    done = connect(tool)
    assert (done.code, untouched(tool, plivo)) == (1, True), done


def test_a_database_connected_to_another_account_is_not_moved(tool, plivo):
    assert connect(tool).code == 0
    before = plivo.changes()
    plivo.account = "SAOTHERSUBACCOUNT000"
    for command in (["connect", "--all", "--yes"], ["check", "--fix"], ["disconnect", "--yes"]):
        done = tool(*command, PLIVO_AUTH_ID=plivo.account)
        assert done.code == 1 and "is connected to Plivo's account MAZTK4MTQXY2E5ZTK3MZ" in done.err, done
    assert plivo.changes() == before and tool.pool()["14155550101"][2]


def test_a_subaccounts_number_is_left_to_it(tool, plivo):
    plivo.add_number("14155550102", sub_account=f"/v1/Account/{plivo.account}/Subaccount/SAPIZZA0000000000000/")
    done = tool("connect", "--all", "14155550102", "--yes")
    assert done.code == 1 and "14155550102: left alone, it belongs to the subaccount SAPIZZA0000000000000" in done.err, done
    assert list(tool.pool()) == ["14155550101"]


def test_an_account_without_credit_is_told_of(tool, plivo):
    plivo.account_fields["cash_credits"] = "0.00000"
    done = connect(tool)
    assert done.code == 0 and "no credit: Plivo connects no call" in done.err, done
    assert "no credit" in tool("check").err
    plivo.account_fields["billing_mode"] = "postpaid"
    assert tool("check").code == 0


# ---- the front door ----

@pytest.mark.parametrize("answer, words", [
    ((200, "<html>a parked domain</html>"), "something else answers there"),
    ((301, ""), "leads elsewhere"), ((302, ""), "leads elsewhere"),
    ((404, "not found"), "nothing of number-masking is there"), ((503, ""), "out of order (HTTP 503)"),
    ((403, "forbidden"), "another PUBLIC_URL or another auth token")])
def test_a_public_url_that_leads_elsewhere_changes_nothing(tool, plivo, door, answer, words):
    door.answers = answer
    done = connect(tool)
    assert done.code == 1 and words in done.err and "Nothing was changed" in done.err, done
    assert plivo.requests == [] and tool.pool() == {}


def test_a_public_url_that_nobody_answers_changes_nothing(tool, plivo):
    done = tool("connect", "--all", "--yes", PUBLIC_URL="http://127.0.0.1:9")
    assert done.code == 1 and "cannot be reached from here" in done.err, done
    assert plivo.requests == []


def test_a_server_with_another_token_or_with_none_changes_nothing(tool, plivo, door):
    door.token = "another"
    assert "another auth token" in connect(tool).err
    door.token = None
    assert "takes requests that nobody signed" in connect(tool).err
    assert plivo.requests == []


def test_a_front_door_that_closes_meanwhile_is_told_of(tool, plivo, door):
    plivo.after_page = lambda path, offset: path == "Number/" and setattr(door, "answers", (503, "") if plivo.changes() else None)
    done = connect(tool)
    assert done.code == 1 and "It was well before" in done.err, done
    assert list(tool.pool()) == ["14155550101"]


# ---- lists ----

def twenty(plivo, count):
    for i in range(count):
        plivo.add_number(str(14155551000 + i))


def test_a_number_released_between_two_pages_hides_no_other(tool, plivo):
    twenty(plivo, 49)
    plivo.after_page = lambda path, offset: path == "Number/" and offset == 0 and plivo.numbers.pop("14155551003", None)
    assert connect(tool).code == 0
    assert set(tool.pool()) == set(plivo.numbers) and len(plivo.numbers) == 49
    plivo.after_page = None
    tool.in_step()


def test_a_number_bought_between_two_pages_is_there_once(tool, plivo):
    twenty(plivo, 49)

    def buy(path, offset):
        if path == "Number/" and offset == 20 and "14155559999" not in plivo.numbers:
            plivo.add_number("14155559999")
            plivo.numbers = {"14155559999": plivo.numbers.pop("14155559999"), **plivo.numbers}

    plivo.after_page = buy
    assert connect(tool).code == 0
    assert len(tool.pool()) == 51
    tool.in_step()


def test_a_list_that_never_holds_still_is_given_up(tool, plivo):
    twenty(plivo, 30)
    fresh = iter(range(14155552000, 14155553000))
    plivo.after_page = lambda path, offset: path == "Number/" and plivo.add_number(str(next(fresh)))
    done = connect(tool)
    assert done.code == 3 and "changes while it is read" in done.err, done
    assert untouched(tool, plivo)


@pytest.mark.parametrize("path, kind", [
    ("Number/", "the same page"), ("Number/", "always others"), ("Number/", "nothing, and more"),
    ("Application/", "the same page"), ("Application/", "nothing, and more")])
def test_a_list_that_never_ends_is_given_up(tool, plivo, path, kind):
    fresh, answer = itertools.count(), plivo.answer

    def endless(method, asked, query, body):
        status, page = answer(method, asked, query, body)
        if (method, asked) == ("GET", path):
            entry = {"number": str(14155552000 + next(fresh)), "app_id": str(next(fresh)), "app_name": "x"}
            page = {"objects": {"the same page": [{**entry, "number": "14155552000", "app_id": "1"}],
                                "always others": [entry], "nothing, and more": []}[kind],
                    "meta": {"next": "/v1/again", "total_count": 3 if path == "Number/" else None}}
        return status, page

    plivo.answer = endless
    done = connect(tool)
    assert done.code == 3 and f"list of {path[:-1].lower()}s" in done.err, done
    assert untouched(tool, plivo) and len(plivo.requests) < 30


@pytest.mark.parametrize("told", [{"total_count": 1}, {"total_count": 22}, {"next": "/v1/again"}])
def test_what_is_said_of_a_list_and_is_not_so(tool, plivo, told):
    """A count that does not fit, and empty pages behind the last."""
    twenty(plivo, 20)
    answer = plivo.answer

    def lie(method, asked, query, body):
        status, page = answer(method, asked, query, body)
        if (method, asked) == ("GET", "Number/"):
            page = {**page, "meta": {**page["meta"], **told}}
        return status, page

    plivo.answer = lie
    done = connect(tool)
    assert done.code == 3 and "list of numbers" in done.err, done
    assert untouched(tool, plivo) and len(plivo.requests) < 15


def test_an_account_without_numbers(tool, plivo):
    plivo.numbers.clear()
    assert connect(tool).code == 0
    assert len(plivo.applications) == 1 and tool.pool() == {}


# ---- applications ----

def test_two_applications_of_that_name_are_refused_and_listed(tool, plivo, door):
    both = [plivo.add_application("number-masking", answer_url=f"{door.url}/answer") for _ in range(2)]
    done = connect(tool)
    assert done.code == 1 and all(app_id in done.err for app_id in both), done
    assert untouched(tool, plivo)
    assert tool("connect", "--all", "--app", "masking-2", "--yes").code == 0
    assert len(plivo.applications) == 3
    tool.settings["PUBLIC_URL"] = door.url
    assert tool("check").code == 0


def test_the_second_of_that_name_is_found_on_a_later_page(tool, plivo, door):
    plivo.add_application("number-masking", answer_url=f"{door.url}/answer")
    for i in range(30):
        plivo.add_application(f"number-masking-{i}")
    plivo.add_application("number-masking", answer_url=f"{door.url}/answer")
    assert "several applications" in connect(tool).err


def test_another_installations_application_is_left_alone(tool, plivo):
    theirs = plivo.add_application("number-masking", answer_url="https://production.example.com/answer")
    done = connect(tool)
    assert done.code == 1 and "in use for https://production.example.com/answer" in done.err, done
    assert untouched(tool, plivo)
    assert connect(tool, "--take", "number-masking").code == 0
    assert plivo.applications[theirs]["answer_url"].startswith(tool.door.url)


def test_settings_that_plivo_refuses_touch_no_number(tool, plivo):
    plivo.fail("POST", "Application/", 400, times=1)
    done = connect(tool)
    assert done.code == 1 and "No number was touched" in done.err, done
    assert tool.pool() == {} and plivo.attached("1") == []


# ---- numbers of others ----

def test_a_trunks_number_is_never_taken(tool, plivo):
    plivo.numbers["14155550101"]["application"] = f"/v1/Account/{plivo.account}/Zentrunk/Trunk/21784624612345678/"
    for arguments in (["--all"], ["14155550101"], ["--take", "14155550101"]):
        done = tool("connect", *arguments, "--yes")
        assert "belongs to a SIP trunk" in done.text, done
        assert done.code == (0 if arguments == ["--all"] else 1)
    assert "Trunk" in plivo.numbers["14155550101"]["application"] and tool.pool() == {}


def test_another_applications_number_is_taken_only_by_name(tool, plivo):
    theirs = plivo.add_application("call-centre", answer_url="https://other.example.com/")
    plivo.numbers["14155550101"]["application"] = plivo.application_uri(theirs)
    done = connect(tool)
    assert done.code == 0 and f"belongs to the application {theirs}" in done.out, done
    assert tool("connect", "14155550101", "--yes").code == 1
    assert plivo.attached(theirs) == ["14155550101"] and tool.pool() == {}
    assert tool("connect", "--take", "+14155550101", "--yes").code == 0
    assert list(tool.pool()) == ["14155550101"]
    assert tool.database.query("SELECT number, former FROM masking.plivo_numbers") == [(14155550101, theirs)]
    tool.in_step()


@pytest.mark.parametrize("free", [None, "", "absent"])
def test_a_free_number_in_each_way_of_saying_it(tool, plivo, free):
    if free == "absent":
        del plivo.numbers["14155550101"]["application"]
    else:
        plivo.numbers["14155550101"]["application"] = free
    assert connect(tool).code == 0
    assert list(tool.pool()) == ["14155550101"]


def test_a_number_without_voice_is_left_alone(tool, plivo):
    plivo.add_number("14155550102", voice_enabled=False)
    assert "14155550102: left alone, it takes no calls" in connect(tool).out
    assert list(tool.pool()) == ["14155550101"]


def test_a_number_that_is_not_there_is_told_of(tool, plivo):
    done = tool("connect", "14155550199", "14155550101", "--yes")
    assert done.code == 1 and "14155550199: left alone, it is not in this account" in done.err, done
    assert list(tool.pool()) == ["14155550101"]


def test_a_number_plivo_refuses_keeps_the_others_from_nothing(tool, plivo):
    """As an Indian number without its compliance application."""
    plivo.add_number("918031405060")
    plivo.add_number("919999990102")
    plivo.refuses["918031405060"] = "compliance_application_id is required for this number"
    done = connect(tool)
    assert done.code == 1, done
    assert "918031405060: Plivo refuses it: HTTP 400: compliance_application_id is required for this number" in done.err
    assert list(tool.pool()) == ["14155550101", "919999990102"]
    del plivo.refuses["918031405060"]
    assert connect(tool).code == 0
    assert len(tool.pool()) == 3
    tool.in_step()


def test_a_number_that_says_202_and_stays_as_it_is(tool, plivo):
    plivo.deaf.add("14155550101")
    done = connect(tool)
    assert done.code == 1 and "Plivo said that it was done, and it is not" in done.err, done
    assert ("lost", "14155550101") in tool.drift()


def test_a_number_that_is_somebodys_phone_is_not_put_into_the_pool(tool, plivo):
    tool.database.add_order("A-1", "14155550101", "14156667778")
    done = connect(tool)
    assert done.code == 1 and "14155550101: the pool does not take it." in done.err, done
    assert "phone" not in done.err, "why, the owner is told: MK004"
    assert "14155550101: the pool does not take it." in connect(tool, "--prefix", "").err
    assert tool.pool() == {}
    tool.database.orders("UPDATE orders SET completed_at = now() - interval '3 days' WHERE order_id = 'A-1'")


# ---- usage ----

@pytest.mark.parametrize("arguments", [
    [], ["conect"], ["connect", "--al"], ["connect", "12"], ["connect", "--take"], ["connect", "--app", "a b"],
    ["connect", "--app", "../Number"], ["connect", "--prefix", "x"], ["check", "--yes"], ["check", "14155550101"],
    ["disconnect", "--fix"], ["connect", "--now"]])
def test_bad_usage_is_exit_2(tool, plivo, arguments):
    done = tool(*arguments)
    assert (done.code, done.out, plivo.requests) == (2, "", []), done


@pytest.mark.parametrize("settings", [
    {"PLIVO_AUTH_ID": None}, {"PLIVO_AUTH_ID": "../x"}, {"PLIVO_AUTH_TOKEN": None}, {"PUBLIC_URL": None},
    {"PUBLIC_URL": "calls.example.com"}, {"PUBLIC_URL": "https://calls.example.com/?x"}, {"DATABASE_URL": None},
    {"DATABASE_URL": "postgresql://a:b@c:d/e"}, {"PLIVO_API": "http://api.plivo.com"},
    {"PLIVO_API": "http://127.0.0.1.example.com"}, {"PLIVO_SECOND_MS": "0"},
    {"PLIVO_AUTH_TOKEN": None, "PLIVO_AUTH_TOKEN_FILE": "/nowhere"}, {"PLIVO_FALLBACK_URL": "nowhere"}])
def test_bad_settings_are_exit_2_and_named(tool, plivo, settings):
    done = tool("connect", "--all", **settings)
    assert (done.code, plivo.requests) == (2, []), done
    assert list(settings)[-1] in done.err


def test_help_and_version(tool):
    for option in ("--help", "--version"):
        done = tool(option)
        assert (done.code, done.err) == (0, "")
    assert "connect [--all | NUMBER...]" in tool("--help").out


def test_a_database_that_is_away_or_not_migrated_is_told_of(tool, database, cluster):
    assert tool("check", DATABASE_URL="postgresql://masking_plivo@127.0.0.1:9/masking").code == 1
    done = tool("check", DATABASE_URL=cluster.url("postgres", "masking_plivo"))
    assert done.code == 1 and "migrated" in done.err
