"""Where every lever of speed and memory is switched: the recipe says which, this says how.

    quantization        the denoisers' weights in 8 bits
    offload             what waits in the machine's memory
    vae_tiling          the picture decoded in tiles
    levers:
      attention         a backend of diffusers by name, or a list of which the first that works
      channels_last     convolutions read memory in the GPU's own order
      compile           the denoiser's repeated blocks, once per shape of clip
      prompt_cache      words that were read before are not read again
      tf32              float32 products in 19 bits, for what stays in float32
      vae_slicing       one picture of a batch at a time

Guidance 1.0 needs no lever: every pipeline leaves the second pass out by itself.

A lever that this machine cannot pull is left alone, and a note says so. Nothing here changes
what a seed means but `quantization`, `tf32` and `attention`, within rounding.
"""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from gpu_functions.prompt_cache import remember_prompts
from shared.catalog.recipe import Recipe
from shared.errors import InternalFault

BLOCKS_AT_ONCE = 1
"""Blocks of the denoiser that `offload: group` keeps on the GPU."""

Lever = Callable[[Any, Any, str, Sequence[str]], str | None]
"""(pipeline, setting, device, denoisers) → why it was left alone, or None."""


def apply(pipeline: Any, recipe: Recipe, device: str, denoisers: Sequence[str]) -> tuple[str, ...]:
    """Bring a pipeline to its device as the recipe says.

    Returns
    -------
    A sentence for every lever that this machine cannot pull.

    Raises
    ------
    InternalFault : the recipe names a lever that does not exist.
    """
    unknown = set(recipe.levers) - set(LEVERS)
    if unknown:
        raise InternalFault(
            f"Recipe `{recipe.name}` pulls {sorted(unknown)}; there are {sorted(LEVERS)}."
        )
    early = {"quantization": recipe.quantization, "vae_tiling": recipe.vae_tiling}
    late = {"offload": recipe.offload, **recipe.levers}
    settings: Mapping[str, Any] = {**early, **late}
    notes = []
    for name, setting in settings.items():
        if setting in (None, False, "none"):
            if name == "offload":
                pipeline.to(device)
            continue
        why = {**MEMORY, **LEVERS}[name](pipeline, setting, device, denoisers)
        notes += [f"{name}: {why}"] if why else []
    return tuple(notes)


def _quantize(pipeline: Any, setting: str, device: str, denoisers: Sequence[str]) -> str | None:
    """8 bits in memory, the recipe's own dtype in the sum: works on every device."""
    for model in _models(pipeline, denoisers):
        model.enable_layerwise_casting(
            storage_dtype=torch.float8_e4m3fn, compute_dtype=_compute_dtype(model)
        )
    return "held as fp8: int8 needs torchao" if setting == "int8" else None


def _compute_dtype(model: Any) -> torch.dtype:
    """The dtype of most of its weights; norms may be kept in float32."""
    largest = max(model.parameters(), key=lambda each: int(each.numel()))
    dtype: torch.dtype = largest.dtype
    return dtype


def _offload(pipeline: Any, setting: str, device: str, denoisers: Sequence[str]) -> str | None:
    if torch.device(device).type == "cpu":
        return "there is no GPU to offload from"
    if setting == "model":
        pipeline.enable_model_cpu_offload(device=device)
        return None
    for name, component in pipeline.components.items():
        if not isinstance(component, torch.nn.Module):
            continue
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
        exclude_modules=list(denoisers),
    )
    return None


def _vae_tiling(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    return _on_vae(pipeline, "enable_tiling")


def _vae_slicing(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    return _on_vae(pipeline, "enable_slicing")


def _on_vae(pipeline: Any, method: str) -> str | None:
    try:
        getattr(pipeline.vae, method)()
    except (AttributeError, NotImplementedError):
        return f"{type(pipeline.vae).__name__} cannot"
    return None


def _attention(
    pipeline: Any, setting: str | Sequence[str], device: str, denoisers: Sequence[str]
) -> str | None:
    refusals = []
    for backend in [setting] if isinstance(setting, str) else setting:
        try:
            for model in _models(pipeline, denoisers):
                model.set_attention_backend(backend)
        except (AttributeError, ImportError, RuntimeError, ValueError) as error:
            refusals.append(f"{backend} ({str(error).strip().partition(chr(10))[0]})")
        else:
            return f"took {backend}, not {'; '.join(refusals)}" if refusals else None
    return f"left native, not {'; '.join(refusals)}"


def _channels_last(
    pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]
) -> str | None:
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for model in _models(pipeline, denoisers):
        for values in model.parameters():
            if values.dim() in formats:
                values.data = values.data.contiguous(memory_format=formats[values.dim()])
    return None


def _prompt_cache(
    pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]
) -> str | None:
    if not hasattr(pipeline, "encode_prompt"):
        return "it reads no words"
    remember_prompts(pipeline)
    return None


def _compile(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    if torch.device(device).type == "cpu":
        return "not on a processor"
    without = [
        type(model).__name__
        for model in _models(pipeline, denoisers)
        if not getattr(model, "_repeated_blocks", None)
    ]
    if without:
        return f"{', '.join(without)} has no repeated blocks"
    if importlib.util.find_spec("triton") is None:
        return "there is no triton"
    for model in _models(pipeline, denoisers):
        model.compile_repeated_blocks(fullgraph=True)
    return None


def _tf32(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    if torch.device(device).type != "cuda" or torch.cuda.get_device_capability(device)[0] < 8:
        return "needs an Ampere GPU or newer"
    torch.set_float32_matmul_precision("high")
    return None


def _models(pipeline: Any, names: Sequence[str]) -> list[Any]:
    found = (getattr(pipeline, name, None) for name in names)
    return [model for model in found if model is not None]


MEMORY: Mapping[str, Lever] = {
    "quantization": _quantize,
    "vae_tiling": _vae_tiling,
    "offload": _offload,
}
LEVERS: Mapping[str, Lever] = {
    "attention": _attention,
    "channels_last": _channels_last,
    "compile": _compile,
    "prompt_cache": _prompt_cache,
    "tf32": _tf32,
    "vae_slicing": _vae_slicing,
}
