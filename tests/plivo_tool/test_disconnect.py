"""disconnect: every number goes back to the application it had."""
import pytest


@pytest.fixture
def before(plivo):
    other = plivo.add_application("call-centre", answer_url="https://other.example.com/")
    plivo.add_number("14155550101")
    plivo.add_number("14155550102", other)
    plivo.add_number("14155550103", other)
    return other


@pytest.fixture
def connected(tool, before):
    done = tool("connect", "--all", "--take", "14155550102", "--yes")
    assert done.code == 0, done
    return tool


def test_without_yes_it_says_what_it_would_do(connected, plivo, before):
    changes = plivo.changes()
    done = connected("disconnect")
    assert done.code == 0, done
    assert "would 14155550101: take it out of use, then detach it, as it had no application before" in done.out
    assert f"would 14155550102: take it out of use, then give it back to the application {before}" in done.out
    assert plivo.changes() == changes and all(row[2] for row in connected.pool().values())


def test_every_number_goes_back(connected, plivo, before):
    done = connected("disconnect", "--yes")
    assert done.code == 0, done
    assert plivo.attached(before) == ["14155550102", "14155550103"]
    assert plivo.numbers["14155550101"]["application"] == ""
    assert not any(row[2] for row in connected.pool().values())
    assert connected("check").code == 1, "nothing is connected"
    assert connected("disconnect", "--yes").code == 1


def test_out_of_the_pool_first_and_then_away_from_here(connected, plivo):
    seen = []
    answer = plivo.answer

    def watch(method, path, query, body):
        if method == "POST":
            seen.append(connected.pool()[path.split("/")[1]][2])
        return answer(method, path, query, body)

    plivo.answer = watch
    assert connected("disconnect", "--yes").code == 0
    assert seen == [False, False]


def test_and_connected_again(connected, plivo, before):
    assert connected("disconnect", "--yes").code == 0
    done = connected("connect", "--all", "--take", "14155550102", "--yes")
    assert done.code == 0, done
    assert all(row[2] for row in connected.pool().values()) and len(connected.pool()) == 2
    assert connected.database.query("SELECT former FROM masking.plivo_numbers ORDER BY number") == [(None,), (before,)]
    connected.in_step()


@pytest.mark.parametrize("what", [429, 500, "cut"])
def test_trouble_is_tried_again(connected, plivo, before, what):
    plivo.fail("POST", "Number/14155550102/", what, times=1)
    assert connected("disconnect", "--yes").code == 0
    assert plivo.attached(before) == ["14155550102", "14155550103"]


def test_interrupted_it_goes_on(connected, plivo, before):
    plivo.fail("POST", "Number/14155550102/", 500, times=5)
    assert connected("disconnect", "--yes").code == 3
    assert connected("disconnect", "--yes").code == 0
    assert plivo.attached(before) == ["14155550102", "14155550103"]


def test_numbers_that_connect_calls_stay_until_they_do_not(connected, plivo, before):
    connected.database.add_order("A-1", "14156667777", "14156667778")
    (busy,), = connected.database.query("SELECT proxy_number FROM masking.orders")
    done = connected("disconnect", "--yes")
    assert done.code == 1 and f"{busy}: still connects calls" in done.err, done
    ours = connected.our_application()
    assert plivo.attached(ours) == [busy]
    assert not any(row[2] for row in connected.pool().values()), "given to no new order"
    assert connected("disconnect", "--now", "--yes").code == 0
    assert plivo.attached(ours) == []


def test_a_number_attached_by_hand_stays(tool, plivo, door):
    ours = plivo.add_application("number-masking", answer_url=f"{door.url}/answer")
    plivo.add_number("14155550101", ours)
    assert tool("connect", "--all", "--yes").code == 0
    done = tool("disconnect", "--yes")
    assert done.code == 0 and "attached by somebody else" in done.out, done
    assert plivo.attached(ours) == ["14155550101"] and tool.pool()["14155550101"][2]


def test_an_application_that_is_no_more_is_told_of(connected, plivo, before):
    del plivo.applications[before]
    done = connected("disconnect", "--yes")
    assert done.code == 1 and "14155550102: Plivo refuses it: HTTP 400: app_id is not valid" in done.err, done
