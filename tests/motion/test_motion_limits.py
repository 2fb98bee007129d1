"""The checks before rendering: what they refuse, and that the remedy they offer is one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clip import Easing, MotionType
from shared.errors import MotionUnsafe, Problem
from shared.motion.defaults import default_rects, largest_crop
from shared.motion.detail import detail_warnings, tightest_px
from shared.motion.limits import (
    ASPECT_TOLERANCE,
    check_bounds,
    check_luminance,
    check_motion,
    check_speed,
    with_aspect,
)
from shared.motion.path import CameraPath
from shared.motion.rect import FULL, Rect
from shared.motion.speed import SPEED_LIMIT, motion_speed

HD = (1920, 1080)
WIDE = 16 / 9


def problems(path: CameraPath, duration_sec: float = 4.0, **more: object) -> list[Problem]:
    return check_motion(
        path,
        duration_sec=duration_sec,
        keyframe_size=HD,
        output_aspect=WIDE,
        frame_count=120,
        **more,  # type: ignore[arg-type]
    )


def offered(problem: Problem) -> Rect:
    """The rectangle that a hint offers."""
    found = re.search(r"\[(.*?)\]", problem.hint)
    assert found
    x1, y1, x2, y2 = (float(edge) for edge in found[1].split(","))
    return Rect(x1, y1, x2, y2)


def test_a_gentle_zoom_passes() -> None:
    assert problems(CameraPath(FULL, Rect(0.05, 0.05, 0.95, 0.95))) == []


def test_leaving_the_picture_is_named_with_side_frames_and_a_way_back() -> None:
    (problem,) = problems(CameraPath(FULL, Rect(0.02, 0.0, 1.02, 1.0)), where="clips[2].motion")
    assert problem.path == "clips[2].motion.end_rect"
    assert problem.code == "out_of_bounds"
    assert "right by 2 %" in problem.message
    assert "–119 of 120" in problem.message
    assert offered(problem) == FULL


def test_a_rounding_error_at_the_edge_is_not_an_escape() -> None:
    assert check_bounds(CameraPath(FULL, Rect(0, 0, 1 + 1e-12, 1)), 10) == []


places, sides = st.floats(-2, 2), st.floats(0.02, 3)


@given(places, places, sides, sides)
def test_the_way_back_is_always_inside(x: float, y: float, width: float, height: float) -> None:
    rect = Rect(x, y, x + width, y + height)
    for problem in check_bounds(CameraPath(FULL, rect), 24):
        mended = offered(problem)
        assert min(mended) >= 0
        assert max(mended) <= 1
        assert check_bounds(CameraPath(FULL, mended), 24) == []


def test_a_racing_camera_hears_its_peak_its_mean_and_what_would_pass() -> None:
    path = CameraPath(Rect(0, 0, 0.5, 0.5), Rect(0.5, 0, 1, 0.5), Easing.EASE_IN_OUT)
    (problem,) = problems(path)
    assert problem.code == "too_fast"
    assert "up to 0.393 viewport widths" in problem.message
    assert "mean 0.250" in problem.message
    assert "1.57 times" in problem.message
    assert "7.9 s or longer" in problem.hint
    assert problems(path, 7.9) == []
    assert problems(path, 7.8) != []


@given(
    st.floats(0.05, 0.9), st.floats(0, 1), st.floats(0, 1), st.sampled_from(Easing), st.floats(1, 8)
)
def test_the_nearer_end_that_is_offered_passes(
    side: float, at_x: float, at_y: float, easing: Easing, duration: float
) -> None:
    x1, y1 = at_x * (1 - side), at_y * (1 - side)
    path = CameraPath(FULL, Rect(x1, y1, x1 + side, y1 + side), easing)
    for problem in check_speed(path, duration, WIDE):
        nearer = CameraPath(FULL, offered(problem), easing)
        assert motion_speed(nearer, duration, WIDE).peak <= SPEED_LIMIT
        assert motion_speed(nearer, duration, WIDE).peak > 0.97 * SPEED_LIMIT


def test_a_project_may_ask_for_a_calmer_camera() -> None:
    path = CameraPath(Rect(0, 0, 0.5, 0.5), Rect(0.2, 0, 0.7, 0.5), Easing.LINEAR)
    assert problems(path) == []
    assert [p.code for p in problems(path, speed_limit=0.05)] == ["too_fast"]


def test_a_bent_aspect_is_refused_at_each_end_with_the_rectangle_that_fits() -> None:
    start, end = Rect(0, 0, 0.5, 1), Rect(0.1, 0.1, 0.6, 0.9)
    found = problems(CameraPath(start, end), 20)
    assert [(p.path, p.code) for p in found] == [
        ("motion.start_rect", "aspect_unstable"),
        ("motion.end_rect", "aspect_unstable"),
    ]
    mended = CameraPath(offered(found[0]), offered(found[1]))
    assert problems(mended, 20) == []


def test_a_rectangle_wrong_in_two_ways_is_offered_one_remedy_for_both() -> None:
    bounds, aspect = problems(CameraPath(FULL, Rect(0.5, 0.3, 1.1, 0.8)), 20)
    assert (bounds.code, aspect.code) == ("out_of_bounds", "aspect_unstable")
    assert offered(bounds) == offered(aspect)
    assert problems(CameraPath(FULL, offered(bounds)), 20) == []


def test_half_a_per_cent_of_aspect_is_tolerated() -> None:
    assert problems(CameraPath(Rect(0, 0, 1, 0.996), FULL)) == []
    assert [p.path for p in problems(CameraPath(Rect(0, 0, 1, 0.994), FULL))] == [
        "motion.start_rect"
    ]


shares, lengths, pixels = st.floats(0, 1), st.floats(0.03, 1), st.integers(16, 9000)


@given(shares, shares, lengths, lengths, st.floats(0.25, 4), pixels, pixels)
def test_a_mended_rectangle_fits_and_keeps_its_centre(
    at_x: float, at_y: float, w: float, h: float, aspect: float, width: int, height: int
) -> None:
    x1, y1 = at_x * (1 - w), at_y * (1 - h)
    rect = Rect(x1, y1, x1 + w, y1 + h)
    mended = with_aspect(rect, (width, height), aspect)
    assert min(mended) >= -1e-9
    assert max(mended) <= 1 + 1e-9
    assert mended.center == pytest.approx(rect.center)
    assert abs(mended.pixel_aspect((width, height)) / aspect - 1) < ASPECT_TOLERANCE


def test_a_leap_in_brightness_is_named_by_its_frame() -> None:
    (problem,) = check_luminance([0.2, 0.21, 0.5, 0.5])
    assert problem.code == "luminance_jump"
    assert "58 % at frame 2" in problem.message
    assert "0.210 to 0.500" in problem.message


def test_brightness_may_change_by_thirty_per_cent_and_darkness_is_forgiving() -> None:
    assert check_luminance([0.7, 1.0, 0.7]) == []
    assert check_luminance([0.001, 0.01, 0.002]) == []
    assert check_luminance([]) == []
    assert check_luminance([0.5]) == []


def test_every_problem_is_reported_not_the_first() -> None:
    path = CameraPath(Rect(0, 0, 0.5, 0.5), Rect(0.7, 0, 1.2, 0.4))
    codes = {p.code for p in problems(path, luminance=[0.1, 0.9])}
    assert codes == {"out_of_bounds", "aspect_unstable", "too_fast", "luminance_jump"}
    assert "and 3 more" in str(MotionUnsafe.because(problems(path, luminance=[0.1, 0.9])))


@given(st.floats(0.25, 4))
def test_the_default_crop_is_never_refused(aspect: float) -> None:
    crop = largest_crop(WIDE, aspect)
    found = check_motion(
        CameraPath(crop, crop),
        duration_sec=4,
        keyframe_size=HD,
        output_aspect=aspect,
        frame_count=24,
    )
    assert found == []


def test_enlarging_is_a_warning_with_its_factor() -> None:
    path = CameraPath(FULL, Rect(0.25, 0.25, 0.75, 0.75))
    (warning,) = detail_warnings(path, HD, (1280, 720))
    assert "960×540" in warning
    assert "1.33 times" in warning
    (warning,) = detail_warnings(path, HD, (854, 480))
    assert "1.12 keyframe pixels" in warning
    assert detail_warnings(path, HD, (640, 360)) == []
    assert tightest_px(path, HD) == (960, 540)


def test_a_size_rounded_to_even_pixels_is_not_called_enlarged() -> None:
    path = CameraPath(FULL, FULL)
    (warning,) = detail_warnings(path, (1067, 600), (1068, 600))
    assert "1.00 keyframe pixels" in warning


@pytest.mark.parametrize("motion", [m for m in MotionType if m is not MotionType.CUSTOM])
def test_the_defaults_pass_their_own_checks(motion: MotionType) -> None:
    assert problems(CameraPath(*default_rects(motion, 1.0, WIDE, WIDE))) == []
