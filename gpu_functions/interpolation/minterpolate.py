"""FFmpeg's motion-compensated interpolation: flow by blocks, on the processor, with no weights.

The filter knows rates, not moments. So the N generated frames are said to come at N−1 a second, and
M−1 are asked for: delivered frame i then lies exactly at i·(N−1)/(M−1).
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.filter import Graph
from av.video.reformatter import ColorRange, Colorspace

from shared.errors import InternalFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu_functions.interpolation.tools import Frame

FORMAT = "yuv444p"
"""Colour at full resolution: the frames are halved once, by the encoder, and not twice."""

LEAST_SIDE = 32
"""Two of the filter's blocks; it refuses less. Smaller frames are filled up by their border."""

LOOKAHEAD = 3
"""Repeats of the last frame; the filter looks two ahead and would keep the end to itself."""


def minterpolate(used: "NDArray[np.uint8]", count: int) -> "NDArray[np.uint8]":
    """`count` frames, evenly from the first of `used` to the last; these two untouched."""
    if len(used) == 1:
        return np.repeat(used, count, axis=0)
    height, width = used.shape[1:3]
    fill = [(0, max(0, LEAST_SIDE - side)) for side in (height, width)]
    filled = np.pad(used, ((0, 0), *fill, (0, 0)), "edge") if any(map(any, fill)) else used
    made = np.empty((count, *used.shape[1:]), np.uint8)
    given = 0
    for frame in _through(filled, count):
        made[given] = frame[:height, :width]
        given += 1
    if given != count:
        raise InternalFault(f"minterpolate made {given} frames where {count} were asked for.")
    made[0], made[-1] = used[0], used[-1]
    return made


def _through(used: "NDArray[np.uint8]", count: int) -> "Iterator[Frame]":
    """At most `count`: the repeats at the end give more."""
    slow = len(used) - 1
    graph = _graph(used.shape[2], used.shape[1], slow, count - 1)
    yield from map(_to_rgb, islice(_pushed_through(graph, used, slow), count))


def _pushed_through(graph: Graph, used: "NDArray[np.uint8]", slow: int) -> Iterator[av.VideoFrame]:
    for index in range(len(used) + LOOKAHEAD):
        graph.vpush(_to_yuv(used[min(index, slow)], index, Fraction(1, slow)))
        yield from _ready(graph)
    graph.vpush(None)
    yield from _ready(graph)


def _graph(width: int, height: int, slow: int, fast: int) -> Graph:
    graph = Graph()
    source = graph.add(
        "buffer",
        width=str(width),
        height=str(height),
        pix_fmt=FORMAT,
        time_base=f"1/{slow}",
        frame_rate=f"{slow}/1",
        pixel_aspect="1/1",
        colorspace="bt709",
        range="pc",
    )
    # `scd=none`: a generated clip has no cuts, and a taken one repeats a frame where it moves fast.
    filter_ = graph.add("minterpolate", fps=f"{fast}/1", mi_mode="mci", mc_mode="aobmc", scd="none")
    graph.link_nodes(source, filter_, graph.add("buffersink")).configure()
    return graph


def _to_yuv(frame: "Frame", index: int, time_base: Fraction) -> av.VideoFrame:
    made = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24").reformat(
        format=FORMAT, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.JPEG
    )
    made.pts, made.time_base = index, time_base
    return made


def _to_rgb(frame: av.VideoFrame) -> "Frame":
    rgb: Any = frame.reformat(
        format="rgb24", src_colorspace=Colorspace.ITU709, src_color_range=ColorRange.JPEG
    ).to_ndarray()
    return np.asarray(rgb, np.uint8)


def _ready(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield frame
