"""make itself: words for what it has no target for, and a checkout in an odd place."""

import os
import shutil
import subprocess

import pytest

import test_run
from test_run import TOP, running

FOLDERS = sorted(entry.name for entry in TOP.iterdir()
                 if entry.is_dir() and not entry.name.startswith(".") and entry.name != "build")


def make(*arguments):
    return subprocess.run(["make", "--no-print-directory", *arguments], cwd=TOP, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_is_no_target_of_which_nothing_is_to_be_done(folder, tmp_path):
    """make's own words for a name that is there."""
    assert "Nothing to be done" not in make("--dry-run", f"BUILD={tmp_path}/none", folder).stdout


@pytest.mark.parametrize("target", ["tset", "lint-slow", "migrate-all", "README", "test-htpp"])
def test_a_target_that_does_not_exist_leads_to_make_help(target):
    done = make(target)
    assert done.returncode == 2
    assert target in done.stdout and "make help" in done.stdout


@pytest.mark.parametrize("build", ["a b", "it's", 'a"b', "a%b", "a:b", "a#b", ""])
def test_a_build_folder_that_make_cannot_use_is_refused_at_once(build):
    done = make(f"BUILD={build}", "help")
    assert done.returncode == 2
    assert f"BUILD={build}: make cannot use a folder with blanks" in done.stdout


def test_the_checkout_may_lie_where_names_have_blanks_and_quotes(tmp_path, monkeypatch):
    """A copy, with what was built, so that little is compiled again: make run and make call there."""
    copy = tmp_path / "o'brien's \"work\" & more"
    shutil.copytree(TOP, copy, ignore=shutil.ignore_patterns(".git", "build", "node_modules"))
    for name in ("generated", "server"):
        shutil.copytree(TOP / os.environ.get("BUILD", "build") / name, copy / "build" / name)
    (copy / "server" / "lib" / "utf8.c").touch()
    monkeypatch.setattr(test_run, "TOP", copy)
    monkeypatch.setenv("BUILD", "build")
    with running(tmp_path / "try") as run:
        called = test_run.make(tmp_path / "try", "call", "FROM=14156667777")
        assert "14156667778 rings" in called.stdout, called.stderr
    assert "compile  server/lib/utf8.c" in run.text and "compile  server/lib/form.c" not in run.text
