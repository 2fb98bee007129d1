"""Weights straight to their device are the very weights that diffusers reads."""

from pathlib import Path

import diffusers
import pytest
import torch

from gpu_functions.generators.contract import WeightsMissing
from gpu_functions.weights.straight import load_straight
from tests.gpu.tiny import build_tiny

PARTS = (
    ("wan2.2-i2v-a14b", "transformer", "WanTransformer3DModel"),
    ("wan2.2-ti2v-5b", "vae", "AutoencoderKLWan"),
    ("ltx-video-0.9.8-13b", "transformer", "LTXVideoTransformer3DModel"),
    ("mochi-1", "transformer", "MochiTransformer3DModel"),
)


@pytest.mark.parametrize(("model", "part", "kind"), PARTS)
@pytest.mark.parametrize("shard", ["10GB", "40KB"])
def test_every_tensor_and_dtype_is_as_diffusers_has_it(
    model: str, part: str, kind: str, shard: str, tmp_path: Path
) -> None:
    cls = getattr(diffusers, kind)
    folder = build_tiny(model, tmp_path / "whole") / part
    if shard != "10GB":
        cls.from_pretrained(str(folder)).save_pretrained(
            str(tmp_path / "shards"), max_shard_size=shard
        )
        folder = tmp_path / "shards"
        assert len(list(folder.glob("*.safetensors"))) > 1
    theirs = cls.from_pretrained(str(folder), torch_dtype=torch.bfloat16)
    ours = load_straight(cls, folder, torch.bfloat16, "cpu", threads=3)
    assert not ours.training
    for get in ("named_parameters", "named_buffers"):
        pairs = [dict(getattr(each, get)()) for each in (theirs, ours)]
        assert pairs[0].keys() == pairs[1].keys()
        for name, values in pairs[0].items():
            assert pairs[1][name].dtype == values.dtype, name
            assert torch.equal(pairs[1][name], values), name


def test_files_of_another_model_are_named(tmp_path: Path) -> None:
    folder = build_tiny("ltx-video-0.9.8-13b", tmp_path) / "transformer"
    other = build_tiny("mochi-1", tmp_path / "other") / "transformer"
    (folder / "diffusion_pytorch_model.safetensors").write_bytes(
        (other / "diffusion_pytorch_model.safetensors").read_bytes()
    )
    with pytest.raises(WeightsMissing, match="is not LTXVideoTransformer3DModel"):
        load_straight(diffusers.LTXVideoTransformer3DModel, folder, torch.bfloat16, "cpu")
