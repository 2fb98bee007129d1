"""What all families share: load a pipeline, keep its promises around one call of it.

A family says which pipeline it is and how a request reads in that pipeline's words; everything
that can go wrong around the call is met here, once.
"""

import importlib.util
import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import diffusers
import torch
import transformers

from gpu_functions import speed
from gpu_functions.generators.contract import (
    Deviation,
    GeneratedFrames,
    GenerationRequest,
    OnStep,
    Recipe,
    Room,
)
from gpu_functions.generators.faults import torch_faults
from gpu_functions.generators.pictures import put_down
from gpu_functions.generators.rooms import in_memory
from gpu_functions.generators.rules import settled
from gpu_functions.generators.steps import watched_steps
from gpu_functions.prompt_cache import remember_prompts
from gpu_functions.weights.check import check_weights
from gpu_functions.weights.straight import load_parts
from shared.catalog.model import ModelRow
from shared.errors import InternalFault

# Bars in a log file are lines upon lines of noise.
diffusers.utils.logging.disable_progress_bar()
transformers.utils.logging.disable_progress_bar()

logger = logging.getLogger(__name__)

DTYPES = {name: getattr(torch, name) for name in ("bfloat16", "float16", "float32")}


class DiffusersGenerator(ABC):
    """One diffusers pipeline behind the contract.

    Attributes
    ----------
    pipeline_name : the class in diffusers.
    words_alone : the class that makes clips without a picture from the same parts, where there is
        one and `pipeline_name` cannot.
    denoisers : the components that run once a step, where speed and memory are decided.
    float32 : components that lose quality in fewer bits.
    packages : what diffusers uses for this family without asking whether it is there.
    output_type : what the pipeline is asked for; `pieces` makes frames of it.
    notes : what the recipe asked for and this machine could not give; after `load`.
    """

    pipeline_name: ClassVar[str]
    words_alone: ClassVar[str] = ""
    denoisers: ClassVar[tuple[str, ...]] = ("transformer",)
    float32: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ()
    output_type: ClassVar[str] = "pt"

    def __init__(self, row: ModelRow) -> None:
        self.row = row
        self.notes: tuple[str, ...] = ()
        self._pipeline: Any = None
        self._for_words: Any = None

    def load(self, weights: Path, recipe: Recipe, device: str) -> None:
        """See `Generator.load`."""
        self._pipeline = self._for_words = None
        check_weights(self.row.id, weights)
        self._require_packages()
        with torch_faults(f"loading {self.row.id} by recipe `{recipe.name}`"):
            dtypes = self._dtypes(recipe)
            parts = load_parts(weights, dtypes, device) if recipe.load == "straight" else {}
            self.hold(self.open_pipeline(weights, dtypes, **parts), recipe, device)
        if self.notes:
            notes = "; ".join(self.notes)
            logger.warning("%s, recipe `%s`: %s", self.row.id, recipe.name, notes)

    def hold(self, pipeline: Any, recipe: Recipe, device: str) -> None:
        """Take a pipeline that is in memory, and bring it to its device as the recipe says."""
        pipeline.set_progress_bar_config(disable=True)
        self.notes = speed.apply(pipeline, recipe, device, self.denoisers)
        self._pipeline, self._for_words = pipeline, None
        self._remembers = bool(recipe.levers.get("prompt_cache"))

    def generate(
        self, request: GenerationRequest, on_step: OnStep, room: Room = in_memory
    ) -> GeneratedFrames:
        """See `Generator.generate`."""
        if self._pipeline is None:
            raise InternalFault(f"{self.row.id} was asked for frames before it was loaded.")
        asked, deviations = settled(self.row, request)
        with torch_faults(f"generating with {self.row.id}"), torch.inference_mode():
            try:
                output = self._call(asked, on_step)
                frames = put_down(self.pieces(output), asked.num_frames, room, model=self.row.id)
            finally:
                self._clear_gpu()
        deviations += self._size_deviations(asked, frames.shape)
        return self.made(
            GeneratedFrames(frames=frames, fps=asked.fps, deviations=deviations), output
        )

    @abstractmethod
    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        """The request in the words of the pipeline; `steps` and `guidance` are decided."""

    def pieces(self, output: Any) -> Iterator[torch.Tensor]:
        """The clip out of what the pipeline gave: (n, 3, height, width) from 0 to 1, n in all its
        frames; for families that can make some of them before the rest.
        """
        yield output.frames[0]

    def made(self, frames: GeneratedFrames, output: Any) -> GeneratedFrames:
        """What is handed out; for families whose output holds more than frames."""
        return frames

    def open_pipeline(self, weights: Path, dtypes: Mapping[str, torch.dtype], **parts: Any) -> Any:
        """The pipeline out of its folder, on the processor; but for `parts`, which are loaded."""
        kind = getattr(diffusers, self.pipeline_name)
        return kind.from_pretrained(
            str(weights), dtype=dict(dtypes), local_files_only=True, **parts
        )

    @property
    def pipeline(self) -> Any:
        """The loaded pipeline, for benches and for those who look underneath."""
        return self._pipeline

    def _require_packages(self) -> None:
        missing = [name for name in self.packages if importlib.util.find_spec(name) is None]
        if missing:
            names = " ".join(missing)
            raise InternalFault(f"{self.row.id} needs the package {names}: pip install {names}.")

    def _dtypes(self, recipe: Recipe) -> dict[str, torch.dtype]:
        return {"default": DTYPES[recipe.dtype], **dict.fromkeys(self.float32, torch.float32)}

    def _call(self, request: GenerationRequest, on_step: OnStep) -> Any:
        pipeline = self._pipeline_for(request)
        # The noise is drawn on the processor, so that a seed means the same on every GPU.
        noise = torch.Generator("cpu").manual_seed(request.seed)
        watched = watched_steps(pipeline, request.steps or 1, on_step)
        with torch.random.fork_rng(), watched as watching:
            # AnimateDiff draws from here what it should draw from `noise`.
            torch.manual_seed(request.seed)
            return pipeline(
                **self.arguments(request),
                **watching,
                generator=noise,
                output_type=self.output_type,
            )

    def _clear_gpu(self) -> None:
        """With offload, send back what is left on the GPU.

        A pipeline does so at its own end only, which some runs do not see and others decode after;
        the next run's first part would not fit beside it.
        """
        with suppress(RuntimeError):  # of a GPU that is gone; what happened to it is told already
            self._pipeline.maybe_free_model_hooks()

    def _pipeline_for(self, request: GenerationRequest) -> Any:
        """The one for pictures, or its sister for words alone, over the same parts."""
        if request.image is not None or not self.words_alone:
            return self._pipeline
        if self._for_words is None:
            self._for_words = sister(self._pipeline, self.words_alone)
            if self._remembers:
                remember_prompts(self._for_words)
        return self._for_words

    def _size_deviations(
        self, request: GenerationRequest, shape: tuple[int, ...]
    ) -> tuple[Deviation, ...]:
        reason = f"{self.row.id} chooses its size by itself"
        sides = (("height", request.height, shape[1]), ("width", request.width, shape[2]))
        return tuple((*side, reason) for side in sides if side[1] != side[2])


def sister(pipeline: Any, name: str) -> Any:
    """Another pipeline over the same loaded parts and settings.

    Not by `from_pipe`: it casts every part to float32 on its way.
    """
    kind = getattr(diffusers, name)
    known = inspect.signature(kind.__init__).parameters
    has = {**pipeline.config, **pipeline.components}
    made = kind(**{key: has[key] for key in known if key in has})
    made.set_progress_bar_config(disable=True)
    return made
