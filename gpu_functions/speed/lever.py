"""What a lever is: something that makes a loaded pipeline faster or smaller, and can say no."""

import importlib.util
import os
import shutil
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

Lever = Callable[[Any, Any, str, Sequence[str]], str | None]
"""(pipeline, setting, device, denoisers) → why it was left alone, or None."""


def parts_of(pipeline: Any, names: Sequence[str]) -> list[Any]:
    """The components of these names that the pipeline has; no stand-ins for one of them."""
    found = (getattr(pipeline, name, None) for name in names)
    return [model for model in found if isinstance(model, torch.nn.Module)]


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


COMPILERS = ("cc", "gcc", "clang")


def cannot_compile(device: str) -> str | None:
    """Why torch's compiler makes nothing for this device on this machine; None if it can.

    triton builds a small C module against Python at first use. Without a compiler or headers that
    would fail in the middle of a clip.
    """
    if is_cpu(device):
        return "not on a processor"
    if importlib.util.find_spec("triton") is None:
        return "there is no triton"
    if not os.environ.get("CC") and not any(shutil.which(name) for name in COMPILERS):
        return "there is no C compiler: install gcc"
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        return "there are no headers of Python: install python3-dev"
    return None
