"""What the inspection of a finished clip costs over the bare decode of it.

    python -m bench.inspect [--seconds 6] [--repeats 5] [--write]

1080p30 H.265, decoded by OpenCV on all cores. Bare decode, the flash check, all checks and a plain
full-resolution numpy version of the flash rule run in turns on the same file, so that whatever else
the machine does falls on all of them. Targets: all checks at 40 % of the bare decode's speed, the
flash check at 65 %.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.finish import HEIGHT, RATE, WIDTH, Cost, encode_all, pan, texture, timed
from shared.safety.check import Check, Expectation
from shared.safety.flash.check import Flashes
from shared.safety.flash.light import LINEAR_OF_CODE
from shared.safety.inspector import default_checks, inspect_clip
from shared.video.codec_settings import master_settings
from shared.video.finish_spec import FinishSpec

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "inspect.md"
PHOTOGRAPH = Path(__file__).parents[1] / "examples" / "first-batch" / "coffee.png"
FLASH_TARGET, ALL_TARGET = 65, 40

Work = Callable[[], object]


def bare(path: Path) -> None:
    """Every picture as the checks get it, and nothing else."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    while capture.read()[0]:
        pass
    capture.release()


def plain(path: Path) -> int:
    """The general flash rule at full resolution, as one writes it down first: the most pixels over
    the limit in any frame."""
    table = LINEAR_OF_CODE.astype(np.float32)
    weights = np.array([0.0722, 0.7152, 0.2126], np.float32)
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    high = low = direction = None
    recent: list[NDArray[np.bool_]] = []
    most = 0
    while True:
        decoded, bgr = capture.read()
        if not decoded:
            return most
        light = table[bgr] @ weights
        if high is None or low is None or direction is None:
            high, low, direction = light.copy(), light.copy(), np.zeros(light.shape, np.int8)
            continue
        high, low = np.maximum(high, light), np.minimum(low, light)
        fell = (direction >= 0) & (high - light >= 0.1) & (light < 0.8)
        rose = (direction <= 0) & (light - low >= 0.1) & (low < 0.8)
        turned = fell | rose
        direction[fell], direction[rose] = -1, 1
        high[turned] = light[turned]
        low[turned] = light[turned]
        recent = [*recent[-(int(RATE) - 1) :], turned]
        most = max(most, int((np.sum(recent, axis=0, dtype=np.uint8) > 6).sum()))


def inspected(path: Path, count: int, checks: Callable[[], Sequence[Check]]) -> Work:
    expected = Expectation(WIDTH, HEIGHT, RATE, count, moving=True)
    return lambda: inspect_clip(path, expected, checks())


def peak_memory_mb(path: Path, count: int) -> float:
    """Of a fresh process that inspects the file. (`ru_maxrss` would count its parent, too.)"""
    code = (
        "import re, sys; from fractions import Fraction; from pathlib import Path;"
        "from shared.safety.check import Expectation;"
        "from shared.safety.inspector import inspect_clip;"
        f"inspect_clip(Path(sys.argv[1]), Expectation({WIDTH}, {HEIGHT}, Fraction(30), {count}));"
        "status = Path('/proc/self/status').read_text();"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) / 1024)"
    )
    command = [sys.executable, "-c", code, str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 — our own interpreter


def rows(content: str, path: Path, count: int, repeats: int, *, with_plain: bool) -> list[str]:
    works: dict[str, Work] = {
        "bare decode": lambda: bare(path),
        "flash check": inspected(path, count, lambda: (Flashes(),)),
        "all checks": inspected(path, count, default_checks),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in works}
    for turn in range(repeats):
        order = list(works) if turn % 2 == 0 else list(reversed(works))
        for name in order:
            costs[name].append(timed(works[name]))
        print(content, turn + 1, {name: each[-1] for name, each in costs.items()}, flush=True)
    if with_plain:
        costs["flash rule in plain numpy"] = [timed(lambda: plain(path))]
    base = min(cost.wall for cost in costs["bare decode"])
    base_cpu = min(cost.cpu for cost in costs["bare decode"])
    table = []
    for name, each in costs.items():
        wall, cpu = min(cost.wall for cost in each), min(cost.cpu for cost in each)
        table.append(
            f"| {content} | {name} | {count / wall:.0f} | {count / wall / RATE:.1f} | "
            f"{100 * base / wall:.0f} % | {1000 * cpu / count:.1f} | {100 * base_cpu / cpu:.0f} % |"
        )
    return table


def page(table: list[str], memory: list[tuple[int, float]], command: str) -> str:
    used = ", ".join(f"{megabytes:.0f} MB for {seconds} s" for seconds, megabytes in memory)
    lines = "\n".join(table)
    return f"""# Inspection

| content | what | frames/s | × real time | speed | CPU ms a frame | CPU |
|---|---|---|---|---|---|---|
{lines}

Speed and CPU are shares of the bare decode's; the targets are {FLASH_TARGET} % of its speed for the
flash check and {ALL_TARGET} % for all checks. {WIDTH}x{HEIGHT}, 30 fps, H.265. The clips are fast
camera moves without a promised path, so that all checks of generated clips run, motion included.
The fastest of several interleaved runs each, because what other processes take only ever adds; CPU
is user and system time of the whole process, and feels them less. The plain numpy version follows
the general rule alone, at every pixel: no red, swings, cuts or stripes.

Peak memory of all checks, each in a process of its own: {used}.

## How it was run

`{command}`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs ({platform.machine()}), Python
{platform.python_version()}, OpenCV {cv2.__version__}, numpy {np.__version__}. Load at the end:
{os.getloadavg()[0]:.1f}; above the number of CPUs other processes were measured as well, and speed
suffers more than CPU time.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    args = parser.parse_args()
    count = args.seconds * int(RATE)
    table: list[str] = []
    memory: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        contents = (("photograph", Image.open(PHOTOGRAPH)), ("texture with grain", texture()))
        for content, picture in contents:
            for seconds in (max(1, args.seconds // 3), args.seconds):
                frames = pan(picture, seconds * int(RATE))
                settings = master_settings(FinishSpec(WIDTH, HEIGHT, RATE, len(frames), RATE))
                encode_all(frames, settings, path)
                if content == "photograph":
                    memory.append((seconds, peak_memory_mb(path, len(frames))))
            del frames
            time.sleep(1)
            first = content == "photograph"
            table += rows(content, path, count, args.repeats, with_plain=first)
    command = f"python -m bench.inspect --seconds {args.seconds} --repeats {args.repeats} --write"
    text = page(table, memory, command)
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
