"""One forward with several clips of one size in it: does a pass of one leave the GPU idle?"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from bench.gpu_clock import Stages, middle, wait
from bench.gpu_ladder import Given, Rung, forget_peak, forward, peak_above
from bench.gpu_speed.opened import Opened
from bench.gpu_speed.plan import Size
from bench.lever_errors import relative_error
from gpu_functions.generators.faults import give_back


@dataclass
class Pass:
    """Forwards with so many clips each.

    Attributes
    ----------
    first_sec : of the first one, compiling included.
    changed : ‖an answer − the answer to one clip alone‖ / ‖that‖, by the same way.
    """

    way: str
    size: Size
    clips: int
    seconds: list[float] = field(default_factory=list)
    first_sec: float = 0.0
    working_gib: float = 0.0
    changed: float = 0.0
    trouble: str = ""

    def told(self) -> dict[str, Any]:
        """As it is written down."""
        a_clip = middle(self.seconds) / self.clips if self.seconds else 0.0
        return asdict(self) | {"clip_sec": a_clip}


def passes(
    there: Opened, models: Mapping[str, Any], rounds: int, until: float
) -> list[dict[str, Any]]:
    """Every way at every size of the plan, with one clip and with more, taking turns."""
    told = []
    for size, counts in there.what.passes.items():
        given = there.given_at(size)
        for way, model in models.items():
            rung = Rung(there.name, way, there.what.rungs[way])
            found = [Pass(way, size, clips) for clips in counts]
            _take_turns(found, model, given, rung, there.device, rounds, until)
            told += [each.told() for each in found]
            give_back()
    return told


def _take_turns(
    found: list[Pass],
    model: Any,
    given: Given,
    rung: Rung,
    device: str,
    rounds: int,
    until: float,
) -> None:
    alone: torch.Tensor | None = None
    for each in found:
        if time.monotonic() > until:
            each.trouble = "no time was left"
            continue
        try:
            began = time.perf_counter()
            answer = forward(model, given.repeated(each.clips), rung)
            wait(device)
        except Exception as error:  # of memory, of the compiler: the others go on
            each.trouble = f"{type(error).__name__}: {error}".strip().partition("\n")[0][:300]
            give_back()
            continue
        each.first_sec = time.perf_counter() - began
        alone = answer.clone() if alone is None else alone
        if len(answer) == each.clips * len(alone):
            each.changed = relative_error(answer, alone.expand_as(answer))
        else:
            each.trouble = f"it answered with {len(answer)} for {each.clips}"
        del answer
    stages = Stages(device)
    for _ in range(rounds):
        for each in found:
            if each.trouble:
                continue
            several = given.repeated(each.clips)
            held = forget_peak(device)
            stages.timed("forward", forward)(model, several, rung)
            each.seconds += stages.taken()["forward"]
            each.working_gib = max(each.working_gib, peak_above(held, device))
