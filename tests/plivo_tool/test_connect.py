"""connect, step by step, when all goes well."""
import signal

import pytest

from waiting import wait_until

WANTED = {"answer_method": "POST", "hangup_method": "POST", "message_method": "POST",
          "log_incoming_messages": False}


@pytest.fixture
def three(plivo):
    for number in ("14155550101", "442079460102", "4930555010"):
        plivo.add_number(number)


def test_without_yes_it_says_what_it_would_do_and_changes_nothing(tool, plivo, three):
    done = tool("connect", "--all")
    assert done.code == 0, done
    assert "would create the application number-masking" in done.out
    assert "would 14155550101: attach (free until now), then put it into the pool (prefix 1, en-US)" in done.out
    assert "442079460102: attach (free until now), then put it into the pool (prefix 44, en-GB)" in done.out
    assert "4930555010: attach (free until now), then put it into the pool (prefix 49, de-DE)" in done.out
    assert "Nothing was changed" in done.out
    assert plivo.changes() == [] and tool.pool() == {}
    assert tool.database.query("SELECT count(*) FROM masking.plivo_connection") == [(0,)]


def test_with_yes_the_application_answers_here_and_the_numbers_are_in_the_pool(tool, plivo, door, three):
    done = tool("connect", "--all", "--yes")
    assert done.code == 0, done
    (application,) = plivo.applications.values()
    assert application["app_name"] == "number-masking"
    fragment = "#ct=1000&rt=3000&rc=2&rp=all"
    assert application["answer_url"] == f"{door.url}/answer{fragment}"
    assert application["hangup_url"] == f"{door.url}/hangup{fragment}"
    assert application["message_url"] == f"{door.url}/message"
    assert {name: application[name] for name in WANTED} == WANTED
    assert plivo.attached(application["app_id"]) == ["14155550101", "442079460102", "4930555010"]
    assert tool.pool() == {"14155550101": ("1", "en-US", True),
                           "442079460102": ("44", "en-GB", True),
                           "4930555010": ("49", "de-DE", True)}
    created = [request.body for request in plivo.requests if request.path == "Application/" and request.method == "POST"]
    assert not {"default_number_app", "default_endpoint_app"} & set(created[0])
    tool.in_step()


def test_run_again_it_has_nothing_to_do(tool, plivo, three):
    assert tool("connect", "--all", "--yes").code == 0
    before = plivo.changes()
    done = tool("connect", "--all", "--yes")
    assert (done.code, "There is nothing to do." in done.out) == (0, True), done
    assert plivo.changes() == before


def test_the_front_door_is_tried_before_anything_and_once_more_at_the_end(tool, plivo, door, three):
    order = []
    plivo_answer, door_answer = plivo.answer, door.answer
    plivo.answer = lambda *a: (order.append(a[0]), plivo_answer(*a))[1]
    door.answer = lambda *a: (order.append("door"), door_answer(*a))[1]
    assert tool("connect", "--all", "--yes").code == 0
    assert order[:2] == ["door", "door"] and order[-2:] == ["door", "door"]
    assert order.count("door") == 4


def test_a_number_is_attached_at_plivo_before_it_is_in_the_pool(tool, plivo, three):
    seen = []
    answer = plivo.answer

    def watch(method, path, query, body):
        if method == "POST" and path.startswith("Number/"):
            seen.append((path.split("/")[1] in tool.pool(), len(tool.pool())))
        return answer(method, path, query, body)

    plivo.answer = watch
    assert tool("connect", "--all", "--yes").code == 0
    assert seen == [(False, 0), (False, 1), (False, 2)]


def test_named_numbers_only(tool, plivo, three):
    done = tool("connect", "+1 415-555-0101", "--yes")
    assert done.code == 0, done
    assert list(tool.pool()) == ["14155550101"]
    assert "442079460102: left alone, it is free" in done.out
    assert tool("check").code == 0


def test_a_prefix_of_ones_own_and_one_for_everyone(tool, plivo, three):
    assert tool("connect", "14155550101", "--prefix", "1415", "--yes").code == 0
    assert tool("connect", "442079460102", "--prefix", "", "--yes").code == 0
    assert {number: row[0] for number, row in tool.pool().items()} == {"14155550101": "1415", "442079460102": ""}


def test_an_application_of_that_name_that_answers_here_is_taken_over(tool, plivo, door):
    plivo.add_application("number-masking-staging", answer_url="https://other.example.com/answer")
    ours = plivo.add_application("number-masking", answer_url=f"{door.url}/handleincoming/")
    plivo.add_number("14155550101", ours)
    done = tool("connect", "--all", "--yes")
    assert done.code == 0, done
    assert tool.our_application() == ours and len(plivo.applications) == 2
    changed = [request.body for request in plivo.requests if request.method == "POST"]
    assert len(changed) == 1 and "answer_method" not in changed[0], "only what differs is sent"
    assert changed[0]["log_incoming_messages"] is False
    assert list(tool.pool()) == ["14155550101"]
    tool.in_step()


def test_settings_that_drifted_at_plivo_are_sent_again_and_no_others(tool, plivo, three):
    assert tool("connect", "--all", "--yes").code == 0
    plivo.applications[tool.our_application()].update(
        answer_url="https://old.example.com/answer", log_incoming_messages=True)
    assert tool("check").code == 1
    before = len(plivo.requests)
    assert tool("connect", "--yes").code == 0
    (change,) = [request for request in plivo.requests[before:] if request.method == "POST"]
    assert set(change.body) == {"answer_url", "log_incoming_messages"}
    tool.in_step()


def test_fragments_that_plivo_does_not_keep_are_not_sent_for_ever(tool, plivo, three):
    assert tool("connect", "--all", "--yes").code == 0
    application = plivo.applications[tool.our_application()]
    for field in ("answer_url", "hangup_url"):
        application[field] = application[field].partition("#")[0]
    tool.in_step()


def test_an_application_deleted_at_plivo_is_made_again(tool, plivo, three):
    assert tool("connect", "--all", "--yes").code == 0
    gone = tool.our_application()
    del plivo.applications[gone]
    for fields in plivo.numbers.values():
        fields["application"] = None
    done = tool("check")
    assert done.code == 1 and "is gone from Plivo" in done.err, done
    assert tool("connect", "--all", "--yes").code == 0
    assert tool.our_application() != gone
    tool.in_step()


def test_a_fallback_url_is_sent_when_there_is_one(tool, plivo, three):
    assert tool("connect", "--all", "--yes", PLIVO_FALLBACK_URL="https://spare.example.com/answer").code == 0
    (application,) = plivo.applications.values()
    assert application["fallback_answer_url"] == "https://spare.example.com/answer"


def test_a_number_that_takes_no_texts_is_connected_and_said(tool, plivo):
    plivo.add_number("14155550101", sms_enabled=False)
    done = tool("connect", "--all")
    assert "it takes no texts" in done.out
    assert tool("connect", "--all", "--yes").code == 0
    assert tool("check").code == 0, "it never took any"


@pytest.mark.parametrize("after", range(1, 9))
def test_interrupted_anywhere_and_run_again_it_ends_the_same(tool, plivo, three, interrupted, after):
    """kill -9 while Plivo works on the nth request, which still takes effect."""
    answer, count = plivo.answer, []
    running = {}

    def kill(method, path, query, body):
        count.append(path)
        if len(count) == after:
            running["tool"].send_signal(signal.SIGKILL)
            running["tool"].wait(timeout=60)
        return answer(method, path, query, body)

    plivo.answer = kill
    running["tool"] = tool.start("connect", "--all", "--yes")
    running["tool"].communicate(timeout=60)
    assert running["tool"].returncode == -signal.SIGKILL
    plivo.answer = answer
    interrupted()
    assert tool("connect", "--all", "--yes").code == 0
    assert len(plivo.applications) == 1 and len(tool.pool()) == 3
    former = tool.database.query("SELECT count(former) FROM masking.plivo_numbers")
    assert former == [(0,)], "none had an application before"
    tool.in_step()


def test_a_hundred_numbers(tool, plivo):
    """Fewer than 300 requests in all, never over 300 in any 5 s, and one sees how far it is."""
    for i in range(100):
        plivo.add_number(str(14155550000 + i))
    done = tool("connect", "--all", "--yes")
    assert done.code == 0, done
    assert len(tool.pool()) == 100
    assert len(plivo.requests) < 300 and plivo.most_within(5) <= 300
    times = [request.at for request in plivo.requests]
    # 17 ms apart when they are sent; when they arrive a busy machine has shifted single ones.
    assert min(b - a for a, b in zip(times, times[60:])) > 0.5, "at most 300 in 5 s, however many"
    assert "(50 of 100)" in done.out and "(100 of 100)" in done.out
    print(f"{len(plivo.requests)} requests, {plivo.most_within(5)} in 5 s")
    before = len(plivo.requests)
    tool.in_step()
    assert len(plivo.requests) - before <= 16
