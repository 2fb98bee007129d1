"""A move that does not pass, and the one offered instead."""

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from shared.clip import Easing
from shared.motion.limits import check_motion
from shared.motion.path import CameraPath
from shared.motion.rect import FULL, Rect
from shared.motion.remedy import passing_move

SIZE = (1920, 1080)
WIDE = SIZE[0] / SIZE[1]
edges = st.floats(0, 1).map(lambda value: round(value, 2))


def offered(path: CameraPath, duration_sec: float) -> dict[str, float | list[float]]:
    return passing_move(
        path, duration_sec=duration_sec, keyframe_size=SIZE, output_aspect=WIDE, frame_count=25
    )


@st.composite
def rects(draw: st.DrawFn) -> Rect:
    (left, right), (top, bottom) = (sorted((draw(edges), draw(edges))) for _ in range(2))
    assume(right - left >= 0.05 and bottom - top >= 0.05)
    return Rect(left, top, right, bottom)


def test_a_move_that_passes_is_offered_nothing() -> None:
    assert offered(CameraPath(FULL, Rect(0.05, 0.05, 0.95, 0.95)), 4.0) == {}


def test_a_move_that_races_is_given_time_to_the_tenth_of_a_second() -> None:
    path = CameraPath(FULL, Rect(0.25, 0.25, 0.75, 0.75), Easing.LINEAR)
    assert offered(path, 1.0) == {"duration_sec": 2.0}
    assert offered(path, 2.0) == {}


def test_a_rectangle_of_another_shape_is_replaced_and_both_ends_are_said() -> None:
    path = CameraPath(FULL, Rect(0.1, 0.1, 0.9, 0.8))
    fields = offered(path, 20.0)
    assert fields["start_rect"] == [0, 0, 1, 1]
    assert set(fields) == {"start_rect", "end_rect"}


@given(rects(), rects(), st.sampled_from(Easing), st.floats(0.2, 30))
def test_what_is_offered_passes(start: Rect, end: Rect, easing: Easing, duration: float) -> None:
    path = CameraPath(start, end, easing)
    fields = offered(path, duration)
    given: Any = {"start_rect": start, "end_rect": end, "duration_sec": duration, **fields}
    better = CameraPath(Rect(*given["start_rect"]), Rect(*given["end_rect"]), easing)
    left = check_motion(
        better,
        duration_sec=given["duration_sec"],
        keyframe_size=SIZE,
        output_aspect=WIDE,
        frame_count=25,
    )
    assert left == []
