"""The artefact checks on really encoded clips: every fault is found, and no clean clip fails."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench import artefact_faults as faults
from bench.artefact_clips import (
    MOVES,
    OWN_MOTION,
    Clean,
    Picture,
    boxes,
    camera_move,
    fade,
    parallax,
    photo,
)
from bench.artefact_faults import Fault
from bench.artefacts import FAULTS, encode
from shared.clip import CodecProfile, Interpolation
from shared.safety.check import Expectation
from shared.safety.inspector import inspect_clip
from shared.safety.limits import limits
from shared.safety.reference import Reference
from shared.safety.report import CheckResult, InspectionReport, Verdict
from shared.safety.temporal import TemporalArtefacts
from shared.video.decode import decode_frames
from shared.video.finish import finish_clip
from shared.video.finish_spec import FinishSpec

COFFEE = "coffee.png"
RATE = Fraction(30)


@pytest.fixture(scope="module")
def pan() -> Clean:
    return camera_move(COFFEE, "pan")


@pytest.fixture(scope="module")
def lively() -> Clean:
    return Clean("parallax", list(parallax(COFFEE)), photo=COFFEE)


def keyframe(clip: Clean) -> Reference:
    """The photograph, with the view of every frame."""
    return Reference(photo(clip.photo)[..., ::-1].copy(), boxes(clip), every_frame=True)


def first_frame(clip: Clean) -> Reference:
    """What a model was given, and the rest is its own."""
    height, width = clip.frames[0].shape[:2]
    return Reference(clip.frames[0], [(0, 0, width, height)], every_frame=False)


def inspected(
    frames: Sequence[Picture],
    folder: Path,
    reference: Reference | None = None,
    crf: int = 23,
) -> InspectionReport:
    path = folder / "clip.mp4"
    encode(list(frames), RATE, path, crf)
    height, width = frames[0].shape[:2]
    expected = Expectation(width, height, RATE, len(frames), reference=reference)
    return inspect_clip(path, expected, [TemporalArtefacts()])


def named(report: InspectionReport, name: str) -> CheckResult:
    return next(check for check in report.checks if check.name == name)


def wrong(report: InspectionReport, at_least: Verdict = Verdict.WARN) -> set[str]:
    return {c.name for c in report.checks if c.verdict.severity >= at_least.severity}


# --- faults ---------------------------------------------------------------------------------------


TELLS_NO_FAULT_ALONE = {"flow_consistency", "path_psnr", "path_ssim"}


@pytest.mark.parametrize("name", FAULTS.keys() - TELLS_NO_FAULT_ALONE)
def test_a_gross_fault_is_found_where_the_motion_is_a_model_s_own(
    name: str, lively: Clean, tmp_path: Path
) -> None:
    report = inspected(FAULTS[name](lively, 2), tmp_path, first_frame(lively))
    found = named(report, name)
    assert found.verdict is (Verdict.FAIL if limits()[name].may_fail else Verdict.WARN)
    assert found.message


@pytest.mark.parametrize(
    "fault",
    [faults.boiling, faults.duplicates, faults.stutter, faults.blending, faults.brightness_drift,
     faults.letterbox, faults.black, faults.other_start, faults.off_path],
)  # fmt: skip
def test_a_camera_move_that_is_not_its_prediction_fails(
    fault: Fault, pan: Clean, tmp_path: Path
) -> None:
    report = inspected(fault(pan, 2), tmp_path, keyframe(pan))
    assert report.verdict is Verdict.FAIL
    assert wrong(report) & {"path_psnr", "path_ssim"}


def test_a_fault_is_told_with_its_seconds(pan: Clean, tmp_path: Path) -> None:
    stuck = named(inspected(faults.stutter(pan, 2), tmp_path), "stutter")
    start = len(pan.frames) * 2 // 5
    assert stuck.value == 9
    assert stuck.intervals[0] == pytest.approx(((start + 1) / 30, (start + 10) / 30), abs=0.001)
    dark = named(inspected(faults.black(pan, 0), tmp_path), "black")
    middle = len(pan.frames) / 2 / 30
    (interval,) = dark.intervals
    assert interval == pytest.approx((middle, middle + 1 / 30), abs=0.001)


# --- clean clips ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "move"),
    [*((COFFEE, move) for move in MOVES), ("hubble.jpg", "pan"), ("rocket.jpg", "slow")],
)
def test_every_camera_move_passes_with_its_keyframe_and_without(
    name: str, move: str, tmp_path: Path
) -> None:
    clip = camera_move(name, move)
    assert wrong(inspected(clip.frames, tmp_path, keyframe(clip))) == set()
    assert wrong(inspected(clip.frames, tmp_path), Verdict.FAIL) == set()


@pytest.mark.parametrize("make", OWN_MOTION)
def test_things_that_move_by_themselves_do_not_fail(make: object, tmp_path: Path) -> None:
    assert callable(make)
    clip = Clean("own", list(make("astronaut.png")), photo="astronaut.png")
    assert wrong(inspected(clip.frames, tmp_path, first_frame(clip)), Verdict.FAIL) == set()


def test_a_lamp_that_goes_on_slowly_is_no_flicker_and_no_drift(tmp_path: Path) -> None:
    assert wrong(inspected(list(fade("rocket.jpg")), tmp_path)) == set()


@pytest.mark.parametrize("crf", [40, 51])
def test_a_coarse_encode_that_was_asked_for_does_not_fail(
    crf: int, pan: Clean, tmp_path: Path
) -> None:
    report = inspected(pan.frames, tmp_path, keyframe(pan), crf=crf)
    assert wrong(report, Verdict.FAIL) == set()


def test_frames_made_between_a_model_s_own_are_no_ghosts(lively: Clean, tmp_path: Path) -> None:
    """What FinishClip does to a model of 16 frames a second."""
    encode(lively.frames[:16], Fraction(16), tmp_path / "model.mp4")
    spec = FinishSpec(
        640, 360, RATE, 30, Fraction(16), Interpolation.MINTERPOLATE,
        codec=CodecProfile(preset="ultrafast"),
    )  # fmt: skip
    frames = decode_frames(tmp_path / "model.mp4")
    master = finish_clip(frames, spec=spec, out_dir=tmp_path).master.path
    report = inspect_clip(master, Expectation(640, 360, RATE, 30), [TemporalArtefacts()])
    assert wrong(report) == set()


# --- odd input ------------------------------------------------------------------------------------


def flat(level: int, count: int = 12, size: tuple[int, int] = (96, 64)) -> list[Picture]:
    return [np.full((size[1], size[0], 3), level, np.uint8)] * count


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_the_shortest_clips_are_judged(count: int, pan: Clean, tmp_path: Path) -> None:
    report = inspected(pan.frames[:count], tmp_path, keyframe(pan))
    assert (report.verdict, report.frame_count) == (Verdict.PASS, count)
    assert inspected(pan.frames[:count], tmp_path).verdict is Verdict.PASS


@pytest.mark.parametrize("size", [(16, 16), (16, 270), (64, 34), (480, 16)])
def test_tiny_and_narrow_frames_are_judged(
    size: tuple[int, int], pan: Clean, tmp_path: Path
) -> None:
    small = [np.asarray(cv2.resize(f, size, interpolation=3), np.uint8) for f in pan.frames]
    report = inspected(small, tmp_path)
    assert report.frame_count == len(pan.frames)
    assert wrong(report, Verdict.FAIL) == set()


def test_black_on_purpose_passes_and_black_by_accident_fails(tmp_path: Path) -> None:
    night = flat(3)
    meant = Reference(night[0], [(0, 0, 96, 64)], every_frame=False)
    assert inspected(night, tmp_path, meant).verdict is Verdict.PASS
    assert wrong(inspected(night, tmp_path), Verdict.FAIL) == {"black"}


def test_bars_that_the_keyframe_has_are_no_fault(tmp_path: Path) -> None:
    clip = camera_move(COFFEE, "still")
    barred = faults.letterbox(clip, 2)
    own = Reference(barred[0], [(0, 0, 640, 360)], every_frame=False)
    assert named(inspected(barred, tmp_path, own), "letterbox").verdict is Verdict.PASS
    assert named(inspected(barred, tmp_path), "letterbox").verdict is Verdict.FAIL


def test_a_grey_keyframe_is_filmed_and_passes(pan: Clean, tmp_path: Path) -> None:
    def grey(picture: Picture) -> Picture:
        return np.asarray(cv2.cvtColor(cv2.cvtColor(picture, 6), cv2.COLOR_GRAY2BGR), np.uint8)

    told = keyframe(pan)
    report = inspected(
        [grey(frame) for frame in pan.frames],
        tmp_path,
        Reference(grey(told.picture), told.boxes, every_frame=True),
    )
    assert report.verdict is Verdict.PASS


def test_a_long_still_is_no_freeze_and_no_stutter(tmp_path: Path) -> None:
    picture = np.asarray(cv2.resize(photo("rocket.jpg")[..., ::-1], (192, 108)), np.uint8)
    report = inspected([picture] * 900, tmp_path)
    assert report.verdict is Verdict.PASS
    assert report.frame_count == 900


def test_a_fade_from_black_is_dark_but_no_ghost(pan: Clean, tmp_path: Path) -> None:
    risen = [(frame * min(1.0, i / 20)).astype(np.uint8) for i, frame in enumerate(pan.frames)]
    found = wrong(inspected(risen, tmp_path), Verdict.FAIL)
    assert "black" in found
    assert not found & {"ghosting", "stutter", "duplicates", "warping", "letterbox"}


def test_a_fade_to_one_colour_breaks_nothing(pan: Clean, tmp_path: Path) -> None:
    frames = [*pan.frames[:20], *[np.full_like(pan.frames[0], 128)] * 20]
    assert wrong(inspected(frames, tmp_path), Verdict.FAIL) == set()
