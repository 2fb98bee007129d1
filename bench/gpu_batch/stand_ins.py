"""What stands for trained weights on a GPU, and for a GPU where there is none."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gpu_functions.generators.contract import (
    FramesUnusable,
    GeneratedFrames,
    GenerationRequest,
    Generator,
    OnStep,
    Recipe,
    Room,
    Shape,
)
from gpu_functions.generators.rooms import in_memory
from gpu_functions.interpolation.tools import Tools as InterpolationTools
from gpu_functions.runner.device import CPU
from gpu_functions.runner.models import Models
from gpu_functions.runner.retime import Retime
from gpu_functions.runner.run import Tools
from shared.catalog.recipes import recipes_for
from shared.gpu_jobs.document import Target

KEYFRAME = Path(__file__).parents[2] / "examples" / "first-batch" / "coffee.png"
DENOISING_SHARE = 0.7
"""Of a sleeping model's seconds; the rest is its decoding."""

PIECE = 8
"""Frames that a sleeping model decodes at a time."""

SMALL_STRIDE = 8
"""Every eighth pixel of a frame goes on after a sleeping interpolation."""


class Film:
    """A slow move over the keyframe, in the frames' place; made once a size."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, ...], NDArray[np.uint8]] = {}

    def of(self, request: GenerationRequest) -> NDArray[np.uint8]:
        shape = (request.num_frames, request.height, request.width)
        if shape not in self._made:
            count, height, width = shape
            with Image.open(KEYFRAME) as picture:
                wide = picture.convert("RGB").resize((width + count, height + count))
            pixels = np.asarray(wide)
            frames = [pixels[i : i + height, i : i + width] for i in range(count)]
            self._made[shape] = np.stack(frames)
        return self._made[shape]


class RealSize:
    """A generator whose random weights are made on the GPU, and whose frames are a photograph's.

    Parameters
    ----------
    relative : name in `bench.gpu_sizes` of a relative that stands for the model.
    """

    def __init__(self, generator: Any, relative: str) -> None:
        self._generator, self._relative = generator, relative
        self._film = Film()

    def load(self, weights: Path, recipe: Recipe, device: str) -> None:
        from bench import gpu_sizes  # noqa: PLC0415 - torch is for the child
        from bench.gpu import of_drawn, real_pipeline  # noqa: PLC0415

        real = {"real": getattr(gpu_sizes, self._relative)} if self._relative else {}
        pipeline = real_pipeline(self._generator.row.id, recipe, device, **real)
        self._generator.hold(pipeline, of_drawn(recipe), device)

    def generate(
        self, request: GenerationRequest, on_step: OnStep, room: Room = in_memory
    ) -> GeneratedFrames:
        film = self._film.of(request)

        def filmed(_: Shape, pieces: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
            return room(film.shape, _instead(pieces, film))

        try:
            made = self._generator.generate(request, on_step, filmed)
        except FramesUnusable:  # random weights may well decode to one colour, in the same time
            made = GeneratedFrames(frames=room(film.shape, [film]), fps=request.fps)
        return replace(made, deviations=())


def _instead(
    pieces: Iterable[NDArray[np.uint8]], film: NDArray[np.uint8]
) -> Iterator[NDArray[np.uint8]]:
    """So many frames of the film for each piece, when the piece is there."""
    at = 0
    for piece in pieces:
        yield film[at : at + len(piece)]
        at += len(piece)


class Sleeper:
    """A generator that takes a GPU's time, in steps and a decoding, and no processor's.

    Parameters
    ----------
    clip_sec : that a clip takes.
    """

    def __init__(self, clip_sec: float) -> None:
        self._clip_sec, self._film = clip_sec, Film()

    def load(self, weights: Path, recipe: Recipe, device: str) -> None:
        """There is nothing to load."""

    def generate(
        self, request: GenerationRequest, on_step: OnStep, room: Room = in_memory
    ) -> GeneratedFrames:
        film, steps = self._film.of(request), request.steps or 1
        for step in range(steps):
            time.sleep(DENOISING_SHARE * self._clip_sec / steps)
            on_step(step + 1, steps)
        return GeneratedFrames(frames=room(film.shape, self._decoded(film)), fps=request.fps)

    def _decoded(self, film: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """Some frames at a time, each when it is decoded."""
        for at in range(0, len(film), PIECE):
            piece = film[at : at + PIECE]
            time.sleep((1 - DENOISING_SHARE) * self._clip_sec * len(piece) / len(film))
            yield piece


@dataclass(frozen=True)
class SleepyRetime:
    """`Interpolate` that takes its time, and gives small frames, which are encoded in no time."""

    seconds: float

    def __call__(
        self, frames: NDArray[np.uint8], fps: Fraction, target: Target
    ) -> tuple[NDArray[np.uint8], str]:
        time.sleep(self.seconds)
        there = np.linspace(0, len(frames) - 1, target.frame_count).round().astype(int)
        return np.ascontiguousarray(frames[there, ::SMALL_STRIDE, ::SMALL_STRIDE]), "asleep"


@dataclass(frozen=True)
class BatchTools:
    """A child's tools; travels to it by pickle.

    Attributes
    ----------
    weights : folder with RIFE's file, and on a processor the tiny model's folder.
    levers : beside those of the recipe.
    asleep : seconds to generate a clip and to interpolate it, where both only sleep.
    """

    weights: Path
    scratch: Path
    gpu_class: str
    relative: str = ""
    levers: Mapping[str, Any] = field(default_factory=dict)
    asleep: Sequence[float] = ()

    def __call__(self, device: str) -> Tools:
        def opened(model: str) -> Generator:
            if self.asleep:
                return Sleeper(self.asleep[0])
            from gpu_functions.generators.registry import open_generator  # noqa: PLC0415

            generator = open_generator(model)
            return generator if device == CPU else RealSize(generator, self.relative)

        models = Models(
            weights=lambda model: self.weights / model,
            device=device,
            open_generator=opened,
            recipes_for=self._recipes,
        )
        if self.asleep:
            slow = SleepyRetime(self.asleep[1])
            return Tools(models=models, interpolate=slow, scratch=self.scratch)
        retime = Retime(InterpolationTools(weights=self.weights, device=device))
        return Tools(
            models=models, interpolate=retime, warm_up=retime.warm_up, scratch=self.scratch
        )

    def _recipes(self, model: str, gpu_class: str) -> tuple[Recipe, ...]:
        return tuple(
            recipe.model_copy(update={"levers": {**recipe.levers, **self.levers}})
            for recipe in recipes_for(model, gpu_class)
        )
