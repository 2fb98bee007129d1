"""A step with guidance: the denoiser asked twice, or once with both readings (`guidance`)."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

from bench.gpu_clock import middle, wait
from bench.gpu_ladder import process_wide
from bench.gpu_speed.opened import Opened
from bench.gpu_speed.plan import Size
from gpu_functions.speed import LEVERS

SETTINGS = ("sequential", "batched")
STEPS = 3
"""Of them the first, in which all that is new is compiled, does not count."""


def guided(there: Opened, models: Mapping[str, Any], until: float) -> list[dict[str, Any]]:
    """Seconds of a step by every way at every size of the plan's passes."""
    told = []
    for size in there.what.passes:
        for way, model in models.items():
            for setting in SETTINGS:
                row: dict[str, Any] = {"way": way, "size": size, "guidance": setting}
                try:
                    row["step_sec"] = _step(there, size, way, model, setting, until)
                except Exception as error:  # of memory, of the compiler: the others go on
                    row["trouble"] = f"{type(error).__name__}: {error}".partition("\n")[0][:300]
                told.append(row)
    return told


class _Enough(Exception):
    """All steps were taken; nobody wants the frames."""


def _step(there: Opened, size: Size, way: str, model: Any, setting: str, until: float) -> float:
    if time.monotonic() > until:
        raise TimeoutError("no time was left")
    request = replace(there.request_at(size), steps=STEPS)
    ends: list[float] = []

    def on_step(done: int, of: int) -> None:
        wait(there.device)
        ends.append(time.perf_counter())
        if done == of:
            raise _Enough

    pipeline = there.pipeline
    with (
        there.holding(model),
        _restored(pipeline, "encode_prompt"),
        _restored(model, "forward"),
        process_wide(there.what.rungs[way]),
    ):
        LEVERS["guidance"](pipeline, setting, there.device, ("transformer",))
        with suppress(_Enough):
            there.generator.generate(request, on_step)
    return middle([late - soon for soon, late in pairwise(ends)])


@contextmanager
def _restored(thing: Any, name: str) -> Iterator[None]:
    """Whatever is put there meanwhile is taken away again."""
    before = thing.__dict__.get(name)
    try:
        yield
    finally:
        thing.__dict__.pop(name, None)
        if before is not None:
            thing.__dict__[name] = before
