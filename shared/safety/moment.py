"""One frame as the artefact checks see it: a small picture, and how it moved since the last one.

The evidence for every temporal artefact survives a reduction to 480 pixels
(docs/benchmarks.md), so that is what is looked at. The optical flow, the dear part, is found once,
at half of that, and shared.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.check import Frame
from shared.safety.picture import Bytes, coarse, luma_of, shrunk

LONG_SIDE = 480
"""Pixels along the longer side of the picture that is looked at; smaller ones stay as they are."""

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_FLOW_SIDE = 32
"""Below this many pixels on the shorter side there is nothing to track."""

_TEXTURE = 6.0
"""Levels a pixel. On flatter ground any motion explains the picture, so that the flow is noise."""

_NO_GUESS = np.empty(0, np.float32)
"""For the flow to start from."""

_LEAST_TEXTURED = 64
"""Fewer textured pixels than this say nothing about the clip."""


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


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame made small.

    Attributes
    ----------
    bgr, luma : 480 pixels along the longer side at most, full range.
    small : the luma at half of that, where the motion is found (`picture.coarse`).
    motion : None for the first frame, and where the picture is too small to track anything.
    """

    index: int
    pts_sec: float
    bgr: Bytes
    luma: Bytes
    small: Bytes
    motion: Motion | None


class MomentMaker:
    """Makes moments of frames; remembers one small picture and no more.

    Parameters
    ----------
    motion : find the motion, too?
    """

    def __init__(self, *, motion: bool = True) -> None:
        # DIS compares patches less their mean, so that a flicker does not look like motion.
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._wanted = motion
        self._last: Moment | None = None

    def make(self, frame: Frame) -> Moment:
        bgr = shrunk(frame.bgr, LONG_SIDE)
        luma = luma_of(bgr)
        small = coarse(luma)
        motion = self._motion(bgr, small)
        self._last = Moment(frame.index, frame.pts_sec, bgr, luma, small, motion)
        return self._last

    def _motion(self, bgr: Bytes, small: Bytes) -> Motion | None:
        last = self._last
        if last is None or last.small.shape != small.shape:
            return None
        if not self._wanted or min(small.shape) < _FLOW_SIDE:
            return None
        back = self._flow_between(small, last.small)
        there = self._flow_between(last.small, small)
        places = _grid(small.shape) + back
        # In whole levels the rounding would be larger than what clean clips leave over.
        came = _moved(last.small.astype(np.float32), places)
        tracked = _round_trip(back, there, places)
        return Motion(
            flow=back,
            tracked=tracked,
            textured=_textured(small),
            residual=small.astype(np.float32) - came,
            tint=_tint(bgr, last.bgr, places, tracked),
        )

    def _flow_between(self, one: Bytes, other: Bytes) -> Floats:
        return np.asarray(self._flow.calc(one, other, _NO_GUESS), np.float32)


def _grid(shape: tuple[int, ...]) -> Floats:
    rows, columns = np.indices(shape[:2], dtype=np.float32)
    return np.stack((columns, rows), axis=-1)


def _moved(picture: NDArray[Any], places: Floats) -> NDArray[Any]:
    """What the picture shows at those places, between its pixels."""
    across, down = (np.ascontiguousarray(places[..., axis]) for axis in (0, 1))
    return np.asarray(
        cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def _round_trip(back: Floats, there: Floats, places: Floats) -> Mask:
    """Pixels that are tracked: Sundaram's test, with the slack scaled to this size."""
    height, width = back.shape[:2]
    home = back + _moved(there, places)
    far = np.sum(back * back, axis=-1)
    inside = (
        (places[..., 0] >= 0)
        & (places[..., 1] >= 0)
        & (places[..., 0] <= width - 1)
        & (places[..., 1] <= height - 1)
    )
    return np.asarray((np.sum(home * home, axis=-1) < 0.02 * far + 0.15) & inside)


def _textured(small: Bytes) -> Mask:
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(across * across + down * down > _TEXTURE**2)


def _tint(bgr: Bytes, last: Bytes, places: Floats, tracked: Mask) -> tuple[float, float]:
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
