"""Is there a whole phone number in these logs?"""
import re

# Every number in the tests is of these families, however it is written.
WHOLE_NUMBER = re.compile(r"1[ ().-]*415[ ().-]*(?:555|666)[ ().-]*\d{4}|(?<![0-9a-f])34[ ().-]*600[ ().-]*\d{3}[ ().-]*\d{3}(?![0-9a-f])")


def assert_no_whole_number(paths):
    """Reads these files. How many lines there were."""
    read = 0
    for path in paths:
        for line in path.read_text(errors="replace").splitlines():
            read += 1
            assert not WHOLE_NUMBER.search(line), f"{path.name}: {line}"
    return read
