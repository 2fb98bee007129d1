"""The seed's table of motion buckets, and what models without a bucket get."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clip import MotionRequest, MotionType
from shared.motion.params import camera_kind, camera_phrase, motion_to_model_params
from shared.motion.rect import FULL, Rect

CLOSE = Rect(0.1, 0.1, 0.9, 0.9)
SVD = "stable_video_diffusion_v1.1"


def move(kind: str, intensity: float | None = 1.0, **rects: Rect) -> MotionRequest:
    return MotionRequest(type=MotionType(kind), intensity=intensity, **rects)


@pytest.mark.parametrize(
    ("kind", "intensity", "bucket"),
    [
        ("static", 1.0, 10),
        ("zoom_in", 1.0, 127),
        ("zoom_out", 1.0, 127),
        ("pan_left", 1.0, 100),
        ("pan_right", 1.0, 100),
        ("zoom_in", 0.5, 63),
        ("pan_left", 0.75, 75),
        ("pan_right", 0.999, 99),
        ("static", 0.25, 2),
        # truncation alone would send 0, which the model does not know.
        ("static", 0.05, 1),
        ("zoom_in", 0.0, 1),
        ("zoom_in", None, 63),
    ],
)
def test_the_bucket_is_the_seeds_times_intensity_truncated(
    kind: str, intensity: float | None, bucket: int
) -> None:
    assert motion_to_model_params(move(kind, intensity), SVD)["motion_bucket_id"] == bucket


@given(st.sampled_from(MotionType), st.floats(0, 1))
def test_the_bucket_is_always_one_the_model_knows(kind: MotionType, intensity: float) -> None:
    bucket = motion_to_model_params(move(kind.value, intensity), SVD)["motion_bucket_id"]
    assert isinstance(bucket, int)
    assert 1 <= bucket <= 255


def test_crop_coordinates_pass_as_start_and_end() -> None:
    params = motion_to_model_params(move("zoom_in", start_rect=FULL, end_rect=CLOSE), SVD)
    assert params == {
        "camera_motion": "zoom",
        "crop_coords": {"start": [0, 0, 1, 1], "end": [0.1, 0.1, 0.9, 0.9]},
        "motion_bucket_id": 127,
    }


def test_open_rectangles_are_left_out() -> None:
    assert "crop_coords" not in motion_to_model_params(move("zoom_in"), SVD)


@pytest.mark.parametrize("model", ["svd-xt-1.1", "SVD", "stable-video-diffusion-img2vid-xt"])
def test_the_whole_family_is_known_by_name(model: str) -> None:
    assert "motion_bucket_id" in motion_to_model_params(move("pan_left"), model)


def test_other_models_get_words_instead_of_a_bucket() -> None:
    params = motion_to_model_params(move("pan_left"), "wan-2.2-i2v")
    assert params == {"camera_motion": "pan", "camera_phrase": "slow camera pan to the left"}


def test_a_custom_move_is_what_its_rectangles_do() -> None:
    shifted = Rect(0.2, 0.1, 1.0, 0.9)
    assert camera_kind(move("custom", start_rect=FULL, end_rect=CLOSE)) == "zoom"
    assert camera_kind(move("custom", start_rect=CLOSE, end_rect=shifted)) == "pan"
    assert camera_kind(move("custom", start_rect=CLOSE, end_rect=CLOSE)) == "static"
    assert camera_phrase(move("custom", start_rect=FULL, end_rect=CLOSE)) == "slow camera zoom"
    assert "no camera movement" in camera_phrase(move("custom"))
