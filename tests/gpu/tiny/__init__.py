"""Every family small enough for a test: random weights, real classes, real files, no downloads.

`build_tiny(model_id, folder)` writes a pipeline in diffusers' format, so that a generator loads it
the way it loads the real one. Frame rules, size multiples and the shapes of inputs are those of
the real model; only widths and depths are not.
"""

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from shared.catalog import find_model
from shared.catalog.model import DISTILLED, SINGLE_FILE
from tests.gpu.tiny.loras import write_lora
from tests.gpu.tiny.single_file import write_single_file

FAMILIES = {
    "animatediff": "animatediff",
    "cogvideox1.5-5b-i2v": "cogvideox",
    "hunyuanvideo-1.5-i2v": "hunyuan15",
    "hunyuanvideo-i2v": "hunyuan",
    "kandinsky-5-i2v-pro": "kandinsky",
    "ltx-2.5": "ltx2",
    "ltx-video-0.9.8-13b": "ltx",
    "ltx-video-2b": "ltx",
    "mochi-1": "mochi",
    "stable-video-diffusion-xt-1.1": "svd",
    "wan2.1-i2v-14b": "wan",
    "wan2.2-i2v-a14b": "wan",
    "wan2.2-i2v-a14b-4step": "wan",
    "wan2.2-ti2v-5b": "wan",
    "zeroscope-v2-576w": "zeroscope",
}
"""Catalogue id → module of this package, whose `build(model_id)` makes the pipeline."""


def build_tiny(model_id: str, folder: Path, seed: int = 0) -> Path:
    """Write the tiny pipeline of a model to `folder`, and give the folder back."""
    module = import_module(f"{__name__}.{FAMILIES[model_id]}")
    build: Callable[[str], Any] = module.build
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pipeline = build(model_id)
        _open_gates(pipeline)
    pipeline.save_pretrained(str(folder))
    if hasattr(module, "after_save"):
        module.after_save(folder)
    row = find_model(model_id)
    files = row.named_files if row else {}
    for number, file in enumerate(files.get(DISTILLED, ())):
        write_lora(folder / DISTILLED / file, seed + number)
    for file in files.get(SINGLE_FILE, ()):
        write_single_file(pipeline, folder / SINGLE_FILE / file)
    return folder


def builder(model_id: str) -> tuple[type[Any], dict[str, Any]]:
    """The pipeline's class, and the parts and settings of a tiny one by name."""
    pipeline = import_module(f"{__name__}.{FAMILIES[model_id]}").build(model_id)
    has = {**pipeline.config, **pipeline.components}
    known = inspect.signature(type(pipeline).__init__).parameters
    return type(pipeline), {name: has[name] for name in known if name in has}


def _open_gates(pipeline: Any) -> None:
    """What starts at zero lets nothing through before training; here it would hide every input."""
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            for values in part.parameters():
                if values.numel() and not values.any():
                    torch.nn.init.normal_(values, std=0.05)
