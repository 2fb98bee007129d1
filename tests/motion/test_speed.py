"""Screen speed: what the formula says is what a point on the screen does."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clip import Easing
from shared.motion.path import CameraPath
from shared.motion.rect import FULL, Rect
from shared.motion.speed import (
    SPEED_LIMIT,
    minimum_duration,
    motion_speed,
    screen_travel,
    speed_at,
)

easings = st.sampled_from(Easing)


@st.composite
def rects_16_9(draw: st.DrawFn) -> Rect:
    """16:9 rectangles on a 16:9 keyframe."""
    side = draw(st.floats(0.1, 1))
    x1, y1 = (draw(st.floats(0, 1)) * (1 - side) for _ in range(2))
    return Rect(x1, y1, x1 + side, y1 + side)


def tracked_speed(path: CameraPath, u: float, duration_sec: float, aspect: float) -> float:
    """Follow the four points that sit in the corners at `u`, over a short moment, on the screen."""
    step = 1e-5
    here, before, after = path.rect_at(u), path.rect_at(u - step), path.rect_at(u + step)

    def on_screen(rect: Rect, x: float, y: float) -> tuple[float, float]:
        return (x - rect.x1) / rect.width, (y - rect.y1) / rect.width / aspect

    def speed(x: float, y: float) -> float:
        moved = math.dist(on_screen(before, x, y), on_screen(after, x, y))
        return moved / (2 * step * duration_sec)

    return max(speed(x, y) for x in (here.x1, here.x2) for y in (here.y1, here.y2))


@given(rects_16_9(), rects_16_9(), easings, st.floats(0.01, 0.99), st.floats(1, 10))
def test_the_formula_agrees_with_following_points_on_the_screen(
    start: Rect, end: Rect, easing: Easing, u: float, duration: float
) -> None:
    path = CameraPath(start, end, easing)
    tracked = tracked_speed(path, u, duration, 16 / 9)
    assert speed_at(path, u, duration, 16 / 9) == pytest.approx(tracked, rel=1e-3, abs=1e-4)


@given(rects_16_9(), rects_16_9(), easings, st.floats(0.5, 20))
def test_no_moment_is_faster_than_the_peak(
    start: Rect, end: Rect, easing: Easing, duration: float
) -> None:
    path = CameraPath(start, end, easing)
    speed = motion_speed(path, duration, 16 / 9)
    assert max(speed_at(path, i / 50, duration, 16 / 9) for i in range(51)) <= speed.peak * (
        1 + 1e-12
    )
    assert speed.peak == pytest.approx(speed.mean * speed.factor)


def test_a_pan_by_a_quarter_of_the_viewport_in_five_seconds() -> None:
    path = CameraPath(Rect(0, 0, 0.5, 0.5), Rect(0.125, 0, 0.625, 0.5), Easing.EASE_IN_OUT)
    speed = motion_speed(path, 5, 16 / 9)
    assert speed.mean == pytest.approx(0.25 / 5)
    assert speed.peak == pytest.approx(math.pi / 2 * 0.25 / 5)
    assert speed.zoom_rate == 0


def test_a_pan_down_counts_in_viewport_widths() -> None:
    # 16:9, half the viewport's height down: 0.5 · 9/16 of its width.
    path = CameraPath(Rect(0, 0, 0.5, 0.5), Rect(0, 0.25, 0.5, 0.75), Easing.LINEAR)
    assert screen_travel(path, 16 / 9) == pytest.approx(0.5 * 9 / 16)


def test_a_centred_zoom_to_half_moves_the_corner_by_half_its_diagonal_per_e_fold() -> None:
    path = CameraPath(FULL, Rect(0.25, 0.25, 0.75, 0.75), Easing.LINEAR)
    speed = motion_speed(path, 4, 16 / 9)
    assert speed.zoom_rate == pytest.approx(math.log(2) / 4)
    assert speed.peak == pytest.approx(math.log(2) / 4 * math.hypot(0.5, 0.5 * 9 / 16))


@given(rects_16_9(), rects_16_9(), easings)
def test_the_minimum_duration_is_the_one_that_just_passes(
    start: Rect, end: Rect, easing: Easing
) -> None:
    path = CameraPath(start, end, easing)
    shortest = minimum_duration(path, 16 / 9)
    if shortest < 1e-9:
        return
    assert motion_speed(path, shortest, 16 / 9).peak == pytest.approx(SPEED_LIMIT)
    assert motion_speed(path, shortest * 0.99, 16 / 9).peak > SPEED_LIMIT


@given(rects_16_9(), rects_16_9(), easings)
def test_the_speed_limit_also_bounds_the_zoom_rate(start: Rect, end: Rect, easing: Easing) -> None:
    speed = motion_speed(CameraPath(start, end, easing), 4, 16 / 9)
    assert speed.zoom_rate <= 2 * speed.peak + 1e-12


def test_standing_still_needs_no_time_at_all() -> None:
    path = CameraPath(FULL, FULL)
    assert minimum_duration(path, 1.5) == 0
    assert motion_speed(path, 4, 1.5).peak == 0


@pytest.mark.parametrize(("duration", "aspect"), [(0, 1.5), (-1, 1.5), (4, 0), (math.nan, 1.5)])
def test_a_speed_needs_a_duration_and_an_aspect(duration: float, aspect: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        motion_speed(CameraPath(FULL, FULL), duration, aspect)
