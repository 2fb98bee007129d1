"""How much the whole finishing pass costs over the bare H.265 encode that it contains.

    python -m bench.finish [--image photo.jpg] [--seconds 5] [--repeats 5] [--write]

Both run on the same 1080p30 frames with the same x265 settings, in turns, so that whatever else the
machine does falls on both. The target is 1.3: a proxy, a poster, a thumbnail, the read-back and the
fingerprints for less than a third on top.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from av.video.reformatter import Interpolation as Scaling
from PIL import Image

from shared.video.codec_settings import StreamSettings, master_settings, proxy_settings
from shared.video.encode import FileEncoder
from shared.video.finish import finish_clip
from shared.video.finish_spec import FinishSpec

WIDTH, HEIGHT, RATE = 1920, 1080, Fraction(30)
TARGET = 1.3
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "finish.md"


class Cost(NamedTuple):
    """Seconds on the clock and on all cores together."""

    wall: float
    cpu: float


class Row(NamedTuple):
    content: str
    bare: list[Cost]
    finish: list[Cost]
    master_kb: float

    def wall_ratio(self) -> float:
        """Fastest against fastest: what other processes take only ever adds."""
        return min(cost.wall for cost in self.finish) / min(cost.wall for cost in self.bare)

    def cpu_ratio(self) -> float:
        return min(cost.cpu for cost in self.finish) / min(cost.cpu for cost in self.bare)


def texture() -> Image.Image:
    """Soft blobs under fine grain: dearer for x265 than a photograph."""
    rng = np.random.default_rng(3)
    size = (WIDTH * 5 // 4, HEIGHT * 5 // 4)
    blobs = Image.fromarray(rng.integers(0, 256, (60, 100, 3), dtype=np.uint8)).resize(size)
    grain = rng.normal(0, 10, (*size[::-1], 1))
    return Image.fromarray(np.clip(np.asarray(blobs) + grain, 0, 255).astype(np.uint8))


def pan(picture: Image.Image, count: int) -> list[av.VideoFrame]:
    """A diagonal move over the picture, sub-pixel steps, all frames in memory."""
    picture = picture.convert("RGB")
    scale = max(WIDTH * 5 / 4 / picture.width, HEIGHT * 5 / 4 / picture.height)
    size = (round(picture.width * scale), round(picture.height * scale))
    picture = picture.resize(size, Image.Resampling.BICUBIC)
    frames = []
    for index in range(count):
        x, y = (picture.width - WIDTH) * index / count, (picture.height - HEIGHT) * index / count
        view = picture.transform(
            (WIDTH, HEIGHT), Image.Transform.AFFINE, (1, 0, x, 0, 1, y), Image.Resampling.BILINEAR
        )
        frame = av.VideoFrame.from_ndarray(np.asarray(view), "rgb24")
        frames.append(
            frame.reformat(
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
            )
        )
    return frames


def timed(work: Callable[[], object]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def encode_all(frames: list[av.VideoFrame], settings: StreamSettings, path: Path) -> None:
    encoder = FileEncoder(path, settings, {})
    for index, frame in enumerate(frames):
        frame.pts, frame.time_base = index, 1 / RATE
        encoder.encode(frame)
    encoder.finish()


def compare(content: str, frames: list[av.VideoFrame], repeats: int, folder: Path) -> Row:
    spec = FinishSpec(WIDTH, HEIGHT, RATE, len(frames), RATE)
    bare: list[Cost] = []
    finish: list[Cost] = []

    def run_bare() -> None:
        encode_all(frames, master_settings(spec), folder / "bare.mp4")

    def run_finish() -> None:
        finish_clip(iter(frames), spec=spec, out_dir=folder)

    for turn in range(repeats):
        # Each goes first in turn: the clock of a busy or warm machine drifts.
        order = [(bare, run_bare), (finish, run_finish)]
        for costs, work in order if turn % 2 == 0 else reversed(order):
            costs.append(timed(work))
        print(
            f"{content} {turn + 1}/{repeats}: bare {bare[-1].wall:.2f} s, "
            f"finish {finish[-1].wall:.2f} s, ratio {finish[-1].wall / bare[-1].wall:.3f} wall, "
            f"{finish[-1].cpu / bare[-1].cpu:.3f} cpu",
            flush=True,
        )
    return Row(content, bare, finish, (folder / "master.mp4").stat().st_size / 1000)


def proxy_table(frames: list[av.VideoFrame], folder: Path) -> list[str]:
    """CPU milliseconds a frame of every scaler and x264 preset that was in question."""
    spec = FinishSpec(WIDTH, HEIGHT, RATE, len(frames), RATE)
    settings = proxy_settings(spec)
    table = ["| step | ms a frame | file |", "|---|---|---|"]
    small = frames
    for scaling in (Scaling.FAST_BILINEAR, Scaling.BILINEAR, Scaling.BICUBIC, Scaling.AREA):
        started = time.process_time()
        small = [
            frame.reformat(settings.width, settings.height, interpolation=scaling, threads=1)
            for frame in frames
        ]
        spent = 1000 * (time.process_time() - started) / len(frames)
        table.append(f"| scale, {str(scaling.name).lower().replace('_', ' ')} | {spent:.1f} | |")
    for preset in ("ultrafast", "superfast", "veryfast", "faster", "medium"):
        options = settings.options | {"preset": preset}
        tried = StreamSettings(
            settings.codec, settings.width, settings.height, RATE, settings.keyframe_interval,
            settings.tag, options,
        )  # fmt: skip
        path = folder / "tried.mp4"
        started = time.process_time()
        encode_all(small, tried, path)
        spent = 1000 * (time.process_time() - started) / len(frames)
        table.append(
            f"| x264 {preset}, crf 23 | {spent:.1f} | {path.stat().st_size / 1000:.0f} kB |"
        )
    return table


def page(rows: list[Row], proxy: list[str], command: str, frames: int) -> str:
    table = ["| content | bare x265 | whole finish | ratio (wall) | ratio (CPU) | master |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    table += [
        f"| {row.content} | {fastest(row.bare)} "
        f"| {fastest(row.finish)} "
        f"| **{row.wall_ratio():.2f}** | {row.cpu_ratio():.2f} | {row.master_kb:.0f} kB |"
        for row in rows
    ]
    worst = max(row.wall_ratio() for row in rows)
    versions = ", ".join(
        f"{name} {'.'.join(map(str, number))}"
        for name, number in av.library_versions.items()
        if name in ("libavcodec", "libswscale")
    )
    verdict = "kept" if worst <= TARGET else "missed"
    return f"""# What finishing costs over the bare encode

Target: at most {TARGET}. Measured: {worst:.2f} ({verdict}). Written by `bench/finish.py`.

{lines(table)}

{frames} frames of {WIDTH}x{HEIGHT} at {RATE} fps, from memory. Both sides encode these frames with
libx265 medium, crf 23, frame-threads 1. The whole finish adds the 540p H.264 proxy, poster,
thumbnail, header read-back and the SHA-256 of all four files. The fastest of {len(rows[0].bare)}
interleaved runs each, because what other processes take only ever adds: the slowest
shows how busy the machine was. CPU is user and system time
of the whole process.

## What the proxy may cost

CPU time, one thread, on the {rows[-1].content}:

{lines(proxy)}

Area averaging is within a tenth of the cheapest scaler and does not shimmer. `veryfast` is the
cheapest preset that writes a small file: the faster ones save a few milliseconds a frame and write
several times the bytes, the slower ones spend more on what a review copy does not need. One x264
thread keeps up with x265 many times over and gives the same bytes on every machine.

## How it was run

`{command}`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs ({platform.machine()}),
Python {platform.python_version()}, PyAV {av.__version__} ({versions}).
"""


def fastest(costs: list[Cost]) -> str:
    walls = [cost.wall for cost in costs]
    return f"{min(walls):.2f} s (slowest {max(walls):.2f})"


def lines(rows: list[str]) -> str:
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--image", type=Path, action="append", default=[], help="a photograph, too")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    args = parser.parse_args()
    count = round(args.seconds * RATE)
    contents = [("moving texture with grain", texture())]
    contents += [(f"photograph ({path.stem})", Image.open(path)) for path in args.image]
    with tempfile.TemporaryDirectory() as folder:
        rows: list[Row] = []
        proxy: list[str] = []
        for content, picture in contents:
            frames = pan(picture, count)
            rows.append(compare(content, frames, args.repeats, Path(folder)))
            proxy = proxy_table(frames, Path(folder))
    images = "".join(f" --image {path.name}" for path in args.image)
    command = f"python -m bench.finish{images} --repeats {args.repeats} --write"
    text = page(rows, proxy, command, count)
    print(text)
    if args.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
