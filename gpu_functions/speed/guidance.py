"""Guidance in one pass or in two: `guidance: batched | sequential`.

Wan asks its denoiser twice a step, with the prompt and against it; LTX, Mochi and others ask once
with a batch of two. One pass of two fills a large GPU better where a clip has few tokens; two
passes of one need half the activations. Guidance 1.0 needs neither: every pipeline leaves the
second out by itself.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from gpu_functions.speed.lever import parts_of

ASKS_TWICE = ("WanImageToVideoPipeline", "WanPipeline")
PASSES = 2
WORDS = "encoder_hidden_states"


def guidance(pipeline: Any, setting: str, device: str, denoisers: Sequence[str]) -> str | None:
    """Bring the pipeline to the wanted way, whichever is its own."""
    asks_twice = type(pipeline).__name__ in ASKS_TWICE
    if setting not in ("batched", "sequential"):
        return f"`{setting}` is neither batched nor sequential"
    if asks_twice == (setting == "sequential"):
        return None
    models = parts_of(pipeline, denoisers)
    if asks_twice:
        pair = Pair()
        pipeline.encode_prompt = pair.watching(pipeline.encode_prompt, models[0].dtype)
        for model in models:
            model.forward = Batched(model.forward, pair)
        return None
    for model in models:
        model.forward = Split(model.forward)
    return None


class Pair:
    """The two readings of a clip: with the prompt, and against it."""

    def __init__(self) -> None:
        self.wanted: torch.Tensor | None = None
        self.unwanted: torch.Tensor | None = None

    def watching(self, read: Callable[..., Any], dtype: torch.dtype) -> Callable[..., Any]:
        """`encode_prompt`, whose readings the denoiser will know again by identity."""

        def encode_prompt(*arguments: Any, **named: Any) -> Any:
            # in the denoiser's dtype, so that the pipeline hands on these very tensors
            made = [None if each is None else each.to(dtype) for each in read(*arguments, **named)]
            self.wanted, self.unwanted = made
            return tuple(made)

        return encode_prompt


class Batched:
    """A denoiser's forward: asked with the prompt it answers for both, and keeps the other."""

    def __init__(self, plain: Callable[..., Any], pair: Pair) -> None:
        self._plain, self._pair = plain, pair
        self._kept: tuple[torch.Tensor, torch.Tensor] | None = None

    def __call__(self, hidden_states: torch.Tensor, timestep: torch.Tensor, **named: Any) -> Any:
        words, pair = named.get(WORDS), self._pair
        if self._kept is not None and words is pair.unwanted:
            (latents, answer), self._kept = self._kept, None
            if latents is hidden_states:
                return (answer,)
        if words is None or words is not pair.wanted or not _alike(words, pair.unwanted):
            return self._plain(hidden_states, timestep, **named)
        both = {
            name: torch.cat([value] * PASSES) if isinstance(value, torch.Tensor) else value
            for name, value in named.items()
        }
        both |= {WORDS: torch.cat([words, pair.unwanted]), "return_dict": False}
        made = self._plain(
            torch.cat([hidden_states] * PASSES), torch.cat([timestep] * PASSES), **both
        )[0]
        first, second = made.chunk(PASSES)
        self._kept = (hidden_states, second)
        return (first,)


class Split:
    """A denoiser's forward that takes its batch one half after the other."""

    def __init__(self, plain: Callable[..., Any]) -> None:
        self._plain = plain

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        values = [*arguments, *named.values()]
        first = next(each for each in values if isinstance(each, torch.Tensor))
        batch = named["hidden_states"].shape[0] if "hidden_states" in named else first.shape[0]
        if batch % PASSES:
            return self._plain(*arguments, **named)
        halves = [
            self._plain(
                *(_half(each, batch, which) for each in arguments),
                **{name: _half(each, batch, which) for name, each in named.items()},
            )
            for which in range(PASSES)
        ]
        if isinstance(halves[0], tuple):
            return tuple(torch.cat(each) for each in zip(*halves, strict=True))
        return type(halves[0])(
            **{name: torch.cat([half[name] for half in halves]) for name in halves[0]}
        )


def _alike(words: torch.Tensor, others: torch.Tensor | None) -> bool:
    return others is not None and words.shape == others.shape


def _half(value: Any, batch: int, which: int) -> Any:
    if isinstance(value, torch.Tensor) and value.ndim and value.shape[0] == batch:
        return value.chunk(PASSES)[which]
    return value
