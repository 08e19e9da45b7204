"""What support is asked at night, on the three days of three_days.py: each is answered by the pages that somebody opens who is
asked, in words and numbers that are those of the truth; and the same in SQL, by the role masking_support."""
import pytest

import three_days


@pytest.fixture(scope="module")
def days(workplace):
    days = three_days.Days(workplace / "three-days")
    try:
        days.live()
        yield days
    finally:
        days.stop()


def test_what_is_on_record_is_what_happened(days):
    assert three_days.differences(days) == []
    assert len(days.truth.orders) > 1500 and len(days.truth.calls) > 3300
