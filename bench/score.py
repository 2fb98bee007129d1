"""How fast `dropreel score` is: groups of four pictures a minute, beside decoding them alone.

    python -m bench.score [--groups 8] [--rounds 3] [--write]

The pictures are the example keyframes at 1, 2, 3 and 4 megapixels, as PNG and as JPEG, read from
files as the command reads them. Decoding alone and the whole command take turns. Beside the speed
stands what the scores make of the keyframes and of spoilt copies of them.
"""

import argparse
import io
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from cli.scoring.folder import score_folder
from shared.scoring.score import score_keyframe
from shared.video.keyframe import decode_keyframe

CHECKOUT = Path(__file__).parents[1]
PAGE = CHECKOUT / "docs" / "benchmarks" / "score.md"
KEYFRAMES = ("astronaut.png", "coffee.png", "hubble.jpg", "rocket.jpg")
MEGAPIXELS = (1, 2, 3, 4)
GROUP = len(MEGAPIXELS)
TARGET = 100
KINDS = {"JPEG": {"quality": 92}, "PNG": {"compress_level": 4}}


class Cost(NamedTuple):
    """What one pass over the pictures took, on all processors."""

    wall: float
    cpu: float


def write_pictures(folder: Path, kind: str, groups: int) -> list[str]:
    """Groups of one keyframe in four sizes; their names."""
    names = []
    for group in range(groups):
        image = Image.open(CHECKOUT / "examples/first-batch" / KEYFRAMES[group % len(KEYFRAMES)])
        for megapixels in MEGAPIXELS:
            scale = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
            size = round(image.width * scale), round(image.height * scale)
            name = f"group{group:03}_v{megapixels}.{kind.lower()}"
            enlarged = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
            enlarged.save(folder / name, kind, **KINDS[kind])
            names.append(name)
    return names


def decode_all(folder: Path, names: list[str]) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda name: decode_keyframe((folder / name).read_bytes(), name), names))


def timed(work: Callable[[], object]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def compare(folder: Path, kind: str, groups: int, rounds: int) -> tuple[Cost, Cost]:
    """The fastest pass of decoding alone and of the whole, in turns."""
    names = write_pictures(folder, kind, groups)
    turns = [
        (timed(lambda: decode_all(folder, names)), timed(lambda: score_folder(folder, names)))
        for _ in range(rounds)
    ]
    decoding, whole = zip(*turns, strict=True)
    return min(decoding), min(whole)


def one_by_one() -> dict[int, float]:
    """CPU milliseconds of scoring one decoded picture of each size."""
    image = Image.open(CHECKOUT / "examples/first-batch/hubble.jpg").convert("RGB")
    found = {}
    for megapixels in MEGAPIXELS:
        scale = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
        size = round(image.width * scale), round(image.height * scale)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.png"
            image.resize(size).save(path)
            rgb = decode_keyframe(path.read_bytes(), path.name).rgb
        found[megapixels] = min(timed(lambda: score_keyframe(rgb)).cpu for _ in range(5)) * 1000  # noqa: B023 - run at once
    return found


def spoilt() -> Iterator[str]:
    """Scores (animates / looks) of the keyframes and of copies with one fault each, as a table."""
    columns: dict[str, Callable[[Image.Image], Image.Image]] = {
        "as it is": lambda image: image,
        "blur σ 1": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
        "blur σ 2": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
        "blur σ 4": lambda image: image.filter(ImageFilter.GaussianBlur(4)),
        "noise σ 16": noisy,
        "JPEG 10": compressed,
    }
    yield f"| keyframe | {' | '.join(columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    for name in KEYFRAMES:
        image = Image.open(CHECKOUT / "examples/first-batch" / name).convert("RGB")
        found = [score_keyframe(np.asarray(spoil(image))) for spoil in columns.values()]
        cells = (f"{one.video_viability_score:.2f} / {one.aesthetic_score:.2f}" for one in found)
        yield f"| {name} | {' | '.join(cells)} |"


def noisy(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image) + np.random.default_rng(1).normal(0, 16, (*image.size[::-1], 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def compressed(image: Image.Image) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=10)
    return Image.open(out)


def page(rows: dict[str, tuple[Cost, Cost]], single: dict[int, float], groups: int) -> str:
    lines = [
        (
            "| pictures | groups a minute | CPU ms a picture | decoding alone: groups a minute | "
            "CPU ms a picture |"
        ),
        "|---|---:|---:|---:|---:|",
    ]
    pictures = groups * GROUP
    for kind, (decoding, whole) in rows.items():
        cells = [
            f"{groups / cost.wall * 60:.0f} | {cost.cpu / pictures * 1000:.0f}"
            for cost in (whole, decoding)
        ]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    sizes = ", ".join(f"{size} MP {spent:.0f} ms" for size, spent in single.items())
    spent = {kind: whole.cpu / groups for kind, (_, whole) in rows.items()}
    idle = " and ".join(f"{120 / cpu:.0f} groups a minute ({kind})" for kind, cpu in spent.items())
    table, scores = "\n".join(lines), "\n".join(spoilt())
    return f"""\
# Scoring keyframes

    python -m bench.score --write

`dropreel score` over {groups} groups of four pictures of 1, 2, 3 and 4 megapixels, from files, by
the classical formula. The target is {TARGET} groups a minute on two processors (seed B070, B094).

{table}

CPU time of scoring alone, one decoded picture: {sizes}.
Above one megapixel only the reduction to 1024 pixels grows.

Others ran beside it (load average {os.getloadavg()[0]:.0f} on {os.cpu_count()} processors), which
stretches the first and third column alike. By the CPU time that it took, two processors of its own
would do {idle}.

## What the scores say

How well it animates / how it looks, for the example keyframes and copies with one fault each:

{scores}

The fastest of interleaved passes each. Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()}
processors ({platform.machine()}), Python {platform.python_version()}, numpy {version("numpy")},
Pillow {version("pillow")}.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the scoring of keyframes.")
    parser.add_argument("--groups", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    args = parser.parse_args()
    rows = {}
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            rows[kind] = compare(Path(folder), kind, args.groups, args.rounds)
    text = page(rows, one_by_one(), args.groups)
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
