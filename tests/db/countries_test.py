"""Numbers of all countries and kinds, tests/cases/phones.tsv: whoever calls or is written is that phone, or
nobody; never somebody else. And what the owner says of numbers stays."""

import pathlib
import re

import psycopg2
import pytest

from database import LONG, ask, connect, fresh, one

TOP = pathlib.Path(__file__).parents[2]
PHONES = TOP / "tests" / "cases" / "phones.tsv"


def rows():
    """The statements of the migration that replace what is known of the world."""
    text = (TOP / "migrations" / "deploy" / "countries.sql").read_text(encoding="utf-8")
    return text[text.index("DELETE FROM masking.countries"):text.index("COMMIT;")]


@pytest.fixture(scope="module")
def world(database):
    """phones: all of them. codes: a number to dial of every calling code. written: every way in which the phone's own
    country may write it, without code, with its trunk prefix, and with its code without "+"."""
    ask(database, "SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off")  # as where calls are answered
    ask(database, "CREATE TEMPORARY TABLE phones (country text, kind text, digits text, person bigint)")
    with database.cursor() as cursor, PHONES.open(encoding="utf-8") as file:
        next(file)
        cursor.copy_from(file, "phones", columns=("country", "kind", "digits"))
    ask(database, "UPDATE phones SET person = masking.person(digits::bigint)")
    ask(database, """
        CREATE TEMPORARY TABLE codes AS
        SELECT c.*, (code || '5550100')::bigint AS dialled, row_number() OVER () AS n FROM masking.countries c WHERE is_main""")
    ask(database, """
        CREATE TEMPORARY TABLE written AS
        SELECT p.*, c.dialled, t.prefix, t.prefix || substr(p.digits, length(c.code) + 1) AS national
        FROM phones p JOIN masking.countries k USING (country) JOIN codes c ON c.code = k.code
        CROSS JOIN unnest(ARRAY['', k.code] || k.trunks) t (prefix)""")
    ask(database, """
        CREATE FUNCTION pg_temp.reads(rule text, written text) RETURNS bigint LANGUAGE plpgsql AS $$
        BEGIN
          IF masking.setting_word('national_numbers') <> rule THEN
            PERFORM tests.set('national_numbers', rule);
          END IF;
          RETURN masking.person(masking.e164(written, 'number')::bigint);
        EXCEPTION WHEN SQLSTATE 'MK001' THEN
          RETURN NULL;
        END $$""")
    yield database


def callers(database, what):
    """How many of these are told rightly, as nobody (shown, or NULL), and as somebody else."""
    return ask(database, f"SELECT count(*) FILTER (WHERE who = person), count(*) FILTER (WHERE who IS NULL OR who = shown),"
               f" count(*) FILTER (WHERE who <> person AND who <> shown) FROM ({what} OFFSET 0) w")[0]


def test_nobody_who_calls_is_somebody_else(world):
    """Every phone, dialling a number of every country; at first a few of them, others for each phone."""
    right, nobody, wrong = callers(world, f"""
        SELECT p.person, 0 AS shown, masking.caller_of(p.digits::bigint, c.dialled) AS who
        FROM phones p JOIN codes c ON (c.n + p.person) % {1 if LONG else 4} = 0""")
    assert right > (200_000 if LONG else 50_000) and (nobody, wrong) == (0, 0), (right, nobody, wrong)


def test_a_caller_in_national_form_is_himself_or_nobody(world):
    """With a zero in front, as the server has it (negative), and without."""
    right, nobody, wrong = callers(world, """
        SELECT person, 0 AS shown, masking.caller_of(-substr(national, 2)::bigint, dialled) AS who
        FROM written WHERE prefix ~ '^0' AND national ~ '^0[1-9][0-9]{3,13}$'""")
    assert right > 550 and nobody < 40 and wrong == 0, (right, nobody, wrong)
    right, nobody, wrong = callers(world, """
        SELECT person, masking.person(national::bigint) AS shown, masking.caller_of(national::bigint, dialled) AS who
        FROM written WHERE prefix = '' AND national ~ '^[1-9][0-9]{6,14}$'""")
    assert right > 950 and nobody < 100 and wrong == 0, (right, nobody, wrong)


def test_a_caller_behind_what_is_dialled_before_a_number_abroad(world):
    right, nobody, wrong = callers(world, """
        SELECT p.person, 0 AS shown, masking.caller_of(-(substr(a.abroad, 2) || p.digits)::bigint, c.dialled) AS who
        FROM phones p, codes c, unnest(ARRAY['010', '011', '012', '019', '0191', '09']) a (abroad)
        WHERE (c.n + p.person) % 4 = 0 AND a.abroad ~ ('^(?:' || c.abroad || ')$') AND length(a.abroad || p.digits) <= 16""")
    assert right > 10 * nobody and wrong == 0, (right, nobody, wrong)


def test_digits_without_plus_are_the_phone_or_refused(world):
    """By the setting national_numbers: what each country writes of its own."""
    read = ask(world, """
        SELECT (w.kind IN ('fixedLine', 'mobile', 'voip', 'personalNumber')) AS of_people, count(*), count(r),
          array_agg(DISTINCT (w.country, w.national, r)::text) FILTER (WHERE r <> w.person)
        FROM (SELECT * FROM written ORDER BY country) w CROSS JOIN LATERAL pg_temp.reads(w.country, w.national) r GROUP BY 1 ORDER BY 1""")
    (_, _, _, services_wrong), (_, total, certain, wrong) = read
    assert wrong is None and services_wrong is None
    assert certain > 0.9 * total, read


def test_there_is_none_of_them_that_cannot_be(world):
    assert ask(world, "SELECT digits FROM phones WHERE masking.cannot_be(digits) OR NOT masking.can_be(digits)") == []


def test_the_packaged_metadata_has_no_other_numbers(world):
    """Where Debian's python3-phonenumbers is installed: what it knows is known here, and how it writes numbers is read."""
    phonenumbers = pytest.importorskip("phonenumbers")
    if tuple(map(int, phonenumbers.__version__.split("."))) > (8, 13, 51):
        pytest.skip("newer metadata than the table was made from")
    kinds = set(phonenumbers.PhoneNumberType.values()) - {phonenumbers.PhoneNumberType.UNKNOWN}
    theirs = [(region, number) for region in phonenumbers.SUPPORTED_REGIONS for kind in kinds
              if (number := phonenumbers.example_number_for_type(region, kind))]
    theirs += [("001", phonenumbers.example_number_for_non_geo_entity(code)) for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS]
    e164 = {phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:] for _, number in theirs}
    ours = {digits for digits, in ask(world, "SELECT digits FROM phones")}
    assert {digits for digits in e164 if len(digits) >= 7} <= ours
    shown = [(region, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL),
              int(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]))
             for region, number in theirs if region != "001"]
    regions, nationals, digits = zip(*shown)
    assert ask(world, """
        SELECT * FROM unnest(%s, %s, %s) w (country, national, digits) CROSS JOIN LATERAL pg_temp.reads(w.country, w.national) r
        WHERE r <> masking.person(w.digits)""", list(regions), list(nationals), list(digits)) == []


def test_what_the_owner_says_of_numbers_survives_migrating():
    with fresh() as name:
        owner = connect(name, "masking_owner")
        first = ask(owner, "SELECT * FROM masking.countries ORDER BY 1"), ask(owner, "SELECT * FROM masking.number_lengths ORDER BY 1, 2")
        ask(owner, "SET search_path = masking")
        # A length that is new, one of a code that is, a country by another name, one that is new, and digits that there are no more.
        ask(owner, "INSERT INTO number_lengths (code, length, first_digits, of_people) VALUES ('41', 8, '5', '5'), ('999', 4, '12', '')")
        ask(owner, "UPDATE number_lengths SET first_digits = '' WHERE (code, length) = ('41', 12)")
        ask(owner, "UPDATE countries SET name = 'Holland' WHERE country = 'NL'")
        ask(owner, "INSERT INTO countries (country, name, code, is_main, trunks, abroad) VALUES ('QZ', 'Nowhere', '999', true, '{0}', '00')")
        own = ("SELECT country FROM masking.countries WHERE is_own UNION ALL SELECT code || ' ' || length FROM masking.number_lengths"
               " WHERE is_own ORDER BY 1")
        assert [row for row, in ask(owner, own)] == ["41 12", "41 8", "999 4", "NL", "QZ"]
        # And rows that a migration brought differ from what the next one brings.
        ask(owner, "DELETE FROM number_lengths WHERE code = '33'")
        for _ in range(2):
            ask(owner, rows())
        assert [row for row, in ask(owner, own)] == ["41 12", "41 8", "999 4", "NL", "QZ"]
        assert one(owner, "SELECT e164('415-666-1234', 'n')") == "4156661234"
        for refused in ("+41 860 123 456 789", "+999 12345"):
            with pytest.raises(psycopg2.Error) as error:
                one(owner, "SELECT e164(%s, 'n')", refused)
            assert error.value.pgcode == "MK001"
        ask(owner, "UPDATE settings SET word = 'Holland' WHERE name = 'national_numbers'")
        ask(owner, "INSERT INTO countries (country, name, code, is_main, trunks, abroad) VALUES ('QY', 'Elsewhere', '41', true, '{}', '00')")
        assert ask(owner, "SELECT country FROM country_of(41215550100)") == [("QY",)]
        # Taken back: the migration's come back.
        ask(owner, "UPDATE settings SET word = 'international' WHERE name = 'national_numbers'")
        ask(owner, "DELETE FROM countries WHERE is_own; DELETE FROM number_lengths WHERE is_own")
        ask(owner, rows())
        assert (ask(owner, "SELECT * FROM masking.countries ORDER BY 1"), ask(owner, "SELECT * FROM masking.number_lengths ORDER BY 1, 2")) == first
        owner.close()
