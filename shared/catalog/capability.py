"""Is a request something that a model can do? What it lacks is refused before money is spent.

Nothing is ever dropped in silence (DESIGN section 5): a seed given to a model without one is a
problem, with the nearest thing that would work. `enable_prompt_expansion` alone is a permission,
not a demand: it stands on by default (C07), and a model that cannot expand uses the prompt as it
is; refused is only the opposite, forbidding it to a model that always does.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from shared.catalog.can import ANY, FROM_IMAGE, Need, Span
from shared.catalog.catalog import load_catalog
from shared.catalog.media_limits import file_problems, listed
from shared.catalog.model import ModelRow, ModelStatus
from shared.clip import Operation
from shared.errors import Problem
from shared.jobs.request import MediaInput, VideoRequest
from shared.nearest import did_you_mean

ON_OWN_GPUS = frozenset({"modal", "worker"})
OF_OWN_GPUS = ("gpu", "num_frames", "num_inference_steps", "vram_cap_gb")
"""Parameters that every model takes which runs on a GPU of ours."""

INPUTS = {
    "image": "an image",
    "last_frame": "a last frame",
    "audio": "sound",
    "mask": "a mask image",
    "prompt": "a prompt",
    "negative_prompt": "a negative prompt",
    "seed": "a seed",
}
STARTS_FROM_IMAGE = frozenset(
    {Operation.IMAGE_TO_VIDEO, Operation.SCENE_ANIMATION, Operation.TALKING_AVATAR}
)


@dataclass(frozen=True, slots=True)
class _Case:
    row: ModelRow
    request: VideoRequest
    among: tuple[ModelRow, ...]
    prompt_follows: bool

    def problem(self, path: str, message: str, hint: str, code: str = "capability") -> Problem:
        return Problem(path, f"`{self.row.id}` {message}", hint, code)


def refusals(
    row: ModelRow,
    request: VideoRequest,
    *,
    among: Iterable[ModelRow] | None = None,
    prompt_follows: bool = False,
) -> list[Problem]:
    """Everything in a request that the model cannot do; empty when it can do it all.

    Parameters
    ----------
    request : its own `model` is not looked at.
    among : where to look for a model that could; the shipped catalogue by default.
    prompt_follows : the prompt is still to be written (scene animation), so it may be missing.

    Returns
    -------
    Problems whose `path` is the field of the request, in the order of the fields.
    """
    rows = load_catalog().models if among is None else tuple(among)
    case = _Case(row, request, rows, prompt_follows)
    return [problem for check in CHECKS for problem in check(case)]


def expands_prompt(row: ModelRow, request: VideoRequest) -> bool:
    """Will the prompt be expanded? To be recorded with the clip."""
    return row.capabilities.prompt_expansion is not Need.NO and request.enable_prompt_expansion


def _operation(case: _Case) -> Iterator[Problem]:
    operation, row = case.request.operation, case.row
    if operation not in row.operations:
        able = [each for each in case.among if operation in each.operations]
        makes = " or ".join(f"`{each.value}`" for each in row.operations)
        hint = f"It makes {makes}." if makes else "It makes no clips by itself."
        hint += _others(case, able)
        yield case.problem("operation", f"does not make `{operation.value}`.", hint)
    elif operation in STARTS_FROM_IMAGE and case.request.image is None:
        message = f"needs an image for `{operation.value}`."
        yield case.problem("image", message, "Give the keyframe.", "missing")


def _inputs(case: _Case) -> Iterator[Problem]:
    for field, name in INPUTS.items():
        given = getattr(case.request, field) not in (None, "")
        need = getattr(case.row.capabilities, field)
        if given and need is Need.NO:
            able = [each for each in case.among if getattr(each.capabilities, field) is not Need.NO]
            hint = f"Leave `{field}` out.{_others(case, able)}"
            yield case.problem(field, f"does not take {name}.", hint)
        elif not given and need is Need.REQUIRED:
            told_already = field == "image" and case.request.operation in STARTS_FROM_IMAGE
            if not told_already and not (field == "prompt" and case.prompt_follows):
                yield case.problem(field, f"needs {name}.", f"Give `{field}`.", "missing")


def _guidance(case: _Case) -> Iterator[Problem]:
    asked, span = case.request.guidance, case.row.capabilities.guidance
    if asked is None:
        return
    if span is None:
        able = [each for each in case.among if each.capabilities.guidance is not None]
        hint = f"Leave `guidance` out.{_others(case, able)}"
        yield case.problem("guidance", "has no guidance control.", hint)
    elif not span.holds(asked):
        message = f"takes guidance from {span.low:g} to {span.high:g}, not {asked:g}."
        yield case.problem("guidance", message, f"Nearest: {span.nearest(asked):g}.")


def _duration(case: _Case) -> Iterator[Problem]:
    asked, can = case.request.duration_sec, case.row.capabilities
    if can.duration_from_audio:
        if asked is not None:
            message = "makes the clip as long as its sound."
            yield case.problem("duration_sec", message, "Leave `duration_sec` out.")
        return
    resolution = None if case.request.resolution == "auto" else case.request.resolution
    if asked is not None and not can.makes_duration(asked, resolution):
        near = can.nearest_duration(asked, resolution)
        if near is None:
            message = f"makes clips of lengths that are not known, so perhaps not {asked:g} s."
            yield case.problem("duration_sec", message, "Choose another model.")
            return
        message = f"makes {_lengths(can.durations(resolution))} s, not {asked:g} s."
        yield case.problem("duration_sec", message, f"Nearest: {near:g} s.")


def _resolution(case: _Case) -> Iterator[Problem]:
    asked, offered = case.request.resolution, case.row.capabilities.resolutions
    if asked in (None, "auto") or asked in offered or ANY in offered:
        return
    if not offered:
        message = "has no choice of resolution."
        yield case.problem("resolution", message, "Leave `resolution` out.")
        return
    message = f"makes {listed(offered)}, not {asked}."
    near = min(offered, key=lambda each: (abs(lines_of(each) - lines_of(asked)), -lines_of(each)))
    yield case.problem("resolution", message, f"Nearest: {near}.")


def _aspect(case: _Case) -> Iterator[Problem]:
    asked, offered = case.request.aspect, case.row.capabilities.aspects
    if asked is None or asked in offered or ANY in offered:
        return
    if offered == (FROM_IMAGE,):
        message = "keeps the aspect of the image."
        yield case.problem("aspect", message, "Leave `aspect` out; finishing can crop.")
    else:
        message = f"makes {listed(offered)}, not {asked}."
        near = min(offered, key=lambda each: abs(_ratio(each) - _ratio(asked)))
        yield case.problem("aspect", message, f"Nearest: {near}.")


def _prompt_length(case: _Case) -> Iterator[Problem]:
    most = case.row.capabilities.max_prompt_chars
    for field in ("prompt", "negative_prompt"):
        length = len(getattr(case.request, field) or "")
        if most is not None and length > most:
            message = f"takes {most:,} characters; this has {length:,}."
            yield case.problem(field, message, f"Shorten it by {length - most:,}.", "too_large")


def _files(case: _Case) -> Iterator[Problem]:
    can = case.row.capabilities
    fields = (("image", can.image_limits), ("last_frame", can.image_limits))
    for field, limits in (*fields, ("audio", can.audio_limits)):
        media: MediaInput | None = getattr(case.request, field)
        for message, hint in file_problems(media, limits) if media else ():
            yield case.problem(field, message, hint)


def _expansion(case: _Case) -> Iterator[Problem]:
    always = case.row.capabilities.prompt_expansion is Need.REQUIRED
    if always and not case.request.enable_prompt_expansion:
        message = "always expands the prompt."
        yield case.problem("enable_prompt_expansion", message, "Allow it.")


def _extras(case: _Case) -> Iterator[Problem]:
    known = case.row.capabilities.extras
    if not ON_OWN_GPUS.isdisjoint(case.row.engines):
        known = (*known, *OF_OWN_GPUS)
    for name in sorted(case.request.params.keys() - set(known)):
        takes = f"It takes {listed(known)}." if known else "It takes none."
        hint = f"{did_you_mean(name, known)} {takes}".strip()
        yield case.problem(f"params.{name}", "has no such parameter.", hint, "unknown_parameter")


CHECKS: tuple[Callable[[_Case], Iterator[Problem]], ...] = (
    *(_operation, _inputs, _guidance, _duration, _resolution, _aspect),
    *(_prompt_length, _files, _expansion, _extras),
)


def _others(case: _Case, able: Iterable[ModelRow]) -> str:
    """The model nearest at hand that could do it: of the same provider, then the best one."""
    row, operation = case.row, case.request.operation
    fitting = [
        each
        for each in able
        if each.status is ModelStatus.ACTIVE and not each.not_yet and operation in each.operations
    ]
    best = min(
        fitting,
        key=lambda each: (
            each.provider != row.provider,
            -(each.quality.score if each.quality else 0),
            each.id,
        ),
        default=None,
    )
    return f" `{best.id}` does." if best else ""


def _lengths(durations: tuple[float, ...] | Span) -> str:
    if isinstance(durations, Span):
        return f"{durations.low:g} to {durations.high:g}"
    return listed(f"{each:g}" for each in durations)


def lines_of(resolution: str) -> int:
    """720 of `720p` and `1280x720`, 2160 of `4k`; what is no such word compares as nothing."""
    known = {"2k": 1440, "4k": 2160}
    numbers = re.findall(r"[0-9]{1,5}", resolution)
    return known.get(resolution.lower(), int(numbers[-1]) if numbers else 0)


def _ratio(aspect: str) -> float:
    width, _, height = aspect.partition(":")
    try:
        return float(width) / float(height)
    except (ValueError, ZeroDivisionError):
        return 0.0
