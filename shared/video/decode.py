"""Frames out of a finished or generated video file, in the one colour of the house."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.video.reformatter import VideoReformatter

from shared.errors import EncodeFailed
from shared.video.colour import PIXEL_FORMAT, to_bt709

MAX_PIXELS = 8192 * 4320


def decode_frames(
    path: Path, *, size: tuple[int, int] | None = None, pixel_format: str = PIXEL_FORMAT
) -> Iterator[av.VideoFrame]:
    """Yield every frame of the first video stream, BT.709 limited, yuv420p unless asked otherwise.

    Parameters
    ----------
    path : the file, typically what a provider delivered.
    size : scale to this width and height; the caller has settled the aspect.

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
            reformatter = VideoReformatter()
            for frame in container.decode(stream):
                decoded += 1
                yield to_bt709(frame, reformatter, size, pixel_format=pixel_format)
    except (av.FFmpegError, OSError) as error:
        raise EncodeFailed(
            f"{path.name} cannot be decoded past frame {decoded}: {error}"
        ) from error
    if not decoded:
        raise EncodeFailed(f"{path.name} holds no decodable frame.")


def read_rate(path: Path) -> Fraction:
    """Frames per second that the file claims, on average over its length.

    Raises
    ------
    EncodeFailed
        When the file is no video, or claims no rate.
    """
    try:
        with av.open(str(path)) as container:
            rate = container.streams.video[0].average_rate if container.streams.video else None
    except (av.FFmpegError, OSError) as error:
        raise EncodeFailed(f"{path.name} cannot be read: {error}") from error
    if not rate:
        raise EncodeFailed(f"{path.name} has no video stream with a frame rate.")
    return Fraction(rate)
