"""What all families share: load a pipeline, keep its promises around one call of it.

A family says which pipeline it is and how a request reads in that pipeline's words; everything
that can go wrong around the call is met here, once.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import diffusers
import torch

from gpu_functions import speed
from gpu_functions.generators.contract import (
    FramesUnusable,
    GeneratedFrames,
    GenerationRequest,
    OnStep,
    Recipe,
)
from gpu_functions.generators.faults import torch_faults
from gpu_functions.generators.pictures import to_frames
from gpu_functions.generators.rules import settled
from gpu_functions.generators.steps import watched_steps
from gpu_functions.weights.check import check_weights
from shared.catalog.model import ModelRow
from shared.errors import InternalFault

DTYPES = {name: getattr(torch, name) for name in ("bfloat16", "float16", "float32")}


class DiffusersGenerator(ABC):
    """One diffusers pipeline behind the contract.

    Attributes
    ----------
    pipeline_name : the class in diffusers.
    denoisers : the components that run once a step, where speed and memory are decided.
    float32 : components that lose quality in fewer bits.
    notes : what the recipe asked for and this machine could not give; after `load`.
    """

    pipeline_name: ClassVar[str]
    denoisers: ClassVar[tuple[str, ...]] = ("transformer",)
    float32: ClassVar[tuple[str, ...]] = ()

    def __init__(self, row: ModelRow) -> None:
        self.row = row
        self.notes: tuple[str, ...] = ()
        self._pipeline: Any = None

    def load(self, weights: Path, recipe: Recipe, device: str) -> None:
        """See `Generator.load`."""
        self._pipeline = None
        check_weights(self.row.id, weights)
        with torch_faults(f"loading {self.row.id} by recipe `{recipe.name}`"):
            pipeline = self.open_pipeline(weights, self._dtypes(recipe))
            pipeline.set_progress_bar_config(disable=True)
            self.notes = speed.apply(pipeline, recipe, device, self.denoisers)
            self._pipeline = pipeline

    def generate(self, request: GenerationRequest, on_step: OnStep) -> GeneratedFrames:
        """See `Generator.generate`."""
        if self._pipeline is None:
            raise InternalFault(f"{self.row.id} was asked for frames before it was loaded.")
        asked = settled(self.row, request)
        with torch_faults(f"generating with {self.row.id}"), torch.inference_mode():
            frames = to_frames(self._call(asked, on_step), model=self.row.id)
        if len(frames) != asked.num_frames:
            raise FramesUnusable(
                f"{self.row.id} made {len(frames)} frames where {asked.num_frames} were asked for."
            )
        return GeneratedFrames(
            frames=frames, fps=asked.fps, deviations=self._size_deviations(asked, frames.shape)
        )

    @abstractmethod
    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        """The request in the words of the pipeline; `steps` and `guidance` are decided."""

    def open_pipeline(self, weights: Path, dtypes: Mapping[str, torch.dtype]) -> Any:
        """The pipeline out of its folder, on the processor."""
        kind = getattr(diffusers, self.pipeline_name)
        return kind.from_pretrained(str(weights), dtype=dict(dtypes), local_files_only=True)

    @property
    def pipeline(self) -> Any:
        """The loaded pipeline, for benches and for those who look underneath."""
        return self._pipeline

    def _dtypes(self, recipe: Recipe) -> dict[str, torch.dtype]:
        return {"default": DTYPES[recipe.dtype], **dict.fromkeys(self.float32, torch.float32)}

    def _call(self, request: GenerationRequest, on_step: OnStep) -> torch.Tensor:
        # The noise is drawn on the processor, so that a seed means the same on every GPU.
        noise = torch.Generator("cpu").manual_seed(request.seed)
        with watched_steps(self._pipeline, request.steps or 1, on_step) as watching:
            output = self._pipeline(
                **self.arguments(request), **watching, generator=noise, output_type="pt"
            )
        video: torch.Tensor = output.frames[0]
        return video

    def _size_deviations(
        self, request: GenerationRequest, shape: tuple[int, ...]
    ) -> tuple[tuple[str, Any, Any, str], ...]:
        reason = f"{self.row.id} chooses its size by itself"
        sides = (("height", request.height, shape[1]), ("width", request.width, shape[2]))
        return tuple((*side, reason) for side in sides if side[1] != side[2])
