"""The part of a keyframe that a camera move ever shows, in whole pixels."""

import math

from shared.motion.path import CameraPath
from shared.motion.rect import Rect

PixelBox = tuple[int, int, int, int]
"""left, top, right, bottom; right and bottom are just outside."""

_MARGIN = 2
"""Pixels around it, so that the edges can be drawn between pixels, too."""


def seen_part(path: CameraPath, keyframe_size: tuple[int, int]) -> PixelBox:
    """The smallest box of whole pixels that holds every view, with a small margin.

    Every view is a blend of the two ends, so that their hull holds them all.
    """
    width, height = keyframe_size
    lefts, tops, rights, bottoms = zip(path.start, path.end, strict=True)
    return (
        max(0, math.floor(min(lefts) * width) - _MARGIN),
        max(0, math.floor(min(tops) * height) - _MARGIN),
        min(width, math.ceil(max(rights) * width) + _MARGIN),
        min(height, math.ceil(max(bottoms) * height) + _MARGIN),
    )


def within_part(
    rect: Rect, part: PixelBox, keyframe_size: tuple[int, int], size: tuple[int, int]
) -> Rect:
    """A view in pixels of a picture of the part, which has `size` pixels."""
    left, top, right, bottom = part
    across, down = size[0] / (right - left), size[1] / (bottom - top)
    width, height = keyframe_size
    return Rect(
        (rect.x1 * width - left) * across,
        (rect.y1 * height - top) * down,
        (rect.x2 * width - left) * across,
        (rect.y2 * height - top) * down,
    )
