"""What no model should be asked for is refused before it works, with what would do."""

from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from gpu_functions.generators.contract import GenerationRequest
from gpu_functions.generators.registry import FAMILIES, open_generator
from gpu_functions.generators.rules import settled
from shared.catalog.recipes import recipes_for
from shared.errors import InternalFault, InvalidInput, ModelUnavailable
from tests.gpu.requests import catalogue_row, keyframe, small_request

WAN = "wan2.2-i2v-a14b"


def refusal(model_id: str = WAN, **changes: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        settled(catalogue_row(model_id), small_request(model_id, **changes))
    return " ".join(str(problem) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"num_frames": 80}, "num_frames: `wan2.2-i2v-a14b` does not make 80 frames. It makes 81."),
        ({"num_frames": 85}, "It makes 81."),
        ({"num_frames": 0}, "num_frames"),
        ({"num_frames": -4}, "num_frames"),
        ({"seed": -1}, "seed: -1 is not from 0"),
        ({"seed": 2**63}, "seed"),
        ({"width": 50}, "needs a multiple of 16. Nearest: 48."),
        ({"height": 1}, "Nearest: 32."),
        ({"width": 0, "height": -16}, "height: -16"),
        ({"image": None}, "image: `wan2.2-i2v-a14b` needs one"),
        ({"image": Image.new("RGB", (1, 1))}, "is RGB 1×1, not RGB 48×32"),
        ({"image": Image.new("RGBA", (48, 32))}, "is RGBA"),
        ({"last_frame": keyframe((32, 48))}, "last_frame"),
        ({"prompt": " \n"}, "prompt"),
        ({"steps": 0}, "steps"),
        ({"steps": 10**9}, "Ask for 1 to 1000"),
        ({"extras": {"num_inference_steps": -3}}, "steps: -3"),
        ({"extras": {"motion_bucket_id": 12}}, "extras.motion_bucket_id"),
    ],
)
def test_a_broken_rule_is_named_with_what_would_do(changes: dict[str, Any], named: str) -> None:
    assert named in refusal(**changes)


def test_every_broken_rule_is_named_at_once() -> None:
    said = refusal(seed=-1, width=50, num_frames=80, prompt="")
    assert all(field in said for field in ("seed", "width", "num_frames", "prompt"))


def test_a_model_without_pictures_refuses_them() -> None:
    assert "does not take one" in refusal("mochi-1", image=keyframe((48, 32)))
    assert "does not take one" in refusal("ltx-2.5", last_frame=keyframe((96, 64)))


def test_seed_0_is_a_seed_and_the_models_defaults_fill_the_rest() -> None:
    bare = replace(small_request(WAN), steps=None)
    decided, deviations = settled(catalogue_row(WAN), bare)
    assert (decided.seed, decided.steps, decided.guidance) == (0, 40, 3.5)
    assert deviations == ()


def test_a_distilled_model_keeps_to_its_schedule_and_says_so() -> None:
    model_id = "ltx-video-0.9.8-13b"
    decided, deviations = settled(catalogue_row(model_id), small_request(model_id, steps=30))
    assert decided.steps == len(decided.extras["timesteps"]) == 8
    assert [each[:3] for each in deviations] == [("steps", 30, 8)]


def test_the_planners_filled_in_settings_are_known() -> None:
    for model_id in FAMILIES:
        row = catalogue_row(model_id)
        assert row.sampling is not None
        given = small_request(model_id, extras=dict(row.sampling.settings))
        assert isinstance(settled(row, given)[0], GenerationRequest)


def test_a_generator_that_is_not_loaded_says_so() -> None:
    with pytest.raises(InternalFault, match="before it was loaded"):
        open_generator(WAN).generate(small_request(WAN), lambda done, of: None)


def test_only_what_has_a_generator_is_opened() -> None:
    with pytest.raises(ModelUnavailable, match=r"wan2\.2-i2v-a14b"):
        open_generator("framepack-i2v")
    with pytest.raises(ModelUnavailable, match="no model `wan-9`"):
        open_generator("wan-9")


def test_recipes_are_there_for_every_model_and_class() -> None:
    for model_id in FAMILIES:
        for gpu_class in ("rtx4090", "a100", "h100", "cpu"):
            assert recipes_for(model_id, gpu_class)
    with pytest.raises(ModelUnavailable, match="a100"):
        recipes_for(WAN, "a10")
    with pytest.raises(ModelUnavailable, match="no recipe"):
        recipes_for("framepack-i2v", "a100")
