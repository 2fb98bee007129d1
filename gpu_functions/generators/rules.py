"""Does a request obey its model? What the planner decides is checked again before the GPU works."""

from collections.abc import Iterator
from dataclasses import replace

from gpu_functions.generators.contract import Deviation, GenerationRequest
from shared.catalog.can import Need
from shared.catalog.model import ModelRow
from shared.catalog.recipe import SCHEDULES, Sampling
from shared.errors import InvalidInput, Problem

SEEDS = 2**63
STEPS = "num_inference_steps"
MOST_STEPS = 1000
LEAST_SIDES = 2
"""No video model sees anything in a picture of fewer than two of its own blocks a side."""


def settled(
    row: ModelRow, request: GenerationRequest
) -> tuple[GenerationRequest, tuple[Deviation, ...]]:
    """The request with every number filled in from the model's own defaults.

    Returns
    -------
    The request, and what of it cannot be had: a distilled model knows one schedule of steps.

    Raises
    ------
    InvalidInput : every rule of the model that the request breaks.
    """
    problems = [*_problems(row, request)]
    if problems:
        raise InvalidInput.because(problems)
    own = row.sampling or Sampling(steps=1)
    extras = {**own.settings, **request.extras}
    asked = extras.pop(STEPS, request.steps)
    schedule = next((extras[name] for name in SCHEDULES if name in extras), None)
    only = row.only_steps if schedule is None else len(schedule)
    steps = only or asked or own.steps
    guidance = own.guidance if request.guidance is None else request.guidance
    decided = replace(request, steps=int(steps), guidance=guidance, extras=extras)
    if asked in (None, steps):
        return decided, ()
    reason = f"{row.id} was distilled for one schedule of {steps} steps"
    return decided, (("steps", asked, steps, reason),)


def _problems(row: ModelRow, request: GenerationRequest) -> Iterator[Problem]:
    yield from _size_problems(row, request)
    yield from _picture_problems(row, request)
    if not 0 <= request.seed < SEEDS:
        yield Problem("seed", f"{request.seed} is not from 0 to 2^63-1.", "0 is a seed too.")
    yield from _guidance_problems(row, request)
    steps = request.extras.get(STEPS, request.steps)
    if steps is not None and not 1 <= steps <= MOST_STEPS:
        yield Problem("steps", f"{steps} steps of denoising.", f"Ask for 1 to {MOST_STEPS}.")
    own = row.sampling.settings if row.sampling else {}
    unknown = set(request.extras) - set(row.capabilities.extras) - set(own) - {STEPS}
    for name in sorted(unknown):
        known = ", ".join(row.capabilities.extras) or "none"
        yield Problem(f"extras.{name}", f"`{row.id}` has no such setting.", f"It has: {known}.")


def _guidance_problems(row: ModelRow, request: GenerationRequest) -> Iterator[Problem]:
    asked, span = request.guidance, row.capabilities.guidance
    if asked is None or (row.sampling and asked == row.sampling.guidance):
        return
    if span is None:
        yield Problem("guidance", f"`{row.id}` has no guidance control.", "Leave it out.")
    elif not span.holds(asked):
        message = f"`{row.id}` takes guidance from {span.low:g} to {span.high:g}, not {asked:g}."
        yield Problem("guidance", message, f"Nearest: {span.nearest(asked):g}.")


def _size_problems(row: ModelRow, request: GenerationRequest) -> Iterator[Problem]:
    rule = row.capabilities.frames
    if rule is None:
        return
    count, multiple = request.num_frames, rule.size_multiple
    legal = rule.counts.covering(count)
    if count != legal:
        hint = f"It makes {legal}."
        yield Problem("num_frames", f"`{row.id}` does not make {count} frames.", hint)
    for side in ("width", "height"):
        pixels = getattr(request, side)
        if pixels % multiple or pixels < LEAST_SIDES * multiple:
            yield Problem(
                side,
                f"{pixels} pixels; `{row.id}` needs a multiple of {multiple}.",
                f"Nearest: {max(LEAST_SIDES, round(pixels / multiple)) * multiple}.",
            )


def _picture_problems(row: ModelRow, request: GenerationRequest) -> Iterator[Problem]:
    can, size = row.capabilities, (request.width, request.height)
    for name in ("image", "last_frame"):
        picture, need = getattr(request, name), getattr(can, name)
        if picture is None:
            if need is Need.REQUIRED:
                yield Problem(name, f"`{row.id}` needs one.", "Give the keyframe.", "missing")
        elif need is Need.NO:
            yield Problem(name, f"`{row.id}` does not take one.", "Leave it out.")
        elif picture.size != size or picture.mode != "RGB":
            found = f"{picture.mode} {picture.width}×{picture.height}"
            yield Problem(name, f"is {found}, not RGB {size[0]}×{size[1]}.", "Bring it to size.")
    if can.prompt is Need.REQUIRED and not request.prompt.strip():
        yield Problem("prompt", f"`{row.id}` needs one.", "Say what happens.", "missing")
