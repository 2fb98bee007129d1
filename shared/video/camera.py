"""The deterministic camera: a still, and one rectangle per frame, make the frames of a clip.

Rectangles are real numbers of source pixels, and every sample of a frame is computed for its own
real place on the still. Nothing snaps to whole pixels, so that the slowest move is smooth, and
nothing depends on the processor or on the number of threads: the same clip twice is the same bits
twice.

    still = prepare_still(rgb, boxes, (1920, 1080))
    for frame in render_frames(still, boxes, (1920, 1080)):
        ...
"""

import math
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
from av import VideoFrame

from shared.errors import RenderFailed
from shared.video.bands import Bands, lanczos_bands
from shared.video.frame_memory import blank_frame, copy_frame, samples
from shared.video.planes import CHROMA_LIMITS, LUMA_LIMITS, Planes, bt709_planes
from shared.video.resample import COLUMN_GROUP, ROW_GROUP, Plane, reduce, resample

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in source pixels; the picture's top left corner is 0, 0."""

Size = tuple[int, int]
"""Width, height."""

_OVERSAMPLING = 1.5
"""Samples of the still per output sample that are kept at the tightest shot.

At 1.5 a frame differs from one drawn from the full still by 0.3 levels beyond rounding, at 1.25 by
0.8, at 1.0 by 2.2 (photographic noise, 4K to 1080p)."""

_WORTHWHILE = 1.2  # a smaller reduction of the still costs more than it saves
_SLACK = 1e-6  # of the picture: how far rounding may push a rectangle over the border
_CHROMA = 2  # luma samples per chroma sample, both ways (4:2:0)


@dataclass(frozen=True, slots=True)
class Still:
    """A keyframe made ready to be filmed.

    Attributes
    ----------
    size : width and height in source pixels, the unit of rectangles.
    planes : its planes, each reduced as far as the shots it was made ready for allow.
    closest : source pixels per output pixel in the tightest of those shots.
    """

    size: Size
    planes: Planes
    closest: float


def prepare_still(rgb: npt.NDArray[np.uint8], boxes: Sequence[Box], out_size: Size) -> Still:
    """Convert a keyframe to video planes and drop detail that no frame of the clip can show.

    Parameters
    ----------
    rgb : (height, width, 3) sRGB.
    boxes : every rectangle that will be shown, see `render_frames`.
    out_size : width and height of the frames; even.

    Raises
    ------
    RenderFailed
        There is no rectangle, or one that is empty, or a picture or size of another kind.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size:
        raise RenderFailed(f"The camera films 8-bit RGB, not {rgb.dtype} of shape {rgb.shape}.")
    _require_even(out_size)
    if not boxes:
        raise RenderFailed("The camera has no path: not one rectangle.")
    size = rgb.shape[1], rgb.shape[0]
    _require_within(boxes, size)
    closest = _closest(boxes, out_size)
    with ThreadPoolExecutor(_processors(), "still") as pool:
        full = bt709_planes(rgb, pool)
        planes = pool.map(_reduced, full, (closest, closest * _CHROMA, closest * _CHROMA))
        return Still(size, Planes(*planes), closest)


def render_frames(
    still: Still, boxes: Sequence[Box], out_size: Size, *, threads: int | None = None
) -> Iterator[VideoFrame]:
    """Film the still, one frame per rectangle, in order.

    At most `threads` + 1 frames exist that were not yet handed out, however long the clip. While a
    rectangle stays the same its frame is drawn once. Every frame owns its pixels: change it freely.

    Parameters
    ----------
    still : from `prepare_still`.
    boxes : x1, y1, x2, y2 per frame in source pixels, inside the picture. They may have another
        aspect than the frame (the picture is then stretched) and may be smaller than a pixel.
    out_size : width and height of the frames; even.
    threads : frames drawn at the same time; by default one per processor.

    Returns
    -------
    Frames of yuv420p, BT.709, limited range, chroma sited left; time stamps are left to the caller.

    Raises
    ------
    RenderFailed
        A rectangle is empty, outside the picture or tighter than the still was prepared for.
    """
    _require_even(out_size)
    _require_within(boxes, still.size)
    if boxes and _closest(boxes, out_size) < still.closest * (1 - _SLACK):
        raise RenderFailed("The still was prepared for wider shots than it is to be filmed in.")
    return _stream(still, boxes, out_size, threads or _processors())


def _stream(
    still: Still, boxes: Sequence[Box], out_size: Size, threads: int
) -> Iterator[VideoFrame]:
    ahead: deque[tuple[Future[VideoFrame], int]] = deque()
    with ThreadPoolExecutor(threads, "camera") as pool:
        for box, same in groupby(boxes):
            ahead.append((pool.submit(_draw, still, box, out_size), sum(1 for _ in same)))
            if len(ahead) > threads:
                yield from _repeat(*ahead.popleft())
        while ahead:
            yield from _repeat(*ahead.popleft())


def _repeat(drawn: Future[VideoFrame], times: int) -> Iterator[VideoFrame]:
    frame = drawn.result()
    # Copies go first: filters draw on the frame they are given.
    for _ in range(times - 1):
        yield copy_frame(frame)
    yield frame


def _draw(still: Still, box: Box, out_size: Size) -> VideoFrame:
    frame = blank_frame(*out_size)
    luma = _grid(still, still.planes.y, box, out_size, each=1)
    chroma = _grid(still, still.planes.cb, box, out_size, each=_CHROMA)
    resample(still.planes.y, *luma, LUMA_LIMITS, samples(frame, 0))
    resample(still.planes.cb, *chroma, CHROMA_LIMITS, samples(frame, 1))
    resample(still.planes.cr, *chroma, CHROMA_LIMITS, samples(frame, 2))
    return frame


def _grid(still: Still, plane: Plane, box: Box, out_size: Size, each: int) -> tuple[Bands, Bands]:
    """The rows and columns of an output plane, as places on a plane of the still.

    `each` is the number of luma samples per sample, both ways. A chroma sample of 4:2:0 lies half
    way between two rows of luma, but on the left one of two columns (ITU-T H.264, figure 6-1, which
    is what players assume). Centred instead, colour would stand half a luma pixel off.
    """
    x1, y1, x2, y2 = box
    width, height = out_size
    row_step, column_step = (y2 - y1) / height, (x2 - x1) / width
    rows = _axis(y1 + row_step * each / 2, row_step * each, height // each, 0, still, plane)
    columns = _axis(x1 + column_step / 2, column_step * each, width // each, 1, still, plane)
    return rows, columns


def _axis(place: float, step: float, count: int, axis: int, still: Still, plane: Plane) -> Bands:
    """Places on the source, whose first pixel spans 0 to 1, as indices of the plane's samples."""
    size = plane.shape[axis]
    scale = size / still.size[1 - axis]
    group = (ROW_GROUP, COLUMN_GROUP)[axis]
    return lanczos_bands(place * scale - 0.5, step * scale, count, size, group)


def _reduced(plane: Plane, closest: float) -> Plane:
    """The plane, made smaller once so that not every frame has to read all of it."""
    factor = closest / _OVERSAMPLING
    if factor < _WORTHWHILE:
        return plane
    height, width = (math.ceil(side / factor) for side in plane.shape)
    return reduce(
        plane,
        _whole_axis(plane.shape[0], height, ROW_GROUP),
        _whole_axis(plane.shape[1], width, COLUMN_GROUP),
    )


def _whole_axis(size: int, count: int, group: int) -> Bands:
    step = size / count
    return lanczos_bands(step / 2 - 0.5, step, count, size, group)


def _closest(boxes: Sequence[Box], out_size: Size) -> float:
    width, height = out_size
    return min(min((x2 - x1) / width, (y2 - y1) / height) for x1, y1, x2, y2 in boxes)


def _require_even(size: Size) -> None:
    if any(side < 2 or side % 2 for side in size):
        raise RenderFailed(f"Frames of 4:2:0 video need even sides, not {size[0]}×{size[1]}.")


def _require_within(boxes: Sequence[Box], size: Size) -> None:
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        for low, high, side in ((x1, x2, size[0]), (y1, y2, size[1])):
            slack = side * _SLACK
            # Written so that a NaN fails it too.
            if not -slack <= low < high <= side + slack:
                box = f"({x1:g}, {y1:g}, {x2:g}, {y2:g})"
                raise RenderFailed(
                    f"Frame {number}: the rectangle {box} is empty or leaves the picture of "
                    f"{size[0]}×{size[1]}."
                )


def _processors() -> int:
    """Processors that we may use; before Python 3.13, those that the machine has."""
    count: int | None = getattr(os, "process_cpu_count", os.cpu_count)()
    return count or 1
