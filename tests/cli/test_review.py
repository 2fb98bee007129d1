"""`dropreel review` and `pull` around a clip that waits for a person."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli import review as command
from cli.library import pull
from cli.memory import MemoryObjects
from cli.target import Target
from shared.batch import BatchResult, BatchState, Check, ClipResult, ClipStatus
from shared.keys import Folder
from shared.report.text import status_document

FOLDER = Folder("film", "day-1")
WARPING = Check(name="warping", verdict="fail", value=0.26, limit=0.25, message="Boils: 0.26.")
DRIFT = Check(name="drift", verdict="warn", value=9.9, limit=8, message="Drifts: 9.9 %.")
HELD = ClipResult(
    stem="a",
    status=ClipStatus.NEEDS_REVIEW,
    reasons=("warping: Boils: 0.26.",),
    warnings=("Drifts: 9.9 %.", "Cropped."),
    checks=(DRIFT, WARPING),
)


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    target = Target("drop", "library", MemoryObjects(), lambda _: None)  # type: ignore[arg-type] # in memory
    monkeypatch.setattr("cli.review.Cloud.find", lambda _account: target)
    tell(target, HELD)
    return target


def put(target: Target, bucket: str, name: str, data: bytes = b"x") -> None:
    target.objects.write(bucket, FOLDER.key(name), data, content_type="text/plain")


def tell(target: Target, *clips: ClipResult) -> None:
    batch = BatchResult(
        project_id="film",
        batch_id="day-1",
        run_id="r",
        manifest="manifest.json",
        state=BatchState.FINISHED,
        clips=clips,
    )
    document = json.dumps({"runs": [status_document(batch)]}).encode()
    put(target, "drop", "_status.json", document)


def shown(target: Target) -> dict[str, Any]:
    (clip,) = command._waiting(target, FOLDER, None)
    return clip


def test_every_check_is_shown_once_and_what_failed_comes_first(target: Target) -> None:
    assert command._why(shown(target)).splitlines() == [
        "fail  warping: Boils: 0.26.",
        "warn  drift: Drifts: 9.9 %.",
        "Cropped.",
    ]


@pytest.mark.parametrize(
    ("word", "told"), [("approve", "dropreel pull film/day-1"), ("reject", "drop the manifest")]
)
def test_after_a_word_it_says_what_happens_next(
    target: Target, capsys: pytest.CaptureFixture[str], word: str, told: str
) -> None:
    command.review("film/day-1", "a", approve=word == "approve", reject=word == "reject", reason="")
    said = " ".join("".join(capsys.readouterr()).split())
    assert told in said
    assert target.objects.head("drop", FOLDER.key("a.review.json")) is not None


def test_a_pull_takes_away_what_an_earlier_one_brought_and_is_true_no_more(
    target: Target, tmp_path: Path
) -> None:
    put(target, "library", "report.html")
    for name in ("_ERRORS.md", "_review_a.mp4", "_review_b.mp4"):
        put(target, "drop", name)
    pull(target, FOLDER, tmp_path)
    (tmp_path / "_review_mine.mp4").write_bytes(b"a person's own")
    for name in ("_ERRORS.md", "_review_a.mp4"):
        target.objects.delete("drop", FOLDER.key(name))
    tell(target, HELD.model_copy(update={"status": ClipStatus.DONE}))
    pull(target, FOLDER, tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"report.html", "_review_b.mp4", "_review_mine.mp4"}
