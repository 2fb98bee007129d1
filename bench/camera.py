"""The camera renderer beside FFmpeg's zoompan and Pillow, all in one run: exactness, speed, memory.

    python -m bench.camera            # measures, and writes docs/benchmarks/camera.md

Each contender runs alone in a process of its own, in turns, so that a busy minute of the machine hits
all of them. Speed counts everything between the decoded keyframe and frames ready to encode.
"""

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

REPORT = Path(__file__).parent.parent / "docs" / "benchmarks" / "camera.md"
FRAMES = 150
ZOOM, ANCHOR = 1.12, (0.7, 0.35)  # zooms in to 112 %, and pans: the anchor is not the centre


class Case(NamedTuple):
    """A keyframe size and a frame size."""

    source: tuple[int, int]
    out: tuple[int, int]
    prescaled_frames: int  # that zoompan with 4× pre-scaling is given the time for


CASES = {
    "1080p to 720p": Case((1920, 1080), (1280, 720), 30),
    "4K to 1080p": Case((3840, 2160), (1920, 1080), 10),
}

CONTENDERS = {
    "zoompan": "FFmpeg zoompan",
    "prescaled": "FFmpeg zoompan after 4× scale",
    "pillow_only": "Pillow RGB, not converted",
    "pillow": "Pillow RGB, converted",
    "ours_1": "Dropreel, 1 thread",
    "ours": "Dropreel",
    "ideal": "dots drawn in place, in 8 bits",
}
UNTIMED = {"ideal"}
UNTRACKED = {"pillow_only", "ours_1"}


def boxes(case: Case, frames: int = FRAMES) -> list[tuple[float, float, float, float]]:
    width, height = case.source
    path = []
    for number in range(frames):
        zoom = ZOOM ** (number / (FRAMES - 1))
        shown = width / zoom, height / zoom
        x, y = (width - shown[0]) * ANCHOR[0], (height - shown[1]) * ANCHOR[1]
        path.append((x, y, x + shown[0], y + shown[1]))
    return path


# In the measured process. What it needs is imported there: memory counts from an almost empty one.


def film(contender: str, rgb: Any, case: Case, frames: int) -> Iterator[Any]:
    """The frames of one contender, made as they are asked for."""
    path = boxes(case, frames)
    match contender:
        case "ours" | "ours_1":
            from shared.video.camera import prepare_still, render_frames

            still = prepare_still(rgb, path, case.out)
            threads = 1 if contender == "ours_1" else None
            yield from render_frames(still, path, case.out, threads=threads)
        case "pillow" | "pillow_only":
            yield from _pillow(rgb, path, case, convert=contender == "pillow")
        case _:
            yield from _zoompan(rgb, case, frames, prescale=contender == "prescaled")


def _pillow(rgb: Any, path: Iterable[Any], case: Case, *, convert: bool) -> Iterator[Any]:
    import av
    from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
    from PIL import Image

    image = Image.fromarray(rgb)
    reformatter = VideoReformatter()
    for box in path:
        drawn = image.resize(case.out, Image.Resampling.LANCZOS, box=box)
        if not convert:
            yield drawn
            continue
        yield reformatter.reformat(
            av.VideoFrame.from_image(drawn),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )


def _zoompan(rgb: Any, case: Case, frames: int, *, prescale: bool) -> Iterator[Any]:
    import av

    graph = av.filter.Graph()
    zoom = f"pow({ZOOM},on/{FRAMES - 1})"
    x, y = (f"(i{side}-i{side}/zoom)*{a}" for side, a in zip("wh", ANCHOR, strict=True))
    width, height = case.out
    chain = [
        graph.add_buffer(width=case.source[0], height=case.source[1], format="rgb24", time_base=1),
        # Without subsampling zoompan rounds to one pixel instead of two.
        *([graph.add("scale", "w=iw*4:h=ih*4:flags=lanczos")] if prescale else []),
        graph.add("format", "yuv420p" if prescale else "yuv444p"),
        graph.add("zoompan", f"z='{zoom}':x='{x}':y='{y}':d={FRAMES}:s={width}x{height}:fps=30"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*chain).configure()
    still = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    still.pts = 0
    graph.push(still)
    graph.push(None)
    for _ in range(frames):
        yield graph.pull()


def measure_speed(contender: str, case: Case, frames: int) -> dict[str, float]:
    """Frames per second, and peak memory after a fifth of the clip and after all of it."""
    import numpy as np

    rgb = np.random.default_rng(1).integers(0, 256, (*case.source[::-1], 3), np.uint8)
    peaks = {}
    start = time.perf_counter()
    for number, _ in enumerate(film(contender, rgb, case, frames), 1):
        if number in (frames // 5, frames):
            peaks[number] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    elapsed = time.perf_counter() - start
    return {"fps": frames / elapsed, "early": peaks[frames // 5], "peak": peaks[frames]}


def measure_exactness(contender: str, case: Case, frames: int) -> dict[str, float]:
    """Position error and shake of tracked dots, and flicker of a texture as fine as the pixels."""
    import numpy as np

    from bench import dots

    path = boxes(case, frames)
    sigma = case.source[0] / 480
    points = dots.dot_grid(case.source)
    expected = [dots.project(points, box, case.out) for box in path]
    # Dots grow with the zoom; a window that fits the last frame fits them all.
    seen = sigma * case.out[0] / case.source[0] * ZOOM
    if contender == "ideal":
        sizes = [sigma * case.out[0] / (x2 - x1) for x1, _, x2, _ in path]
        shots = zip(expected, sizes, strict=True)
        lumas: Iterable[Any] = (dots.draw_dots(case.out, places, size) for places, size in shots)
    else:
        grey = dots.draw_dots(case.source, points, sigma)
        lumas = map(_luma, film(contender, np.repeat(grey[..., None], 3, 2), case, frames))
    found = [
        dots.find_dots(luma, places, seen) for luma, places in zip(lumas, expected, strict=True)
    ]
    error, shake = dots.position_error(found, expected), dots.shake(found, expected)
    if contender == "ideal":
        return {"error": error, "shake": shake}
    return {"error": error, "shake": shake, "flicker": _flicker(contender, case, min(frames, 40))}


def _flicker(contender: str, case: Case, frames: int) -> float:
    """Mean |second difference in time| / 2 of pixels of white noise, in per cent of its contrast."""
    import numpy as np

    width, height = case.source
    grey = np.random.default_rng(2).integers(60, 196, (height, width, 1), np.uint8)
    last: list[Any] = []
    swings, contrasts = [], []
    for frame in film(contender, np.repeat(grey, 3, 2), case, frames):
        last = [*last[-2:], _luma(frame)[100:500, 100:500].astype(np.float32)]
        contrasts.append(last[-1].std())
        if len(last) == 3:
            swings.append(np.abs(last[1] - (last[0] + last[2]) / 2).mean())
    return float(100 * np.mean(swings) / np.mean(contrasts))


def _luma(frame: Any) -> Any:
    from shared.video.frame_memory import samples

    return samples(frame, 0).copy()


# In the process that asks.


def in_own_process(what: str, contender: str, case: str) -> dict[str, float]:
    arguments = ["--measure", what, "--contender", contender, "--case", case]
    done = subprocess.run(
        [sys.executable, "-m", "bench.camera", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def measure(what: str, contender: str, case: Case) -> dict[str, float]:
    frames = case.prescaled_frames if contender == "prescaled" else FRAMES
    return {"speed": measure_speed, "exactness": measure_exactness}[what](contender, case, frames)


def compare(case: str, rounds: int) -> dict[str, dict[str, float]]:
    results: dict[str, dict[str, float]] = {}
    for contender in CONTENDERS:
        if contender not in UNTRACKED:
            results[contender] = in_own_process("exactness", contender, case)
    timed = [contender for contender in CONTENDERS if contender not in UNTIMED]
    speeds: dict[str, list[dict[str, float]]] = {contender: [] for contender in timed}
    for turn in range(rounds):
        for contender in timed:
            if turn == 0 or contender != "prescaled":
                speeds[contender].append(in_own_process("speed", contender, case))
    for contender, runs in speeds.items():
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        results[contender] = results.get(contender, {}) | middle
    return results


def table(results: dict[str, dict[str, float]]) -> Iterator[str]:
    yield (
        "| renderer | mean position error, px | mean unwanted acceleration, px/frame² | "
        "texture flicker, % | frames/s | against Pillow | peak memory, MB |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for contender, label in CONTENDERS.items():
        row = results[contender]
        cells = [f"{row[key]:.4f}" if key in row else "" for key in ("error", "shake")]
        cells.append(f"{row['flicker']:.1f}" if "flicker" in row else "")
        if "fps" in row:
            ratio = row["fps"] / results["pillow"]["fps"]
            cells += [f"{row['fps']:.1f}", f"{ratio:.2f}×", f"{row['early']:.0f} → {row['peak']:.0f}"]
        else:
            cells += ["", "", ""]
        yield f"| {label} | {' | '.join(cells)} |"


def report(rounds: int) -> str:
    from importlib.metadata import version

    lines = [*HEAD.splitlines(), ""]
    for name, case in CASES.items():
        results = compare(name, rounds)
        lines += [f"## {name}, {FRAMES} frames", "", *table(results), ""]
        lines += [f"zoompan after 4× scale: the first {case.prescaled_frames} frames only.", ""]
        sys.stderr.write("\n".join([name, *table(results), ""]))
    from os import cpu_count

    libraries = ", ".join(f"{name} {version(name)}" for name in ("av", "pillow", "numpy"))
    lines += [
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {cpu_count()} processors ({platform.machine()}), "
        f"Python {platform.python_version()}, {libraries}. Speeds are medians of {rounds} rounds; "
        "other work was running, so read the ratios.",
        "",
    ]
    return "\n".join(lines)


HEAD = """\
# The camera renderer, measured

    python -m bench.camera

A zoom from 100 % to 112 % with a pan, held against where each of 49 dots should be in every frame.
*Unwanted acceleration* is the second difference of the position error: what the eye sees as trembling.
*Texture flicker* is the second difference in time of each pixel of a white noise, against its contrast.
*Pillow* is `Image.resize(size, LANCZOS, box=…)` on RGB, one thread, as such pipelines do it; the row that
counts converts to the yuv420p that every encoder needs, as all other rows do. Speed includes making the
keyframe ready; memory is the peak of the whole process after a fifth of the clip → after all of it.
The last row is the limit of the measurement: dots drawn where they belong, rounded to 8 bits."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", choices=("speed", "exactness"), help=argparse.SUPPRESS)
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        print(json.dumps(measure(chosen.measure, chosen.contender, CASES[chosen.case])))
        return
    text = report(chosen.rounds)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
