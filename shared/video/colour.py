"""The one colour of every frame between rooms: 8-bit 4:2:0, BT.709, limited range."""

from typing import Protocol

import av
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)

PIXEL_FORMAT = "yuv420p"
_BT709_MATRIX = 1
_UNSPECIFIED = 2
"""ISO/IEC 23091-2 code points."""


class _ColourTagged(Protocol):
    color_primaries: int
    color_trc: int
    colorspace: int
    color_range: int


def tag_bt709(target: _ColourTagged) -> None:
    """Write BT.709, limited range, on a frame or an encoder."""
    target.color_primaries = ColorPrimaries.BT709
    target.color_trc = ColorTrc.BT709
    target.colorspace = Colorspace.ITU709
    target.color_range = ColorRange.MPEG


def to_bt709(
    frame: av.VideoFrame,
    reformatter: VideoReformatter,
    size: tuple[int, int] | None = None,
    *,
    pixel_format: str = PIXEL_FORMAT,
) -> av.VideoFrame:
    """The frame in the one colour, converted only where it differs, at `size` if that is given.

    `pixel_format` is for files between rooms, which may keep more of the colour's resolution.

    A frame without colour tags is taken for BT.709 limited, which is what our renderers make.
    """
    width, height = size or (frame.width, frame.height)
    unchanged = (
        frame.format.name == pixel_format
        and frame.colorspace in (_BT709_MATRIX, _UNSPECIFIED)
        and frame.color_range in (ColorRange.UNSPECIFIED, ColorRange.MPEG)
        and (frame.width, frame.height) == (width, height)
    )
    if not unchanged:
        frame = reformatter.reformat(
            frame,
            width,
            height,
            pixel_format,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
        )
    tag_bt709(frame)
    return frame
