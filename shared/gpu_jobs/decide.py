"""From what a job asks for to numbers that the model can make; every forced change is noted."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from shared.catalog.can import FrameRule
from shared.catalog.clip_seconds import Shape
from shared.catalog.model import ModelRow
from shared.clip import Deviation
from shared.errors import InternalFault, InvalidInput
from shared.frames import FramePlan, frame_plan
from shared.frames import FrameRule as Counts
from shared.gpu_jobs.document import Settings, Target
from shared.jobs.job import Job
from shared.jobs.request import Delivery, VideoRequest

SEEDS = 2**63
WIDE = 16 / 9
"""Of a model that does not name its sizes: what a resolution's name promises of the area."""

LEAST_SIDES = 2
"""Blocks a side below which no video model sees anything."""

SLOWER = 1.0001

FRAMES, STEPS = "num_frames", "num_inference_steps"
GPU, VRAM_CAP = "gpu", "vram_cap_gb"


@dataclass(frozen=True)
class Decided:
    """The numbers, the rate and count they become, and what had to change."""

    settings: Settings
    target: Target
    deviations: tuple[Deviation, ...]


def decide(job: Job, row: ModelRow) -> Decided:
    """Decide every number of a generation.

    Raises
    ------
    InvalidInput : the clip cannot be made by this model, whatever is changed.
    """
    rule = row.capabilities.frames
    if rule is None:
        raise InternalFault(f"the catalogue does not say what frames {row.id} makes")
    delivery = job.request.delivery or _as_the_model_makes_it(job.request, row, rule)
    size, plan = _size_and_frames(job.request, delivery, row, rule)
    params = dict(job.request.params)
    frames, steps = params.pop(FRAMES, None), params.pop(STEPS, None)
    cap, _ = params.pop(VRAM_CAP, None), params.pop(GPU, None)
    settings = Settings(
        width=size[0],
        height=size[1],
        num_frames=plan.base_count,
        native_fps=str(plan.native_rate),
        seed=decided_seed(job.job_id, job.request.seed),
        prompt=job.request.prompt,
        negative_prompt=job.request.negative_prompt,
        steps=steps if steps is not None else _usual_steps(row),
        guidance=job.request.guidance if job.request.guidance is not None else _usual_guidance(row),
        extras={**_usual_settings(row), **params},
        vram_cap_gb=cap,
    )
    target = Target(
        fps=str(plan.rate),
        frame_count=plan.frame_count,
        duration_sec=delivery.duration_sec,
        used_frames=plan.used_count,
        method=delivery.interpolation,
    )
    return Decided(settings, target, tuple(_deviations(delivery, size, plan, frames, row)))


def shape_of(request: VideoRequest, row: ModelRow) -> Shape | None:
    """What the request's GPU seconds depend on; None where the catalogue does not say it all.

    Raises
    ------
    InvalidInput : the clip cannot be made by this model, whatever is changed.
    """
    rule = row.capabilities.frames
    steps = row.only_steps or request.params.get(STEPS, _usual_steps(row))
    if rule is None or not isinstance(steps, int):
        return None
    if request.resolution == "auto":
        request = request.model_copy(update={"resolution": None})
    delivery = request.delivery or _as_the_model_makes_it(request, row, rule)
    (width, height), plan = _size_and_frames(request, delivery, row, rule)
    return Shape(width, height, plan.base_count, max(1, steps))


def _size_and_frames(
    request: VideoRequest, delivery: Delivery, row: ModelRow, rule: FrameRule
) -> tuple[tuple[int, int], FramePlan]:
    lines, area = _lines_and_area(request, row, rule)
    size = generation_size((delivery.width, delivery.height), lines, area, rule.size_multiple)
    plan = frame_plan(delivery.duration_sec, delivery.fps, str(rule.fps), rule.counts)
    frames = request.params.get(FRAMES)
    return size, plan if frames is None else with_frames(plan, int(frames), rule.counts)


def with_frames(plan: FramePlan, asked: int, counts: Counts) -> FramePlan:
    """The plan with as many generated frames as the creator asks for, or the next legal number."""
    base = counts.covering(asked)
    used = min(base, plan.used_count)
    span = Fraction(plan.frame_count - 1) / plan.rate
    stretch = float(span * plan.native_rate / (used - 1)) if used > 1 else 1.0
    return replace(plan, base_count=base, used_count=used, stretch=stretch)


def _as_the_model_makes_it(request: VideoRequest, row: ModelRow, rule: FrameRule) -> Delivery:
    """What comes of a request that no batch will finish: the model's own rate and size."""
    image, named = request.image, row.capabilities.default_resolution or ""
    width, height = rule.sizes.get(named, (16, 9))
    if image is not None and image.width and image.height:
        width, height = image.width, image.height
    usual = (rule.default_frames or rule.counts.covering(1)) / rule.fps
    return Delivery(
        width=width,
        height=height,
        fps=str(rule.fps),
        duration_sec=request.duration_sec or usual,
    )


def decided_seed(job_id: str, asked: int | None) -> int:
    """The creator's seed, else one made of the job's own name: a retry makes the same clip."""
    if asked is None:
        return int(hashlib.sha256(job_id.encode()).hexdigest()[:16], 16) % SEEDS
    if not 0 <= asked < SEEDS:
        raise InvalidInput(f"seed {asked}: a seed is a whole number from 0 to 2^63 - 1.")
    return asked


def generation_size(
    delivered: tuple[int, int], lines: float, area: float, multiple: int
) -> tuple[int, int]:
    """The size that a model generates at, for a picture that is to be delivered.

    Parameters
    ----------
    delivered : width and height of the clip; only its aspect counts.
    lines, area : short side in pixels and area of a picture at the model's resolution.
    multiple : both sides become a multiple of it.

    Returns
    -------
    The aspect kept as well as the multiple allows; never larger than `area`, for that is what the
    model's memory was measured with. What is left of a difference is a stretch of the picture on
    its way in, undone on its way out.
    """
    aspect = delivered[0] / delivered[1]
    long = max(aspect, 1 / aspect)
    short_px = min(lines, math.sqrt(area / long))
    short = max(LEAST_SIDES, round(short_px / multiple)) * multiple
    while short > LEAST_SIDES * multiple and short * short > area:
        short -= multiple
    most = math.floor(area / short / multiple) * multiple
    wanted = round(short_px * long / multiple) * multiple
    other = max(short, min(wanted, most))
    return (other, short) if aspect >= 1 else (short, other)


def _lines_and_area(request: VideoRequest, row: ModelRow, rule: FrameRule) -> tuple[float, float]:
    """Short side and area of what the model makes at the resolution asked for, or at its own."""
    named = request.resolution or row.capabilities.default_resolution or ""
    if named in rule.sizes:
        width, height = rule.sizes[named]
        return float(min(width, height)), float(width * height)
    digits = named.lower().removesuffix("p")
    if not digits.isdigit():
        raise InvalidInput(f"`{row.id}` does not say how large its pictures are ({named!r}).")
    return float(digits), float(digits) ** 2 * WIDE


def _usual_steps(row: ModelRow) -> int | None:
    return row.sampling.steps if row.sampling else None


def _usual_guidance(row: ModelRow) -> float | None:
    return row.sampling.guidance if row.sampling else None


def _usual_settings(row: ModelRow) -> Mapping[str, Any]:
    return row.sampling.settings if row.sampling else {}


def _deviations(
    delivery: Delivery,
    size: tuple[int, int],
    plan: FramePlan,
    frames: int | None,
    row: ModelRow,
) -> Iterator[Deviation]:
    asked = (delivery.width, delivery.height)
    if size != asked:
        yield Deviation(
            field="generated_size",
            asked=f"{asked[0]}x{asked[1]}",
            used=f"{size[0]}x{size[1]}",
            reason=f"{row.id} generates at this size; finishing brings it to the clip's",
        )
    if frames is not None and frames != plan.base_count:
        reason = f"{row.id} makes no such number of frames"
        yield Deviation(field="num_frames", asked=frames, used=plan.base_count, reason=reason)
    if plan.stretch > SLOWER:
        yield Deviation(
            field="motion_speed",
            asked=1.0,
            used=round(1 / plan.stretch, 4),
            reason="the frames generated are too few for the clip: their motion plays slower",
        )
