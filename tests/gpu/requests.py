"""Requests that a tiny pipeline answers in a second."""

from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image

from gpu_functions.generators.contract import GenerationRequest
from shared.catalog import find_model
from shared.catalog.can import Need
from shared.catalog.model import ModelRow

LEAST_SIDE = 32


def catalogue_row(model_id: str) -> ModelRow:
    row = find_model(model_id)
    assert row is not None
    return row


def small_size(model_id: str) -> tuple[int, int]:
    """Width and height by the model's multiple, not square."""
    rule = catalogue_row(model_id).capabilities.frames
    assert rule is not None
    multiple = rule.size_multiple
    least = max(2, LEAST_SIDE // multiple)
    return multiple * (least + least // 2), multiple * least


def keyframe(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Soft blobs of colour."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def small_request(model_id: str, **changes: Any) -> GenerationRequest:
    """As few pixels, frames and steps as the model's own rules allow; all inputs that it takes."""
    row = catalogue_row(model_id)
    can, size = row.capabilities, small_size(model_id)
    assert can.frames is not None
    values: dict[str, Any] = {
        "model": row.id,
        "width": size[0],
        "height": size[1],
        "num_frames": can.frames.counts.covering(5),
        "fps": Fraction(can.frames.fps),
        "seed": 0,
        "prompt": "" if can.prompt is Need.NO else "gulls over the harbour",
        "image": None if can.image is Need.NO else keyframe(size),
        "steps": 2,
    }
    return GenerationRequest(**values | changes)
