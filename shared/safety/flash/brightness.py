"""The brightness of the whole picture from frame to frame: swings and hard cuts."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from shared.safety.flash.hazard import extend
from shared.safety.flash.light import WHITE
from shared.safety.flash.recent import SECOND
from shared.safety.series import Series

SWING_LIMIT_PERCENT = 50.0
"""The seed's rule for finished clips: no swing of more than this in one frame, of the brightest
that a screen can be. (The rule for camera paths compares with the brighter frame instead: there a
doubling is odd at any level, here it is what every cut in a dark film does.)"""

MOST_CUTS = 3
CUT_STEP, CUT_AREA = 0.20, 0.80
"""Japan's guideline (NAB-J, NHK): at most three cuts or reversals of more than 20 % of luminance in
a second; a cut changes 80 % of the picture, as Harding's analyser reads it."""


class Swings:
    """The largest change of mean light in one frame."""

    def __init__(self) -> None:
        self._before: float | None = None
        self.largest_percent = 0.0
        self.at_frame = 0
        self.frames: list[int] = []
        self.intervals: list[tuple[float, float]] = []
        self.light = Series()
        """Mean light of each frame, 0–1."""

    def see(self, frame: int, time: float, mean: float) -> None:
        """`mean` is the relative luminance of the whole picture, 0–1."""
        self.light.add(time, mean)
        before, self._before = self._before, mean
        if before is None:
            return
        swing = 100.0 * abs(mean - before)
        if swing > self.largest_percent:
            self.largest_percent, self.at_frame = swing, frame
        if swing > SWING_LIMIT_PERCENT:
            self.frames.append(frame)
            self.intervals.append((time, time))


class Cuts:
    """How many hard cuts, light against dark, come within one second."""

    def __init__(self) -> None:
        self._before: NDArray[np.int32] | None = None
        self._times: deque[float] = deque()
        self.most = 0
        self.intervals: list[tuple[float, float]] = []

    def see(self, time: float, blocks: NDArray[np.uint16]) -> None:
        """`blocks` is the mean light of small blocks."""
        now = blocks.astype(np.int32)
        before, self._before = self._before, now
        if before is None or np.mean(np.abs(now - before) > CUT_STEP * WHITE) < CUT_AREA:
            return
        self._times.append(time)
        while time - self._times[0] >= SECOND:
            self._times.popleft()
        self.most = max(self.most, len(self._times))
        if len(self._times) > MOST_CUTS:
            extend(self.intervals, self._times[0], time)
