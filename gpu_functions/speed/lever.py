"""What a lever is: something that makes a loaded pipeline faster or smaller, and can say no."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

Lever = Callable[[Any, Any, str, Sequence[str]], str | None]
"""(pipeline, setting, device, denoisers) → why it was left alone, or None."""


def parts_of(pipeline: Any, names: Sequence[str]) -> list[Any]:
    """The components of these names that the pipeline has."""
    found = (getattr(pipeline, name, None) for name in names)
    return [model for model in found if model is not None]


def repeated_blocks(model: Any) -> Iterator[torch.nn.Module]:
    """The blocks that a denoiser is a stack of: nearly all of its weights and of its time.

    What comes before and after them (embeddings, the last projection) is small and delicate.
    """
    names = getattr(model, "_repeated_blocks", None) or ()
    return (each for each in model.modules() if type(each).__name__ in names)


def is_cpu(device: str) -> bool:
    return torch.device(device).type == "cpu"


def capability(device: str) -> tuple[int, int]:
    """What the GPU can compute: (8, 0) Ampere, (8, 9) Ada, (9, 0) Hopper; (0, 0) for none."""
    if torch.device(device).type != "cuda":
        return 0, 0
    major, minor = torch.cuda.get_device_capability(device)
    return int(major), int(minor)
