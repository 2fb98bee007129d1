"""One forward of the denoiser by every way of the plan, and how far each is from float32."""

import copy
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from bench.gpu_ladder import Given, Rung, climb, measure_errors
from bench.gpu_sizes import build_part
from bench.gpu_speed.book import Book
from bench.gpu_speed.opened import Opened
from bench.gpu_speed.plan import Levers, Play
from gpu_functions.runner.device import CPU

SHALLOW_LAYERS = 2
"""Layers of the model that errors against float32 are measured with."""


@dataclass(frozen=True)
class Climbed:
    """The forwards of one model by every way that was tried."""

    key: str
    what: Play
    given: Given
    flops: float
    build_sec: float
    rungs: Sequence[Rung]

    def put(self, book: Book) -> None:
        """Write them down."""
        book.put(
            "forwards",
            self.key,
            {
                "size": self.what.size,
                "frames": self.what.frames,
                "flops": self.flops,
                "build_sec": self.build_sec,
                "inputs": {key: _shape(value) for key, value in self.given.named.items()},
                "rungs": [
                    asdict(rung) | {"forward_sec": rung.forward_sec, "levers": dict(rung.levers)}
                    for rung in self.rungs
                ],
            },
        )


def climbed(
    there: Opened,
    rungs: Mapping[str, Levers],
    rounds: int,
    until: float,
    key: str = "",
) -> tuple[Climbed, dict[str, Any]]:
    """Forwards by all of these ways, taking turns; and the models of those that ran.

    Parameters
    ----------
    rounds : turns of each; with 0 the models are made ready and nothing is timed.
    until : when, on `time.monotonic`, no further contender is begun.
    key : what the rows are called, where it is not the model's name.
    """
    model = there.pipeline.transformer
    found, models = climb(there.name, model, there.given, rungs, there.device, rounds, until)
    flops, key = there.flops, key or there.name
    return Climbed(key, there.what, there.given, flops, there.build_sec, found), models


def _shape(value: Any) -> Any:
    return [*value.shape] if isinstance(value, torch.Tensor) else str(value)


def fill_in_errors(found: Climbed, device: str) -> None:
    """Against float32 with the same weights, on the first layers at the clip's own tokens."""
    part, config = found.what.real.parts["transformer"]
    if device == CPU:
        return
    half = build_part(part, {**config, "num_layers": SHALLOW_LAYERS}, device, torch.bfloat16)
    whole = copy.deepcopy(half).float()
    try:
        measure_errors(found.rungs, whole, half, found.given, device)
    except Exception:  # the seconds stand all the same
        traceback.print_exc()
