"""Switches that torch and diffusers already have: one call each, where this machine can."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import torch

from gpu_functions.prompt_cache import remember_prompts
from gpu_functions.speed import flash4
from gpu_functions.speed.lever import cannot_compile, parts_of

MOST_COMPILED = 64
"""Sizes, models and settings of one block that a process compiles."""


TAKEN: Mapping[str, Callable[[str], str]] = {flash4.NAME: flash4.take_flash_4}
"""Kernels that torch takes into its own attention; each gives diffusers' name for it."""


def as_torch_comes(pipeline: Any, denoisers: Sequence[str]) -> None:
    """Take back what the model before had the whole process do.

    Said out loud is torch's own attention too: diffusers gives a backend that one model was told to
    every later model that was told none.
    """
    flash4.give_back()
    torch.set_float32_matmul_precision("highest")
    for model in parts_of(pipeline, denoisers):
        with suppress(AttributeError):  # a model of diffusers that knows no backends
            model.set_attention_backend("native")


def attention(
    pipeline: Any, setting: str | Sequence[str], device: str, denoisers: Sequence[str]
) -> str | None:
    refusals = []
    for backend in [setting] if isinstance(setting, str) else setting:
        try:
            name = TAKEN[backend](device) if backend in TAKEN else backend
            for model in parts_of(pipeline, denoisers):
                model.set_attention_backend(name)
        except Exception as error:  # whatever a package says, or its kernel in a trial
            refusals.append(f"{backend} ({str(error).strip().partition(chr(10))[0]})")
        else:
            return f"took {backend}, not {'; '.join(refusals)}" if refusals else None
    return f"left native, not {'; '.join(refusals)}"


def channels_last(
    pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]
) -> str | None:
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for model in parts_of(pipeline, denoisers):
        for values in model.parameters():
            if values.dim() in formats:
                values.data = values.data.contiguous(memory_format=formats[values.dim()])
    return None


def prompt_cache(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    if not hasattr(pipeline, "encode_prompt"):
        return "it reads no words"
    remember_prompts(pipeline)
    return None


def compile_blocks(
    pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]
) -> str | None:
    if why := cannot_compile(device):
        return why
    without = [
        type(model).__name__
        for model in parts_of(pipeline, denoisers)
        if not getattr(model, "_repeated_blocks", None)
    ]
    if without:
        return f"{', '.join(without)} has no repeated blocks"
    # A worker meets many models and sizes; past torch's own limit of 8 a block would fail.
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, MOST_COMPILED)
    for model in parts_of(pipeline, denoisers):
        # each size for itself: a block that is compiled for every size is slower at each
        model.compile_repeated_blocks(fullgraph=True, dynamic=False)
    return None


def tf32(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    if torch.device(device).type != "cuda" or torch.cuda.get_device_capability(device)[0] < 8:
        return "needs an Ampere GPU or newer"
    torch.set_float32_matmul_precision("high")
    return None
