"""A person's mistake at the terminal is answered in a sentence, with exit code 2."""

from pathlib import Path

import pytest

from tests.cli.desk import Desk


def folders(desk: Desk) -> dict[str, Path]:
    """Folders that mistakes are made with."""
    home = desk.home / "mistakes"
    if not home.exists():
        (home / "empty").mkdir(parents=True)
        (home / "text-only").mkdir()
        (home / "text-only" / "notes.txt").write_text("buy milk")
        (home / "file").write_text("not a folder")
        desk.batch("fine")
    return {
        "NOWHERE": home / "nowhere",
        "EMPTY": home / "empty",
        "TEXT": home / "text-only",
        "FILE": home / "file",
        "FINE": desk.home / "folders" / "fine",
    }


MISTAKES = {
    "run NOWHERE": "no folder",
    "run FILE": "no folder",
    "run EMPTY": "keyframe",
    "run TEXT": "keyframe",
    "run FINE --out FILE": "is a file",
    "run FINE --project a/b": "slash",
    "run FINE --project ..": "`..`",
    "run FINE --project _audit": "begins with `_`",
    "run FINE --batch mojo1": "protected",
    "run FINE --batch /etc": "slash",
    "run FINE --profile nobody-at-all": "--profile",
    "run": "Missing argument",
    "run FINE --outt x": "No such option",
    "walk FINE": "No such command",
    "validate NOWHERE": "no folder",
    "validate EMPTY": "keyframe",
    "manifest NOWHERE": "no folder",
    "manifest EMPTY": "keyframe",
    "manifest FINE -o NOWHERE/x.json": "No such file",
    "models --territory Narnia": "country code",
    "models --max-price nan": "no price",
    "fake-provider --price nan": "--price",
    "fake-provider --port 70000": "--port",
    "fake-provider --lines 0": "--lines",
    "fake-provider --chaos 429=2": "between 0 and 1",
    "status": "No embedded cloud",
    "status film/day-1": "No embedded cloud",
    "pull film/day-1": "No embedded cloud",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_a_sentence_on_stderr_and_exit_code_2(desk: Desk, mistake: str) -> None:
    named = folders(desk)
    words = [
        str(named.get(word, word)).replace("NOWHERE", str(named["NOWHERE"]))
        for word in mistake.split()
    ]
    done = desk.dropreel(*words)
    assert done.returncode == 2
    assert MISTAKES[mistake] in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
