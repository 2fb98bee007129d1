"""One forward of a denoiser, lever by lever: the same weights, the same inputs, taking turns.

A contender is a twin of the stock denoiser that shares its weights, with levers pulled on it. What
a denoiser is given is recorded from a real call of its pipeline.
"""

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch

from bench.gpu_clock import Stages, matmul_precision, middle, wait
from bench.lever_errors import relative_error
from gpu_functions.generators.faults import give_back
from gpu_functions.runner.device import CPU, GIB
from gpu_functions.speed import LEVERS, flash4

PRECISION = "precision"
"""A contender's float32 products: `highest` (torch's default) or `high` (lever `tf32`)."""


@dataclass(frozen=True)
class Given:
    """One call of a denoiser."""

    arguments: tuple[Any, ...]
    named: Mapping[str, Any]

    def moved(self, dtype: torch.dtype) -> "Given":
        """The same call with all of its numbers in another dtype."""

        def to(value: Any) -> Any:
            number = isinstance(value, torch.Tensor) and value.is_floating_point()
            return value.to(dtype) if number else value

        return Given(
            tuple(to(each) for each in self.arguments),
            {name: to(each) for name, each in self.named.items()},
        )

    def repeated(self, times: int) -> "Given":
        """The same clip so often in one call: whatever has a batch of one has one of `times`."""

        def many(value: Any) -> Any:
            batched = isinstance(value, torch.Tensor) and value.ndim and value.shape[0] == 1
            return torch.cat([value] * times) if batched else value

        return Given(
            tuple(many(each) for each in self.arguments),
            {name: many(each) for name, each in self.named.items()},
        )


class _Enough(Exception):
    """The call was seen; nothing more is needed."""


def recorded_call(model: Any, run: Callable[[], Any]) -> Given:
    """What `run` asks of `model` first."""
    seen: list[Given] = []
    plain = model.forward

    def forward(*arguments: Any, **named: Any) -> Any:
        seen.append(Given(arguments, named))
        raise _Enough

    model.forward = forward
    try:
        run()
    except _Enough:
        pass
    finally:
        model.forward = plain
    return seen[0]


def twin(model: Any, levers: Mapping[str, Any], device: str) -> tuple[Any, tuple[str, ...]]:
    """A model that shares all weights of another, with levers pulled on it; and what they said."""
    shared = {id(values): values for values in [*model.parameters(), *model.buffers()]}
    made = copy.deepcopy(model, shared)
    held = SimpleNamespace(transformer=made)
    notes = []
    for name, lever in LEVERS.items():
        if levers.get(name):
            note = lever(held, levers[name], device, ("transformer",))
            notes += [f"{name}: {note}"] if note else []
    return made, tuple(notes)


@dataclass
class Rung:
    """One contender's forwards.

    Attributes
    ----------
    first_sec : of its first forward, compiling included.
    weights_gib, working_gib : of GPU memory: its own weights, and what a forward needs beside them.
    changed : ‖its answer − stock's‖ / ‖stock's‖, same weights, same inputs.
    error : the same against float32, on the first layers alone; 0 where it was not measured.
    """

    model: str
    name: str
    levers: Mapping[str, Any]
    notes: Sequence[str] = ()
    first_sec: float = 0.0
    seconds: list[float] = field(default_factory=list)
    weights_gib: float = 0.0
    working_gib: float = 0.0
    changed: float = 0.0
    error: float = 0.0
    trouble: str = ""

    @property
    def forward_sec(self) -> float:
        return middle(self.seconds) if self.seconds else 0.0


def climb(
    model_id: str,
    stock: Any,
    given: Given,
    contenders: Mapping[str, Mapping[str, Any]],
    device: str,
    rounds: int,
    until: float = float("inf"),
) -> tuple[list[Rung], dict[str, Any]]:
    """All contenders' forwards, taking turns; the first is stock, and runs twice a round.

    Parameters
    ----------
    until : when, on `time.monotonic`, no more contenders are begun.

    Returns
    -------
    A rung each, and the models of those that ran.
    """
    rungs, models = [], {}
    truth: torch.Tensor | None = None
    for name, levers in contenders.items():
        rung = Rung(model_id, name, levers)
        if time.monotonic() > until:
            rung.trouble = "no time was left"
            rungs.append(rung)
            continue
        try:
            made, rung.notes = twin(stock, levers, device)
            began = time.perf_counter()
            answer = forward(made, given, rung)
            wait(device)
            rung.first_sec = time.perf_counter() - began
        except Exception as error:  # of torch, its compiler, a kernel: the other rungs go on
            rung.trouble = f"{type(error).__name__}: {error}".strip().partition("\n")[0][:300]
            made = answer = None
        else:
            truth = answer if truth is None else truth
            rung.changed = relative_error(answer, truth)
            rung.weights_gib = weights_gib(made)
            models[name] = made
        del made, answer
        give_back()
        rungs.append(rung)
    stages = Stages(device)
    running = [rung for rung in rungs if rung.name in models]
    again = Rung(model_id, f"{rungs[0].name} again", rungs[0].levers)
    for _ in range(rounds):
        for rung in [*running, again]:
            made = models[rungs[0].name if rung is again else rung.name]
            held = forget_peak(device)
            stages.timed(rung.name, forward)(made, given, rung)
            rung.seconds += stages.taken()[rung.name]
            rung.working_gib = max(rung.working_gib, peak_above(held, device))
    return [rungs[0], again, *rungs[1:]], models


def forward(model: Any, given: Given, rung: Rung) -> torch.Tensor:
    with torch.inference_mode(), process_wide(rung.levers):
        made = model(*given.arguments, **{**given.named, "return_dict": False})[0]
    assert isinstance(made, torch.Tensor)
    return made


@contextmanager
def process_wide(levers: Mapping[str, Any]) -> Iterator[None]:
    """While this lasts, what these levers change for all models of a process, and no others do."""
    asks = levers.get("attention") == flash4.NAME
    precision = matmul_precision(str(levers.get(PRECISION, "highest")))
    with precision, nullcontext() if asks else flash4.set_aside():
        yield


def measure_errors(rungs: Sequence[Rung], whole: Any, half: Any, given: Given, device: str) -> None:
    """Fill in each rung's error against `whole`, the same few layers in float32.

    Parameters
    ----------
    whole, half : the same weights in float32 and in the recipe's dtype.
    """
    exact = Rung("", "", {})
    truth = forward(whole, given.moved(torch.float32), exact)
    for rung in rungs:
        if rung.trouble or not rung.seconds:
            continue
        made, _ = twin(half, rung.levers, device)
        rung.error = relative_error(forward(made, given, rung), truth)
        del made


def weights_gib(model: Any) -> float:
    """Of all parameters and buffers, each counted once."""
    values = {id(each): each for each in [*model.parameters(), *model.buffers()]}
    return sum(each.numel() * each.element_size() for each in values.values()) / GIB


def forget_peak(device: str) -> float:
    """Begin to measure anew; GiB held now."""
    if device == CPU:
        return 0.0
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated() / GIB


def peak_above(held: float, device: str) -> float:
    """GiB that were held since `forget_peak` beyond what was held then."""
    return torch.cuda.max_memory_allocated() / GIB - held if device != CPU else 0.0
