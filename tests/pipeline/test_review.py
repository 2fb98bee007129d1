"""A clip that failed inspection waits for a person, and does what they say."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from shared.batch import BatchState, Check
from shared.clip import ObjectRef
from shared.keys import ArtefactKeys
from shared.pipeline.accept import Acceptance, Verdict, accept_drop
from shared.pipeline.results import batch_result
from shared.pipeline.status import write_status
from shared.report.phrases import spell_moment
from shared.report.text import errors_markdown
from shared.video.finish import finish_clip as encode
from shared.video.finish_spec import FinishSpec
from tests.moving_picture import moving_frames, to_yuv
from tests.pipeline.house import House, build_house, picture, small_manifest

Frames = Callable[..., Iterator[av.VideoFrame]]

APPROVE = {"verdict": "approve", "reason": "it is meant so", "by": "mia"}
REJECT = {"verdict": "reject", "reason": "it trembles", "by": "mia"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A batch whose clip `a` came out another than was written: its fingerprint fails."""
    house = build_house()
    house.put("a.png", picture())
    house.drop("manifest.json", small_manifest("a.png"))
    spoil(house, tmp_path)
    return house


def blinking_frames(count: int, size: tuple[int, int]) -> Iterator[av.VideoFrame]:
    """Black and white in turns."""
    for index in range(count):
        yield to_yuv(np.full((size[1], size[0], 3), 255 * (index % 2), np.uint8))


def spoil(house: House, tmp_path: Path, *stems: str, frames: Frames = moving_frames) -> None:
    rate = Fraction(24)
    spec = FinishSpec(width=256, height=144, rate=rate, frame_count=12, source_rate=rate)
    made = encode(lambda: frames(12, size=(256, 144)), spec=spec, out_dir=tmp_path)

    def swap(state: str, stem: str) -> None:
        if state == "InspectClip" and stem in (stems or ("a",)):
            run = house.ref(house.started[-1])
            row = house.services.rows.clip(run.folder, run.run_id, stem)
            assert row is not None
            key = ArtefactKeys(row.clip_key).master
            house.objects.upload("work", key, made.master.path, content_type="video/mp4")

    assert house.work(before=swap).state is BatchState.FINISHED


def say(house: House, word: object) -> Acceptance:
    raw = word if isinstance(word, bytes | dict) else str(word).encode()
    return house.drop("a.review.json", raw)


def test_it_is_held_with_its_film_and_frames_to_look_at(house: House) -> None:
    clip = house.clip("a")
    assert clip["status"] == "needs_review"
    assert any("fingerprint" in reason for reason in clip["reasons"])
    assert "a.mp4" not in house.library()
    report = house.objects.read(ObjectRef(bucket="library", key=house.folder.key("report.html")))
    assert b'class="chart"' in report
    assert b'class="sheet"' in report
    film = ObjectRef(bucket="drop", key=house.folder.key("_review_a.mp4"))
    assert house.objects.read(film)[4:8] == b"ftyp"
    sheet = ObjectRef(bucket="drop", key=house.folder.key("_review_a.jpg"))
    shown = cv2.imdecode(np.frombuffer(house.objects.read(sheet), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape[1] % 320 == 0


def test_a_held_clip_that_flashes_shows_where(tmp_path: Path) -> None:
    house = build_house()
    house.put("a.png", picture())
    house.drop("manifest.json", small_manifest("a.png"))
    spoil(house, tmp_path, frames=blinking_frames)
    assert any("flashes" in reason for reason in house.clip("a")["reasons"])
    heatmap = ObjectRef(bucket="drop", key=house.folder.key("_review_a.heatmap.png"))
    shown = cv2.imdecode(np.frombuffer(house.objects.read(heatmap), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    report = house.objects.read(ObjectRef(bucket="library", key=house.folder.key("report.html")))
    assert b"Where a flashes" in report


def test_approved_it_is_handed_over_and_the_metadata_says_by_whom(house: House) -> None:
    assert say(house, APPROVE).verdict is Verdict.REVIEWED
    assert len(house.started) == 2
    house.work()
    assert house.clip("a")["status"] == "done"
    review = house.in_library("a.video_meta.json")["review"]
    assert (review["by"], review["verdict"]) == ("mia", "approve")
    assert "fingerprint" in review["checks"]


def test_once_approved_nothing_says_any_more_that_it_waits(house: House) -> None:
    say(house, {"verdict": "maybe"})
    say(house, APPROVE)
    assert "_review_a.mp4" in house.in_drop(), "until it is handed over"
    house.work()
    told = {name for name in house.in_drop() if name.startswith("_")}
    assert told == {"_status.json"}
    assert house.in_library("rejected.json")["clips"] == []


def test_what_belongs_to_other_clips_stays_when_one_is_approved(tmp_path: Path) -> None:
    house = build_house()
    for number, name in enumerate(("a.png", "b.png")):
        house.put(name, picture(seed=number))
    house.put("_review_notes.mp4", b"somebody's own")
    house.drop("manifest.json", small_manifest("a.png", "b.png"))
    spoil(house, tmp_path, "a", "b")
    house.drop("a.review.json", APPROVE)
    house.work()
    films = {name for name in house.in_drop() if name.endswith(".mp4")}
    assert films == {"_review_b.mp4", "_review_notes.mp4"}
    assert "`b`: needs review" in house.answer("_ERRORS.md")
    assert "`a`: needs review" not in house.answer("_ERRORS.md")


def test_rejected_its_film_is_taken_away(house: House) -> None:
    say(house, REJECT)
    assert not any(name.startswith("_review_") for name in house.in_drop())


def test_the_report_says_who_approved_it_and_when(house: House) -> None:
    say(house, APPROVE)
    house.work()
    page = house.library()["report.html"].decode()
    review = house.clip("a")["review"]
    assert f"Approved by mia on {spell_moment(review['at'])}" in page
    assert "although it failed fingerprint" in page
    assert "it is meant so" in page


def test_a_reviewer_reads_every_check_that_failed_or_warned(house: House) -> None:
    row = house.services.rows.clip(house.folder, house.started[-1].run_id, "a")
    assert row is not None
    drift = {"value": 9.9, "limit": 8.0, "unit": "%", "message": "It drifts."}
    checks = (Check(name="drift", verdict="warn", **drift), *row.result.checks)
    house.services.rows.save_clip(row.moved(row.status, checks=checks, warnings=("It drifts.",)))
    write_status(house.services, house.folder, force=True)
    shown = house.clip("a")["checks"]
    assert {check["verdict"] for check in shown[:-1]} == {"fail"}
    assert shown[-1] == {"name": "drift", "verdict": "warn", **drift}
    run, clips = house.row(), house.services.rows.clips(house.folder, row.run_id)
    text = errors_markdown(batch_result(house.services, run, clips))
    assert "- check `fingerprint`, fail: " in text
    assert "- check `drift`, warning: 9.9 %, limit 8 %. It drifts." in text
    assert text.count("It drifts.") == 1


def test_told_twice_it_is_handed_over_once(house: House) -> None:
    say(house, APPROVE)
    house.work()
    assert say(house, APPROVE).verdict is Verdict.IGNORED, "nothing waits any more"
    assert len(house.started) == 2


def test_approved_once_it_is_not_asked_about_again(house: House) -> None:
    say(house, APPROVE)
    house.work()
    house.drop("again.manifest.json", small_manifest("a.png"))
    house.work()
    assert house.clip("a")["status"] == "done"


def test_rejected_it_is_rejected_and_says_why(house: House) -> None:
    say(house, REJECT)
    clip = house.clip("a")
    assert clip["status"] == "rejected"
    assert clip["reasons"][0] == "rejected in review by mia: it trembles"
    assert len(house.started) == 1


@pytest.mark.parametrize("word", [APPROVE, REJECT])
def test_the_next_clip_can_be_answered_while_the_first_is_on_its_way(
    tmp_path: Path, word: dict[str, str]
) -> None:
    house = build_house()
    for number, name in enumerate(("a.png", "b.png")):
        house.put(name, picture(seed=number))
    house.drop("manifest.json", small_manifest("a.png", "b.png"))
    spoil(house, tmp_path, "a", "b")
    house.drop("a.review.json", APPROVE)
    assert house.drop("b.review.json", word).verdict is Verdict.REVIEWED
    house.work()
    for manifest in house.again:
        accept_drop(house.services, house, manifest, retake=house.started[-1].run_id)
    house.work(house.started[-1])
    assert house.clip("a")["status"] == "done"
    assert house.clip("b")["status"] == ("done" if word is APPROVE else "rejected")


def test_a_later_word_replaces_the_first_while_it_waits(house: House) -> None:
    say(house, REJECT)
    say(house, APPROVE)
    assert house.clip("a")["status"] == "rejected", "it waits no more: drop the manifest again"


@pytest.mark.parametrize(
    "word",
    [b"", b"yes", b"[]", {"verdict": "maybe"}, {"verdict": "approve", "mood": "good"}, b"\xff\xfe"],
)
def test_a_word_that_means_nothing_is_answered_with_an_example(house: House, word: object) -> None:
    say(house, word)
    assert '"verdict": "approve"' in house.answer("_REVIEW.md")
    assert house.clip("a")["status"] == "needs_review"


def test_a_word_on_a_clip_that_does_not_wait_is_answered(house: House) -> None:
    house.drop("b.review.json", APPROVE)
    assert "no clip called `b` waits" in house.answer("_REVIEW.md")


def test_what_cannot_be_played_is_nobodys_to_approve(tmp_path: Path) -> None:
    house = build_house()
    house.put("a.png", picture())
    house.drop("manifest.json", small_manifest("a.png"))

    def break_it(state: str, stem: str) -> None:
        if state == "InspectClip":
            run = house.ref(house.started[-1])
            row = house.services.rows.clip(run.folder, run.run_id, "a")
            assert row is not None
            key = ArtefactKeys(row.clip_key).master
            house.objects.write("work", key, b"no film at all", content_type="video/mp4")

    house.work(before=break_it)
    say(house, APPROVE)
    assert "does not wait for a review" in house.answer("_REVIEW.md")
    assert len(house.started) == 1
