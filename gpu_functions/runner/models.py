"""What is loaded in this process: one model with one recipe, kept for the next job."""

import gc
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

from gpu_functions.generators.contract import Generator, OutOfMemory, Recipe
from gpu_functions.runner.compiled import Compiled
from gpu_functions.runner.device import CPU, cap_memory
from gpu_functions.weights.record import revision_of
from shared.catalog.catalog import find_model

OpenGenerator = Callable[[str], Generator]
RecipesFor = Callable[[str, str], tuple[Recipe, ...]]
"""Model and class of GPU → its recipes, the best first."""

WeightsOf = Callable[[str], Path]
"""Model → its folder."""


@dataclass(frozen=True)
class _Loaded:
    model: str
    recipe: str
    cap_gb: float | None
    generator: Generator


class Models:
    """The models of one process on one device.

    Memory is given back before another model is loaded: no GPU holds two.

    Attributes
    ----------
    ready_sec : from the start of the process until it could take its first job; its owner says so.
    loads : models that were loaded so far.
    """

    def __init__(
        self,
        *,
        weights: WeightsOf,
        device: str,
        open_generator: OpenGenerator,
        recipes_for: RecipesFor,
        compiled: Compiled | None = None,
    ) -> None:
        self._weights, self.device = weights, device
        self.ready_sec, self.loads = 0.0, 0
        self._open, self._recipes_for = open_generator, recipes_for
        self._compiled = compiled
        self._loaded: _Loaded | None = None

    def recipes(self, model: str, gpu_class: str) -> tuple[Recipe, ...]:
        """How to hold the model here; a processor has ways of its own."""
        return self._recipes_for(model, CPU if self.device == CPU else gpu_class)

    def ready(self, model: str, recipe: Recipe, cap_gb: float | None = None) -> Generator:
        """The model's generator, loaded by this recipe.

        Raises
        ------
        WeightsMissing, OutOfMemory, GpuLost
        """
        there = self._loaded
        if there and (there.model, there.recipe, there.cap_gb) == (model, recipe.name, cap_gb):
            return there.generator
        self.drop()
        cap_memory(self.device, cap_gb)
        if self._compiled:
            self._compiled.bring(model)
        generator = self._open(model)
        try:
            generator.load(self._weights(model), recipe, self.device)
        except OutOfMemory:
            del generator
            self.drop()
            raise
        self._loaded = _Loaded(model, recipe.name, cap_gb, generator)
        self.loads += 1
        return generator

    def keep_compiled(self, model: str, shape: Hashable) -> None:
        """Keep what was compiled for a clip of this shape, for later processes."""
        if self._compiled:
            self._compiled.keep(model, shape)

    def revision(self, model: str) -> str:
        """The commits that the weights here are of; empty where nobody wrote it down."""
        row = find_model(model)
        return revision_of(row, self._weights(model)) if row else ""

    def drop(self) -> None:
        """Give the memory back."""
        self._loaded = None
        gc.collect()
        if self.device != CPU:
            import torch  # noqa: PLC0415 - a process without a GPU may have none

            torch.cuda.empty_cache()
            # page-locked memory of weights that waited; torch before 2.13 may not know how
            getattr(torch.accelerator, "empty_host_cache", lambda: None)()
