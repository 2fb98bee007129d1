"""From a model's frames to the delivered ones: exactly as many, by the best way there is here."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from gpu_functions.generators.contract import GeneratedFrames
from gpu_functions.interpolation import Tools, interpolate_frames
from shared.gpu_jobs.document import Target

if TYPE_CHECKING:
    from numpy.typing import NDArray

WARM_SIZE = (64, 64)


@dataclass(frozen=True)
class Retime:
    """`Interpolate` with what this machine has for it."""

    tools: Tools = field(default_factory=Tools)

    def __call__(
        self, frames: "NDArray[np.uint8]", fps: Fraction, target: Target
    ) -> "tuple[NDArray[np.uint8], str]":
        base = GeneratedFrames(frames=frames, fps=fps)
        made = interpolate_frames(base, target.rate, target.duration_sec, target.method, self.tools)
        return made.frames, made.method

    def warm_up(self) -> None:
        """Open what the best way needs, and let it make one frame."""
        black = np.zeros((2, *WARM_SIZE, 3), np.uint8)
        base = GeneratedFrames(frames=black, fps=Fraction(1))
        interpolate_frames(base, 2, 1.5, tools=self.tools)
