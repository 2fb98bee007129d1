"""The part of a keyframe that a camera move ever shows: in whole pixels, and as a view."""

import math

from shared.motion.path import CameraPath
from shared.motion.rect import Rect

PixelBox = tuple[int, int, int, int]
"""left, top, right, bottom; right and bottom are just outside."""

_ROUNDING = 1e-6

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


def whole_view(path: CameraPath, keyframe_size: tuple[int, int]) -> Rect | None:
    """The smallest view of the clip's shape that holds every view of the path.

    None where the picture has no room for one: a tall clip that pans over a wide picture.
    """
    lefts, tops, rights, bottoms = zip(path.start, path.end, strict=True)
    left, top, right, bottom = min(lefts), min(tops), max(rights), max(bottoms)
    tallness = path.start.height / path.start.width
    width = max(right - left, (bottom - top) / tallness)
    height = width * tallness
    if max(width, height) > 1 + _ROUNDING:
        return None
    x1 = _start(left, right, min(width, 1.0))
    y1 = _start(top, bottom, min(height, 1.0))
    return Rect(x1, y1, min(x1 + width, 1.0), min(y1 + height, 1.0))


def within_view(rect: Rect, view: Rect) -> Rect:
    """A rectangle in shares of the view that holds it."""
    x1, x2 = ((each - view.x1) / view.width for each in (rect.x1, rect.x2))
    y1, y2 = ((each - view.y1) / view.height for each in (rect.y1, rect.y2))
    return Rect(*(min(max(each, 0.0), 1.0) for each in (x1, y1, x2, y2)))


def _start(low: float, high: float, length: float) -> float:
    """Where a stretch of this length begins that has `low` to `high` in its middle, within 0–1."""
    return min(max((low + high - length) / 2, 0.0), 1.0 - length)
