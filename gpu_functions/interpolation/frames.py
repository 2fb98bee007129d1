"""`interpolate_frames`: exact counts, by the best way that this machine has."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gpu_functions.generators.contract import GeneratedFrames
from gpu_functions.interpolation.blend import blend
from gpu_functions.interpolation.tools import Method, Tools
from shared.errors import InternalFault
from shared.frames import FramePlan, FrameRule, frame_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu_functions.interpolation.tools import Between

SAME = 1e-6
"""A moment this close to a generated frame is that frame, untouched."""


@dataclass(frozen=True, kw_only=True)
class Interpolated:
    """Delivered frames, and how they came to be.

    Attributes
    ----------
    frames : (n, height, width, 3) uint8; n is what `frame_plan` promises.
    method : what was used; `none` where every delivered frame is a generated one.
    notes : why a better way, or the asked one, was not used.
    stretch : see `FramePlan`: above 1 the motion plays slower than it was generated.
    between_count : frames that are not a generated one.
    seconds : wall time of it all.
    """

    frames: "NDArray[np.uint8]"
    fps: Fraction
    method: str
    asked: str
    notes: tuple[str, ...]
    stretch: float
    between_count: int
    seconds: float


def interpolate_frames(
    base: GeneratedFrames,
    target_fps: float | str | Fraction,
    target_duration_sec: float,
    method: str = Method.BEST,
    tools: Tools | None = None,
) -> Interpolated:
    """Bring frames to the rate and length of the clip (B058).

    Delivered frame i lies at i·(N−1)/(M−1) among the N generated frames that the clip spans (X-09).

    Parameters
    ----------
    base : frames at their native rate; more than the clip spans are left out at the end.
    method : `rife`, `film`, `minterpolate`, `blend`, or `best`. What is not there is replaced by
        the next plainer one.

    Raises
    ------
    InternalFault : no such method, or no frames.
    OutOfMemory : by a net; a plainer way is not taken, for the GPU is not to be trusted then.
    """
    began = time.perf_counter()
    wanted = _known(method)
    plan = plan_for(base, target_fps, target_duration_sec)
    used = base.frames[: plan.used_count]
    times = plan.sample_times()
    notes: list[str] = []
    between = sum(abs(at - round(at)) > SAME for at in times)
    if between == 0:
        way, frames = "none", used[[round(at) for at in times]]
    else:
        way, frames = _by_some_way(used, times, wanted, tools or Tools(), notes)
    return Interpolated(
        frames=frames,
        fps=plan.rate,
        method=way,
        asked=wanted.value,
        notes=tuple(notes),
        stretch=plan.stretch,
        between_count=between,
        seconds=time.perf_counter() - began,
    )


def plan_for(
    base: GeneratedFrames, target_fps: float | str | Fraction, target_duration_sec: float
) -> FramePlan:
    """How the frames that are there become the promised ones."""
    count = len(base.frames)
    if count == 0:
        raise InternalFault("There are no frames to interpolate.")
    rule = FrameRule(fixed=(count,))
    return frame_plan(target_duration_sec, target_fps, base.fps, rule)


def _known(method: str) -> Method:
    try:
        return Method(method)
    except ValueError:
        known = ", ".join(Method)
        raise InternalFault(
            f"`{method}` is no way to interpolate frames; there are: {known}."
        ) from None


def _by_some_way(
    used: "NDArray[np.uint8]",
    times: list[float],
    wanted: Method,
    tools: Tools,
    notes: list[str],
) -> "tuple[str, NDArray[np.uint8]]":
    for way, why_not in tools.chain(wanted):
        if why_not:
            notes.append(why_not)
            continue
        if way is Method.MINTERPOLATE:
            from gpu_functions.interpolation.minterpolate import minterpolate  # noqa: PLC0415

            return way, minterpolate(used, len(times))
        return way, _pair_by_pair(used, times, _maker(way, tools))
    raise InternalFault("Not even blending is there.")


def _maker(way: Method, tools: Tools) -> "Between":
    """torch is met only where a net is used."""
    file = tools.file(way)
    if file is None:
        return blend
    there = file.stat()
    return _opened(way, file, tools.device, (there.st_mtime_ns, there.st_size))


@lru_cache(maxsize=2)
def _opened(way: Method, file: Path, device: str, version: tuple[int, int]) -> "Between":
    """A net that stays where it is for the next clip, as long as its file is the same."""
    if way is Method.RIFE:
        from gpu_functions.interpolation.rife import open_rife  # noqa: PLC0415

        return open_rife(file, device)
    from gpu_functions.interpolation.film import open_film  # noqa: PLC0415

    return open_film(file, device)


def _pair_by_pair(
    used: "NDArray[np.uint8]", times: list[float], between: "Between"
) -> "NDArray[np.uint8]":
    """All moments between the same two frames at once: nets look at each pair only once."""
    made = np.empty((len(times), *used.shape[1:]), np.uint8)
    for low, places in _by_pair(times, len(used)):
        shares = tuple(times[place] - low for place in places)
        inside = [(place, at) for place, at in zip(places, shares, strict=True) if at > SAME]
        for place, at in zip(places, shares, strict=True):
            if at <= SAME:
                made[place] = used[low]
        if inside:
            first, second = used[low], used[low + 1]
            frames = between(first, second, tuple(at for _, at in inside))
            for (place, _), frame in zip(inside, frames, strict=True):
                made[place] = frame
    return made


def _by_pair(times: list[float], count: int) -> Iterator[tuple[int, list[int]]]:
    """Index of the first frame of each pair, and the places of the moments between the two."""
    places: dict[int, list[int]] = {}
    for place, at in enumerate(times):
        low = min(round(at) if abs(at - round(at)) <= SAME else int(at), count - 1)
        places.setdefault(low, []).append(place)
    yield from places.items()
