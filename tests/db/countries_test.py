"""National numbers against libphonenumber (Debian's python3-phonenumbers): an example of every country,
written as people there write it, is read as that number, or refused; it is never somebody else's."""

import phonenumbers
import psycopg2
import pytest

import countries
from database import ask, one, setting

PN = phonenumbers.PhoneNumberFormat
KINDS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)


def read(database, written):
    try:
        return one(database, "SELECT masking.e164(%s, 'number')", written)
    except psycopg2.Error as error:
        assert error.pgcode == "MK001"
        return None


def examples():
    """(region, E.164 digits, as it is written there) of a fixed and a mobile number."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in KINDS:
            number = phonenumbers.example_number_for_type(region, kind)
            if number:
                digits = phonenumbers.format_number(number, PN.E164)[1:]
                yield region, digits, phonenumbers.format_number(number, PN.NATIONAL)


def test_an_example_of_every_country_is_itself_or_nobody(database):
    """Also with the country's code in front and no "+", and with both."""
    certain = 0
    for region, digits, national in examples():
        setting(database, "national_numbers", region)
        person = one(database, "SELECT masking.person(%s)", int(digits))
        for written in (national, digits, national.replace(" ", "\u00a0")):
            what = read(database, written)
            assert what is None or person == one(database, "SELECT masking.person(%s)", int(what)), (region, written, what)
            certain += what is not None
        assert read(database, "+" + digits) == digits
    total = 3 * len(list(examples()))
    assert certain > 0.9 * total, (certain, total)


def test_a_caller_in_national_form_is_himself_or_nobody(database):
    known = 0
    for region, digits, national in examples():
        dialled = int(digits[:-4] + "0000")
        shown = "".join(c for c in national if c.isdigit())
        if not shown.startswith("0") or shown.startswith("00") or phonenumbers.region_code_for_country_code(
                phonenumbers.country_code_for_region(region)) != region:
            continue
        who = one(database, "SELECT masking.caller_of(%s, %s)", -int(shown), dialled)
        assert who is None or who == one(database, "SELECT masking.person(%s)", int(digits)), (region, shown, who)
        known += who is not None
    assert known > 100


def test_the_table_is_what_the_metadata_say(database):
    """Of the version that it was made from."""
    if phonenumbers.__version__ != "8.12.57":
        pytest.skip("another version of the metadata")
    there = ask(database, "SELECT country, name, code, is_main, trunks, lengths, first_digits, abroad"
                " FROM masking.countries ORDER BY country")
    assert there == [tuple(row) for row in countries.rows()]
