"""What a child of the real worker works with: our generators, from a folder of weights."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from gpu_functions.generators.registry import open_generator
from gpu_functions.interpolation import Tools as InterpolationTools
from gpu_functions.runner.models import Models
from gpu_functions.runner.retime import Retime
from gpu_functions.runner.run import Tools
from gpu_functions.runner.small import Small
from gpu_functions.weights.folder import weights_folder
from shared.catalog.recipes import recipes_for


@dataclass(frozen=True)
class WorkerTools:
    """Makes a child's tools; travels to it by pickle.

    Attributes
    ----------
    weights : a folder with a folder for each model (`weights_folder`).
    small : everything in miniature.
    """

    weights: Path
    scratch: Path | None = None
    small: Small | None = None

    @classmethod
    def of(cls, weights: Path, *, scratch: Path | None = None, small: bool = False) -> Self:
        return cls(weights, scratch, Small() if small else None)

    def __call__(self, device: str) -> Tools:
        models = Models(
            weights=partial(weights_folder, self.weights),
            device=device,
            open_generator=open_generator,
            recipes_for=recipes_for,
        )
        retime = Retime(InterpolationTools(weights=self.weights, device=device))
        return Tools(
            models=models,
            interpolate=retime,
            warm_up=retime.warm_up,
            scratch=self.scratch,
            small=self.small,
        )
