"""One frame as the artefact checks see it: a small picture, and how it moved since the last one.

The evidence for every temporal artefact survives a reduction to 480 pixels (docs/benchmarks.md), so
that is what is looked at. The optical flow, the dear part, is found once, at half of that, and
shared.
"""

from dataclasses import dataclass

from shared.safety.check import Frame
from shared.safety.motion import Motion, MotionFinder
from shared.safety.picture import Bytes, coarse, luma_of

_FLOW_SIDE = 32
"""Below this many pixels on the shorter side there is nothing to track."""


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
        self._finder = MotionFinder() if motion else None
        self._last: Moment | None = None

    def make(self, frame: Frame) -> Moment:
        bgr = frame.small
        luma = luma_of(bgr)
        small = coarse(luma)
        motion = self._motion(bgr, small)
        self._last = Moment(frame.index, frame.pts_sec, bgr, luma, small, motion)
        return self._last

    def _motion(self, bgr: Bytes, small: Bytes) -> Motion | None:
        last = self._last
        if self._finder is None or last is None or last.small.shape != small.shape:
            return None
        if min(small.shape) < _FLOW_SIDE:
            return None
        return self._finder.find(small, last.small, bgr, last.bgr)
