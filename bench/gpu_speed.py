"""Stock diffusers against ours on one GPU: levers one by one, stages, clips, limits, dollars.

    python -m bench.gpu_speed --write               # the plan below, on the GPU that is there
    python -m bench.gpu_speed --models ltx-video-2b --rounds 5
    python -m bench.gpu_speed --device cpu          # toy sizes: says that the bench runs

Models have their real size and random weights: what a forward takes does not depend on them. Stock
and every lever share the weights and take turns; stock runs twice a round, and what differs between
the two is noise. Caches whose hits depend on what is painted (first-block, MagCache) are left out:
with random weights they mean nothing.

What is measured is written after each part, so a run that is cut short keeps what it has.
"""

import argparse
import copy
import gc
import json
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from bench.gpu import gpu_class_of, real_pipeline
from bench.gpu_clock import (
    CPU,
    GIB,
    Limits,
    Stages,
    best,
    kernels,
    matmul_precision,
    measured_limits,
    middle,
)
from bench.gpu_ladder import (
    Given,
    Rung,
    climb,
    forget_peak,
    forward,
    measure_errors,
    peak_above,
    recorded_call,
)
from bench.gpu_sizes import LTX_2B, REAL, TEXT_ENCODERS, XXL, Real, build_part
from bench.lever_errors import relative_error
from gpu_functions.generators.contract import FramesUnusable, GeneratedFrames, GenerationRequest
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.faults import give_back
from gpu_functions.generators.registry import open_generator
from gpu_functions.interpolation import interpolate_frames
from gpu_functions.interpolation.ifnet import SHAPES, IFNet
from gpu_functions.interpolation.tools import RIFE_FILE, Tools
from gpu_functions.runner.encode import encode_intermediate
from gpu_functions.speed import LEVERS
from gpu_functions.speed.graphs import Recorded
from shared.catalog.recipe import Recipe
from tests.gpu.requests import keyframe, small_request
from tests.gpu.tiny import builder as tiny_builder

JSON_FILE = Path(__file__).parents[1] / "docs" / "benchmarks" / "gpu-speed.json"
DELIVERED_FPS = 30
SHALLOW_LAYERS = 2
"""Layers of the model that errors against float32 are measured with."""

Levers = Mapping[str, Any]
PLAIN: Levers = {"attention": "native"}
COMPILED: Levers = {**PLAIN, "precision": "high", "compile": True}
FP8: Levers = {**COMPILED, "fuse_qkv": True, "linear8": "fp8"}
ATTENTION8: Levers = {"attention8": "fp8"}
GRAPH: Levers = {"cuda_graph": True}

WAN_RUNGS: Mapping[str, Levers] = {
    "stock": PLAIN,
    "fp8, compiled": FP8,
    "fp8 + attention8, compiled": {**FP8, **ATTENTION8},
    "compiled": COMPILED,
    "fused": {**PLAIN, "precision": "high", "fuse_qkv": True, "fused_modulation": True},
}
LTX_RUNGS: Mapping[str, Levers] = {
    "stock": PLAIN,
    "compiled": COMPILED,
    "compiled, graph": {**COMPILED, **GRAPH},
    "graph": {**PLAIN, "precision": "high", **GRAPH},
    "fp8, compiled, graph": {**COMPILED, "linear8": "fp8", **GRAPH},
    "fp8 + attention8, compiled, graph": {**COMPILED, "linear8": "fp8", **GRAPH, **ATTENTION8},
}
BEST_CODER = "bf16, channels last, fused norms"
CODERS: Mapping[str, Levers] = {
    "stock": {},
    BEST_CODER: {
        "vae_dtype": "bfloat16",
        "vae_channels_last": True,
        "vae_norms": True,
        "precision": "high",
    },
}
LTX_CODERS: Mapping[str, Levers] = {
    "stock": {},
    "compiled blocks": {"vae_compile": True, "precision": "high"},
}


@dataclass(frozen=True)
class Play:
    """One model at one size, and what is tried on it.

    Attributes
    ----------
    row : whose generator makes the clip.
    steps, guidance : of a usual clip; `fast_steps` where a schedule of few steps is published for
        it, at guidance 1.
    rounds, coder_turns : how often each contender has its turn.
    best : the rungs that `ours` runs with, the first that works.
    """

    row: str
    real: Real
    size: tuple[int, int]
    frames: int
    steps: int
    guidance: float | None
    rungs: Mapping[str, Levers]
    coders: Mapping[str, Levers]
    fast_steps: int | None = None
    rounds: int = 3
    coder_turns: int = 2
    best: Sequence[str] = ()


PLAYS: Mapping[str, Play] = {
    "wan2.2-i2v-a14b": Play(
        row="wan2.2-i2v-a14b",
        real=REAL["wan2.2-i2v-a14b"],
        size=(832, 480),
        frames=81,
        steps=40,
        guidance=3.5,
        rungs=WAN_RUNGS,
        coders=CODERS,
        fast_steps=4,
        rounds=2,
        best=("fp8, compiled", "compiled"),
    ),
    "ltx-video-2b": Play(
        row="ltx-video-0.9.8-13b",
        real=LTX_2B,
        size=(1024, 576),
        frames=97,
        steps=8,
        guidance=1.0,
        rungs=LTX_RUNGS,
        coders=LTX_CODERS,
        rounds=5,
        best=("fp8, compiled, graph", "compiled, graph", "compiled"),
    ),
    "wan2.2-ti2v-5b": Play(
        row="wan2.2-ti2v-5b",
        real=REAL["wan2.2-ti2v-5b"],
        size=(1280, 704),
        frames=121,
        steps=50,
        guidance=5.0,
        rungs={name: WAN_RUNGS[name] for name in WAN_RUNGS if name != "fused"},
        coders={BEST_CODER: CODERS[BEST_CODER]},
        rounds=2,
        coder_turns=1,
        best=("fp8, compiled", "compiled"),
    ),
    "wan2.2-ti2v-5b 576p": Play(
        row="wan2.2-ti2v-5b",
        real=REAL["wan2.2-ti2v-5b"],
        size=(1024, 576),
        frames=97,
        steps=50,
        guidance=5.0,
        rungs={name: WAN_RUNGS[name] for name in ("stock", "fp8, compiled")},
        coders={name: CODERS[name] for name in ("stock", BEST_CODER)},
        rounds=2,
        best=("fp8, compiled",),
    ),
    "ltx-video-0.9.8-13b": Play(
        row="ltx-video-0.9.8-13b",
        real=REAL["ltx-video-0.9.8-13b"],
        size=(1024, 576),
        frames=97,
        steps=8,
        guidance=1.0,
        rungs={
            name: LTX_RUNGS[name]
            for name in (
                *("stock", "compiled", "fp8, compiled, graph"),
                "fp8 + attention8, compiled, graph",
            )
        },
        coders={},
        rounds=5,
        best=("fp8, compiled, graph", "compiled"),
    ),
}


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
    guidance: float | None
    seconds: dict[str, float] = field(default_factory=dict)
    step_sec: float = 0.0
    generate_sec: float = 0.0
    clip_sec: float = 0.0
    peak_gib: float = 0.0
    notes: Sequence[str] = ()
    trouble: str = ""


@dataclass
class Coder:
    """The picture coder by one way: seconds to decode a clip, and to encode what it begins with.

    `first_sec` is of both for the first time, compiling included.
    """

    model: str
    way: str
    decode_sec: float = 0.0
    encode_sec: float = 0.0
    working_gib: float = 0.0
    first_sec: float = 0.0
    error: float = 0.0
    psnr_db: float = 0.0
    trouble: str = ""


class Book:
    """All that was measured so far, in a file."""

    def __init__(self, path: Path | None, device: str) -> None:
        self._path = path
        self.document: dict[str, Any] = {
            "where": where(device),
            "toy": device == CPU,
            "gpu_class": gpu_class_of(device),
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def put(self, section: str, key: str, value: Any) -> None:
        self.document.setdefault(section, {})[key] = value
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.document.setdefault("at", {})[f"{section}: {key}"] = now
        if self._path:
            self._path.write_text(json.dumps(self.document, indent=1) + "\n", "utf-8")
        sys.stderr.write(f"[{time.monotonic() - BEGAN:.0f} s] {section} {key}: {_short(value)}\n")
        sys.stderr.flush()


BEGAN = time.monotonic()


def _short(value: Any) -> str:
    return json.dumps(value, default=str)[:1500]


def where(device: str) -> dict[str, str]:
    """Device, driver and versions."""
    names = ("torch", "diffusers", "transformers")
    known = {name: version(name) for name in names} | {"python": platform.python_version()}
    if device == CPU:
        return {"device": "a processor, one thread", **known}
    return {
        "device": torch.cuda.get_device_name(),
        "driver": _driver(),
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
        "triton": version("triton"),
        **known,
    }


def _driver() -> str:
    try:
        text = Path("/proc/driver/nvidia/version").read_text("utf-8")
    except OSError:
        return "unknown"
    return next((word for word in text.split() if word.count(".") >= 2 and word[0].isdigit()), "")


OTHERS = ("text", "rife")
"""What stands among the models and is none."""

PARTS = ("coders", "clips", "errors", "kernels")
"""What is measured of a model beside its forwards."""


def play(
    name: str,
    device: str,
    book: Book,
    rounds: int | None = None,
    until: float = float("inf"),
    parts: Sequence[str] = PARTS,
    only: Sequence[str] = (),
) -> None:
    """Everything of one model; what goes wrong is written down and the rest goes on.

    Parameters
    ----------
    rounds : turns of each contender; else the plan's own.
    until : when, on `time.monotonic`, no further contender is begun.
    only : rungs that are climbed; else all.
    """
    what = PLAYS[name]
    if only:
        what = replace(what, rungs={rung: what.rungs[rung] for rung in only if rung in what.rungs})
    found = _played(name, what, device, book, rounds, until, parts)
    gc.collect()
    give_back()
    if "errors" in parts and time.monotonic() < until:
        _errors(what, found[0], found[-1], device)
        _put_forwards(book, name, what, *found)


def _played(
    name: str,
    what: Play,
    device: str,
    book: Book,
    rounds: int | None,
    until: float,
    parts: Sequence[str],
) -> tuple[Given, float, float, Sequence[Rung]]:
    recipe = Recipe(name="stock", dtype="bfloat16" if device != CPU else "float32")
    began = time.perf_counter()
    generator = open_generator(what.row)
    assert isinstance(generator, DiffusersGenerator)
    torch.manual_seed(0)  # errors are of the weights drawn: the same ones at every run
    generator.hold(_pipeline(what, recipe, device), recipe, device)
    pipeline = generator.pipeline
    request = _request(what, device)
    build_sec = time.perf_counter() - began
    given = recorded_call(
        pipeline.transformer, lambda: _quietly(generator, replace(request, steps=2))
    )
    flops = _flops(pipeline.transformer, given)
    rungs, models = climb(
        name, pipeline.transformer, given, what.rungs, device, rounds or what.rounds, until
    )
    _put_forwards(book, name, what, given, flops, build_sec, rungs)
    ways = [way for way in what.best if way in models]
    ours = models[ways[0]] if ways else pipeline.transformer
    kept = {"stock": pipeline.transformer, "ours": ours}
    del models
    gc.collect()
    give_back()
    if "kernels" in parts and device != CPU:
        for way, model in kept.items():
            climbed = way if way == "stock" or not ways else ways[0]
            rung = next(rung for rung in rungs if rung.name == climbed)
            found = kernels(partial(forward, model, given, rung))
            book.put("kernels", f"{name}: {rung.name}", found)
    coders = _coders(name, what, pipeline, device, until) if "coders" in parts else []
    if coders:
        book.put("coders", name, [asdict(coder) for coder, _ in coders])
    fastest = min(
        (pair for pair in coders if pair[1] is not None),
        key=lambda pair: pair[0].decode_sec,
        default=(Coder(name, "stock"), pipeline.vae),
    )
    if "kernels" in parts and device != CPU and coders:
        latents, _ = _coder_inputs(what, pipeline.vae, _time_ratio(pipeline), device)
        levers = what.coders[fastest[0].way]
        book.put(
            "kernels",
            f"{name}: coder, {fastest[0].way}",
            kernels(partial(_decoded, fastest[1], latents, levers)),
        )
    if "clips" in parts:
        coder = (fastest[0].way, fastest[1])
        clips = _clips(name, what, generator, request, kept, coder, ways, device)
        book.put("clips", name, [asdict(clip) for clip in clips])
    return given, flops, build_sec, rungs


def _put_forwards(
    book: Book,
    name: str,
    what: Play,
    given: Given,
    flops: float,
    build_sec: float,
    rungs: Sequence[Rung],
) -> None:
    book.put(
        "forwards",
        name,
        {
            "size": what.size,
            "frames": what.frames,
            "flops": flops,
            "build_sec": build_sec,
            "inputs": {key: _shape(value) for key, value in given.named.items()},
            "rungs": [
                asdict(rung) | {"forward_sec": rung.forward_sec, "levers": dict(rung.levers)}
                for rung in rungs
            ],
        },
    )


def _shape(value: Any) -> Any:
    return [*value.shape] if isinstance(value, torch.Tensor) else str(value)


def _pipeline(what: Play, recipe: Recipe, device: str) -> Any:
    if device != CPU:
        return real_pipeline(what.row, recipe, device, what.real, one_expert=True)
    kind, parts = tiny_builder(what.row)
    return kind(**parts)


def _request(what: Play, device: str) -> GenerationRequest:
    small = small_request(what.row, guidance=what.guidance)
    if device == CPU:
        return small
    return replace(
        small,
        width=what.size[0],
        height=what.size[1],
        num_frames=what.frames,
        image=keyframe(what.size),
    )


def _quietly(generator: DiffusersGenerator, request: GenerationRequest) -> Any:
    """Generate; random weights may decode to no picture, in the time of a picture."""
    try:
        return generator.generate(request, lambda done, of: None)
    except FramesUnusable:
        return None


def _flops(model: Any, given: Given) -> float:
    """Counted on shapes alone; products of matrices, convolutions and attention."""
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


def _coders(
    name: str, what: Play, pipeline: Any, device: str, until: float
) -> list[tuple[Coder, Any]]:
    """The ways of the picture coder, taking turns over the same latents and pictures."""
    stock = pipeline.vae
    latents, video = _coder_inputs(what, stock, _time_ratio(pipeline), device)
    found: list[tuple[Coder, Any]] = []
    truth: torch.Tensor | None = None
    for way, levers in what.coders.items():
        coder, made = Coder(name, way), None
        if time.monotonic() < until:
            try:
                made = _coder_by(levers, stock, device)
                began = time.perf_counter()
                answer = _decoded(made, latents, levers)
                _ = float(answer.flatten()[0])
                _encoded(made, video, levers)
                coder.first_sec = time.perf_counter() - began
                truth = answer.float() if truth is None else truth
                coder.error = relative_error(answer, truth)
                gap = float((answer.float() - truth).square().mean())
                coder.psnr_db = 10 * float(np.log10(4 / gap)) if gap else 0.0
                del answer
            except Exception as error:  # a way that fails is written down
                coder.trouble = f"{type(error).__name__}: {error}".partition("\n")[0][:300]
                made = None
        else:
            coder.trouble = "no time was left"
        found.append((coder, made))
        give_back()
    stages = Stages(device)
    taken: dict[str, list[float]] = {}
    for turn in range(what.coder_turns):
        for coder, made in found:
            if made is None:
                continue
            held = forget_peak(device)
            levers = what.coders[coder.way]
            stages.timed(coder.way, _decoded)(made, latents, levers)
            coder.working_gib = max(coder.working_gib, peak_above(held, device))
            if turn == 0:
                stages.timed(f"{coder.way}/encode", _encoded)(made, video, levers)
            for key, values in stages.taken().items():
                taken.setdefault(key, []).extend(values)
    for coder, made in found:
        if made is not None:
            coder.decode_sec = middle(taken[coder.way])
            coder.encode_sec = middle(taken[f"{coder.way}/encode"])
    return found


def _time_ratio(pipeline: Any) -> int:
    ratio = getattr(pipeline, "vae_scale_factor_temporal", 0)
    return int(ratio or pipeline.vae.temporal_compression_ratio)


def _coder_inputs(
    what: Play, vae: Any, time_ratio: int, device: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents of the whole clip; and the keyframe with the empty frames that Wan's model reads."""
    config = vae.config
    channels = config.get("z_dim") or config["latent_channels"]
    space = vae.spatial_compression_ratio
    if device == CPU:
        shape, frames = (1, channels, 2, 4, 4), 5
        pixels = (4 * space, 4 * space)
    else:
        frames, pixels = what.frames, (what.size[1], what.size[0])
        shape = (
            1,
            channels,
            (frames - 1) // time_ratio + 1,
            pixels[0] // space,
            pixels[1] // space,
        )
    seen = 1 if "5b" in what.row or "ltx" in what.row else frames
    noise = torch.Generator(device).manual_seed(0)
    latents = torch.randn(shape, generator=noise, device=device)
    video = torch.zeros(1, 3, seen, *pixels, device=device)
    video[:, :, 0] = torch.rand(1, 3, *pixels, generator=noise, device=device) * 2 - 1
    return latents, video


def _coder_by(levers: Levers, stock: Any, device: str) -> Any:
    made = copy.deepcopy(stock)
    held = type("Held", (), {"vae": made})()
    for lever in LEVERS:
        if levers.get(lever):
            LEVERS[lever](held, levers[lever], device, ())
    if levers.get("vae_tiling"):
        made.enable_tiling()
    return made


def _decoded(vae: Any, latents: torch.Tensor, levers: Levers) -> torch.Tensor:
    more = {}
    if getattr(vae.config, "timestep_conditioning", False):
        more["temb"] = torch.full((1,), 0.05, device=latents.device, dtype=vae.dtype)
    with torch.inference_mode(), matmul_precision(levers.get("precision", "highest")):
        made: torch.Tensor = vae.decode(latents.to(vae.dtype), return_dict=False, **more)[0]
    return made


def _encoded(vae: Any, video: torch.Tensor, levers: Levers) -> Any:
    with torch.inference_mode(), matmul_precision(levers.get("precision", "highest")):
        return vae.encode(video.to(vae.dtype))


def _clips(
    name: str,
    what: Play,
    generator: DiffusersGenerator,
    request: GenerationRequest,
    denoisers: Mapping[str, Any],
    coder: tuple[str, Any],
    ways: Sequence[str],
    device: str,
) -> list[Clip]:
    """Stock with few of its steps, ours with the same, and ours with the schedule of few steps."""
    few = what.steps if what.steps <= 8 else 2
    planned = [("stock", few, what.steps, what.guidance)]
    if what.fast_steps:
        planned.append(("ours, few steps", what.fast_steps, what.fast_steps, 1.0))
    else:
        planned.append(("ours", few, what.steps, what.guidance))
    levers = what.rungs.get(ways[0], {}) if ways else {}
    made: list[Clip] = []
    stock_vae = generator.pipeline.vae
    for way, steps, of_steps, guidance in planned:
        clip = Clip(name, way, steps, of_steps, guidance)
        ours = way != "stock"
        clip.notes = (*ways[:1], f"coder: {coder[0]}") if ours else ()
        generator.pipeline.transformer = denoisers["ours" if ours else "stock"]
        if hasattr(generator.pipeline, "transformer_2"):
            generator.pipeline.transformer_2 = generator.pipeline.transformer
        generator.pipeline.vae = coder[1] if ours and coder[1] is not None else stock_vae
        try:
            with matmul_precision(levers.get("precision", "highest") if ours else "highest"):
                _one_clip(clip, generator, request, device)
        except Exception as error:  # written down; the other clips go on
            traceback.print_exc()
            clip.trouble = f"{type(error).__name__}: {error}".partition("\n")[0][:300]
        made.append(clip)
    return made


def _one_clip(
    clip: Clip,
    generator: DiffusersGenerator,
    request: GenerationRequest,
    device: str,
) -> None:
    pipeline, stages = generator.pipeline, Stages(device)
    asked = replace(request, steps=clip.steps, guidance=clip.guidance)
    watched = {
        (pipeline.transformer, "forward"): "forward",
        (pipeline.vae.decoder, "forward"): "decode",
        (pipeline.vae, "encode"): "encode_image",
    }
    plain = {key: getattr(*key) for key in watched}
    ends: list[float] = []

    def on_step(done: int, of: int) -> None:
        if device != CPU:
            torch.cuda.synchronize()
        ends.append(time.perf_counter())

    for (part, method), stage in watched.items():
        setattr(part, method, stages.timed(stage, plain[(part, method)]))
    forget_peak(device)
    began = time.perf_counter()
    frames: Any = None
    try:
        frames = generator.generate(asked, on_step)
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
    shape = (request.num_frames, request.height, request.width, 3)
    shown = frames.frames if frames is not None else _moving(shape)
    made = GeneratedFrames(frames=_moving(shown.shape), fps=asked.fps)
    after = _delivered(made, device)
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
        torch.save(_rife().state_dict(), weights / RIFE_FILE)
        tools = Tools(weights, device)
        whole = float(seconds)
        for _ in range(2):  # the second counts: a worker's net is there
            began = time.perf_counter()
            full = interpolate_frames(made, DELIVERED_FPS, whole, "rife", tools)
            interpolated = time.perf_counter() - began
        began = time.perf_counter()
        encode_intermediate(full.frames, full.fps, weights / "result.mp4")
        return {"interpolate": interpolated, "encode": time.perf_counter() - began}


def _rife() -> IFNet:
    torch.manual_seed(0)
    return IFNet(SHAPES["4.26"])


def _errors(what: Play, given: Given, rungs: Sequence[Rung], device: str) -> None:
    """Against float32 with the same weights, on the first layers at the clip's own tokens."""
    part, config = what.real.parts["transformer"]
    if device == CPU:
        return
    dtype = torch.bfloat16
    half = build_part(part, {**config, "num_layers": SHALLOW_LAYERS}, device, dtype)
    whole = copy.deepcopy(half).float()
    try:
        measure_errors(rungs, whole, half, given, device)
    except Exception:  # the seconds stand all the same
        traceback.print_exc()


def text_encoders(device: str, book: Book) -> None:
    """Seconds of one prompt through each encoder of real size."""
    for name, size in TEXT_ENCODERS.items():
        more = dict(size)
        words = more.pop("words")
        config = getattr(transformers, name.replace("EncoderModel", "Config"))(**XXL, **more)
        if device == CPU:
            config.num_layers, config.d_model, config.d_ff, config.vocab_size = 1, 64, 64, 512
        dtype = torch.bfloat16 if device != CPU else torch.float32
        encoder = build_part(getattr(transformers, name), {"config": config}, device, dtype)
        tokens = torch.randint(0, 500, (1, words), device=device)
        mask = torch.ones_like(tokens)

        def read(encoder: Any = encoder, tokens: Any = tokens, mask: Any = mask) -> Any:
            with torch.inference_mode():
                return encoder(tokens, mask).last_hidden_state

        held = forget_peak(device)
        weights = sum(each.numel() * each.element_size() for each in encoder.parameters()) / GIB
        row = {"seconds": best(read, device, 3), "weights_gib": weights, "tokens": words}
        book.put("text", name, row | {"working_gib": peak_above(held, device)})
        del encoder, read
        gc.collect()
        give_back()


def nets_between(device: str, book: Book) -> None:
    """Seconds of one frame between two, by RIFE at the fast tier's size."""
    width, height = (1024, 576) if device != CPU else (128, 64)
    net = _rife().eval().to(device).requires_grad_(requires_grad=False)
    last = copy.deepcopy(net).to(memory_format=torch.channels_last)
    pair = [torch.rand(1, 3, height, width, device=device) for _ in range(2)]
    moments = torch.tensor([0.4], device=device)

    def whole(net: Any = net) -> torch.Tensor:
        with torch.inference_mode():
            made: torch.Tensor = net(pair[0], pair[1], moments)
        return made

    def halved(first: torch.Tensor, second: torch.Tensor, moments: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cuda", torch.float16):
            made: torch.Tensor = last(first, second, moments)
        return made

    truth = whole().float()
    ways: dict[str, Callable[[], torch.Tensor]] = {"float32": whole}
    ways |= {"float32, channels last": lambda: whole(last)}
    if device != CPU:
        played, half_played = (
            Recorded(each, torch.cuda.graph_pool_handle()) for each in (net, halved)
        )
        ways |= {
            "float32, graph": lambda: whole(played),
            "float16, channels last": lambda: whole(halved),
            "float16, channels last, graph": lambda: whole(half_played),
        }
    for way, work in ways.items():
        began = time.perf_counter()
        error = relative_error(work(), truth)
        first = time.perf_counter() - began
        row = {"seconds": best(work, device, 10), "first_sec": first, "changed": error}
        book.put("rife", way, row | {"size": [width, height]})


def main() -> int:
    """Measure, and write what was measured."""
    parser = argparse.ArgumentParser(description="Stock diffusers against ours.")
    parser.add_argument(
        "--models", default=",".join((*PLAYS, *OTHERS)), help="names, with commas between"
    )
    parser.add_argument("--rounds", type=int, help="turns of each contender; else the plan's own")
    parser.add_argument("--parts", default=",".join(PARTS), help="beside the forwards")
    parser.add_argument("--rungs", default="", help="of the ladder, with semicolons between")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else CPU)
    parser.add_argument("--minutes", type=float, default=60, help="no part is begun after")
    parser.add_argument("--out", type=Path, help="a file for what was measured, in JSON")
    parser.add_argument("--write", action="store_true", help=f"the same as --out {JSON_FILE}")
    options = parser.parse_args()
    until = time.monotonic() + 60 * options.minutes
    if options.device == CPU:
        torch.set_num_threads(1)
    torch._dynamo.config.recompile_limit = 128
    book = Book(JSON_FILE if options.write else options.out, options.device)
    limits: Limits = measured_limits(options.device)
    book.put("limits", "machine", asdict(limits))
    parts: dict[str, Callable[[], None]] = {
        "text": lambda: text_encoders(options.device, book),
        "rife": lambda: nets_between(options.device, book),
    }
    parts |= {
        name: partial(
            play,
            name,
            options.device,
            book,
            options.rounds,
            until,
            options.parts.split(","),
            options.rungs.split(";") if options.rungs else (),
        )
        for name in PLAYS
    }
    for name in options.models.split(","):
        if time.monotonic() > until:
            book.put("left_out", name, "no time was left")
            continue
        try:
            parts[name]()
        except Exception as error:  # one model's trouble is not the next one's
            traceback.print_exc()
            book.put("trouble", name, f"{type(error).__name__}: {error}"[:500])
            gc.collect()
            give_back()
    return 0


if __name__ == "__main__":
    sys.exit(main())
