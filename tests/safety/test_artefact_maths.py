"""What the artefact checks are made of: limits, windows, likeness, the view on a reference."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bench.artefact_sounds import SOUND_FAULTS
from bench.artefacts import FAULTS, auc
from shared.clip import Easing
from shared.motion.path import CameraPath
from shared.motion.rect import FULL, Rect
from shared.motion.views import seen_part, within_part
from shared.safety.fidelity import correlation, palette, psnr_db
from shared.safety.letterbox import bars_of
from shared.safety.limits import LEAST_AUC, Evidence, Limit, judged, limits
from shared.safety.picture import shrunk, ssim
from shared.safety.repeats import repeated_runs
from shared.safety.report import Verdict
from shared.safety.series import spans, sustained

PICTURES = arrays.arrays(np.uint8, (24, 32))
VALUES = arrays.arrays(np.float64, st.integers(0, 60), elements=st.floats(0, 100))
SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=9)
SIDES = st.integers(16, 5000)
SIDE = st.floats(0.05, 1.0)


# --- the table ------------------------------------------------------------------------------------


def row(auc_: float | None, **more: object) -> Limit:
    known = None
    if auc_ is not None:
        known = Evidence(fault="f", auc=auc_, precision=1, recall=1, clean=9, faulty=9)
    settings_ = {"unit": "%", "warn": 1.0, "fail": 2.0, "good": "Good", "bad": "Bad"} | more
    return Limit.model_validate(settings_ | {"evidence": known})


@given(st.floats(0, 1), st.floats(-1e6, 1e6))
def test_no_check_fails_a_clip_without_the_evidence(known: float, value: float) -> None:
    failed = row(known).verdict(value) is Verdict.FAIL
    assert failed == (value > 2 and known >= LEAST_AUC)
    assert row(None).verdict(value) is not Verdict.FAIL


def test_a_check_that_may_not_fail_still_warns() -> None:
    assert row(0.5).verdict(99) is Verdict.WARN
    assert row(0.99, low_is_bad=True, fail=0.5).verdict(0.1) is Verdict.FAIL
    assert row(0.99, low_is_bad=True, fail=0.5).verdict(0.7) is Verdict.WARN


@pytest.mark.parametrize("name", limits())
def test_every_row_has_its_evidence_and_limits_in_order(name: str) -> None:
    limit = limits()[name]
    assert limit.evidence is not None, "run `python -m bench.artefacts --write`"
    assert limit.evidence.clean > 10
    assert limit.evidence.faulty > 10
    if limit.fail is not None:
        assert limit.fail == limit.warn or limit.beyond(limit.fail, limit.warn)


def test_every_row_is_measured_by_the_bench() -> None:
    assert set(limits()) == {*FAULTS, *SOUND_FAULTS}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_could_not_be_measured_never_passes(value: float) -> None:
    result = judged("flicker", value)
    assert (result.verdict, result.value) == (Verdict.WARN, None)


def test_a_result_names_value_limit_unit_and_place() -> None:
    result = judged("letterbox", 50.0, intervals=((0.0, 1.0),))
    assert (result.value, result.unit) == (50.0, "% of the picture")
    assert result.limit in (limits()["letterbox"].warn, limits()["letterbox"].fail)
    assert "50 % of the picture" in result.message
    assert result.intervals == ((0.0, 1.0),)
    assert judged("letterbox", 0.0, intervals=((0.0, 1.0),)).intervals == ()


# --- series ---------------------------------------------------------------------------------------


@given(VALUES, st.integers(1, 31))
def test_what_lasts_lies_between_the_extremes(values: np.ndarray, window: int) -> None:
    lasting = sustained(values, window)
    assert lasting.shape == values.shape
    if len(values):
        assert values.min() <= lasting.min() <= lasting.max() <= values.max()


@given(st.integers(5, 40), st.integers(0, 39), st.floats(1, 1e6))
def test_one_event_does_not_last(count: int, at: int, height: float) -> None:
    values = np.zeros(count)
    values[at % count] = height
    lasting = sustained(values, 5)
    assert lasting[2:-2].max(initial=0.0) == 0


@given(st.lists(st.booleans(), max_size=60))
def test_spans_cover_the_flagged_frames_and_no_others(flagged: list[bool]) -> None:
    times = np.arange(len(flagged)) / 25
    found = spans(flagged, times, 1 / 25)
    middles = times + 1 / 50
    covered = [any(a <= middle <= b for a, b in found) for middle in middles]
    if len(found) < 20:
        assert covered == flagged
    assert all(first[1] < second[0] for first, second in pairwise(found))


# --- repeats --------------------------------------------------------------------------------------


@given(st.floats(1, 50), st.integers(1, 10), st.integers(3, 20))
def test_a_pause_within_a_steady_motion_is_a_run_of_its_length(
    pace: float, length: int, before: int
) -> None:
    changes = np.full(before + length + 5, pace)
    changes[before : before + length] = 0
    assert repeated_runs(changes, 15) == [range(before, before + length)]


@given(st.floats(0, 50), st.integers(5, 90))
def test_easing_in_and_out_is_no_pause(pace: float, count: int) -> None:
    changes = pace * np.sin(np.linspace(0, np.pi, count))
    assert repeated_runs(changes, 15) == []


def test_an_encoder_s_refresh_amid_stillness_is_no_motion() -> None:
    changes = np.array([0.05, 0.04, 1.2, 0.03, 0.02, 0.01, 0.03, 1.1, 0.9, 1.4])
    assert repeated_runs(changes, 15) == []


# --- likeness -------------------------------------------------------------------------------------


@given(PICTURES, PICTURES)
@settings(max_examples=40)
def test_likeness_is_bounded_symmetric_and_perfect_with_itself(
    one: np.ndarray, other: np.ndarray
) -> None:
    for measure, best in ((psnr_db, 99.0), (ssim, 1.0), (correlation, 1.0)):
        assert measure(one, one) == pytest.approx(best, abs=1e-4)
        assert measure(one, other) <= best + 1e-4
        assert measure(one, other) == pytest.approx(measure(other, one), abs=1e-4)


@given(arrays.arrays(np.uint8, (8, 9, 3)))
def test_a_palette_is_a_distribution(bgr: np.ndarray) -> None:
    colours = palette(bgr)
    assert colours.min() >= 0
    assert colours.sum() == pytest.approx(1)


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(0, 255))
@settings(max_examples=30)
def test_shrinking_keeps_shape_and_level(width: int, height: int, level: int) -> None:
    small = shrunk(np.full((height, width, 3), level, np.uint8), 480)
    assert max(small.shape[:2]) <= 480
    assert (small == level).all()
    if min(width, height) > 20 and max(small.shape[:2]) == 480:
        assert small.shape[1] / small.shape[0] == pytest.approx(width / height, rel=0.1)


def test_a_thing_before_a_plain_backdrop_is_no_picture_between_bars() -> None:
    picture = np.full((40, 60), 250, np.uint8)
    picture[12:30, 20:41] = 60
    assert bars_of(picture) == 0
    assert bars_of(np.full((40, 60), 250, np.uint8)) == 0


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 99))
def test_bars_are_measured_to_the_line(top: int, left: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(20, 256, (40, 60), dtype=np.uint8)
    picture[:top] = 0
    picture[:, :left] = 0
    assert bars_of(picture) == pytest.approx(1 - (1 - top / 40) * (1 - left / 60))


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=9),
    st.lists(st.floats(0, 1), min_size=1, max_size=9),
)
def test_auc_is_a_chance_and_turns_round(clean: list[float], faulty: list[float]) -> None:
    assert 0 <= auc(clean, faulty) <= 1
    assert auc(clean, faulty) + auc(faulty, clean) == pytest.approx(1)


# --- the part of the keyframe that is seen --------------------------------------------------------


@st.composite
def rects(draw: st.DrawFn) -> Rect:
    w, h = draw(SIDE), draw(SIDE)
    x, y = draw(st.floats(0, 1)) * (1 - w), draw(st.floats(0, 1)) * (1 - h)
    return Rect(x, y, min(1.0, x + w), min(1.0, y + h))


@given(
    rects(), rects(), st.sampled_from(list(Easing)), st.integers(16, 5000), st.integers(16, 5000)
)
def test_every_view_lies_in_the_seen_part(
    start: Rect, end: Rect, easing: Easing, width: int, height: int
) -> None:
    size = width, height
    part = seen_part(CameraPath(start, end, easing), size)
    left, top, right, bottom = part
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    shown = right - left, bottom - top
    for rect in CameraPath(start, end, easing).rects(9):
        x1, y1, x2, y2 = within_part(rect, part, size, shown)
        assert -1e-6 <= x1 < x2 <= shown[0] + 1e-6
        assert -1e-6 <= y1 < y2 <= shown[1] + 1e-6


def test_a_still_of_the_whole_keyframe_is_seen_whole() -> None:
    path = CameraPath(FULL, FULL)
    assert seen_part(path, (640, 427)) == (0, 0, 640, 427)
    assert within_part(FULL, (0, 0, 640, 427), (640, 427), (320, 214)) == (0, 0, 320, 214)
