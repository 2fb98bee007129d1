"""CUDA graphs: a denoiser's forward, recorded once a shape and played again: `cuda_graph`.

A forward is thousands of small launches. Where each does little work (LTX-Video, few tokens), the
processor cannot send them as fast as the GPU ends them. A recording is sent as one.

A recording reads and writes the same memory each time: inputs are copied in, and answers are copied
out, for guidance holds the first answer while it asks for the second.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers.hooks.group_offloading import _is_group_offload_enabled

from gpu_functions.speed.experts import Turns
from gpu_functions.speed.lever import parts_of

WARM_UPS = 2
"""Forwards before the recording: what is chosen or compiled at first sight is no part of it."""

MOST_SHAPES = 4
"""Recordings a denoiser; each holds its activations for good."""


def cuda_graph(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    """Record the denoisers; they must stay on the GPU."""
    if torch.device(device).type != "cuda":
        return "there is no GPU to record on"
    models = parts_of(pipeline, denoisers)
    if any(_comes_and_goes(model) for model in models):
        return "parts that come and go cannot be recorded"
    pool = torch.cuda.graph_pool_handle()
    for model in models:
        model.forward = Recorded(model.forward, pool)
    return None


def _comes_and_goes(model: Any) -> bool:
    """Are its weights brought to the GPU for each use?"""
    return (
        isinstance(model.forward, Turns)
        or hasattr(model, "_hf_hook")
        or bool(_is_group_offload_enabled(model))
    )


class Recorded:
    """A forward that is played from its recording; one for each set of shapes.

    Attributes
    ----------
    recordings : by shapes, dtypes and all other arguments.
    """

    def __init__(self, plain: Callable[..., Any], pool: Any) -> None:
        self._plain, self._pool = plain, pool
        self.recordings: dict[Any, _Recording] = {}

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        values: dict[Any, Any] = {**dict(enumerate(arguments)), **named}
        key = tuple((name, _sign(value)) for name, value in values.items())
        try:
            there = self.recordings.get(key)
        except TypeError:  # something among the arguments cannot be told apart
            return self._plain(*arguments, **named)
        if there is None:
            if len(self.recordings) >= MOST_SHAPES:
                self.recordings.pop(next(iter(self.recordings)))  # the oldest
            there = self.recordings[key] = _Recording(self._plain, values, self._pool)
        return there.play(values)


class _Recording:
    def __init__(self, plain: Callable[..., Any], values: dict[Any, Any], pool: Any) -> None:
        self._held = {
            name: value.clone() for name, value in values.items() if isinstance(value, torch.Tensor)
        }
        given = {**values, **self._held}
        arguments = [value for name, value in given.items() if isinstance(name, int)]
        named = {name: value for name, value in given.items() if isinstance(name, str)}
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                plain(*arguments, **named)
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, pool=pool):
            self._made = plain(*arguments, **named)

    def play(self, values: dict[Any, Any]) -> Any:
        for name, held in self._held.items():
            held.copy_(values[name])
        self._graph.replay()
        return _copied(self._made)


def _sign(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.shape, value.dtype, value.device
    return value


def _copied(made: Any) -> Any:
    if isinstance(made, torch.Tensor):
        return made.clone()
    if isinstance(made, tuple):
        return tuple(_copied(each) for each in made)
    return type(made)(**{name: _copied(each) for name, each in made.items()})
