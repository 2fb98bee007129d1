"""How many GPU seconds a clip takes: what was measured, and what is worked out from it.

| basis | means |
| --- | --- |
| `measured` | a bench of ours ran this model at this size, frames and steps on this class of GPU |
| `arithmetic` | a row of other numbers, brought to these: in proportion to pixels, frames, steps |

A row may itself be published by somebody else; then nothing that comes of it is called measured.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Self

from pydantic import Field, model_validator

from shared.catalog.catalog import find_model
from shared.catalog.recipe import GpuClass
from shared.clip import Document

FILE = "clip_seconds.json"
"""Beside this module; `bench.seconds` writes it."""


class Basis(StrEnum):
    """Who says so: a bench of ours, or somebody else."""

    MEASURED = "measured"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Shape:
    """What a clip's seconds depend on: the generated size, frames, and steps of denoising."""

    width: int
    height: int
    frames: int
    steps: int

    @property
    def volume(self) -> int:
        """Pixels of all frames; a model's tokens are in proportion to them."""
        return self.width * self.height * self.frames

    def __str__(self) -> str:
        return f"{self.width}×{self.height}, {self.frames} frames, {self.steps} steps"


class ClipSeconds(Document):
    """One row.

    Attributes
    ----------
    recipe : that ran; empty where nobody says.
    width, height, frames, steps : as asked of the pipeline, before interpolation.
    clip_sec : one generation, warm: prompt, picture, steps, decoding, frames in the machine's
        memory. Not loading, compiling, interpolating, encoding or uploading.
    step_sec : one step of denoising with all its forwards, warm.
    hand_off_sec : interpolating, encoding and uploading. A rented GPU is paid for it too.
    load_sec : from the weights' folder to the GPU, in a fresh process.
    first_step_sec : from the call to the end of the first step of the first clip, compiling
        included.
    cold_start_sec : from the start of the process to the end of that step.
    on : the day; None where the source bears none.
    source : the command, or who published it.
    note : what makes the figure less than the whole truth.
    """

    basis: Basis
    model: str
    gpu_class: GpuClass
    recipe: str = ""
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    frames: int = Field(gt=0)
    steps: int = Field(gt=0)
    clip_sec: float = Field(gt=0)
    step_sec: float | None = Field(None, gt=0)
    hand_off_sec: float | None = Field(None, ge=0)
    load_sec: float | None = Field(None, ge=0)
    first_step_sec: float | None = Field(None, ge=0)
    cold_start_sec: float | None = Field(None, ge=0)
    peak_gib: float | None = Field(None, ge=0)
    device: str = Field(min_length=1)
    on: date | None = None
    source: str = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _measured_says_how(self) -> Self:
        if self.basis is Basis.MEASURED and not (self.recipe and self.on):
            raise ValueError("a measured row names its recipe and its day")
        return self

    @property
    def shape(self) -> Shape:
        return Shape(self.width, self.height, self.frames, self.steps)

    @property
    def key(self) -> tuple[str, ...]:
        """Rows of one key replace each other."""
        shape = (str(part) for part in (self.width, self.height, self.frames, self.steps))
        return (self.model, self.gpu_class.value, self.recipe, *shape, self.device)

    @property
    def said(self) -> str:
        """`measured on NVIDIA H100 80GB HBM3, 2026-11-26`."""
        day = f", {self.on.isoformat()}" if self.on else ""
        if self.basis is Basis.MEASURED:
            return f"measured on {self.device}{day}"
        return f"published for {self.device}{day}: {self.source}"

    def seconds_of(self, shape: Shape) -> float:
        """The seconds of a clip of another shape, worked out.

        In proportion to its pixels, frames and steps; where `step_sec` is known, what is no
        denoising does not grow with the steps. Attention grows faster than that, so a much larger
        clip takes longer than this says, and a much smaller one less.
        """
        step = self.step_sec or self.clip_sec / self.steps
        rest = max(0.0, self.clip_sec - step * self.steps)
        return (rest + step * shape.steps) * shape.volume / self.shape.volume


@dataclass(frozen=True)
class GpuSeconds:
    """What a clip takes, and how well that is known.

    Attributes
    ----------
    generating : GPU seconds of the generation.
    handing_off : what a rented GPU waits for besides; 0 where nobody measured it.
    measured : this very shape was.
    said : a sentence's part: `measured on …`, `arithmetic, from …`.
    """

    generating: float
    handing_off: float
    measured: bool
    said: str


@cache
def clip_seconds() -> tuple[ClipSeconds, ...]:
    """Every row."""
    document = json.loads(files("shared.catalog").joinpath(FILE).read_bytes())
    return tuple(ClipSeconds.model_validate(each) for each in document["rows"])


def seconds_for(
    model: str, gpu_class: str, shape: Shape, rows: Sequence[ClipSeconds] | None = None
) -> GpuSeconds | None:
    """The seconds of a clip; None where nobody knows anything of the model on this class.

    A measured row of this very shape counts first; then the measured, else the published row whose
    work is nearest, brought to this shape. Of several the recipe decides that the catalogue
    prefers, then the day.
    """
    there = clip_seconds() if rows is None else rows
    known = [row for row in there if (row.model, row.gpu_class) == (model, gpu_class)]
    if not known:
        return None
    recipes = _preferred(model, gpu_class)
    best = min(known, key=lambda row: _rank(row, shape, recipes))
    handing_off = best.hand_off_sec or 0.0
    if best.shape == shape and best.basis is Basis.MEASURED:
        return GpuSeconds(best.clip_sec, handing_off, True, best.said)
    if best.shape == shape:
        return GpuSeconds(best.clip_sec, handing_off, False, f"arithmetic; {best.said}")
    said = f"arithmetic, from {best.clip_sec:g} s for {best.shape}, {best.said}"
    return GpuSeconds(best.seconds_of(shape), handing_off, False, said)


def _preferred(model: str, gpu_class: str) -> list[str]:
    """Names of the recipes, the catalogue's first choice first."""
    row = find_model(model)
    return list(row.recipes.get(GpuClass(gpu_class), ())) if row else []


def _rank(row: ClipSeconds, shape: Shape, recipes: Sequence[str]) -> tuple[float, ...]:
    """What decides between two rows, the smaller first: basis, distance, recipe, day."""
    work = abs(math.log(row.shape.volume * row.steps / (shape.volume * shape.steps)))
    place = recipes.index(row.recipe) if row.recipe in recipes else len(recipes)
    exact = row.shape == shape
    measured = row.basis is Basis.MEASURED
    return (not (exact and measured), not measured, work, place, -(row.on or date.min).toordinal())
