"""What only a GPU can say: every family by every recipe, and the levers that a processor refuses.

    python -m pytest -n 6 tests/gpu/test_on_gpu.py

Nothing of this is collected where there is no GPU (`conftest.py`).
"""

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from bench.lever_errors import relative_error
from gpu_functions.generators.contract import GenerationCancelled, OnStep, OutOfMemory
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.pictures import put_down
from gpu_functions.generators.registry import FAMILIES, open_generator
from gpu_functions.generators.rooms import in_memory
from gpu_functions.interpolation.ifnet import SHAPES, IFNet
from gpu_functions.interpolation.rife import open_rife
from gpu_functions.runner.device import cap_memory, forget_peak, peak_gib
from gpu_functions.speed.attention8 import FIRST_WITH_FP8_ATTENTION, attended
from gpu_functions.speed.graphs import Recorded
from gpu_functions.speed.lever import capability, repeated_blocks
from shared.catalog.recipe import Recipe
from shared.catalog.recipes import recipes_for
from tests.gpu.requests import catalogue_row, keyframe, small_request
from tests.gpu.tiny import build_tiny

GPU = "cuda:0"
A14B, TI2V, LTX = "wan2.2-i2v-a14b", "wan2.2-ti2v-5b", "ltx-video-0.9.8-13b"


def recipes_of(model_id: str) -> dict[str, Recipe]:
    """All that the catalogue names for it, on any GPU, by name."""
    classes = sorted(catalogue_row(model_id).recipes)
    return {each.name: each for gpu in classes for each in recipes_for(model_id, gpu)}


def loaded(model_id: str, folder: Path, recipe: Recipe) -> DiffusersGenerator:
    generator = open_generator(model_id)
    assert isinstance(generator, DiffusersGenerator)
    generator.load(folder, recipe, GPU)
    return generator


def frames(generator: DiffusersGenerator, **changes: Any) -> Any:
    request = small_request(generator.row.id, **changes)
    return generator.generate(request, lambda done, of: None).frames


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


def tiny(weights: Path, model_id: str) -> Path:
    folder = weights / model_id
    return folder if folder.is_dir() else build_tiny(model_id, folder)


@pytest.mark.parametrize(
    ("model_id", "recipe"), [(each, recipe) for each in FAMILIES for recipe in recipes_of(each)]
)
def test_every_family_runs_by_every_recipe(weights: Path, model_id: str, recipe: str) -> None:
    forget_peak(GPU)
    held = recipes_of(model_id)[recipe]
    generator = loaded(model_id, tiny(weights, model_id), held)
    print(f"NOTES {model_id} {recipe}: {generator.notes}")
    if held.offload == "group":
        part = getattr(generator.pipeline, generator.denoisers[0])
        homes = [
            values.device.type for block in repeated_blocks(part) for values in block.parameters()
        ]
        assert homes.count("cpu") >= len(homes) // 2, "blocks wait in the machine's memory"
    made = frames(generator)
    assert len(made) == small_request(model_id).num_frames
    assert (peak_gib(GPU) or 0) > 0
    again = frames(generator)
    assert np.abs(made.astype(int) - again).mean() < 1
    del generator
    gc.collect()


@pytest.mark.parametrize("model_id", [A14B, TI2V, LTX])
@pytest.mark.parametrize(
    "levers",
    [
        {"compile": True},
        {"cuda_graph": True},
        {"compile": True, "cuda_graph": True},
        {"attention": "_native_cudnn"},
        {"vae_channels_last": True, "vae_norms": True},
        {"vae_dtype": "bfloat16"},
    ],
    ids=str,
)
def test_a_lever_changes_nothing_but_rounding(
    weights: Path, model_id: str, levers: dict[str, Any]
) -> None:
    if model_id != LTX and "attention" in levers:
        pytest.skip("heads of 12 numbers are no work for cuDNN")
    folder = tiny(weights, model_id)
    plain = frames(loaded(model_id, folder, Recipe(name="plain")))
    pulled = loaded(model_id, folder, Recipe(name="pulled", levers=levers))
    print(f"NOTES {model_id} {levers}: {pulled.notes}")
    made = [frames(pulled) for _ in range(2)]
    print(f"GAP {model_id} {levers}: {np.abs(made[0].astype(int) - plain).mean():.3f}")
    assert np.abs(made[0].astype(int) - plain).mean() < 4
    assert np.array_equal(made[0], made[1])


@pytest.mark.parametrize(
    "levers", [{}, {"compile": True}, {"linear8": "fp8", "compile": True}], ids=str
)
@pytest.mark.parametrize("guidance", [1.0, 4.0])
def test_experts_that_take_turns_make_the_clip_of_both_resident(
    weights: Path, levers: dict[str, Any], guidance: float
) -> None:
    folder = tiny(weights, A14B)
    both = loaded(A14B, folder, Recipe(name="both", levers=levers))
    turns = loaded(A14B, folder, Recipe(name="turns", offload="experts", levers=levers))
    print(f"NOTES {levers}: {turns.notes}")
    wanted = frames(both, steps=6, guidance=guidance)
    for _ in range(3):
        assert np.array_equal(frames(turns, steps=6, guidance=guidance), wanted)
    with pytest.raises(GenerationCancelled):
        turns.generate(small_request(A14B, steps=6), stopping_after(4))
    assert np.array_equal(frames(turns, steps=6, guidance=guidance), wanted)


def stopping_after(steps: int) -> OnStep:
    def stop(done: int, of: int) -> None:
        if done == steps:
            raise GenerationCancelled(f"after {done} of {of}")

    return stop


@pytest.mark.skipif(capability(GPU) < FIRST_WITH_FP8_ATTENTION, reason="Hopper or newer")
def test_attention_in_fp8_is_as_far_off_as_a_processor_says_compiled_and_recorded_too() -> None:
    source = torch.Generator().manual_seed(0)
    three = [torch.randn(2, 4200, 4, 128, generator=source).bfloat16() for _ in range(3)]
    truth = scaled_dot_product_attention(*(each.float().transpose(1, 2) for each in three))
    given = [each.to(GPU) for each in three]
    compiled = torch.compile(attended, fullgraph=True, dynamic=False)
    recorded = Recorded(compiled, torch.cuda.graph_pool_handle())
    with torch.inference_mode():
        for way in (attended, compiled, recorded):
            error = relative_error(way(*given).cpu().transpose(1, 2), truth)
            print(f"ATTENTION8 {way}: {error:.4f}")
            assert 0.02 < error < 0.07


@pytest.mark.skipif(capability(GPU) < FIRST_WITH_FP8_ATTENTION, reason="Hopper or newer")
def test_attention_in_fp8_passes_its_trial(weights: Path) -> None:
    recipe = Recipe(name="pulled", levers={"attention8": "fp8"})
    assert loaded(A14B, tiny(weights, A14B), recipe).notes == ()


def test_a_clip_that_does_not_fit_is_out_of_memory_and_the_next_one_is_made(weights: Path) -> None:
    generator = loaded(A14B, tiny(weights, A14B), Recipe(name="bf16"))
    small = frames(generator)
    cap_memory(GPU, 0.25)
    try:
        with pytest.raises(OutOfMemory, match="generating with"):
            frames(generator, width=832, height=480, num_frames=81, image=keyframe((832, 480)))
        assert np.array_equal(frames(generator), small)
    finally:
        cap_memory(GPU, None)


def test_pieces_that_leave_while_others_are_made_arrive_whole() -> None:
    video = torch.rand(81, 3, 240, 416)
    plain = put_down([video], 81, in_memory, model="m")
    for _ in range(2):
        # what a piece is made of is given back at once, and is the next one's
        pieces = ((each.to(GPU) * 2 - 0.5) / 2 + 0.25 for each in video.split(4))
        assert np.abs(put_down(pieces, 81, in_memory, model="m").astype(int) - plain).max() <= 1


def test_a_net_makes_frames_between_two(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(IFNet(SHAPES["4.26"]).state_dict(), tmp_path / "flownet.pkl")
    first, second = (np.asarray(keyframe((200, 120), seed)) for seed in (0, 1))
    for moments in ((0.25, 0.5), (0.4,)):
        made, slowly = (
            open_rife(tmp_path / "flownet.pkl", device)(first, second, moments)
            for device in (GPU, "cpu")
        )
        assert [each.shape for each in made] == [(120, 200, 3)] * len(moments)
        gaps = [np.abs(a.astype(int) - b).max() for a, b in zip(made, slowly, strict=True)]
        print(f"RIFE {gaps}")
        assert max(gaps) <= 2
