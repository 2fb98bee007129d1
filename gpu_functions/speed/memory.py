"""What decides whether a model fits: fewer bits, parts that wait elsewhere, pictures in pieces."""

from collections.abc import Sequence
from typing import Any

import torch

from gpu_functions.speed.experts import take_turns
from gpu_functions.speed.lever import parts_of
from gpu_functions.speed.parking import park_encoders

BLOCKS_AT_ONCE = 1
"""Blocks of the denoiser that `offload: group` keeps on the GPU."""


def quantize(pipeline: Any, setting: str, device: str, denoisers: Sequence[str]) -> str | None:
    """8 bits in memory, the recipe's own dtype in the sum: works on every device."""
    for model in parts_of(pipeline, denoisers):
        model.enable_layerwise_casting(
            storage_dtype=torch.float8_e4m3fn, compute_dtype=_compute_dtype(model)
        )
    return "held as fp8: int8 needs torchao" if setting == "int8" else None


def _compute_dtype(model: Any) -> torch.dtype:
    """The recipe's: the narrowest that it is held in, for norms and times stay in float32."""
    kinds = {values.dtype for values in model.parameters() if values.is_floating_point()}
    return min(kinds, key=lambda each: each.itemsize)


def offload(pipeline: Any, setting: str, device: str, denoisers: Sequence[str]) -> str | None:
    if setting == "experts":
        return take_turns(pipeline, device, denoisers)
    if torch.device(device).type == "cpu":
        return "there is no GPU to offload from"
    if setting == "encoders":
        park_encoders(pipeline, device, denoisers)
        return None
    if setting == "model":
        pipeline.enable_model_cpu_offload(device=device)
        return None
    whole = list(denoisers)
    for name, component in pipeline.components.items():
        if not isinstance(component, torch.nn.Module):
            continue
        if name not in denoisers and any(
            isinstance(each, torch.nn.MultiheadAttention) for each in component.modules()
        ):
            # it reads the weights of its leaves past them, so what comes with a leaf is not there
            whole.append(name)
        if name in denoisers:
            component.enable_group_offload(
                onload_device=torch.device(device),
                offload_device=torch.device("cpu"),
                offload_type="block_level",
                num_blocks_per_group=BLOCKS_AT_ONCE,
                use_stream=True,
                low_cpu_mem_usage=True,
            )
    pipeline.enable_group_offload(
        onload_device=torch.device(device),
        offload_type="leaf_level",
        use_stream=True,
        low_cpu_mem_usage=True,
        exclude_modules=whole,
    )
    return None


def vae_tiling(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    return _on_vae(pipeline, "enable_tiling")


def vae_slicing(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    return _on_vae(pipeline, "enable_slicing")


def _on_vae(pipeline: Any, method: str) -> str | None:
    try:
        getattr(pipeline.vae, method)()
    except (AttributeError, NotImplementedError):
        return f"{type(pipeline.vae).__name__} cannot"
    return None
