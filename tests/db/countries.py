#!/usr/bin/python3
"""countries.py - the rows of masking.countries, made from libphonenumber's public metadata (Debian's
python3-phonenumbers): calling code, trunk prefix, lengths and first digits of fixed and mobile
numbers, international prefix. Prints them as migrations/deploy/countries.sql has them."""

import re

import phonenumbers
from phonenumbers import PhoneMetadata
from phonenumbers.geodata.locale import LOCALE_DATA

try:
    from re._parser import parse as PARSE  # Python 3.11 and later
except ImportError:
    from sre_parse import parse as PARSE

# What the metadata says in a pattern, or is newer than it.
TRUNKS = {"LT": ["8", "0"], "MX": ["01", "044", "045"]}


def name_of(region):
    names = LOCALE_DATA.get(region, {})
    name = names.get("en", region)
    return names[name[1:]] if name.startswith("*") else name


def first_digits(pattern):
    """The digits that a number of this pattern may begin with."""
    seen = set()

    def may_be_empty(parsed):
        for operation, value in parsed:
            name = str(operation)
            if name == "LITERAL":
                seen.add(chr(value))
                return False
            if name == "IN":
                for kind, what in value:
                    ranges = {"RANGE": what, "LITERAL": (what, what)}
                    low, high = ranges.get(str(kind), (48, 57))
                    seen.update(map(chr, range(low, high + 1)))
                return False
            if name == "BRANCH" and not any([may_be_empty(branch) for branch in value[1]]):
                return False
            if name == "SUBPATTERN" and not may_be_empty(value[-1]):
                return False
            if name in ("MAX_REPEAT", "MIN_REPEAT") and not may_be_empty(value[2]) and value[0] > 0:
                return False
        return True

    may_be_empty(PARSE(pattern))
    return seen


def rows():
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        data = PhoneMetadata.metadata_for_region(region)
        lengths, first = set(), set()
        for kind in (data.fixed_line, data.mobile):
            if kind and kind.national_number_pattern:
                lengths |= {length for length in kind.possible_length if length > 0}
                first |= first_digits(kind.national_number_pattern)
        if not lengths:
            continue
        trunks = TRUNKS.get(region) or ([data.national_prefix] if data.national_prefix else [])
        yield (region, name_of(region), str(data.country_code),
               phonenumbers.region_code_for_country_code(data.country_code) == region,
               trunks, sorted(lengths), "".join(sorted(first)), re.sub(r"\\d", "[0-9]", data.international_prefix))


def literal(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "'{" + ",".join(map(str, value)) + "}'"
    return "'" + value.replace("'", "''") + "'"


if __name__ == "__main__":
    print(",\n".join("  (" + ", ".join(map(literal, row)) + ")" for row in rows()) + ";")
