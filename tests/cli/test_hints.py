"""A word that is not known is answered with the nearest one, or with all there are."""

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.books import Cloud
from cli.errors import WrongUse
from cli.main import app
from shared.nearest import nearest

RUNS = [
    {
        "clips": [
            {"stem": "sunhill", "status": "needs_review", "reasons": ["flicker"]},
            {"stem": "harbour", "status": "done"},
        ]
    }
]


def refused(*words: str) -> str:
    error = CliRunner().invoke(app, list(words)).exception
    assert isinstance(error, WrongUse)
    return error.message


@pytest.fixture
def film(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_status(*_: Any) -> list[dict[str, Any]]:
        return RUNS

    monkeypatch.setattr(Cloud, "find", staticmethod(lambda _: None))
    monkeypatch.setattr("cli.review.read_status", read_status)


@pytest.mark.parametrize(
    ("stem", "answer"),
    [
        ("sunhil", "Did you mean `sunhill`? Waiting: sunhill."),
        ("harbor", "Did you mean `harbour`? Waiting: sunhill."),
        ("harbour", "waits for a review in film/day-1/. It is done."),
    ],
)
def test_a_clip_that_does_not_wait_is_told_from_one_that_is_not_there(
    film: None, stem: str, answer: str
) -> None:
    assert answer in refused("review", "film/day-1", stem, "--approve")


def test_an_unknown_model_of_your_own_gpus_is_answered_with_all_there_are() -> None:
    assert "Known: " in refused("weights", "check", "wan22", "x")
    assert "wan2.2-i2v-a14b-4step" in refused("weights", "check", "wan22", "x")


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("my-flim", ("my film", "my-film"), "my-film"),
        ("my flim", ("my film", "my-film"), "my film"),
        ("Zoom-In", ("pan", "zoom_in"), "zoom_in"),
        ("steps", ("num_frames", "num_inference_steps"), "num_inference_steps"),
        ("scale", ("min_guidance_scale", "max_guidance_scale"), None),
        ("xyz", ("pan", "zoom_in"), None),
    ],
)
def test_the_nearest_word(word: str, known: tuple[str, ...], meant: str | None) -> None:
    assert nearest(word, known) == meant


def test_help_begins_with_what_a_creator_needs() -> None:
    shown = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"}).invoke(app, ["--help"]).stdout
    names = re.findall(r"^│ ([a-z][a-z-]*) ", shown, re.MULTILINE)
    first = ["run", "validate", "status", "watch", "pull", "review", "estimate"]
    assert names[: len(first)] == first
    assert {"project", "weights", "jobs", "fake-provider", "train-scorer"} <= set(names)
