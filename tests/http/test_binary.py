"""The compiler's hardening, read from the binary that is shipped: an option that is
dropped from the Makefile, or has no effect, shows here."""
import re
import subprocess

import pytest

from server import BINARY, BUILD, is_sanitized


def readelf(option, *files):
    return subprocess.run(["readelf", "--wide", option, *map(str, files)], text=True, check=True,
                          stdout=subprocess.PIPE).stdout


pytestmark = pytest.mark.skipif(is_sanitized(), reason="the shipped binary is another")


def test_loads_at_a_random_address():
    assert re.search(r"Type:\s+DYN\b", readelf("--file-header", BINARY))
    assert re.search(r"FLAGS_1\b.*\bPIE\b", readelf("--dynamic", BINARY))


def test_resolves_everything_at_start_and_seals_its_tables():
    """Full RELRO: no pointer to a library's function can be overwritten later."""
    assert re.search(r"BIND_NOW|FLAGS_1\b.*\bNOW\b", readelf("--dynamic", BINARY))
    assert "GNU_RELRO" in readelf("--program-headers", BINARY)


def test_nothing_is_writable_and_executable():
    segments = re.findall(r"^  ([A-Z_]+) +0x.* ([R ][W ][E ]) +0x",
                          readelf("--program-headers", BINARY), re.M)
    assert ("GNU_STACK", "RW ") in segments
    assert {"LOAD", "GNU_STACK", "GNU_RELRO"} <= {name for name, _ in segments}
    assert not [name for name, rights in segments if "W" in rights and "E" in rights]


def test_has_no_search_path_for_libraries():
    assert not re.search(r"\((RPATH|RUNPATH|TEXTREL)\)", readelf("--dynamic", BINARY))


@pytest.mark.parametrize("symbol", ["__stack_chk_fail", "__snprintf_chk"])
def test_overruns_of_the_stack_and_of_known_buffers_end_the_process(symbol):
    assert re.search(rf" UND {symbol}\b", readelf("--dyn-syms", BINARY))


def test_our_code_is_marked_for_control_flow_enforcement():
    """Read from our object files: a linked binary carries the mark only when every part
    does, and the start files of Debian 12's C library (Scrt1.o, crti.o) lack it."""
    marks = {"Advanced Micro Devices X86-64": {"IBT", "SHSTK"}, "AArch64": {"BTI", "PAC"}}
    wanted = marks[re.search(r"Machine: +(.*)", readelf("--file-header", BINARY))[1]]
    objects = sorted((BUILD / "server").glob("**/*.o"))
    assert len(objects) > 20
    for path in objects:
        note = re.search(r"(?:x86|AArch64) feature: (.*)", readelf("--notes", path))
        assert note and wanted <= set(re.split(r",\s*", note[1].strip())), path.name
