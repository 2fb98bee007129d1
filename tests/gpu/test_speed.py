"""Levers: what this machine cannot pull is said, and what it pulls leaves the clip a clip."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate.hooks import UserCpuOffloadHook
from pydantic import ValidationError

from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.registry import FAMILIES, open_generator
from gpu_functions.speed import LEVERS
from gpu_functions.speed.parking import park_encoders
from shared.catalog.recipe import Recipe, recipe_book
from shared.errors import InternalFault
from tests.gpu.loaded import load
from tests.gpu.requests import small_request
from tests.gpu.tiny import build_tiny

pytestmark = pytest.mark.filterwarnings("ignore:In CPU autocast:UserWarning")
SVD, WAN = "stable-video-diffusion-xt-1.1", "wan2.2-i2v-a14b"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


def frames(generator: DiffusersGenerator, **changes: Any) -> Any:
    request = small_request(generator.row.id, **changes)
    return generator.generate(request, lambda done, of: None).frames


@pytest.mark.parametrize("model_id", FAMILIES)
def test_every_family_runs_with_8_bit_weights_tiles_and_a_memory_for_words(
    weights: Path, model_id: str
) -> None:
    plain = frames(load(weights, model_id))
    generator = load(
        weights,
        model_id,
        quantization="fp8",
        vae_tiling=True,
        levers={"prompt_cache": True, "channels_last": True, "vae_slicing": True},
    )
    parts = [getattr(generator.pipeline, name, None) for name in generator.denoisers]
    kinds = {values.dtype for part in parts if part for values in part.parameters()}
    assert torch.float8_e4m3fn in kinds
    rounded = frames(generator)
    assert np.array_equal(rounded, frames(generator))
    assert 0 < np.abs(rounded.astype(int) - plain).mean() < 60
    notes = [note.partition(":")[0] for note in generator.notes]
    assert set(notes) <= {"prompt_cache", "vae_slicing", "vae_tiling"}


def test_what_a_processor_cannot_do_is_left_alone_and_said(
    weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    levers = {"compile": True, "tf32": True, "attention": ["sage", "_flash_3", "native"]}
    generator = load(weights, WAN, quantization="int8", offload="group", levers=levers)
    assert f"{WAN}, recipe `tried`: quantization: held as fp8" in caplog.text
    said = dict(note.split(": ", 1) for note in generator.notes)
    assert said.keys() == {"compile", "tf32", "attention", "quantization", "offload"}
    assert said["quantization"] == "held as fp8: int8 needs torchao"
    assert said["attention"].startswith("took native, not sage (")
    assert "`sageattention>=2.1.1`" in said["attention"]
    assert "; _flash_3 (Flash Attention 3 backend" in said["attention"]
    assert len(frames(generator)) == 5


def test_a_coder_has_bits_of_its_own_only_where_its_pipeline_asks(weights: Path) -> None:
    for model_id, own in (("ltx-video-0.9.8-13b", False), (WAN, True)):
        generator = load(weights, model_id, levers={"vae_dtype": "bfloat16"})
        assert (generator.pipeline.vae.dtype == torch.bfloat16) is own
        assert bool(generator.notes) is not own
        assert len(frames(generator))


def test_a_lever_that_is_off_does_nothing(weights: Path) -> None:
    generator = load(weights, SVD, levers=dict.fromkeys(LEVERS, False))
    assert generator.notes == ()


def test_a_lever_that_does_not_exist_is_our_mistake(weights: Path) -> None:
    with pytest.raises(InternalFault, match="'turbo'"):
        load(weights, SVD, levers={"turbo": True})


def test_the_book_pulls_only_levers_that_exist() -> None:
    for recipe in recipe_book().values():
        assert set(recipe.levers) <= set(LEVERS), recipe.name


def test_words_are_read_once(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = load(weights, WAN, levers={"prompt_cache": True})
    read: list[int] = []
    encoder = generator.pipeline.text_encoder
    counted = encoder.forward

    def forward(*arguments: Any, **named: Any) -> Any:
        read.append(1)
        return counted(*arguments, **named)

    monkeypatch.setattr(encoder, "forward", forward)
    first = frames(generator)
    once = len(read)
    assert once > 0
    assert np.array_equal(first, frames(generator))
    frames(generator, seed=5)
    assert len(read) == once
    assert not np.array_equal(first, frames(generator, prompt="something else"))
    assert len(read) > once


def test_encoders_come_when_they_are_called_and_are_away_before_the_first_step(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, generator = load(weights, WAN), load(weights, WAN)
    happened: list[str] = []
    offload = UserCpuOffloadHook.offload

    def watched(hook: Any) -> None:
        happened.append("sent away")
        offload(hook)

    monkeypatch.setattr(UserCpuOffloadHook, "offload", watched)
    park_encoders(generator.pipeline, "cpu", generator.denoisers)
    for name in ("text_encoder", "transformer"):
        part = getattr(generator.pipeline, name)
        part.register_forward_pre_hook(lambda *_, name=name: happened.append(name))
    assert np.array_equal(frames(generator), frames(plain))
    assert happened.index("text_encoder") < happened.index("sent away")
    assert happened.index("sent away") < happened.index("transformer")
    assert happened[0] != "sent away"
    assert hasattr(generator.pipeline.text_encoder, "_hf_hook")
    assert not hasattr(generator.pipeline.transformer, "_hf_hook")


@pytest.mark.parametrize("model_id", [WAN, "ltx-video-0.9.8-13b", "kandinsky-5-i2v-pro"])
def test_weights_read_straight_to_their_place_make_the_same_clip(
    weights: Path, model_id: str
) -> None:
    straight, usual = (
        frames(load(weights, model_id, load=way)).astype(int) for way in ("straight", "diffusers")
    )
    assert np.abs(straight - usual).max() <= 1


def test_what_is_carried_to_and_fro_is_not_read_straight_to_the_gpu() -> None:
    with pytest.raises(ValidationError, match="stays on the GPU"):
        Recipe(name="both", load="straight", offload="model")


def test_models_in_half_the_bits_load_with_their_coders_whole(weights: Path) -> None:
    build_tiny(WAN, weights / "half")
    generator = open_generator(WAN)
    assert isinstance(generator, DiffusersGenerator)
    generator.load(weights / "half", Recipe(name="bf16"), "cpu")
    assert generator.pipeline.transformer.dtype == torch.bfloat16
    assert generator.pipeline.vae.dtype == torch.float32
    assert len(frames(generator)) == 5
