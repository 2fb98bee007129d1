"""What a generator is: it loads one model, and makes frames from one decided request.

Pure Python at import: torch is met inside the families' modules only, so that the runner, the
worker's parent process and the tests can speak of generators without it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from shared.catalog.recipe import Recipe
from shared.errors import DropreelError, InternalFault, Transient

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

__all__ = [
    "Deviation",
    "FramesUnusable",
    "GeneratedFrames",
    "GenerationCancelled",
    "GenerationRequest",
    "Generator",
    "GpuLost",
    "OnStep",
    "OutOfMemory",
    "Recipe",
    "Room",
    "Shape",
    "WeightsMissing",
]

OnStep = Callable[[int, int], None]
"""Told after each denoising step: steps done, steps in all. May raise `GenerationCancelled`."""

Shape = tuple[int, int, int, int]
"""Frames, height, width, colours."""

Room = Callable[[Shape, Iterable["NDArray[np.uint8]"]], "NDArray[np.uint8]"]
"""Where a clip's frames are put while it is decoded: its shape, and its frames in order and some at
a time → all of them. Some are good until the next are asked for; asking makes them, and may raise
what `Generator.generate` raises."""

Deviation = tuple[str, Any, Any, str]
"""A forced change: field, what was asked, what was used, and the reason."""


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """One clip to be generated, every number decided.

    Attributes
    ----------
    image, last_frame : RGB, already at `width`×`height`; None for text-to-video.
    num_frames : obeys the model's frame rule; `fps` is the rate that it was trained at.
    seed : any integer from 0 to 2^63-1; 0 is a seed like any other.
    guidance, steps : None means the model's own default.
    extras : the family's own settings (`motion_bucket_id`, `noise_aug_strength` …).
    """

    model: str
    width: int
    height: int
    num_frames: int
    fps: Fraction
    seed: int
    prompt: str = ""
    negative_prompt: str | None = None
    image: "Image.Image | None" = None
    last_frame: "Image.Image | None" = None
    steps: int | None = None
    guidance: float | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GeneratedFrames:
    """What a generator made.

    Attributes
    ----------
    sound, sound_rate : of a model that makes its own: (channels, samples) float32 from -1 to 1,
        and samples a second.
    frames : (n, height, width, 3) uint8, full-range sRGB; a size other than the request's is
        among the deviations.
    fps : native rate of the frames.
    deviations : forced changes.
    """

    frames: "NDArray[np.uint8]"
    fps: Fraction
    deviations: tuple[Deviation, ...] = ()
    sound: "NDArray[np.float32] | None" = None
    sound_rate: int | None = None

    @property
    def heard(self) -> "tuple[NDArray[np.float32], int] | None":
        """The sound and its rate; None of a silent model."""
        if self.sound is None or self.sound_rate is None:
            return None
        return self.sound, self.sound_rate


class Generator(Protocol):
    """One model in memory. Instances live as long as their process and serve many requests."""

    def load(self, weights: Path, recipe: Recipe, device: str) -> None:
        """Load the model from a local folder in diffusers' format; no network.

        Raises
        ------
        WeightsMissing : names the file that is missing or damaged, and the command to get it.
        OutOfMemory : the recipe does not fit this GPU.
        """
        ...

    def generate(
        self, request: GenerationRequest, on_step: OnStep, room: Room = ...
    ) -> GeneratedFrames:
        """Make the frames of one clip; the same request and seed give the same frames.

        Parameters
        ----------
        room : where the frames are to lie; in memory where nothing is said.

        Raises
        ------
        InvalidInput : the request breaks the model's rules; says which, and what would do.
        OutOfMemory : the request does not fit with this recipe; the generator may be used again.
        GpuLost : the GPU failed; this process is of no use any more.
        FramesUnusable : NaN, infinite or constant frames; never handed on.
        GenerationCancelled : raised by `on_step`, passed through.
        """
        ...


class WeightsMissing(InternalFault):
    """A weight file is missing or damaged; says which, and how to get it."""


class OutOfMemory(DropreelError):
    """The GPU's memory is too small for this recipe; the next one may do."""


class GpuLost(Transient):
    """The GPU failed underneath; this process cannot go on, another one may."""


class FramesUnusable(InternalFault):
    """The model gave something that is no picture."""


class GenerationCancelled(DropreelError):
    """Somebody asked for the job to stop."""
