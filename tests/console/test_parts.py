"""What the console makes of the lines that its pages consist of, whoever's page it is."""
import pytest

HEAD = ("head", "", "", "", "North", "2026-11-29 20:41:07 UTC")
HOURS = [(f"{hour:02}", 4 * hour, hour, hour % 5, 2, hour == 20, 3 * (hour == 20), 90 - 3 * hour)
         for hour in range(21)] + [(f"{hour:02}", 0, 0, 0, 0, 0, 0, 90 - 3 * hour) for hour in (21, 22, 23)]
DAY = [("bars", "", "", "", "Calls by hour, today and yesterday", "840 calls today, most of them at 20."),
       *(("bar", "", "", "", *(str(int(cell)) if place else cell for place, cell in enumerate(hour)))
         for hour in HOURS)]


@pytest.fixture
def show(browser, console, database):
    """show(line, …): the page of the pool, made of these lines."""
    original = database.query("SELECT pg_get_functiondef('masking.console_pool'::regproc)")[0][0]

    def show_lines(*lines, target="/pool"):
        values = ", ".join(
            "(%d, masking.line(%s))" % (place, ", ".join("'" + cell.replace("'", "''") + "'" for cell in line))
            for place, line in enumerate(lines))
        database.query(
            "CREATE OR REPLACE FUNCTION masking.console_pool(who text, on_number text) RETURNS SETOF"
            " masking.console_line LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$"
            f" SELECT (v.line).* FROM (VALUES {values}) v (place, line) ORDER BY v.place $$".replace("%", "%%"))
        return browser.open(console.url + target)

    yield show_lines
    database.query(original.replace("%", "%%"))


def test_a_head_names_the_page_and_dates_it(show):
    page = show(HEAD, ("answer", "good", "", "", "Fine.", ""))
    assert page.title == "Pool North - number-masking"
    assert "<h1>Pool North</h1>" in page.html and "As of 2026-11-29 20:41:07 UTC" in page


def test_a_page_without_a_head_keeps_its_title(show):
    page = show(("answer", "good", "", "", "Fine.", ""))
    assert page.title == "Pool - number-masking" and "As of" not in page


def test_a_head_of_somebodys_words(show):
    page = show(("head", "", "", "", "</title><script>alert(1)</script>", "<b>"))
    assert "<script>" not in page.html and "</title><script>alert(1)</script>" in page.title


def test_a_column_leads_to_orders(show):
    page = show(HEAD, ("columns", "", "order", "3", "Number", "Orders open", "Which"),
                ("row", "", "pool_number", "14155550100", "14155550100", "17", "A-1\nB <2>\nand 15 more"),
                ("row", "", "", "", "14155550101", "0", ""))
    assert 'href="/pool?number=14155550100"' in page.html
    assert 'href="/order?id=A-1">A-1</a><br>' in page.html
    assert 'href="/order?id=B%20%3C2%3E">B &lt;2&gt;</a><br>and 15 more</td>' in page.html
    assert "/order?id=and" not in page.html and page.html.count('href="/order?id=') == 2


def test_prefix_and_cause_lead_to_calls(show):
    page = show(HEAD, ("text", "", "prefix", "34", "Calls to +34"), ("text", "", "cause", "2040", "By 2040"))
    assert 'href="/calls?prefix=34"' in page.html and 'href="/calls?cause=2040"' in page.html
    page = show(HEAD, ("text", "", "handle", "x", "Nowhere"))
    assert "Nowhere" in page and "<a" not in page.html.split("Nowhere")[0].split("<h1>")[1]


@pytest.mark.parametrize("columns, is_cards", [(2, False), (5, False), (6, True), (8, True)])
def test_a_table_of_few_columns_stays_one_on_a_phone(one_browser, show, columns, is_cards):
    one_browser.fresh(width=390)
    page = show(HEAD, ("section", "", "", "", "Outcomes"),
                ("columns", "", "", "", *(f"Column {n}" for n in range(columns))),
                ("row", "", "", "", *("rung, not taken" for _ in range(columns))))
    assert ('class="cards"' in page.html) == is_cards and page.wider <= 0
    heads = one_browser.ask("visible", selector="thead th")["count"]
    assert heads == (0 if is_cards else columns)


def test_the_picture_of_a_day(show):
    page = show(HEAD, *DAY, ("section", "", "", "", "After it"))
    assert page.html.count("<figure") == 1 and page.html.index("</figure>") < page.html.index("After it")
    assert 'aria-label="840 calls today, most of them at 20."' in page.html
    assert "style=" not in page.html and not page.complaints
    assert "<title>20:00: 106 calls, 80 answered, 20 rung, not taken, 2 nobody was rung, 1 heard an apology," \
           " 3 no end told yet; the day before 30</title>" in page.html
    assert page.html.split("<tbody>")[1].count("<tr>") == 24


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_the_picture_reads_well(one_browser, show, width, dark):
    """Its words are as large on a phone, nothing is too wide, and axe finds nothing, the table open too."""
    one_browser.fresh(width=width, dark=dark)
    page = show(HEAD, *DAY)
    assert page.wider <= 0
    sizes = one_browser.ask("sizes", selector=".day text")["sizes"]
    assert sizes and min(sizes) >= 12
    one_browser.judge(f"day-{width}-{'dark' if dark else 'light'}")
    one_browser.ask("unfold")
    assert page.wider <= 0
    one_browser.judge(f"day-table-{width}-{'dark' if dark else 'light'}")


def test_the_picture_on_paper(one_browser, show):
    one_browser.fresh(width=794, paper=True)
    page = show(HEAD, *DAY)
    assert page.wider <= 0 and "As of" in page
    one_browser.judge("day-paper")


def test_days_of_23_and_25_hours_and_none(show):
    for hours in (0, 23, 25, 26):
        lines = [("bar", "", "", "", "02", "1", "0", "0", "0", "0", "0", "1")] * hours
        page = show(HEAD, DAY[0], *lines)
        assert page.status == 200 and page.html.count("<g>") == min(hours, 25)
    page = show(HEAD, DAY[1])
    assert "<figure" not in page.html, "an hour of no picture"
