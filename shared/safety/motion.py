"""How one small picture came from another: dense optical flow, and what it leaves unexplained."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.picture import Bytes

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Places = tuple[Floats, Floats]
"""Column and row of the place that each pixel came from."""

_TEXTURE = 6.0
"""Levels a pixel. On flatter ground any motion explains the picture, so that the flow is noise."""

_LEAST_TEXTURED = 64
"""Fewer textured pixels than this say nothing about the clip."""

_SLACK, _SLACK_OF_FLOW = 0.15, 0.02
"""Square pixels by which a round trip may miss (Sundaram et al. 2010, scaled to 240 pixels)."""

_NO_GUESS = np.empty(0, np.float32)
"""For the flow to start from."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How the picture came from the one before.

    Attributes
    ----------
    flow : (height, width, 2) pixels of the small luma, from each pixel to its place one frame ago.
    tracked : pixels whose flow, followed there and back, ends where it began; only these are
        the same thing in both pictures.
    textured : pixels with something to hold on to.
    residual : luma levels by which the picture differs from the one before, moved along the flow.
    tint : the same for blue and red, each less the luma, averaged over what was tracked.
    """

    flow: Floats
    tracked: Mask
    textured: Mask
    residual: Floats
    tint: tuple[float, float]

    @property
    def telling(self) -> bool:
        """Is there enough to track? Not in a fog, nor on a wall."""
        return int(np.count_nonzero(self.textured)) >= _LEAST_TEXTURED

    @property
    def consistency(self) -> float:
        """Share of the textured pixels that were tracked, 0 to 1."""
        textured = int(np.count_nonzero(self.textured))
        return int(np.count_nonzero(self.tracked & self.textured)) / max(textured, 1)


class MotionFinder:
    """Finds the motion between two pictures; holds the flow's workspace."""

    def __init__(self) -> None:
        # DIS compares patches less their mean, so that a flicker does not look like motion.
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def find(self, small: Bytes, last: Bytes, bgr: Bytes, last_bgr: Bytes) -> Motion:
        """The motion from `last` to `small`, two lumas of one size, and of their colours."""
        back, there = self._flow(small, last), self._flow(last, small)
        columns, rows = _grid(small.shape[0], small.shape[1])
        places = columns + back[..., 0], rows + back[..., 1]
        tracked = _round_trip(back, there, places)
        # In whole levels the rounding would be larger than what clean clips leave over.
        came = _moved(last.astype(np.float32), places)
        return Motion(
            flow=back,
            tracked=tracked,
            textured=_textured(small),
            residual=small.astype(np.float32) - came,
            tint=_tint(bgr, last_bgr, places, tracked),
        )

    def _flow(self, one: Bytes, other: Bytes) -> Floats:
        return np.asarray(self._dis.calc(one, other, _NO_GUESS), np.float32)


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> Places:
    rows, columns = np.indices((height, width), dtype=np.float32)
    return columns, rows


def _moved(picture: NDArray[Any], places: Places) -> NDArray[Any]:
    """What the picture shows at those places, between its pixels."""
    return np.asarray(
        cv2.remap(picture, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def _round_trip(back: Floats, there: Floats, places: Places) -> Mask:
    """Pixels that return to where they began."""
    height, width = back.shape[:2]
    home = back + _moved(there, places)
    missed, far = _square_length(home), _square_length(back)
    across, down = places
    inside = (across >= 0) & (down >= 0) & (across <= width - 1) & (down <= height - 1)
    return np.asarray((missed < _SLACK_OF_FLOW * far + _SLACK) & inside)


def _square_length(flow: Floats) -> Floats:
    across, down = cv2.split(flow)
    return np.asarray(across * across + down * down, np.float32)


def _textured(small: Bytes) -> Mask:
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(across * across + down * down > _TEXTURE**2)


def _tint(bgr: Bytes, last: Bytes, places: Places, tracked: Mask) -> tuple[float, float]:
    height, width = tracked.shape
    if not tracked.any():
        return 0.0, 0.0
    now = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_LINEAR)
    then = cv2.resize(last, (width, height), interpolation=cv2.INTER_LINEAR)
    came = _moved(then, places)
    mask = tracked.astype(np.uint8)
    blue, green, red, _ = (
        after - before
        for after, before in zip(cv2.mean(now, mask), cv2.mean(came, mask), strict=True)
    )
    luma = 0.114 * blue + 0.587 * green + 0.299 * red
    return blue - luma, red - luma
