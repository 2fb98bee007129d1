"""Frames whose pixels are written and read in place, with no copy to or from an array."""

from typing import Any

import numpy as np
import numpy.typing as npt
from av import VideoFrame

from shared.video.colour import PIXEL_FORMAT, tag_bt709


def blank_frame(width: int, height: int) -> VideoFrame:
    """A frame of the one colour we use, its pixels not yet written."""
    frame = VideoFrame(width, height, PIXEL_FORMAT)
    tag_bt709(frame)
    return frame


def samples(frame: VideoFrame, index: int) -> npt.NDArray[np.uint8]:
    """The samples (height, width) of one plane. Writing to them writes to the frame."""
    plane = frame.planes[index]
    buffer: Any = plane  # has the buffer protocol, which its type does not say
    lines = np.frombuffer(buffer, np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]


def copy_frame(frame: VideoFrame) -> VideoFrame:
    """A frame of the same pixels that shares no memory with this one."""
    twin = blank_frame(frame.width, frame.height)
    for index in range(len(frame.planes)):
        np.copyto(samples(twin, index), samples(frame, index))
    return twin
