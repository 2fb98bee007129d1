"""One contender of the camera benchmark, measured alone in this process.

python -m bench.camera_contenders speed ours "4K to 1080p"
"""

import json
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from PIL import Image

from bench import dots
from bench.camera_cases import ANCHOR, CASES, FRAMES, ZOOM, Case, boxes, frames_of
from shared.video.camera import prepare_still, render_frames
from shared.video.frame_memory import samples

RGB = av.VideoFormat("rgb24")

Pixels = npt.NDArray[np.uint8]


def film(contender: str, rgb: Pixels, case: Case, frames: int) -> Iterator[Any]:
    """The frames of one contender, made as they are asked for."""
    path = boxes(case, frames)
    match contender:
        case "ours" | "ours_1":
            still = prepare_still(rgb, path, case.out)
            threads = 1 if contender == "ours_1" else None
            return render_frames(still, path, case.out, threads=threads)
        case "pillow_only":
            return _pillow(rgb, case, frames)
        case "pillow":
            return map(_converter(), _pillow(rgb, case, frames))
        case _:
            return _zoompan(rgb, case, frames, prescale=contender == "prescaled")


def _pillow(rgb: Pixels, case: Case, frames: int) -> Iterator[Image.Image]:
    image = Image.fromarray(rgb)
    for box in boxes(case, frames):
        yield image.resize(case.out, Image.Resampling.LANCZOS, box=box)


def _converter() -> Any:
    reformatter = VideoReformatter()

    def convert(image: Image.Image) -> av.VideoFrame:
        return reformatter.reformat(
            av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )

    return convert


def _zoompan(rgb: Pixels, case: Case, frames: int, *, prescale: bool) -> Iterator[Any]:
    graph = av.filter.Graph()
    zoom = f"pow({ZOOM},on/{FRAMES - 1})"
    x, y = (f"(i{side}-i{side}/zoom)*{at}" for side, at in zip("wh", ANCHOR, strict=True))
    (width, height), size = case.source, f"{case.out[0]}x{case.out[1]}"
    nodes = [graph.add_buffer(width=width, height=height, format=RGB, time_base=Fraction(1))]
    if prescale:
        nodes.append(graph.add("scale", "w=iw*4:h=ih*4:flags=lanczos"))
    # On 4:4:4 zoompan rounds to one pixel, on 4:2:0 to two; after a 4× scale that matters less.
    nodes.append(graph.add("format", "yuv420p" if prescale else "yuv444p"))
    nodes.append(graph.add("zoompan", f"z='{zoom}':x='{x}':y='{y}':d={FRAMES}:s={size}:fps=30"))
    nodes += [graph.add("format", "yuv420p"), graph.add("buffersink")]
    graph.link_nodes(*nodes).configure()
    still = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    still.pts = 0
    graph.push(still)
    graph.push(None)
    for _ in range(frames):
        yield graph.pull()


def measure_speed(contender: str, case: Case) -> dict[str, float]:
    """Frames per second, and peak memory in MB after a fifth of the clip and after all of it."""
    frames = frames_of(contender, case)
    rgb = np.random.default_rng(1).integers(0, 256, (*case.source[::-1], 3), np.uint8)
    early = 0.0
    start = time.perf_counter()
    for number, _ in enumerate(film(contender, rgb, case, frames), 1):
        if number == frames // 5:
            early = _peak_memory()
    return {
        "fps": frames / (time.perf_counter() - start),
        "early": early,
        "peak": _peak_memory(),
    }


def _peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_exactness(contender: str, case: Case) -> dict[str, float]:
    """Position error and shake of tracked dots, and flicker of a texture as fine as the pixels."""
    frames = frames_of(contender, case)
    path = boxes(case, frames)
    sigma = case.source[0] / 480
    points = dots.dot_grid(case.source)
    expected = [dots.project(points, box, case.out) for box in path]
    if contender == "ideal":
        sizes = [sigma * case.out[0] / (x2 - x1) for x1, _, x2, _ in path]
        shots = zip(expected, sizes, strict=True)
        lumas: Iterable[Pixels] = (dots.draw_dots(case.out, *shot) for shot in shots)
    else:
        grey = dots.draw_dots(case.source, points, sigma)
        lumas = map(_luma, film(contender, np.repeat(grey[..., None], 3, 2), case, frames))
    # Dots grow with the zoom; a window that fits the last frame fits them all.
    seen = sigma * case.out[0] / case.source[0] * ZOOM
    found = [
        dots.find_dots(luma, places, seen) for luma, places in zip(lumas, expected, strict=True)
    ]
    measured = {
        "error": dots.position_error(found, expected),
        "shake": dots.shake(found, expected),
    }
    if contender != "ideal":
        measured["flicker"] = _flicker(contender, case, min(frames, 40))
    return measured


def _flicker(contender: str, case: Case, frames: int) -> float:
    """Mean |second difference in time| / 2 of the pixels of a noise, in % of its contrast."""
    width, height = case.source
    grey = np.random.default_rng(2).integers(60, 196, (height, width, 1), np.uint8)
    last: list[npt.NDArray[np.float32]] = []
    swings, contrasts = [], []
    for frame in film(contender, np.repeat(grey, 3, 2), case, frames):
        last = [*last[-2:], _luma(frame)[100:500, 100:500].astype(np.float32)]
        contrasts.append(last[-1].std())
        if len(last) == 3:
            swings.append(np.abs(last[1] - (last[0] + last[2]) / 2).mean())
    return float(100 * np.mean(swings) / np.mean(contrasts))


def _luma(frame: av.VideoFrame) -> Pixels:
    return samples(frame, 0).copy()


def main() -> None:
    what, contender, case = sys.argv[1:]
    measure = {"speed": measure_speed, "exactness": measure_exactness}[what]
    print(json.dumps(measure(contender, CASES[case])))


if __name__ == "__main__":
    main()
