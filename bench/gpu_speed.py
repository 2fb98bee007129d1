"""Stock diffusers against ours, interleaved in one run: seconds by stage, memory, dollars, limits.

    python -m bench.gpu_speed                          # on whatever device there is
    python -m bench.gpu_speed --models wan2.2-ti2v-5b --repeats 5 --steps 4
    python -m bench.gpu_speed --write                  # …and docs/benchmarks/gpu-speed.{md,json}

Contenders take turns: `stock`, `stock again` (the same once more: what differs is noise), `ours`.
On a GPU models have their real size and random weights, and the two are never on it together. On
a processor they are the tests' tiny ones: that says that the harness runs, and nothing else.

Content-dependent caches (first-block, MagCache) are left out: with random weights their hits mean
nothing. The prompt cache is on in `ours` and labelled: after the first clip no words are read.
"""

import argparse
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.gpu import CPU, GIB, clip_of, gpu_class_of, real_pipeline, usd_for
from gpu_functions.generators.contract import GeneratedFrames, Recipe
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.faults import give_back
from gpu_functions.generators.registry import open_generator
from gpu_functions.interpolation import interpolate_frames
from gpu_functions.runner.encode import encode_intermediate
from shared.catalog.recipes import recipes_for
from tests.gpu.tiny import build_tiny

PART = Path(__file__).parents[1] / "docs" / "benchmarks" / "gpu-speed.md"
MODELS = ("wan2.2-i2v-a14b", "wan2.2-ti2v-5b", "ltx-video-0.9.8-13b")
DELIVERED_FPS = 30
OURS: Mapping[str, Mapping[str, Any]] = {
    "wan": {"fuse_qkv": True, "fused_modulation": True, "prompt_cache": True},
    "ltx": {"prompt_cache": True},
}
"""Levers of `ours` by family, beyond the first recipe's own."""

STAGES = ("text", "forward", "decode", "interpolate", "encode")


@dataclass(frozen=True)
class Limits:
    """What the machine can do at most, measured on it: one large product, one large copy."""

    flops: float
    bytes_per_sec: float


@dataclass(frozen=True)
class Result:
    """One contender of one model: medians over its rounds."""

    model: str
    contender: str
    levers: Sequence[str] = ()
    load_sec: float = 0.0
    first_clip_sec: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)
    forwards: float = 0.0
    steps: int = 0
    clip_sec: float = 0.0
    peak_gib: float = 0.0
    usd: float | None = None
    least_forward_sec: float = 0.0
    notes: Sequence[str] = ()

    @property
    def forward_sec(self) -> float:
        return self.seconds["forward"] / self.forwards

    @property
    def share_of_limit(self) -> float:
        return self.least_forward_sec / self.forward_sec


class Stages:
    """Seconds by stage: device events on a GPU, the clock on a processor."""

    def __init__(self, device: str) -> None:
        self._gpu = device != CPU
        self._marks: dict[str, list[tuple[Any, Any]]] = {}

    def mark(self) -> Any:
        if not self._gpu:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, whose every call counts towards a stage."""

        def call(*arguments: Any, **named: Any) -> Any:
            began = self.mark()
            made = work(*arguments, **named)
            self._marks.setdefault(stage, []).append((began, self.mark()))
            return made

        return call

    def taken(self) -> tuple[dict[str, float], int]:
        """Seconds by stage since the last time, and how many forwards there were."""
        if self._gpu:
            torch.cuda.synchronize()
        marks, self._marks = self._marks, {}
        return (
            {stage: sum(self._between(*pair) for pair in pairs) for stage, pairs in marks.items()},
            len(marks.get("forward", ())),
        )

    def _between(self, began: Any, ended: Any) -> float:
        return began.elapsed_time(ended) / 1000 if self._gpu else ended - began


class Contender:
    """A loaded generator under the stopwatch; away from the GPU while another has its turn."""

    def __init__(self, name: str, model_id: str, recipe: Recipe, device: str) -> None:
        self.name, self._device, self._recipe = name, device, recipe
        self.rounds: list[tuple[dict[str, float], int, float, float]] = []
        generator = open_generator(model_id)
        assert isinstance(generator, DiffusersGenerator)
        self.generator, began = generator, time.perf_counter()
        if device == CPU:
            with tempfile.TemporaryDirectory() as folder:
                generator.load(build_tiny(model_id, Path(folder)), recipe, device)
        else:
            generator.hold(real_pipeline(model_id, recipe, device), recipe, device)
        self.load_sec = time.perf_counter() - began
        self.stages = Stages(device)
        self._watch(generator.pipeline)
        self.steps = 0
        self._turn(CPU)

    def _watch(self, pipeline: Any) -> None:
        for part in filter(None, (getattr(pipeline, name, None) for name in self._denoisers)):
            part.forward = self.stages.timed("forward", part.forward)
        pipeline.vae.decode = self.stages.timed("decode", pipeline.vae.decode)
        pipeline.encode_prompt = self.stages.timed("text", pipeline.encode_prompt)

    @property
    def _denoisers(self) -> Sequence[str]:
        return self.generator.denoisers

    def play(self, request: Any) -> float:
        """One finished clip, all in; its seconds."""
        self._turn(self._device)
        if self._device != CPU:
            torch.cuda.reset_peak_memory_stats()
            torch.cuda.synchronize()
        began = time.perf_counter()
        made = self.generator.generate(request, self._step)
        self.stages.timed("deliver", self._deliver)(made)
        seconds, forwards = self.stages.taken()
        whole = time.perf_counter() - began
        peak = torch.cuda.max_memory_allocated() / GIB if self._device != CPU else 0.0
        self.rounds.append((seconds, forwards, whole, peak))
        self._turn(CPU)
        return whole

    def _step(self, done: int, of: int) -> None:
        self.steps = of  # a distilled model takes its own

    def _deliver(self, made: GeneratedFrames) -> None:
        # interpolation by what needs no net: the nets' weights are not random-sized
        watch = self.stages
        retime = watch.timed("interpolate", interpolate_frames)
        full = retime(made, DELIVERED_FPS, len(made.frames) / made.fps, "blend")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "result.mp4"
            watch.timed("encode", encode_intermediate)(full.frames, full.fps, path)

    def _turn(self, device: str) -> None:
        if self._device != CPU and self._recipe.offload == "none":
            self.generator.pipeline.to(device)
            give_back()


def measure(model_id: str, device: str, steps: int, repeats: int) -> list[Result]:
    """All contenders of one model, taking turns."""
    request = replace(clip_of(model_id, device), steps=steps)
    plain = recipes_for(model_id, gpu_class_of(device))[0]
    stock = plain.model_copy(update={"levers": {}})
    ours = plain.model_copy(update={"levers": {**plain.levers, **_levers_of(model_id)}})
    limits = measured_limits(device)
    first = Contender("stock", model_id, stock, device)
    playing = [first, Contender("ours", model_id, ours, device)]
    warm = {each.name: each.play(request) for each in playing}
    flops = _flops_of_forward(first, request, device)
    weight_bytes = sum(
        values.numel() * values.element_size()
        for values in first.generator.pipeline.transformer.parameters()
    )
    least = max(flops / limits.flops, weight_bytes / limits.bytes_per_sec)
    for each in playing:
        each.rounds.clear()
    again: list[tuple[dict[str, float], int, float, float]] = []
    for _ in range(repeats):
        for each in playing:
            each.play(request)
        first.play(request)
        again.append(first.rounds.pop())
    results = [
        _result(each.name, each, each.rounds, warm[each.name], model_id, least, device)
        for each in playing
    ]
    twin = _result("stock again", first, again, warm["stock"], model_id, least, device)
    del playing, first
    gc.collect()
    give_back()
    return [results[0], twin, *results[1:]]


def _result(
    name: str,
    contender: Contender,
    rounds: Sequence[tuple[dict[str, float], int, float, float]],
    warm: float,
    model_id: str,
    least: float,
    device: str,
) -> Result:
    clip_sec = statistics.median(whole for _, _, whole, _ in rounds)
    usd = usd_for(clip_sec, device)
    return Result(
        model=model_id,
        contender=name,
        levers=sorted(contender._recipe.levers),
        load_sec=contender.load_sec,
        first_clip_sec=warm,
        seconds={
            stage: statistics.median(seconds.get(stage, 0.0) for seconds, *_ in rounds)
            for stage in STAGES
        },
        forwards=statistics.median(count for _, count, *_ in rounds),
        steps=contender.steps,
        clip_sec=clip_sec,
        peak_gib=max(peak for *_, peak in rounds),
        usd=float(usd) if usd is not None else None,
        least_forward_sec=least,
        notes=contender.generator.notes,
    )


def _levers_of(model_id: str) -> Mapping[str, Any]:
    return next((levers for family, levers in OURS.items() if model_id.startswith(family)), {})


def _flops_of_forward(contender: Contender, request: Any, device: str) -> float:
    """Counted while one clip is made; products of matrices, convolutions and attention."""
    contender._turn(device)
    counted: list[float] = []
    parts = [getattr(contender.generator.pipeline, name, None) for name in contender._denoisers]
    plain = {part: part.forward for part in parts if part is not None}

    def counting(forward: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            with FlopCounterMode(display=False) as counter:
                made = forward(*arguments, **named)
            counted.append(float(counter.get_total_flops()))
            return made

        return call

    for part, forward in plain.items():
        part.forward = counting(forward)
    contender.generator.generate(replace(request, steps=2), lambda done, of: None)
    for part, forward in plain.items():
        part.forward = forward
    contender.stages.taken()
    contender._turn(CPU)
    return statistics.median(counted)


def measured_limits(device: str) -> Limits:
    """The best of several: a product of large squares, and a copy that no cache holds."""
    side, dtype = (8192, torch.bfloat16) if device != CPU else (1024, torch.float32)
    left = torch.randn(side, side, device=device).to(dtype)
    numbers = torch.empty(side * side * 4, device=device, dtype=dtype)
    other = torch.empty_like(numbers)
    product = _best(lambda: left @ left, device)
    copy = _best(lambda: other.copy_(numbers), device)
    return Limits(2 * side**3 / product, 2 * numbers.numel() * numbers.element_size() / copy)


def _best(work: Callable[[], Any], device: str, times: int = 5) -> float:
    stages = Stages(device)
    work()
    taken = []
    for _ in range(times):
        stages.timed("work", work)()
        taken.append(stages.taken()[0]["work"])
    return min(taken)


def report(results: Sequence[Result], device: str, steps: int, repeats: int) -> Iterator[str]:
    yield "# Stock diffusers against ours\n"
    yield "    python -m bench.gpu_speed --write\n"
    if device == CPU:
        yield "**Toy sizes on a processor.** No GPU was there: these are the tests' tiny models at"
        yield "a few dozen pixels. The figures say that the harness runs from end to end, and"
        yield "nothing about the speed of anything. No figure of a GPU is claimed anywhere.\n"
    yield f"Medians of {repeats} clips of {steps} steps each (LTX: its own 8), taking turns."
    yield "`stock again` is the same as `stock`: what differs between them is noise."
    yield "The limit of a forward is the larger of its operations over the measured rate of"
    yield "products and the bytes of its weights over the measured rate of copying.\n"
    heads = ["model", "contender", "load", "first clip", "clip", "s/step", "s/forward", "of limit"]
    heads += [stage for stage in STAGES if stage != "forward"]
    heads += ["peak GiB", "clips/min", "USD/clip"]
    yield f"| {' | '.join(heads)} |"
    yield f"|---|---|{'---:|' * (len(heads) - 2)}"
    for row in results:
        numbers = (row.load_sec, row.first_clip_sec, row.clip_sec)
        cells = [f"{each:.3g}" for each in (*numbers, row.seconds["forward"] / row.steps)]
        cells += [f"{row.forward_sec:.3g}", f"{row.share_of_limit:.1%}"]
        cells += [f"{row.seconds[stage]:.3g}" for stage in STAGES if stage != "forward"]
        cells += [f"{row.peak_gib:.1f}" if row.peak_gib else "–", f"{60 / row.clip_sec:.3g}"]
        cells += [f"{row.usd:.4f}" if row.usd is not None else "–"]
        yield f"| `{row.model}` | {row.contender} | {' | '.join(cells)} |"
    said = [
        f"- `{row.model}`, {row.contender}: {', '.join(row.levers) or 'no levers'}"
        + "".join(f"; {note}" for note in row.notes)
        for row in results
        if row.contender == "ours"
    ]
    yield from ["", *said]
    yield f"\nMeasured {datetime.now(UTC):%Y-%m-%d} on {_where(device)}."


def _where(device: str) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "diffusers"))
    if device == CPU:
        return f"a processor, one thread, {libraries}"
    return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, {libraries}"


def main() -> int:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(description="Stock diffusers against ours.")
    parser.add_argument("--models", default=",".join(MODELS), help="ids, with commas between")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else CPU)
    parser.add_argument("--write", action="store_true", help=f"write {PART.name} and .json")
    options = parser.parse_args()
    if options.device == CPU:
        torch.set_num_threads(1)
    results = []
    for model_id in options.models.split(","):
        results += measure(model_id, options.device, options.steps, options.repeats)
    text = "\n".join(report(results, options.device, options.steps, options.repeats)) + "\n"
    print(text)
    if options.write:
        PART.write_text(text, encoding="utf-8")
        document = {
            "where": _where(options.device),
            "toy": options.device == CPU,
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "results": [asdict(row) for row in results],
        }
        PART.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
