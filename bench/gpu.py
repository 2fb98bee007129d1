"""What every generator takes: seconds a forward and a clip, memory, clips a minute, dollars a clip.

    python -m bench.gpu                       # every model, on whatever device there is
    python -m bench.gpu --models wan2.2-ti2v-5b,mochi-1 --steps 3
    python -m bench.gpu --models wan2.2-i2v-a14b --recipes fp8_compiled,fp8_experts,fp8_offload
    python -m bench.gpu --write               # …and write docs/benchmarks/gpu.md

On a GPU the models have their real size and random weights (`bench.gpu_sizes`), and a clip is
worked out from a few steps: all steps of one run take the same time. Without a GPU the models are
the tests' tiny ones, which says only that the bench runs; the table is labelled so.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import torch

from bench.gpu_clock import wait
from bench.gpu_price import usd_a_second
from bench.gpu_sizes import REAL, Real, build_part, reading
from gpu_functions.generators.contract import (
    FramesUnusable,
    GenerationRequest,
    OnStep,
    OutOfMemory,
    Recipe,
)
from gpu_functions.generators.diffusers_generator import DTYPES, DiffusersGenerator
from gpu_functions.generators.faults import give_back, peak_vram_bytes
from gpu_functions.generators.registry import FAMILIES, open_generator
from gpu_functions.runner.device import CPU, GIB
from gpu_functions.speed.lever import parts_of
from shared.catalog import find_model
from shared.catalog.recipe import recipe_book
from shared.catalog.recipes import recipes_for
from shared.errors import DropreelError, InternalFault
from tests.gpu.requests import keyframe, small_request
from tests.gpu.tiny import build_tiny
from tests.gpu.tiny import builder as tiny_builder

PART = Path(__file__).parents[1] / "docs" / "benchmarks" / "gpu.md"
CLASSES = {"h100": ("H100", "H200"), "a100": ("A100",), "rtx4090": ("4090", "L40S", "L4")}

HEADINGS = (
    "model",
    "clip",
    "recipe",
    "s/forward",
    "forwards",
    "s/clip",
    "peak VRAM, GiB",
    "clips/min",
    "USD/clip",
)


@dataclass(frozen=True)
class Row:
    """One model, measured; or why not."""

    model: str
    clip: str
    recipe: str = ""
    forward_sec: float = 0.0
    forwards: int = 0
    clip_sec: float = 0.0
    peak_gib: float = 0.0
    usd: Decimal | None = None
    trouble: str = ""


class Stopwatch:
    """When each step ended, and how often the denoisers ran."""

    def __init__(self, generator: DiffusersGenerator, device: str) -> None:
        self._device = device
        self.ends: list[float] = []
        self.forwards = 0
        counted = [name for name in generator.denoisers if name != "controlnet"]
        for part in parts_of(generator.pipeline, counted):
            part.register_forward_hook(self._count)

    def _count(self, *_: Any) -> None:
        self.forwards += 1

    def now(self) -> float:
        wait(self._device)
        return time.perf_counter()

    def step(self, done: int, of: int) -> None:
        self.ends.append(self.now())


def measure(
    model_id: str, device: str, gpu_class: str, steps: int, recipes: Sequence[Recipe] = ()
) -> Row:
    """One model by its first recipe that fits.

    Parameters
    ----------
    recipes : instead of those that the catalogue names for the class.
    """
    request = clip_of(model_id, device)
    clip = f"{request.width}×{request.height}, {request.num_frames} frames"
    row = Row(model_id, clip)
    for recipe in recipes or recipes_for(model_id, gpu_class):
        try:
            return _measured(replace(row, recipe=recipe.name), request, recipe, device, steps)
        except OutOfMemory:
            row = replace(row, recipe=recipe.name, trouble="out of memory")
        except (DropreelError, RuntimeError, ValueError) as error:
            row = replace(row, recipe=recipe.name, trouble=str(error).partition("\n")[0][:80])
        finally:
            give_back()
    return row


def _measured(row: Row, request: GenerationRequest, recipe: Recipe, device: str, steps: int) -> Row:
    generator = open_generator(row.model)
    assert isinstance(generator, DiffusersGenerator)
    if device == CPU:
        with tempfile.TemporaryDirectory() as folder:
            generator.load(build_tiny(row.model, Path(folder)), recipe, device)
    else:
        generator.hold(real_pipeline(row.model, recipe, device), of_drawn(recipe), device)
    # Once for what is chosen or compiled at first sight, once on the clock.
    generated(generator, replace(request, steps=2), lambda done, of: None)
    if device != CPU:
        torch.cuda.reset_peak_memory_stats()
    watch = Stopwatch(generator, device)
    began = watch.now()
    unusable = generated(generator, replace(request, steps=steps), watch.step)
    whole = watch.now() - began
    done = len(watch.ends)
    if unusable and done < steps:
        raise InternalFault(unusable)
    step_sec = (watch.ends[-1] - watch.ends[0]) / max(1, done - 1)
    usual = _usual_steps(row.model, done)
    clip_sec = whole + (usual - done) * step_sec
    per_step = watch.forwards / done
    return replace(
        row,
        forward_sec=step_sec / per_step,
        forwards=round(usual * per_step),
        clip_sec=clip_sec,
        peak_gib=peak_vram_bytes() / GIB,
        usd=usd_for(clip_sec, device),
        trouble="; ".join((*generator.notes, unusable)).strip("; ") if device != CPU else "",
    )


def generated(generator: DiffusersGenerator, request: GenerationRequest, step: OnStep) -> str:
    """Generate; random weights may well decode to nothing, in the time of a picture. Says so."""
    try:
        generator.generate(request, step)
    except FramesUnusable as error:
        return error.message
    return ""


def real_pipeline(
    model_id: str,
    recipe: Recipe,
    device: str,
    real: Real | None = None,
    *,
    one_expert: bool = False,
) -> Any:
    """The tests' pipeline, its heavy parts at their real size and its readers replaced.

    Parameters
    ----------
    real : in place of the model's own.
    one_expert : the second denoiser is the first: the same seconds, half the memory.
    """
    real, dtype = real or REAL[model_id], DTYPES[recipe.dtype]
    at = CPU if recipe.offload != "none" else device
    kind, parts = tiny_builder(model_id)
    for name, (part, config) in real.parts.items():
        if one_expert and name == "transformer_2":
            parts[name] = parts["transformer"]
            continue
        whole = torch.float32 if name in open_generator_class(model_id).float32 else dtype
        parts[name] = build_part(part, config, at, whole)
    pipeline = kind(**parts)
    readings = tuple(reading(shape, device, dtype) for shape in real.readings)
    if readings:
        pipeline.encode_prompt = lambda *_, **__: readings
    for method, shape in real.looks.items():
        looked = reading(shape, device, dtype)
        setattr(pipeline, method, lambda *_, looked=looked, **__: looked)
    return pipeline


def of_drawn(recipe: Recipe) -> Recipe:
    """The recipe for weights that are drawn: no LoRA is of them, but their schedule stays."""
    levers = {
        name: {**setting, "loras": {}} if name == "distilled" else setting
        for name, setting in recipe.levers.items()
    }
    return recipe.model_copy(update={"levers": levers})


def open_generator_class(model_id: str) -> type[DiffusersGenerator]:
    generator = open_generator(model_id)
    assert isinstance(generator, DiffusersGenerator)
    return type(generator)


def clip_of(model_id: str, device: str) -> GenerationRequest:
    """The model's own usual clip; on a processor the tests' tiny one."""
    small = small_request(model_id)
    row = find_model(model_id)
    assert row is not None
    rule = row.capabilities.frames
    assert rule is not None
    if device == CPU:
        return small
    size = rule.sizes[row.capabilities.default_resolution or ""]
    return replace(
        small,
        width=size[0],
        height=size[1],
        num_frames=rule.default_frames or small.num_frames,
        image=keyframe(size) if small.image else None,
    )


def _usual_steps(model_id: str, otherwise: int) -> int:
    row = find_model(model_id)
    return row.sampling.steps if row and row.sampling else otherwise


def gpu_class_of(device: str) -> str:
    """The class whose recipes suit the GPU that is there."""
    if device == CPU:
        return CPU
    name = torch.cuda.get_device_name()
    found = (each for each, signs in CLASSES.items() if any(sign in name for sign in signs))
    return next(found, "rtx4090")


def usd_for(seconds: float, device: str) -> Decimal | None:
    """At the price of this kind of GPU at Modal; None for a processor."""
    if device == CPU:
        return None
    a_second = usd_a_second(gpu_class_of(device), torch.cuda.get_device_name())
    return a_second * Decimal(str(seconds))


def table(rows: Sequence[Row]) -> Iterator[str]:
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|---|---|---|{'---:|' * (len(HEADINGS) - 3)}"
    for row in rows:
        failed = row.trouble and not row.clip_sec
        numbers = [row.trouble, *[""] * 5] if failed else [*_numbers(row)]
        yield f"| {' | '.join((f'`{row.model}`', row.clip, f'`{row.recipe}`', *numbers))} |"


def _numbers(row: Row) -> Iterator[str]:
    yield f"{row.forward_sec:.3g}"
    yield str(row.forwards)
    yield f"{row.clip_sec:.3g}"
    yield f"{row.peak_gib:.1f}" if row.peak_gib else "–"
    yield f"{60 / row.clip_sec:.3g}"
    yield f"{row.usd:.4f}" if row.usd is not None else "–"


def report(rows: Sequence[Row], device: str, steps: int) -> Iterator[str]:
    yield "# Generators\n"
    yield "    python -m bench.gpu --write\n"
    if device == CPU:
        yield "**Toy sizes on a processor.** No GPU was there: these are the tests' tiny models, at"
        yield "a few dozen pixels. The figures say that every generator runs under the bench, and"
        yield "nothing about the real ones.\n"
        where = "a processor, one thread"
    else:
        yield "Real sizes, random weights; prompts and pictures already read. A clip's seconds"
        yield f"are worked out from {steps} steps and one decoding. Memory and dollars are of this"
        yield "GPU.\n"
        where = torch.cuda.get_device_name()
    yield from table(rows)
    notes = [f"- `{row.model}`: {note}" for row in rows if (note := _note(row, device))]
    yield from ["", *notes] if notes else []
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "diffusers"))
    yield f"\nMeasured {datetime.now(UTC):%Y-%m-%d} on {where}, {libraries}."


def _note(row: Row, device: str) -> str:
    size = REAL[row.model].note if device != CPU else ""
    return "; ".join(part for part in (size, row.trouble if row.clip_sec else "") if part)


def main() -> int:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(description="Measure the generators.")
    parser.add_argument("--models", default=",".join(FAMILIES), help="ids, with commas between")
    parser.add_argument("--recipes", default="", help="names, a row for each; else the class's own")
    parser.add_argument("--steps", type=int, default=4, help="steps on the clock")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else CPU)
    parser.add_argument("--write", action="store_true", help=f"write {PART.name}")
    options = parser.parse_args()
    if options.device == CPU:
        torch.set_num_threads(1)
    rows = []
    gpu_class = gpu_class_of(options.device)
    named: list[tuple[Recipe, ...]] = [
        (recipe_book()[name],) for name in filter(None, options.recipes.split(","))
    ]
    for model_id, recipes in product(options.models.split(","), named or [()]):
        rows.append(measure(model_id, options.device, gpu_class, options.steps, recipes))
        sys.stderr.write(f"{[*table(rows)][-1]}\n")
    text = "\n".join(report(rows, options.device, options.steps)) + "\n"
    print(text)
    if options.write:
        PART.parent.mkdir(parents=True, exist_ok=True)
        PART.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
