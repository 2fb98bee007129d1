"""Clips that nobody asked for, made so that the first one that somebody asks for need not wait."""

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
from PIL import Image

from gpu_functions.generators.contract import (
    FramesUnusable,
    GenerationRequest,
    Generator,
    OutOfMemory,
    Recipe,
)
from gpu_functions.runner.making import compiled_for
from gpu_functions.runner.models import Models
from gpu_functions.runner.picture import MOST_PIXELS
from shared.catalog.can import Need
from shared.catalog.model import ModelRow
from shared.errors import InvalidInput

NUMBER = re.compile(r"0*[1-9][0-9]{0,6}")
STEPS = 2
"""One for each expert, where a model has two."""

PROMPT = "waves roll to the shore"


@dataclass(frozen=True)
class ClipSize:
    """Pixels and frames of a clip as a model generates it."""

    width: int
    height: int
    frames: int

    @classmethod
    def read(cls, text: str) -> Self:
        """`832x480x81`.

        Raises
        ------
        InvalidInput
        """
        numbers = text.lower().replace("×", "x").split("x")
        if len(numbers) != 3 or not all(NUMBER.fullmatch(each) for each in numbers):
            raise InvalidInput(f"`{text[:60]}` is no size of a clip: write WIDTHxHEIGHTxFRAMES.")
        size = cls(*map(int, numbers))
        if size.width * size.height > MOST_PIXELS:
            raise InvalidInput(f"{size}: no model makes more than {MOST_PIXELS:,} pixels.")
        return size

    def __str__(self) -> str:
        return f"{self.width}×{self.height}, {self.frames} frames"


@dataclass(frozen=True)
class Prepared:
    """A size that was made twice; what the first clip took longer is compiling."""

    size: ClipSize
    recipe: str
    first_sec: float
    again_sec: float


def sizes_to_prepare(row: ModelRow, words: Iterable[str]) -> list[ClipSize]:
    """What the words name (`832x480x81`), the model's usual sizes where there are none.

    Raises
    ------
    InvalidInput : a word is no size.
    """
    return [ClipSize.read(word) for word in words] or usual_sizes(row)


def usual_sizes(row: ModelRow) -> list[ClipSize]:
    """The sizes that the catalogue names of a model, at its usual number of frames."""
    rule = row.capabilities.frames
    if rule is None:
        return []
    frames = rule.default_frames or rule.counts.covering(1)
    return [ClipSize(width, height, frames) for width, height in rule.sizes.values()]


def prepare(
    models: Models, row: ModelRow, gpu_class: str, sizes: Iterable[ClipSize]
) -> Iterator[Prepared]:
    """Have everything compiled that clips of these sizes need, and kept.

    Raises
    ------
    OutOfMemory : a size fits by no recipe.
    InvalidInput : a size is not one of the model's.
    """
    for size in sizes:
        request = _request(row, size)
        recipe, first = _with_some_recipe(models, row, gpu_class, request)
        models.keep_compiled(row.id, compiled_for(request, recipe))
        again = _made(models.ready(row.id, recipe), request)
        yield Prepared(size, recipe.name, first, again)


def _with_some_recipe(
    models: Models, row: ModelRow, gpu_class: str, request: GenerationRequest
) -> tuple[Recipe, float]:
    for recipe in models.recipes(row.id, gpu_class):
        try:
            return recipe, _made(models.ready(row.id, recipe), request)
        except OutOfMemory:
            models.drop()
    raise OutOfMemory(f"{row.id} does not fit here at {request.width}×{request.height}.")


def _made(generator: Generator, request: GenerationRequest) -> float:
    """Seconds of a clip; whether it shows anything does not matter."""
    began = time.perf_counter()
    with suppress(FramesUnusable):
        generator.generate(request, lambda done, of: None)
    return round(time.perf_counter() - began, 3)


def _request(row: ModelRow, size: ClipSize) -> GenerationRequest:
    can = row.capabilities
    rule = can.frames
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((size.width, size.height), Image.Resampling.BICUBIC)
    return GenerationRequest(
        model=row.id,
        width=size.width,
        height=size.height,
        num_frames=size.frames,
        fps=Fraction(rule.fps) if rule else Fraction(24),
        seed=0,
        prompt="" if can.prompt is Need.NO else PROMPT,
        image=None if can.image is Need.NO else picture,
        steps=STEPS,
        guidance=row.sampling.guidance if row.sampling else None,
    )
