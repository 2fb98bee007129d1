"""Default camera moves: inside the picture, of the right shape, gentle at their strongest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clip import Easing, MotionType
from shared.errors import InvalidInput
from shared.motion.defaults import complete_rects, default_rects, largest_crop
from shared.motion.path import CameraPath
from shared.motion.rect import FULL, Rect
from shared.motion.speed import SPEED_LIMIT, motion_speed

MOVES = [motion for motion in MotionType if motion is not MotionType.CUSTOM]

moves = st.sampled_from(MOVES)
intensities = st.floats(0, 1)
keyframe_aspects = st.floats(0.1, 10)
output_aspects = st.floats(0.25, 4)


def inside(rect: Rect) -> bool:
    return min(rect) >= -1e-12 and max(rect) <= 1 + 1e-12


@given(moves, intensities, keyframe_aspects, output_aspects)
def test_every_default_lies_in_the_picture_and_has_the_output_aspect(
    motion: MotionType, intensity: float, keyframe: float, output: float
) -> None:
    for rect in default_rects(motion, intensity, keyframe, output):
        assert inside(rect)
        assert rect.width / rect.height * keyframe == pytest.approx(output, rel=1e-6)


@given(moves, intensities, keyframe_aspects, output_aspects, st.sampled_from(Easing))
def test_even_the_strongest_default_keeps_the_speed_limit_in_the_shortest_clip(
    motion: MotionType, intensity: float, keyframe: float, output: float, easing: Easing
) -> None:
    path = CameraPath(*default_rects(motion, intensity, keyframe, output), easing)
    assert motion_speed(path, 4.0, keyframe).peak < SPEED_LIMIT


def test_no_motion_is_the_largest_centred_crop_twice() -> None:
    start, end = default_rects(MotionType.STATIC, None, 16 / 9, 1.0)
    assert start == end
    assert start == pytest.approx((0.21875, 0, 0.78125, 1))


@given(keyframe_aspects)
def test_without_an_output_aspect_the_full_frame_is_kept(keyframe: float) -> None:
    assert largest_crop(keyframe) == FULL
    assert largest_crop(keyframe, keyframe) == FULL


@given(intensities, keyframe_aspects, output_aspects)
def test_zooming_out_is_zooming_in_backwards(i: float, keyframe: float, output: float) -> None:
    assert default_rects(MotionType.ZOOM_OUT, i, keyframe, output) == tuple(
        reversed(default_rects(MotionType.ZOOM_IN, i, keyframe, output))
    )


@pytest.mark.parametrize(
    ("motion", "axis", "sign"),
    [
        (MotionType.PAN_LEFT, 0, -1),
        (MotionType.PAN_RIGHT, 0, 1),
        (MotionType.PAN_UP, 1, -1),
        (MotionType.PAN_DOWN, 1, 1),
    ],
)
def test_a_pan_goes_the_way_its_name_says_and_no_other(
    motion: MotionType, axis: int, sign: int
) -> None:
    start, end = default_rects(motion, 1.0, 16 / 9, 16 / 9)
    moved = [b - a for a, b in zip(start.center, end.center, strict=True)]
    assert moved[axis] * sign > 0.1
    assert moved[1 - axis] == pytest.approx(0)
    assert end.width == pytest.approx(start.width)


def test_a_pan_over_a_panorama_spends_no_detail_on_room() -> None:
    start, end = default_rects(MotionType.PAN_RIGHT, 1.0, 4.0, 16 / 9)
    assert (start.height, end.height) == (1, 1)


def test_a_stronger_intensity_moves_further() -> None:
    gentle, strong = (default_rects(MotionType.ZOOM_IN, i, 1.5)[1].width for i in (0.2, 0.8))
    assert strong < gentle < 1
    assert default_rects(MotionType.ZOOM_IN, None, 1.5) == default_rects(
        MotionType.ZOOM_IN, 0.5, 1.5
    )


GIVEN = Rect(0.3, 0.3, 0.7, 0.7)


@given(moves, intensities)
def test_a_missing_rectangle_follows_from_the_given_one(motion: MotionType, i: float) -> None:
    start, end = complete_rects(motion, i, GIVEN, None, 16 / 9)
    assert start == GIVEN
    assert inside(end)
    back, kept = complete_rects(motion, i, None, end, 16 / 9)
    assert kept == end
    assert back == pytest.approx(GIVEN)


def test_what_the_manifest_gave_is_never_changed() -> None:
    out_of_bounds = Rect(-0.2, 0, 0.8, 1)
    assert complete_rects(MotionType.ZOOM_IN, 1, out_of_bounds, FULL, 1.5) == (out_of_bounds, FULL)
    assert complete_rects(MotionType.ZOOM_IN, 1, None, None, 1.5) == default_rects(
        MotionType.ZOOM_IN, 1, 1.5
    )


def test_a_move_stops_at_the_edge_of_the_picture() -> None:
    start = Rect(0.45, 0.25, 0.95, 0.75)
    _, end = complete_rects(MotionType.PAN_RIGHT, 1.0, start, None, 1.5)
    assert end.x2 == 1
    assert end.width == pytest.approx(start.width)


@pytest.mark.parametrize("motion", [MotionType.PAN_LEFT, MotionType.ZOOM_OUT])
def test_a_rectangle_without_room_for_the_move_is_refused(motion: MotionType) -> None:
    with pytest.raises(InvalidInput, match=r"start_rect .* no room"):
        complete_rects(motion, 1.0, FULL, None, 1.5)


def test_a_custom_move_needs_both_rectangles() -> None:
    with pytest.raises(InvalidInput, match="end_rect"):
        complete_rects(MotionType.CUSTOM, None, GIVEN, None, 1.5)
    with pytest.raises(InvalidInput, match="start_rect"):
        complete_rects(MotionType.CUSTOM, None, None, GIVEN, 1.5)
    with pytest.raises(InvalidInput, match="custom"):
        default_rects(MotionType.CUSTOM, None, 1.5)
