"""The page's numbers are the pipeline's: path, easing, speed and first rectangles, on a grid."""

import json
from itertools import product
from typing import Any

import pytest

from shared.clip import Easing, MotionType
from shared.errors import InvalidInput
from shared.motion.defaults import complete_rects, default_rects
from shared.motion.easing import ease
from shared.motion.limits import with_aspect
from shared.motion.path import CameraPath
from shared.motion.rect import FULL, Rect
from shared.motion.speed import minimum_duration, motion_speed
from tests.studio.hands import Hands

pytestmark = pytest.mark.browser

PAIRS = (
    (FULL, FULL),
    (FULL, Rect(0.2, 0.15, 0.8, 0.75)),
    (Rect(0.3, 0.3, 0.7, 0.7), Rect(0.1, 0.1, 0.9, 0.9)),
    (Rect(0.0, 0.1, 0.5, 0.6), Rect(0.5, 0.4, 1.0, 0.9)),
    (Rect(0.1, 0.1, 0.6, 0.6), Rect(0.1, 0.1, 0.6 + 1e-13, 0.6 + 1e-13)),
    (Rect(0.0, 0.0, 0.02, 0.02), Rect(0.4, 0.3, 1.0, 0.9)),
)
ASPECTS = (16 / 9, 0.75, 1.0)
SHARES = (-0.1, 0.0, 1e-9, 0.1, 0.37, 0.5, 0.99, 1.0, 1.2)


def ask(hands: Hands, function: str, cases: list[Any]) -> list[Any]:
    """Run the page's own function on every case, in one call."""
    found: list[Any] = hands.browser.js(f"({json.dumps(cases)}).map((args) => {function}(...args))")
    return found


def test_easing(hands: Hands) -> None:
    cases = list(product(Easing, SHARES))
    told = ask(hands, "ease", [[easing.value, u] for easing, u in cases])
    assert told == pytest.approx([ease(easing, u) for easing, u in cases], abs=1e-14)


def test_the_rectangle_at_every_time(hands: Hands) -> None:
    cases = list(product(PAIRS, Easing, SHARES))
    told = ask(hands, "rectAt", [[*pair, easing.value, u] for pair, easing, u in cases])
    for (pair, easing, u), rect in zip(cases, told, strict=True):
        assert rect == pytest.approx(list(CameraPath(*pair, easing).rect_at(u)), abs=1e-12)


def test_peak_and_mean_speed(hands: Hands) -> None:
    cases = list(product(PAIRS, Easing, (0.5, 4.0, 7.3), ASPECTS))
    told = ask(hands, "motionSpeed", [[*p, e.value, sec, aspect] for p, e, sec, aspect in cases])
    for (pair, easing, sec, aspect), speed in zip(cases, told, strict=True):
        expected = motion_speed(CameraPath(*pair, easing), sec, aspect)
        assert speed["peak"] == pytest.approx(expected.peak, rel=1e-9, abs=1e-15)
        assert speed["mean"] == pytest.approx(expected.mean, rel=1e-9, abs=1e-15)


def test_the_shortest_duration_that_passes(hands: Hands) -> None:
    cases = list(product(PAIRS, Easing, ASPECTS))
    told = ask(hands, "minimumDuration", [[*p, e.value, aspect] for p, e, aspect in cases])
    expected = [minimum_duration(CameraPath(*p, e), aspect) for p, e, aspect in cases]
    assert told == pytest.approx(expected, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("intensity", [None, 0.0, 0.3, 1.0])
def test_first_rectangles_of_a_named_move(hands: Hands, intensity: float | None) -> None:
    moves = [motion for motion in MotionType if motion is not MotionType.CUSTOM]
    cases = list(product(moves, ASPECTS, (16 / 9, 9 / 16, 1.0, 0.8)))
    told = ask(hands, "defaultRects", [[m.value, intensity, k, out] for m, k, out in cases])
    for (motion, keyframe, output), rects in zip(cases, told, strict=True):
        for rect, expected in zip(
            rects, default_rects(motion, intensity, keyframe, output), strict=True
        ):
            assert rect == pytest.approx(list(expected), abs=1e-12)


def test_the_rectangle_that_a_sidecar_leaves_open(hands: Hands) -> None:
    given = (Rect(0.3, 0.3, 0.7, 0.7), Rect(0.0, 0.1, 0.4, 0.5), Rect(0.1, 0.5, 0.6, 1.0))
    moves = [motion for motion in MotionType if motion is not MotionType.CUSTOM]
    for motion, rect, first in product(moves, given, (True, False)):
        start, end = (rect, None) if first else (None, rect)
        (told,) = ask(hands, "completeRects", [[motion.value, 0.5, start, end, 1.5, 1.5]])
        try:
            expected = complete_rects(motion, 0.5, start, end, 1.5, 1.5)
        except InvalidInput:
            assert told == [list(rect), list(rect)]  # no room: the camera stands, and can be moved
        else:
            assert told[0] == pytest.approx(list(expected[0]), abs=1e-12)
            assert told[1] == pytest.approx(list(expected[1]), abs=1e-12)


def test_a_rectangle_brought_into_another_shape(hands: Hands) -> None:
    size = (1600, 1000)
    rects = (FULL, Rect(0.1, 0.2, 0.5, 0.6), Rect(0.7, 0.0, 1.0, 0.2))
    cases = list(product(rects, (16 / 9, 9 / 16, 1.0)))
    told = ask(hands, "reshaped", [[r, aspect / 1.6] for r, aspect in cases])
    for (rect, aspect), shaped in zip(cases, told, strict=True):
        assert shaped == pytest.approx(list(with_aspect(rect, size, aspect)), abs=1e-12)
