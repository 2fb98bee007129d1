"""Every lever against the plain model in float64, same inputs: exact, or as far as it says."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from bench.lever_errors import EXACT, denoised, relative_error
from gpu_functions import speed_rules
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.registry import open_generator
from gpu_functions.speed import LEVERS
from gpu_functions.speed.levers import OF_A_RECIPE
from shared.catalog.recipe import Recipe
from tests.gpu.requests import small_request
from tests.gpu.tiny import build_tiny

A14B, TI2V, WAN21, LTX = (
    "wan2.2-i2v-a14b",
    "wan2.2-ti2v-5b",
    "wan2.1-i2v-14b",
    "ltx-video-0.9.8-13b",
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    for model_id in (A14B, TI2V, WAN21, LTX):
        build_tiny(model_id, folder / model_id)
    return folder


def load(weights: Path, model_id: str, **levers: Any) -> DiffusersGenerator:
    generator = open_generator(model_id)
    assert isinstance(generator, DiffusersGenerator)
    own = {name: levers.pop(name) for name in [*levers] if name in Recipe.model_fields}
    recipe = Recipe(name="tried", dtype="float32", levers=levers, **own)
    generator.load(weights / model_id, recipe, "cpu")
    return generator


@pytest.mark.parametrize(
    ("model_id", "levers", "most"),
    [
        (A14B, {"fuse_qkv": True}, EXACT),
        (WAN21, {"fuse_qkv": True}, EXACT),
        (A14B, {"fused_modulation": True}, EXACT),
        (TI2V, {"fused_modulation": True}, EXACT),
        (A14B, {"fuse_qkv": True, "fused_modulation": True}, EXACT),
        (TI2V, {"channels_last": True}, EXACT),
        (TI2V, {"quantization": "fp8"}, 0.1),
        (A14B, {"attention8": "fp8"}, 0.01),
        (TI2V, {"attention8": "fp8", "fuse_qkv": True, "linear8": "fp8"}, 0.1),
        (TI2V, {"linear8": "fp8"}, 0.1),
        (TI2V, {"linear8": "int8"}, 0.03),
        (TI2V, {"linear8": "int8_weights"}, 0.03),
        (TI2V, {"fuse_qkv": True, "fused_modulation": True, "linear8": "int8"}, 0.03),
    ],
    ids=str,
)
def test_one_forward_is_that_of_the_plain_model(
    weights: Path, model_id: str, levers: dict[str, Any], most: float
) -> None:
    truth = denoised(load(weights, model_id).pipeline.transformer.double(), model_id)
    pulled = load(weights, model_id, **levers)
    assert pulled.notes == ()
    error = relative_error(denoised(pulled.pipeline.transformer, model_id), truth)
    assert error < most
    assert (error > EXACT) == bool({"attention8", "linear8", "quantization"} & levers.keys())


@pytest.mark.parametrize(
    ("model_id", "way"), [(A14B, "batched"), (WAN21, "batched"), (LTX, "sequential")]
)
def test_both_passes_at_once_or_apart_make_the_same_clip(
    weights: Path, model_id: str, way: str
) -> None:
    request = small_request(model_id, guidance=4.0, steps=2)
    plain = load(weights, model_id).generate(request, lambda done, of: None).frames
    pulled = load(weights, model_id, guidance=way)
    rows: list[int] = []
    first = pulled.pipeline.transformer.proj_out
    first.register_forward_hook(lambda _, given, made: rows.append(len(made)))
    made = pulled.generate(request, lambda done, of: None).frames
    assert set(rows) == ({2} if way == "batched" else {1})
    assert np.abs(made.astype(int) - plain.astype(int)).max() <= 1


def test_a_setting_that_does_not_exist_is_said(weights: Path) -> None:
    notes = load(weights, LTX, linear8="int3", guidance="often", fuse_qkv=True).notes
    assert [note.partition(":")[0] for note in notes] == ["fuse_qkv", "linear8", "guidance"]


def test_the_error_is_measured_against_the_size_of_the_truth() -> None:
    truth = torch.tensor([3.0, 4.0])
    assert relative_error(truth, truth) == 0
    assert relative_error(truth * 1.1, truth) == pytest.approx(0.1)


def test_every_rule_is_of_a_lever_that_exists_and_its_page_is_fresh() -> None:
    named = {rule.lever.partition(":")[0] for rule in speed_rules.RULES}
    assert named == {*LEVERS, *OF_A_RECIPE, "load"}
    ways = {rule.lever.partition(": ")[2] for rule in speed_rules.RULES if "offload" in rule.lever}
    assert ways == {*get_args(Recipe.model_fields["offload"].annotation)} - {"none"}
    assert speed_rules.PAGE.read_text("utf-8") == speed_rules.page()
