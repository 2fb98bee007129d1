"""Every family small enough for a test: random weights, real classes, real files, no downloads.

`build_tiny(model_id, folder)` writes a pipeline in diffusers' format, so that a generator loads it
the way it loads the real one. Frame rules, size multiples and the shapes of inputs are those of
the real model; only widths and depths are not.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

FAMILIES = {
    "stable-video-diffusion-xt-1.1": "svd",
}
"""Catalogue id → module of this package, whose `build(model_id)` makes the pipeline."""


def build_tiny(model_id: str, folder: Path, seed: int = 0) -> Path:
    """Write the tiny pipeline of a model to `folder`, and give the folder back."""
    module = import_module(f"{__name__}.{FAMILIES[model_id]}")
    build: Callable[[str], Any] = module.build
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pipeline = build(model_id)
    pipeline.save_pretrained(str(folder))
    return folder
