"""What an open model cannot be asked ends before a GPU is asked: truthfully, and for nothing."""

import io
from typing import Any

import pytest
from PIL import Image

from shared.batch import ClipStatus
from shared.errors import ModelUnavailable
from tests.gpu_jobs.desk import paper
from tests.pipeline.house import House, picture
from tests.pipeline.test_camera_strategies import TAKES_LAST, own_box, prepared, routed
from tests.sounds import clicks


@pytest.fixture
def house() -> House:
    return own_box()


def solid(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 150)).save(out, "PNG")
    return out.getvalue()


def ends(house: House, keyframe: bytes = b"", **more: Any) -> tuple[str, str]:
    """Status of a clip that never comes to a GPU, and what its creator is told."""
    house.put("a.png", keyframe or picture(854, 480))
    clip = {"image_path": "a.png", "route": [TAKES_LAST], "prompt": "waves", **more}
    house.drop("manifest.json", {"keyframes": [clip]})
    house.work()
    clips = house.status()["clips"]
    state = clips[0]["status"] if clips else house.status()["state"]
    return state, house.answer("_ERRORS.md")


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"seed": 0.5}, "seed"),
        ({"num_frames": 0}, "num_frames"),
        ({"num_inference_steps": 10**6}, "num_inference_steps"),
        ({"gpu": "rtx5090"}, "gpu"),
    ],
)
def test_numbers_that_no_model_takes_are_refused_by_name(
    house: House, params: dict[str, Any], said: str
) -> None:
    status, errors = ends(house, generation_params=params)
    assert status == ClipStatus.REJECTED
    assert f"generation_params.{said}" in errors


def test_a_prompt_of_100_kb_is_refused_with_its_limit(house: House) -> None:
    status, errors = ends(house, prompt="gulls " * 20_000)
    assert status == ClipStatus.REJECTED
    assert "prompt" in errors


@pytest.mark.parametrize("size", [(1, 1), (3000, 2)])
def test_a_keyframe_that_is_hardly_a_picture_ends_with_a_reason(
    house: House, size: tuple[int, int]
) -> None:
    status, errors = ends(house, solid(*size))
    assert status in (ClipStatus.REJECTED, ClipStatus.FAILED)
    assert "a.png" in errors


def test_sound_for_a_silent_model_is_refused_before_a_job_is_opened(house: House) -> None:
    house.put("voice.wav", clicks(2.0))
    with pytest.raises(ModelUnavailable, match="does not take sound"):
        prepared(house, TAKES_LAST, audio="voice.wav")


def test_a_class_of_gpu_that_nobody_attached_is_told_from_one_that_is_too_small(
    house: House,
) -> None:
    with pytest.raises(ModelUnavailable, match="no `a100` is attached here, but: rtx4090"):
        prepared(house, TAKES_LAST, generation_params={"gpu": "a100"})


def test_a_picture_smaller_than_the_models_is_enlarged_and_seed_0_is_a_seed() -> None:
    """And a number of frames that breaks the rule becomes the next one, said so."""
    house = own_box()
    _, _, job = routed(house, TAKES_LAST, generation_params={"seed": 0, "num_frames": 50})
    document = paper().document(job)
    settings = document.settings
    assert (settings.seed, settings.num_frames, document.gpu_class) == (0, 53, "rtx4090")
    assert settings.width % 16 == settings.height % 16 == 0
    changed = {each.field: each.used for each in document.deviations}
    assert changed["num_frames"] == 53
