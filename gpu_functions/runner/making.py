"""The first half: from the document to frames. It needs the GPU that generates."""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from gpu_functions.generators.contract import (
    GeneratedFrames,
    GenerationRequest,
    OutOfMemory,
    Recipe,
    Room,
    Shape,
)
from gpu_functions.generators.rooms import in_memory
from gpu_functions.runner.device import device_name, forget_peak, peak_gib
from gpu_functions.runner.errors import TooLate
from gpu_functions.runner.files import Files
from gpu_functions.runner.lease import Watch
from gpu_functions.runner.models import Models
from gpu_functions.runner.notes import Loaded, Notes
from gpu_functions.runner.picture import conditioning_picture
from gpu_functions.runner.small import Small
from shared.gpu_jobs.document import GpuJob
from shared.gpu_jobs.messages import Stage
from shared.gpu_jobs.report import Tried

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Frames = NDArray[np.uint8]

LOADED_PERCENT, GENERATED_PERCENT = 8, 80

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Take:
    """Frames as the model made them, and how many of them the clip spans."""

    made: GeneratedFrames
    used_frames: int


def make_frames(
    job: GpuJob,
    files: Files,
    watch: Watch,
    models: Models,
    notes: Notes,
    *,
    small: Small | None = None,
    room: Room = in_memory,
    now: Clock = lambda: datetime.now(UTC),
) -> Take:
    """Generate, with the first recipe that this GPU can hold.

    Parameters
    ----------
    room : where the frames are put as they are decoded.

    Raises
    ------
    OutOfMemory : with none of them.
    Stopped, TooLate, InvalidInput, FilesSilent, and whatever the generator raises.
    """
    notes.gpu = device_name(models.device)
    notes.revision = models.revision(job.model)
    if job.revision and notes.revision and job.revision not in notes.revision:
        reason = "the weights on this machine are of another commit"
        notes.deviate("model_revision", job.revision, notes.revision, reason)
    request, used = _asked(job, notes, small)
    notes.settings = _settings(request)
    with notes.timed(Stage.FETCHING):
        watch.at(Stage.FETCHING, 1)
        pictures = {
            name: conditioning_picture(files.read_input(name), (request.width, request.height))
            for name in job.inputs
        }
    request = replace(request, image=pictures.get("image"), last_frame=pictures.get("last_frame"))
    made = _with_some_recipe(job, request, watch, models, notes, room, now)
    for each in made.deviations:
        notes.deviate(*each)
    return Take(made, min(used, len(made.frames)))


def _with_some_recipe(
    job: GpuJob,
    request: GenerationRequest,
    watch: Watch,
    models: Models,
    notes: Notes,
    room: Room,
    now: Clock,
) -> GeneratedFrames:
    recipes = models.recipes(job.model, job.gpu_class)
    forget_peak(models.device)
    loads = models.loads
    for recipe in recipes:
        try:
            with notes.timed(Stage.LOADING, on_gpu=True):
                watch.at(Stage.LOADING, 2)
                generator = models.ready(job.model, recipe, job.settings.vram_cap_gb)
            notes.recipe = recipe.name
            loaded = _loaded(models, notes) if models.loads > loads else None
            with notes.generation(loaded) as steps:
                on_step = _on_step(job, watch, now, steps)
                made = generator.generate(request, on_step, _watched(room, job, watch, now))
            models.keep_compiled(job.model, compiled_for(request, recipe))
        except OutOfMemory as error:
            notes.tried.append(Tried(recipe=recipe.name, why=error.message[:500]))
            models.drop()
            continue
        finally:
            notes.peak_gb = peak_gib(models.device)
        return made
    tried = ", ".join(f"`{each.recipe}`" for each in notes.tried) or "none"
    raise OutOfMemory(
        f"{job.model} does not fit on {notes.gpu} at {request.width}×{request.height}, "
        f"{request.num_frames} frames; recipes tried: {tried}."
    )


def compiled_for(request: GenerationRequest, recipe: Recipe) -> tuple[Hashable, ...]:
    """What code that is compiled for a clip depends on."""
    size = (request.width, request.height, request.num_frames)
    inputs = (request.image is not None, request.last_frame is not None)
    return (recipe.name, *size, *inputs, request.guidance)


def _loaded(models: Models, notes: Notes) -> Loaded:
    """What loading took, the start of the process before it where this was its first model."""
    ready_sec = models.ready_sec if models.loads == 1 else 0.0
    return Loaded(ready_sec, notes.seconds[Stage.LOADING.value])


def _on_step(
    job: GpuJob, watch: Watch, now: Clock, ended: list[float]
) -> Callable[[int, int], None]:
    def told(done: int, of: int) -> None:
        ended.append(time.time())
        share = done / max(of, 1)
        watch.at(
            Stage.GENERATING,
            LOADED_PERCENT + round(share * (GENERATED_PERCENT - LOADED_PERCENT)),
        )
        _refuse_too_late(job, now, f"step {done} of {of}")

    return told


def _watched(room: Room, job: GpuJob, watch: Watch, now: Clock) -> Room:
    """The same room; while it is filled, a stop or the job's last moment ends the run."""

    def looking(pieces: "Iterable[Frames]") -> "Iterator[Frames]":
        for piece in pieces:
            watch.at(Stage.GENERATING, GENERATED_PERCENT)
            _refuse_too_late(job, now, "decoding")
            yield piece

    def watched(shape: Shape, pieces: "Iterable[Frames]") -> "Frames":
        return room(shape, looking(pieces))

    return watched


def _refuse_too_late(job: GpuJob, now: Clock, what: str) -> None:
    until = datetime.fromisoformat(job.deadline_at)
    if now() >= until:
        raise TooLate(f"{what} came after the job's last moment, {until}")


def _asked(job: GpuJob, notes: Notes, small: Small | None) -> tuple[GenerationRequest, int]:
    """The request to the generator, and how many of its frames the clip spans."""
    wanted = job.settings
    request = GenerationRequest(
        model=job.model,
        width=wanted.width,
        height=wanted.height,
        num_frames=wanted.num_frames,
        fps=Fraction(wanted.native_fps),
        seed=wanted.seed,
        prompt=wanted.prompt,
        negative_prompt=wanted.negative_prompt,
        steps=wanted.steps,
        guidance=wanted.guidance,
        extras=wanted.extras,
    )
    if small is None:
        return request, job.target.used_frames
    shrunk = small.shrunk(request)
    for name in ("width", "height", "num_frames", "steps"):
        asked, used = getattr(request, name), getattr(shrunk, name)
        if asked != used:
            notes.deviate(f"generated_{name}", asked, used, small.reason)
    return shrunk, min(job.target.used_frames, shrunk.num_frames)


def _settings(request: GenerationRequest) -> dict[str, Any]:
    """What is reported of the request: everything but the pictures."""
    return {
        "width": request.width,
        "height": request.height,
        "num_frames": request.num_frames,
        "fps": str(request.fps),
        "seed": request.seed,
        "steps": request.steps,
        "guidance": request.guidance,
        "extras": dict(request.extras),
    }
