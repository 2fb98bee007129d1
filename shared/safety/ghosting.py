"""Are frames laid over each other? A mean of its neighbours is what no camera sees.

Where an edge passes, the middle frame shows it in the middle; a blend shows it twice, half as
strong. So on pixels that change a great deal, a frame that is the exact mean of its neighbours was
mixed from them. An edge must pass for that, pixel by pixel: what creeps less than a pixel, or
fades, is the mean of its neighbours in any honest film.
"""

import math
from collections import deque
from collections.abc import Iterator

import cv2
import numpy as np

from shared.safety.check import ClipInfo
from shared.safety.limits import judged
from shared.safety.moment import Moment
from shared.safety.motion import Floats, Mask
from shared.safety.observer import step_sec
from shared.safety.picture import Bytes
from shared.safety.report import CheckResult
from shared.safety.series import Series, spans

_CHANGING = 12
"""Levels between the frames around, for a pixel to be looked at."""

_PASSING = 1.5
"""Pixels of the small luma that things move between the frames around."""

_FADED = 0.9
"""Correlation of the frames around, on the pixels that change: a fade has almost 1."""

_LEAST_PIXELS = 200
_BLENDED = 0.05
"""Distance from the mean over the change; real frames are seldom closer than a tenth."""


class Ghosting:
    """Share of the moving frames that were blended from their neighbours."""

    def start(self, clip: ClipInfo) -> None:
        self._clip = clip
        self._three: deque[Moment] = deque(maxlen=3)
        self._ratios = Series()

    def see(self, moment: Moment) -> None:
        self._three.append(moment)
        if len(self._three) < 3:
            return
        before, middle, after = self._three
        if middle.motion is None or after.motion is None:
            return
        passing = _passing(middle.motion.flow + after.motion.flow, middle.luma)
        ratio = blend_ratio(before.luma, middle.luma, after.luma, passing)
        if ratio is not None:
            self._ratios.add(middle.pts_sec, ratio)

    def finish(self) -> Iterator[CheckResult]:
        ratios = self._ratios.values
        if not len(ratios):
            return
        blended = ratios < _BLENDED
        share = 100 * np.count_nonzero(blended) / len(ratios)
        where = spans(blended, self._ratios.times, step_sec(self._clip))
        yield judged("ghosting", share, intervals=where)


def _passing(flow: Floats, luma: Bytes) -> Mask:
    """Where things move far enough, at the size of the luma."""
    across, down = cv2.split(flow)
    fast = np.asarray(across * across + down * down >= _PASSING**2, np.uint8)
    size = luma.shape[1], luma.shape[0]
    return np.asarray(cv2.resize(fast, size, interpolation=cv2.INTER_NEAREST) > 0)


def blend_ratio(before: Bytes, picture: Bytes, after: Bytes, where: Mask) -> float | None:
    """How far the typical changing pixel is from the mean of its neighbours, over their change.

    0 is an exact blend, 0.5 and more an edge that passed. None where too little changes.
    """
    change = cv2.absdiff(before, after)
    places = np.flatnonzero((change > _CHANGING) & where)
    if len(places) < _LEAST_PIXELS:
        return None
    first, now, last = (
        each.reshape(-1)[places].astype(np.float32) for each in (before, picture, after)
    )
    if _same_but_for_light(first, last):
        return None
    return float(np.median(np.abs(now - (first + last) / 2) / np.abs(last - first)))


def _same_but_for_light(first: Floats, last: Floats) -> bool:
    """Is one the other, brighter or darker? Where an edge passed, they have little in common."""
    first, last = first - first.mean(), last - last.mean()
    spreads = float(np.dot(first, first)), float(np.dot(last, last))
    if min(spreads) < len(first):
        return True
    return float(np.dot(first, last)) > _FADED * math.sqrt(spreads[0] * spreads[1])
