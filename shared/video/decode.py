"""Frames out of a finished or generated video file, in the one colour of the house."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.filter import Graph
from av.video.reformatter import VideoReformatter

from shared.errors import EncodeFailed
from shared.video.colour import PIXEL_FORMAT, to_bt709

MAX_PIXELS = 8192 * 4320


GRID = 0.02
"""Models make sides of multiples of 16 or 32; a shape that is no further off than this is meant to
be the same, and is scaled as a whole: nobody sees that stretch, and the edges stay."""


class Crop(NamedTuple):
    """The part of a frame that is shown, in its pixels."""

    x: int
    y: int
    width: int
    height: int


def shown_part(made: tuple[int, int], size: tuple[int, int]) -> Crop:
    """The largest part in the middle of a frame that has the shape of `size`.

    A picture is never stretched, and gets no bars: what another shape has too much is cut off.
    """
    width, height = made
    shape = size[0] / size[1]
    if abs(width / height / shape - 1) <= GRID:
        return Crop(0, 0, width, height)
    if width / height > shape:
        part = (max(2, 2 * round(height * shape / 2)), height)
    else:
        part = (width, max(2, 2 * round(width / shape / 2)))
    # chroma has half the pixels: an odd corner would shift the colours
    return Crop((width - part[0]) // 4 * 2, (height - part[1]) // 4 * 2, *part)


def decode_frames(
    path: Path, *, size: tuple[int, int] | None = None, pixel_format: str = PIXEL_FORMAT
) -> Iterator[av.VideoFrame]:
    """Yield every frame of the first video stream, BT.709 limited, yuv420p unless asked otherwise.

    Parameters
    ----------
    path : the file, typically what a provider delivered.
    size : bring `shown_part` to this width and height; the whole frame as it is when left out.

    Raises
    ------
    EncodeFailed
        When the file is no video, is damaged, or claims absurd dimensions.
    """
    decoded = 0
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise EncodeFailed(f"{path.name} has no video stream.")
            stream = container.streams.video[0]
            if stream.codec_context.width * stream.codec_context.height > MAX_PIXELS:
                raise EncodeFailed(f"{path.name} claims more than {MAX_PIXELS:,} pixels a frame.")
            stream.thread_type = "AUTO"
            reformatter, cutter = VideoReformatter(), _Cutter(size) if size else None
            for frame in container.decode(stream):
                decoded += 1
                shown = cutter(frame) if cutter else frame
                yield to_bt709(shown, reformatter, size, pixel_format=pixel_format)
    except (av.FFmpegError, OSError) as error:
        raise EncodeFailed(
            f"{path.name} cannot be decoded past frame {decoded}: {error}"
        ) from error
    if not decoded:
        raise EncodeFailed(f"{path.name} holds no decodable frame.")


class _Cutter:
    """Cuts `shown_part` out of frames, all of one size and format."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._graph: Graph | None = None

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        crop = shown_part((frame.width, frame.height), self._size)
        if (crop.width, crop.height) == (frame.width, frame.height):
            return frame
        if self._graph is None:
            self._graph = _cropping(frame, crop)
        self._graph.vpush(frame)
        return self._graph.vpull()


def _cropping(frame: av.VideoFrame, crop: Crop) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    place = f"{crop.width}:{crop.height}:{crop.x}:{crop.y}"
    graph.link_nodes(source, graph.add("crop", place), graph.add("buffersink")).configure()
    return graph


def read_made(path: Path) -> tuple[Fraction, tuple[int, int]]:
    """Frames per second that the file claims, on average over its length; and (width, height).

    Raises
    ------
    EncodeFailed
        When the file is no video, or claims no rate.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0] if container.streams.video else None
            if stream is None or not stream.average_rate:
                raise EncodeFailed(f"{path.name} has no video stream with a frame rate.")
            size = stream.codec_context.width, stream.codec_context.height
            return Fraction(stream.average_rate), size
    except (av.FFmpegError, OSError) as error:
        raise EncodeFailed(f"{path.name} cannot be read: {error}") from error
