"""What a child of the real worker works with: our generators, from a folder of weights."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from gpu_functions.generators.registry import open_generator
from gpu_functions.interpolation import Tools as InterpolationTools
from gpu_functions.runner.compiled import FOLDER, Compiled
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
    compiled : what torch compiled is kept here; beside the models when left out.
    kept : called after something was put there.
    """

    weights: Path
    scratch: Path | None = None
    small: Small | None = None
    compiled: Path | None = None
    kept: Callable[[], None] | None = None

    @classmethod
    def of(
        cls,
        weights: Path,
        *,
        scratch: Path | None = None,
        small: bool = False,
        compiled: Path | None = None,
        kept: Callable[[], None] | None = None,
    ) -> Self:
        return cls(weights, scratch, Small() if small else None, compiled, kept)

    def __call__(self, device: str) -> Tools:
        compiled = self.compiled or self.weights / FOLDER
        models = Models(
            weights=partial(weights_folder, self.weights),
            device=device,
            open_generator=open_generator,
            recipes_for=recipes_for,
            compiled=Compiled(compiled, device, kept=self.kept),
        )
        retime = Retime(InterpolationTools(weights=self.weights, device=device))
        return Tools(
            models=models,
            interpolate=retime,
            warm_up=retime.warm_up,
            scratch=self.scratch,
            small=self.small,
        )
