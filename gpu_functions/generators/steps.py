"""Between two denoising steps: tell how far it is, look for NaN, and stop where that is wanted."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from gpu_functions.generators.contract import OnStep
from gpu_functions.generators.pictures import check_finite

CALLBACK = "callback_on_step_end"


@contextmanager
def watched_steps(pipeline: Any, steps: int, on_step: OnStep) -> Iterator[dict[str, Any]]:
    """Arguments for the pipeline's call that make it report every step.

    Pipelines without a callback (HunyuanVideo 1.5, text-to-video SD) are watched through their
    scheduler instead.

    Parameters
    ----------
    steps : what was asked for. Schedulers of a higher order step more often; they are told as many.
    """
    watch = _Watch(steps, on_step)
    if CALLBACK in inspect.signature(pipeline.__call__).parameters:
        yield {CALLBACK: watch.callback}
        return
    scheduler, original = pipeline.scheduler, pipeline.scheduler.step

    def step(*arguments: Any, **named: Any) -> Any:
        result = original(*arguments, **named)
        watch.see(result[0])
        return result

    scheduler.step = step
    try:
        yield {}
    finally:
        scheduler.step = original


class _Watch:
    def __init__(self, steps: int, on_step: OnStep) -> None:
        self._steps, self._on_step, self._done = steps, on_step, 0

    def callback(self, _pipeline: Any, _step: int, _time: Any, values: dict[str, Any]) -> Any:
        self.see(values["latents"])
        return values

    def see(self, latents: torch.Tensor) -> None:
        self._done = min(self._done + 1, self._steps)
        check_finite(latents, f"latents after step {self._done}")
        self._on_step(self._done, self._steps)
