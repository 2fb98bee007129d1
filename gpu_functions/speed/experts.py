"""Two experts take turns in one place on the GPU: `offload: experts`.

Wan 2.2 A14B has one denoiser for the noisy steps and one for the rest, of one build. Both wait in
the machine's memory, and one lies on the GPU. While the last forward of an expert runs, each
block's weights are followed by the other's as soon as the block has run; so they are there when
their turn comes, and after the last step the first expert's come back while frames are decoded.

Which weights are right is decided block by block when they are needed. To bring them early only
saves time: after a clip that was cancelled they are brought as they are needed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers.hooks import apply_group_offloading

from gpu_functions.generators.contract import OutOfMemory
from gpu_functions.speed.lever import is_cpu, parts_of, repeated_blocks
from gpu_functions.speed.machine_memory import GIB, free_bytes
from gpu_functions.speed.parking import ENCODERS
from gpu_functions.speed.swapping import Part, Place, locked_bytes, packed, sizes_of, tensors_of

FIRST, SECOND = 0, 1
EXPERTS = 2


def take_turns(pipeline: Any, device: str, denoisers: Sequence[str]) -> str | None:
    """Let the pipeline's two denoisers share a place; encoders are streamed when they are called.

    A GPU that has no room for the second expert has none for an encoder of 11 GB either.

    Raises
    ------
    OutOfMemory : the machine's own memory is too small for both.
    """
    if not _of_one_build(parts_of(pipeline, denoisers)):
        pipeline.to(device)
        return "there are no two experts of one build"
    name, other = denoisers
    model, on_gpu = getattr(pipeline, name), not is_cpu(device)
    _require_memory(model)
    second = packed(tensors_of(getattr(pipeline, other)), page_locked=on_gpu)
    setattr(pipeline, other, model)  # its memory is given back before the first is copied
    first = packed(tensors_of(model), page_locked=on_gpu)
    _to_device(pipeline, device)
    blocks, parts = _blocks_and_parts(model)
    place = Place(tensors_of(model), (first, second), parts, device)
    turns = Turns(pipeline, model.forward, place)
    for part, block in enumerate(blocks):
        owner, _, last = block.rpartition(".")
        watched = _Block(model.get_submodule(block), part, turns)
        setattr(model.get_submodule(owner), last, watched)
    model.forward = turns
    setattr(pipeline, other, Second(model, turns))
    return None


def _require_memory(model: torch.nn.Module) -> None:
    """Both packed, when the second's own weights are given back and the first's are not yet."""
    sizes = sizes_of(tensors_of(model))
    needed, free = 2 * locked_bytes(sizes) - sum(sizes.values()), free_bytes()
    if free is not None and free < needed:
        raise OutOfMemory(
            f"Two experts that take turns need {needed / GIB:.1f} GiB more of the machine's "
            f"memory; {free / GIB:.1f} are free."
        )


class Turns:
    """The shared denoiser's forward, with the weights of the expert whose turn it is.

    Attributes
    ----------
    whose : the expert that is called.
    """

    def __init__(self, pipeline: Any, plain: Callable[..., Any], place: Place) -> None:
        self._pipeline, self._plain, self._place = pipeline, plain, place
        self.whose = self._now = self._next = self._after_step = FIRST
        self._step = self._forwards = 0
        self._times: Any = None
        self._usual: int | None = None

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self._now = self.whose
        self._next = self._after_step if self._last_of_its_step() else self._now
        place = self._place
        place.bring_all(self._now)
        place.use(self._now, len(place.parts) - 1)
        made = self._plain(*arguments, **named)
        place.bring_all(self._next)
        return made

    def begin(self, part: int) -> None:
        self._place.use(self._now, part)

    def end(self, part: int) -> None:
        self._place.bring(self._next, part)

    def _last_of_its_step(self) -> bool:
        """By how many forwards the step before took: guidance and its lever decide.

        Not known in a clip's first step; then nothing is brought early. Each clip has a schedule
        of its own.
        """
        scheduler = self._pipeline.scheduler
        step, same_clip = scheduler.step_index or 0, scheduler.timesteps is self._times
        if same_clip and step == self._step:
            self._forwards += 1
        else:
            self._usual = self._forwards if same_clip else None
            self._times, self._step, self._forwards = scheduler.timesteps, step, 1
            self._after_step = self._expert_at(step + 1)
        return self._forwards == self._usual

    def _expert_at(self, step: int) -> int:
        """By the pipeline's rule; after the last step, that of the next clip's first."""
        trained = self._pipeline.scheduler.config.num_train_timesteps
        boundary = self._pipeline.config.boundary_ratio * trained
        return FIRST if self._times[step % len(self._times)] >= boundary else SECOND


class Second:
    """The second expert as the pipeline meets it: the module of the first, in its turn."""

    def __init__(self, model: Any, turns: Turns) -> None:
        self._model, self._turns = model, turns

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self._turns.whose = SECOND
        try:
            return self._model(*arguments, **named)
        finally:
            self._turns.whose = FIRST

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


class _Block(torch.nn.Module):
    """A block that waits for its weights and lets the next expert's in; it compiles as ever."""

    def __init__(self, block: torch.nn.Module, part: int, turns: Turns) -> None:
        super().__init__()
        self.block, self._part, self._turns = block, part, turns

    def forward(self, *arguments: Any, **named: Any) -> Any:
        self._turns.begin(self._part)
        made = self.block(*arguments, **named)
        self._turns.end(self._part)
        return made


def _of_one_build(models: Sequence[torch.nn.Module]) -> bool:
    builds = [
        {name: (each.shape, each.dtype) for name, each in tensors_of(model).items()}
        for model in models
    ]
    return len(builds) == EXPERTS and builds[0] == builds[1]


def _blocks_and_parts(model: Any) -> tuple[list[str], list[Part]]:
    """The blocks' names; and the names of the weights of each, and of all that is in none."""
    inside = {id(each) for each in repeated_blocks(model)}
    blocks = [name for name, module in model.named_modules() if id(module) in inside]
    names = tensors_of(model)
    parts = [[name for name in names if name.startswith(f"{block}.")] for block in blocks]
    known = {name for part in parts for name in part}
    return blocks, [*parts, [name for name in names if name not in known]]


def _to_device(pipeline: Any, device: str) -> None:
    for name, component in pipeline.components.items():
        if not isinstance(component, torch.nn.Module):
            continue
        if name.startswith(ENCODERS) and not is_cpu(device):
            apply_group_offloading(
                component,
                onload_device=torch.device(device),
                offload_device=torch.device("cpu"),
                offload_type="leaf_level",
                use_stream=True,
                low_cpu_mem_usage=True,
            )
        else:
            component.to(device)
