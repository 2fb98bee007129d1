"""A model of the plan in memory, with a clip to make and the call that its denoiser gets."""

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.gpu import generated, real_pipeline
from bench.gpu_ladder import Given, recorded_call
from bench.gpu_speed.plan import Play, Size
from gpu_functions.generators.contract import GenerationRequest
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.registry import open_generator
from gpu_functions.runner.device import CPU
from shared.catalog.recipe import Recipe
from tests.gpu.requests import keyframe, small_request
from tests.gpu.tiny import builder as tiny_builder


@dataclass(frozen=True)
class Opened:
    """One model of the plan on its device.

    Attributes
    ----------
    request : the plan's clip; on a processor the tests' tiny one.
    given : what its denoiser is asked first for this clip.
    build_sec : to make the model with its random weights.
    """

    name: str
    what: Play
    device: str
    generator: DiffusersGenerator
    request: GenerationRequest
    given: Given
    build_sec: float

    @property
    def pipeline(self) -> Any:
        return self.generator.pipeline

    @cached_property
    def flops(self) -> float:
        """Operations of one forward, counted on shapes alone: products, convolutions, attention."""
        return _flops(self.pipeline.transformer, self.given)

    @property
    def time_ratio(self) -> int:
        """Frames of video that one of the latents stands for."""
        ratio = getattr(self.pipeline, "vae_scale_factor_temporal", 0)
        return int(ratio or self.pipeline.vae.temporal_compression_ratio)

    def request_at(self, size: Size) -> GenerationRequest:
        """A clip of another size; on a processor all are the same."""
        return self.request if self.device == CPU else _sized(self.request, size)

    @contextmanager
    def holding(self, denoiser: Any, coder: Any = None) -> Iterator[None]:
        """Other parts in the pipeline while this lasts; both experts are one and the same."""
        parts = {"transformer": denoiser, "transformer_2": denoiser, "vae": coder}
        parts = {
            name: part
            for name, part in parts.items()
            if part is not None and getattr(self.pipeline, name, None) is not None
        }
        before = {name: getattr(self.pipeline, name) for name in parts}
        for name, part in parts.items():
            setattr(self.pipeline, name, part)
        try:
            yield
        finally:
            for name, part in before.items():
                setattr(self.pipeline, name, part)

    def given_at(self, size: Size) -> Given:
        """What the denoiser is asked for a clip of another size."""
        if size == self.what.size:
            return self.given
        return _given(self.generator, self.request_at(size))


def opened(name: str, what: Play, device: str) -> Opened:
    """Build the model, its weights drawn on the device."""
    recipe = Recipe(name="stock", dtype="bfloat16" if device != CPU else "float32")
    began = time.perf_counter()
    generator = open_generator(what.row)
    assert isinstance(generator, DiffusersGenerator)
    torch.manual_seed(0)  # errors are of the weights drawn: the same ones at every run
    generator.hold(_pipeline(what, recipe, device), recipe, device)
    request = small_request(what.row, guidance=what.guidance)
    if device != CPU:
        request = _sized(replace(request, num_frames=what.frames), what.size)
    build_sec = time.perf_counter() - began
    given = _given(generator, request)
    return Opened(name, what, device, generator, request, given, build_sec)


def _pipeline(what: Play, recipe: Recipe, device: str) -> Any:
    if device != CPU:
        return real_pipeline(what.row, recipe, device, what.real, one_expert=True)
    kind, parts = tiny_builder(what.row)
    return kind(**parts)


def _sized(request: GenerationRequest, size: Size) -> GenerationRequest:
    return replace(request, width=size[0], height=size[1], image=keyframe(size))


def _given(generator: DiffusersGenerator, request: GenerationRequest) -> Given:
    return recorded_call(
        generator.pipeline.transformer,
        lambda: generated(generator, replace(request, steps=2), lambda done, of: None),
    )


def _flops(model: Any, given: Given) -> float:
    shapes = copy.deepcopy(
        model, {id(each): each.to("meta") for each in [*model.parameters(), *model.buffers()]}
    )

    def bare(value: Any) -> Any:
        return value.to("meta") if isinstance(value, torch.Tensor) else value

    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        shapes(
            *(bare(each) for each in given.arguments),
            **{key: bare(each) for key, each in given.named.items()},
        )
    return float(counter.get_total_flops())
