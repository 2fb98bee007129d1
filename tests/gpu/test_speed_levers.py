"""The levers of the picture coder, of distilled weights and of attention, on a processor."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.models.attention_dispatch import _AttentionBackendRegistry

from gpu_functions.generators.contract import WeightsMissing
from gpu_functions.speed.coder import double_in_place, fuse_norms
from gpu_functions.speed.graphs import cuda_graph
from gpu_functions.speed.lever import cannot_compile
from tests.gpu.loaded import load
from tests.gpu.requests import small_request
from tests.gpu.tiny.loras import write_lora

A14B, TI2V = "wan2.2-i2v-a14b", "wan2.2-ti2v-5b"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


def distilled(*names: str) -> dict[str, Any]:
    loras = {name: f"distilled/{name}.safetensors" for name in names}
    return {"distilled": {"flow_shift": 5.0, "loras": loras}}


def test_a_lora_is_added_to_both_experts_and_four_steps_use_both(weights: Path) -> None:
    names = ("transformer", "transformer_2")
    more = {
        name: write_lora(weights / A14B / "distilled" / f"{name}.safetensors", seed)
        for seed, name in enumerate(names)
    }
    plain, moved = load(weights, A14B), load(weights, A14B, levers=distilled(*names))
    runs: list[str] = []
    for name in names:
        before, after = (
            getattr(each.pipeline, name).blocks[0].attn1.to_q.weight for each in (plain, moved)
        )
        assert torch.allclose(after - before, more[name], atol=1e-5)
        part = getattr(moved.pipeline, name)
        part.register_forward_hook(lambda *_, name=name: runs.append(name))
    assert isinstance(moved.pipeline.scheduler, FlowMatchEulerDiscreteScheduler)
    request = small_request(A14B, steps=4, guidance=1.0)
    made = moved.generate(request, lambda done, of: None).frames
    assert runs == ["transformer"] * 2 + ["transformer_2"] * 2
    assert len(made) == request.num_frames
    # of a thousand, shifted by 5: 1000, 750, 500 and 250, then no noise
    scheduler = moved.pipeline.scheduler
    assert scheduler.timesteps.tolist() == pytest.approx([1000, 937.5, 833.3333, 625])
    assert scheduler.sigmas[-1] == 0


def test_a_lora_that_is_missing_or_of_another_model_is_an_error(weights: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"nowhere\.safetensors is missing"):
        load(
            weights,
            A14B,
            levers={
                "distilled": {"flow_shift": 5, "loras": {"transformer": "nowhere.safetensors"}}
            },
        )
    write_lora(weights / A14B / "distilled" / "transformer.safetensors", 0, "blocks.9.self_attn.q")
    with pytest.raises(WeightsMissing, match="no LoRA of this model"):
        load(weights, A14B, levers=distilled("transformer"))


@pytest.mark.parametrize("model_id", [A14B, TI2V])
def test_the_coders_norms_in_one_pass_decode_the_same(weights: Path, model_id: str) -> None:
    vae = load(weights, model_id).pipeline.vae
    latents = torch.randn(1, vae.config.z_dim, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        plain = vae.decode(latents, return_dict=False)[0]
        fuse_norms([each for each in vae.modules() if type(each).__name__ == "WanResidualBlock"])
        double_in_place(vae)
        fused = vae.decode(latents, return_dict=False)[0]
    assert torch.allclose(plain, fused, atol=1e-5)


def test_the_coder_in_half_the_bits_makes_nearly_the_same_clip(weights: Path) -> None:
    request = small_request(A14B)
    plain, half = (
        load(weights, A14B, levers=levers).generate(request, lambda done, of: None).frames
        for levers in ({}, {"vae_dtype": "bfloat16", "vae_channels_last": True})
    )
    assert 0 < np.abs(plain.astype(int) - half).mean() < 3


def test_what_a_processor_cannot_do_is_said(weights: Path) -> None:
    levers = {"vae_norms": True, "vae_compile": True, "cuda_graph": True, "vae_dtype": "int3"}
    notes = load(weights, A14B, levers=levers).notes
    assert [note.partition(":")[0] for note in notes] == [
        "vae_dtype",
        "vae_norms",
        "vae_compile",
        "cuda_graph",
    ]


def test_parts_that_come_and_go_are_not_recorded(weights: Path) -> None:
    pipeline = load(weights, A14B).pipeline
    pipeline.transformer._hf_hook = object()
    said = cuda_graph(pipeline, True, "cuda:0", ("transformer",))
    assert said == "parts that come and go cannot be recorded"


def test_attention_that_one_model_was_told_is_not_the_next_ones(weights: Path) -> None:
    load(weights, A14B, levers={"attention": "_native_math"})
    assert _AttentionBackendRegistry.get_active_backend()[0].value == "_native_math"
    load(weights, A14B)
    assert _AttentionBackendRegistry.get_active_backend()[0].value == "native"


def test_weights_in_8_bits_compute_in_the_recipes_own(weights: Path) -> None:
    generator = load(weights, A14B, dtype="bfloat16", quantization="fp8")
    assert generator.pipeline.transformer.dtype == torch.bfloat16
    assert len(generator.generate(small_request(A14B), lambda done, of: None).frames) == 5


def test_without_a_compiler_or_headers_nothing_is_compiled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert cannot_compile("cpu") == "not on a processor"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert cannot_compile("cuda:0") == "there is no triton"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install gcc" in (cannot_compile("cuda:0") or "")
    monkeypatch.setenv("CC", "tcc")
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    assert "python3-dev" in (cannot_compile("cuda:0") or "")
    (tmp_path / "Python.h").touch()
    assert cannot_compile("cuda:0") is None
