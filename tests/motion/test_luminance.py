"""Brightness foretold from the keyframe: exact means, at any crop, from one integral image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clip import Easing
from shared.motion.limits import check_luminance
from shared.motion.luminance import linear_luminance, luminance_profile
from shared.motion.path import CameraPath
from shared.motion.rect import FULL, Rect


def grey(level: int, shape: tuple[int, int] = (9, 16)) -> np.ndarray:
    return np.full((*shape, 3), level, np.uint8)


def exact_mean(luma: np.ndarray, rect: Rect) -> float:
    """Weigh every pixel by the part of it that the rectangle covers."""
    height, width = luma.shape
    across = np.array(
        [max(0.0, min(rect.x2 * width, i + 1) - max(rect.x1 * width, i)) for i in range(width)]
    )
    down = np.array(
        [max(0.0, min(rect.y2 * height, i + 1) - max(rect.y1 * height, i)) for i in range(height)]
    )
    return float(down @ luma @ across / (across.sum() * down.sum()))


def test_white_is_one_black_is_nothing_and_middle_grey_is_a_fifth() -> None:
    assert linear_luminance(grey(255))[0, 0] == pytest.approx(1)
    assert linear_luminance(grey(0))[0, 0] == 0
    assert linear_luminance(grey(128))[0, 0] == pytest.approx(0.2159, abs=1e-4)


def test_green_weighs_most_and_blue_least() -> None:
    picture = np.zeros((1, 3, 3), np.uint8)
    picture[0, range(3), range(3)] = 255
    assert linear_luminance(picture)[0] == pytest.approx([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("size", [(30, 50), (31, 53), (8, 500), (500, 3)])
def test_reducing_keeps_the_mean_in_linear_light(size: tuple[int, int]) -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (*size, 3), dtype=np.uint8)
    full = linear_luminance(rgb, max_side=10_000)
    small = linear_luminance(rgb, max_side=16)
    assert max(small.shape) <= 16
    assert full.shape == size
    assert small.mean() == pytest.approx(full.mean(), rel=0.05)


edges = st.floats(0, 1)


@given(st.integers(0, 2**32 - 1), st.tuples(edges, edges, edges, edges))
def test_the_mean_is_exact_between_pixels(
    seed: int, corners: tuple[float, float, float, float]
) -> None:
    (x1, x2), (y1, y2) = sorted(corners[:2]), sorted(corners[2:])
    if x2 - x1 < 0.01 or y2 - y1 < 0.01:
        return
    luma = np.random.default_rng(seed).random((7, 11))
    rect = Rect(x1, y1, x2, y2)
    assert luminance_profile(luma, CameraPath(rect, rect), 1) == pytest.approx(
        [exact_mean(luma, rect)], abs=1e-9
    )


def test_one_value_a_frame_following_the_camera() -> None:
    ramp = np.tile(np.linspace(0, 1, 200), (50, 1))
    path = CameraPath(Rect(0, 0, 0.2, 1), Rect(0.8, 0, 1, 1), Easing.LINEAR)
    profile = luminance_profile(ramp, path, 31)
    assert len(profile) == 31
    assert profile[0] == pytest.approx(0.1, abs=0.01)
    assert profile[-1] == pytest.approx(0.9, abs=0.01)
    assert profile == sorted(profile)


def test_a_slow_pan_into_the_light_passes_and_a_fast_one_is_caught() -> None:
    picture = np.concatenate([grey(20, (40, 60)), grey(250, (40, 60))], axis=1)
    luma = linear_luminance(picture)
    path = CameraPath(Rect(0, 0, 0.2, 1), Rect(0.8, 0, 1, 1), Easing.LINEAR)
    assert check_luminance(luminance_profile(luma, path, 480)) == []
    (problem,) = check_luminance(luminance_profile(luma, path, 12))
    assert problem.code == "luminance_jump"


def test_a_crop_beyond_the_picture_is_measured_on_the_part_inside() -> None:
    luma = linear_luminance(grey(255))
    path = CameraPath(FULL, Rect(0.5, 0.5, 1.5, 1.5), Easing.LINEAR)
    assert luminance_profile(luma, path, 5) == pytest.approx([1.0] * 5)
