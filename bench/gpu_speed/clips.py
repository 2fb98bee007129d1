"""Whole clips: stock with few of its steps, ours with the same or with a schedule of few steps."""

import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.gpu_clock import Stages, middle, wait
from bench.gpu_ladder import forget_peak, process_wide
from bench.gpu_speed.between import rife
from bench.gpu_speed.opened import Opened
from gpu_functions.generators.contract import FramesUnusable, GeneratedFrames
from gpu_functions.interpolation import interpolate_frames
from gpu_functions.interpolation.tools import RIFE_FILE, Tools
from gpu_functions.runner.device import CPU, GIB
from gpu_functions.runner.encode import encode_intermediate
from tests.gpu.requests import keyframe

DELIVERED_FPS = 30
STOCK = "stock"
MOST_RUN = 8
"""Of a clip with more steps two are run, and the rest is worked out."""


@dataclass
class Clip:
    """One whole clip by one way.

    Attributes
    ----------
    steps : that were run; `of_steps` are what a usual clip takes. Where they differ, `clip_sec` is
        worked out: what was measured, and the median step for every step that was left out.
    seconds : by stage: text, encode_image, forward, decode; `rest` is everything else in
        `generate`; then interpolate and encode.
    """

    model: str
    way: str
    steps: int
    of_steps: int
    guidance: float
    seconds: dict[str, float] = field(default_factory=dict)
    step_sec: float = 0.0
    generate_sec: float = 0.0
    clip_sec: float = 0.0
    peak_gib: float = 0.0
    notes: Sequence[str] = ()
    trouble: str = ""


def clips(there: Opened, denoisers: Mapping[str, Any], coder: tuple[str, Any]) -> Iterator[Clip]:
    """A clip by each way.

    Parameters
    ----------
    denoisers : stock's, and ours by rung, the best first.
    coder : its way, and the coder that ours decodes with.
    """
    what = there.what
    few = what.steps if what.steps <= MOST_RUN else 2
    yield _clip(there, Clip(there.name, STOCK, few, what.steps, what.guidance), denoisers)
    rungs = [rung for rung in denoisers if rung != STOCK]
    for place, rung in enumerate(rungs or [STOCK]):
        clip = Clip(there.name, "ours", few, what.steps, what.guidance)
        if place:
            clip.way = f"ours, {rung}"
        elif what.fast_steps:
            steps = what.fast_steps
            clip = Clip(there.name, "ours, few steps", steps, steps, 1.0)
        clip.notes = (*([rung] if rungs else []), f"coder: {coder[0]}")
        yield _clip(there, clip, denoisers, rung, coder[1])


def _clip(
    there: Opened, clip: Clip, denoisers: Mapping[str, Any], rung: str = STOCK, coder: Any = None
) -> Clip:
    levers = there.what.rungs[rung] if rung != STOCK else {}
    with there.holding(denoisers[rung], coder):
        try:
            with process_wide(levers):
                _make(clip, there)
        except Exception as error:  # written down; the other clips go on
            traceback.print_exc()
            clip.trouble = f"{type(error).__name__}: {error}".partition("\n")[0][:300]
    return clip


def _make(clip: Clip, there: Opened) -> None:
    pipeline, device = there.pipeline, there.device
    stages = Stages(device)
    asked = replace(there.request, steps=clip.steps, guidance=clip.guidance)
    watched = {
        (pipeline.transformer, "forward"): "forward",
        (pipeline.vae.decoder, "forward"): "decode",
        (pipeline.vae, "encode"): "encode_image",
    }
    plain = {key: getattr(*key) for key in watched}
    ends: list[float] = []

    def on_step(done: int, of: int) -> None:
        wait(device)
        ends.append(time.perf_counter())

    for (part, method), stage in watched.items():
        setattr(part, method, stages.timed(stage, plain[(part, method)]))
    forget_peak(device)
    began = time.perf_counter()
    frames: Any = None
    try:
        frames = there.generator.generate(asked, on_step)
    except FramesUnusable as error:
        clip.notes = (*clip.notes, error.message)
    finally:
        for (part, method), work in plain.items():
            setattr(part, method, work)
    clip.generate_sec = time.perf_counter() - began
    clip.peak_gib = torch.cuda.max_memory_allocated() / GIB if device != CPU else 0.0
    taken = {stage: sum(values) for stage, values in stages.taken().items()}
    gaps = [late - soon for soon, late in pairwise(ends)]
    clip.step_sec = middle(gaps) if gaps else taken["forward"] / max(1, len(ends))
    shape = (asked.num_frames, asked.height, asked.width, 3)
    shown = frames.frames.shape if frames is not None else shape
    after = _delivered(GeneratedFrames(frames=_moving(shown), fps=asked.fps), device)
    clip.seconds = {**taken, "rest": clip.generate_sec - sum(taken.values()), **after}
    left_out = (clip.of_steps - len(ends)) * clip.step_sec
    clip.clip_sec = clip.generate_sec + left_out + sum(after.values())


def _moving(shape: Sequence[int]) -> Any:
    """A soft picture that slides: what random weights paint is no measure of an encoder."""
    count, height, width, _ = shape
    wide = np.asarray(keyframe((width + 4 * count, height)))
    return np.stack([wide[:, 4 * index : 4 * index + width] for index in range(count)])


def _delivered(made: GeneratedFrames, device: str) -> dict[str, float]:
    """Seconds to interpolate to 30 frames a second by RIFE, and to encode for the hand-off."""
    seconds = Fraction(len(made.frames)) / made.fps
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder)
        (weights / RIFE_FILE).parent.mkdir()
        torch.save(rife().state_dict(), weights / RIFE_FILE)
        tools = Tools(weights, device)
        whole = float(seconds)
        for _ in range(2):  # the second counts: a worker's net is there
            began = time.perf_counter()
            full = interpolate_frames(made, DELIVERED_FPS, whole, "rife", tools)
            interpolated = time.perf_counter() - began
        began = time.perf_counter()
        encode_intermediate(full.frames, full.fps, weights / "result.mp4")
        return {"interpolate": interpolated, "encode": time.perf_counter() - began}
