"""The camera path: exact at its ends, inside the picture, even to the eye."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.clip import Easing
from shared.errors import MotionUnsafe
from shared.motion.path import CameraPath
from shared.motion.rect import FULL, Rect


@st.composite
def rects(draw: st.DrawFn) -> Rect:
    """Any rectangle inside the picture, from 2 % of its width upwards."""
    width, height = draw(st.floats(0.02, 1)), draw(st.floats(0.02, 1))
    x1, y1 = draw(st.floats(0, 1)) * (1 - width), draw(st.floats(0, 1)) * (1 - height)
    return Rect(x1, y1, min(x1 + width, 1.0), min(y1 + height, 1.0))


easings = st.sampled_from(Easing)
shares = st.floats(0, 1)
counts = st.integers(2, 200)


@given(rects(), rects(), easings, counts)
def test_the_first_frame_is_start_and_the_last_is_end(
    start: Rect, end: Rect, easing: Easing, count: int
) -> None:
    path = CameraPath(start, end, easing).rects(count)
    assert (len(path), path[0], path[-1]) == (count, start, end)


def test_a_clip_of_one_frame_shows_the_start() -> None:
    path = CameraPath(FULL, Rect(0.1, 0.1, 0.9, 0.9))
    assert path.rects(1) == [FULL]
    with pytest.raises(ValueError, match="at least one frame"):
        path.rects(0)


@given(rects(), rects(), easings, shares)
def test_the_camera_never_leaves_the_picture_if_its_ends_do_not(
    start: Rect, end: Rect, easing: Easing, u: float
) -> None:
    rect = CameraPath(start, end, easing).rect_at(u)
    assert min(rect) >= 0
    assert max(rect) <= 1
    assert rect.width > 0
    assert rect.height > 0


@given(rects(), rects(), easings, shares, shares)
def test_a_zoom_never_breathes(start: Rect, end: Rect, easing: Easing, a: float, b: float) -> None:
    path = CameraPath(start, end, easing)
    low, high = sorted((a, b))
    earlier, later = path.rect_at(low).width, path.rect_at(high).width
    if end.width >= start.width:
        assert earlier <= later + 1e-12
    else:
        assert earlier >= later - 1e-12


@given(rects(), rects(), st.sampled_from((Easing.LINEAR, Easing.EASE_IN_OUT)), shares)
def test_a_symmetric_move_reversed_is_the_same_film_backwards(
    start: Rect, end: Rect, easing: Easing, u: float
) -> None:
    there = CameraPath(start, end, easing).rect_at(u)
    back = CameraPath(end, start, easing).rect_at(1 - u)
    assert there == pytest.approx(back, abs=1e-9)


@given(rects(), rects(), st.integers(3, 60))
def test_a_linear_zoom_grows_by_the_same_ratio_every_frame(
    start: Rect, end: Rect, count: int
) -> None:
    widths = [rect.width for rect in CameraPath(start, end, Easing.LINEAR).rects(count)]
    steps = [math.log(b / a) for a, b in pairwise(widths)]
    assert steps == pytest.approx([steps[0]] * len(steps), abs=1e-9)


@given(rects(), st.floats(0.1, 1), shares, shares, easings, shares)
def test_the_centre_of_a_zoom_stays_where_it_is_on_the_screen(
    start: Rect, scale: float, at_x: float, at_y: float, easing: Easing, u: float
) -> None:
    point = (start.x1 + at_x * start.width, start.y1 + at_y * start.height)
    end = Rect(
        point[0] - at_x * start.width * scale,
        point[1] - at_y * start.height * scale,
        point[0] + (1 - at_x) * start.width * scale,
        point[1] + (1 - at_y) * start.height * scale,
    )
    rect = CameraPath(start, end, easing).rect_at(u)
    assert (point[0] - rect.x1) / rect.width == pytest.approx(at_x, abs=1e-7)
    assert (point[1] - rect.y1) / rect.height == pytest.approx(at_y, abs=1e-7)


@given(rects(), rects(), st.floats(0.05, 1), easings, shares)
def test_ends_of_one_aspect_make_a_path_of_that_aspect(
    start: Rect, other: Rect, scale: float, easing: Easing, u: float
) -> None:
    width, height = start.width * scale, start.height * scale
    end = Rect(other.x1, other.y1, other.x1 + width, other.y1 + height)
    rect = CameraPath(start, end, easing).rect_at(u)
    assert rect.width / rect.height == pytest.approx(start.width / start.height, rel=1e-9)


@given(rects(), st.floats(-1e-6, 1e-6), shares)
def test_nothing_jumps_where_a_zoom_fades_into_a_pan(start: Rect, grown: float, u: float) -> None:
    assume(start.x1 > 0.1)
    end = Rect(start.x1 - 0.1, start.y1, start.x2 - 0.1 + grown * start.width, start.y2)
    pan = Rect(start.x1 - 0.1, start.y1, start.x2 - 0.1, start.y2)
    almost = CameraPath(start, end, Easing.LINEAR).rect_at(u)
    exactly = CameraPath(start, pan, Easing.LINEAR).rect_at(u)
    assert almost == pytest.approx(exactly, abs=2e-6)


@pytest.mark.parametrize(
    "rect",
    [
        Rect(0.5, 0, 0.5, 1),
        Rect(0.9, 0, 0.1, 1),
        Rect(0, 0.4, 1, 0.3),
        Rect(0, 0, math.nan, 1),
        Rect(0, 0, math.inf, 1),
    ],
)
def test_a_rectangle_without_area_is_refused_by_name(rect: Rect) -> None:
    with pytest.raises(MotionUnsafe, match="end_rect"):
        CameraPath(FULL, rect)
    with pytest.raises(MotionUnsafe, match="start_rect"):
        CameraPath(rect, FULL)
