"""All rooms in processes of their own: what fails, what crashes, what is said of it."""

from pathlib import Path

import pytest

from scripts.run_tests import main

CRASH_ONCE = """
import os, pathlib
MARK = pathlib.Path(__file__).with_name("crashed")
def test_fine(): pass
def test_codec():
    if not MARK.exists():
        MARK.touch()
        os.abort()
"""


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -q\n")
    for room, text in {
        "fine": "def test_a(): pass\ndef test_b(): pass\n",
        "wrong": "def test_sum(): assert 1 + 1 == 3\ndef test_a(): pass\n",
        "dies_once": CRASH_ONCE,
        "dies": "import os\ndef test_codec(): os.abort()\n",
        "loose": "",
    }.items():
        (tmp_path / "tests" / room).mkdir(parents=True)
        (tmp_path / "tests" / room / "test_it.py").write_text(text)
    (tmp_path / "tests" / "test_loose.py").write_text("def test_c(): pass\n")
    return tmp_path / "tests"


def test_every_room_runs_and_the_last_line_counts(
    tests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fine", "loose", "test_loose.py"], tests) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "3 passed, 0 failed, 0 skipped"


def test_a_failed_test_is_shown_and_not_run_again(
    tests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["wrong", "fine"], tests) == 1
    printed = capsys.readouterr().out
    assert "assert (1 + 1) == 3" in printed
    assert "run once more" not in printed
    assert printed.splitlines()[-1] == "3 passed, 1 failed, 0 skipped"


def test_a_crash_is_named_and_the_room_run_once_more(
    tests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dies_once"], tests) == 0
    printed = capsys.readouterr().out
    assert "SIGABRT in tests/dies_once/test_it.py::test_codec" in printed
    assert printed.splitlines()[-1] == "2 passed, 0 failed, 0 skipped"


def test_a_crash_that_comes_again_is_a_fault(
    tests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dies"], tests) == 1
    assert "tests/dies, exit code -6" in capsys.readouterr().out


def test_a_room_that_is_not_there_is_said(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kitchen"], tests) == 2
    assert "tests/ has no kitchen. Rooms: " in capsys.readouterr().err
