"""The camera renderer beside FFmpeg's zoompan and Pillow, all in one run: exactness, speed, memory.

    python -m bench.camera            # measures, and writes docs/benchmarks/camera.md

Each contender runs alone in a process of its own, in turns, so that a busy minute of the machine
hits all of them. Speed counts everything between the decoded keyframe and frames ready to encode.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.camera_cases import CASES, CONTENDERS, FRAMES, UNTIMED, UNTRACKED, frames_of

REPORT = Path(__file__).parent.parent / "docs" / "benchmarks" / "camera.md"

INTRODUCTION = """\
# The camera renderer, measured

    python -m bench.camera

A zoom from 100 % to 112 % with a pan, held against where each of 49 dots should be in every frame.

- *Unwanted acceleration* is the second difference of the position error: what is seen as trembling.
- *Texture flicker* is the second difference in time of the pixels of a white noise, against its
  contrast.
- *Pillow* is `Image.resize(size, LANCZOS, box=…)` on RGB in one thread, as such pipelines do it.
  The row that counts converts to the yuv420p that every encoder needs, as all other rows do.
- zoompan always rounds its rectangle down, hence the half pixel in its position error.
- Speed includes making the keyframe ready. Memory is the peak of the whole process, after a fifth
  of the clip → after all of it.
- The last row is the limit of the measurement: dots drawn where they belong, rounded to 8 bits.
"""

HEADINGS = (
    "renderer",
    "mean position error, px",
    "mean unwanted acceleration, px/frame²",
    "texture flicker, %",
    "frames/s",
    "against Pillow",
    "peak memory, MB",
)

Row = dict[str, float]


def compare(case: str, rounds: int) -> dict[str, Row]:
    """All contenders, the speed of each the median of its rounds."""
    tracked = [contender for contender in CONTENDERS if contender not in UNTRACKED]
    rows: dict[str, Row] = {name: measure("exactness", name, case) for name in tracked}
    timed = [contender for contender in CONTENDERS if contender not in UNTIMED]
    turns = [{name: measure("speed", name, case) for name in timed} for _ in range(rounds)]
    for name in timed:
        middle = {
            key: statistics.median(turn[name][key] for turn in turns) for key in turns[0][name]
        }
        rows[name] = rows.get(name, {}) | middle
    return rows


def measure(what: str, contender: str, case: str) -> Row:
    # This process stays small: a child inherits its parent's peak memory as its own.
    command = [sys.executable, "-m", "bench.camera_contenders", what, contender, case]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    row: Row = json.loads(done.stdout)
    return row


def table(rows: dict[str, Row]) -> Iterator[str]:
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|---|{'---:|' * (len(HEADINGS) - 1)}"
    for contender, label in CONTENDERS.items():
        yield f"| {label} | {' | '.join(cells(rows[contender], rows['pillow']['fps']))} |"


def cells(row: Row, pillow_fps: float) -> Iterator[str]:
    tracked, timed = "error" in row, "fps" in row
    yield f"{row['error']:.4f}" if tracked else ""
    yield f"{row['shake']:.4f}" if tracked else ""
    yield f"{row['flicker']:.1f}" if "flicker" in row else ""
    yield f"{row['fps']:.1f}" if timed else ""
    yield f"{row['fps'] / pillow_fps:.2f}×" if timed else ""
    yield f"{row['early']:.0f} → {row['peak']:.0f}" if timed else ""


def report(rounds: int) -> Iterator[str]:
    yield INTRODUCTION
    for name, case in CASES.items():
        yield f"## {name}, {FRAMES} frames\n"
        yield from table(compare(name, rounds))
        prescaled = frames_of("prescaled", case)
        if prescaled < FRAMES:
            yield f"\nzoompan after 4× scale: only the first {prescaled} frames."
        yield ""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("av", "pillow", "numpy"))
    yield f"Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} processors"
    yield f"({platform.machine()}), Python {platform.python_version()}, {libraries}."
    yield f"Speeds are medians of {rounds} interleaved rounds on a shared machine: read the ratios."


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the camera renderer.")
    parser.add_argument("--rounds", type=int, default=3, help="speed measurements per contender")
    lines = []
    for line in report(parser.parse_args().rounds):
        print(line, flush=True)
        lines.append(line)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
