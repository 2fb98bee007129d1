"""Does the light tremble? Second differences of the luma, over the frame and in an 8x8 grid.

A camera that moves and a lamp that fades change the light steadily, so that each frame is the mean
of its neighbours; a flicker is what is left. In the grid the motion is taken out first: a face that
crosses a cell would otherwise count as light.
"""

from collections import deque
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.check import ClipInfo
from shared.safety.limits import judged_series
from shared.safety.moment import Moment
from shared.safety.motion import Motion
from shared.safety.observer import step_sec, window_frames
from shared.safety.report import CheckResult
from shared.safety.series import Series, sustained

GRID = 8
_LEAST_TRACKED = 0.25
"""Share of a cell that must be tracked for its light to be known."""

_STRIDE = 3
"""Frames from one look at the window to the next."""

_PERCENT = 100 / 255

Cells = NDArray[np.float64]


class Flicker:
    """The whole frame's mean luma."""

    def start(self, clip: ClipInfo) -> None:
        self._clip = clip
        self._means = Series()

    def see(self, moment: Moment) -> None:
        self._means.add(moment.pts_sec, cv2.mean(moment.luma)[0] * _PERCENT)

    def finish(self) -> Iterator[CheckResult]:
        means = self._means.values
        if len(means) < 3:
            return
        bend = np.full(len(means), np.nan)
        bend[1:-1] = np.abs(means[1:-1] - (means[:-2] + means[2:]) / 2)
        lasting = sustained(bend, window_frames(self._clip))
        result = judged_series("flicker", lasting, self._means.times, step_sec(self._clip))
        if result:
            yield result


class LocalFlicker:
    """The light of each of 64 cells, along the motion; the worst cell counts."""

    def start(self, clip: ClipInfo) -> None:
        self._clip = clip
        self._last: Cells | None = None
        self._window: deque[Cells] = deque(maxlen=window_frames(clip))
        self._worst = Series()

    def see(self, moment: Moment) -> None:
        change = None if moment.motion is None else cell_changes(moment.motion)
        if change is None or self._last is None:
            self._last = change
            return
        self._window.append(np.abs(change - self._last) / 2 * _PERCENT)
        self._last = change
        # A median of so many changes little from one frame to the next.
        if len(self._window) == self._window.maxlen and moment.index % _STRIDE == 0:
            self._worst.add(moment.pts_sec, _worst(np.stack(self._window)))

    def finish(self) -> Iterator[CheckResult]:
        result = judged_series(
            "local_flicker", self._worst.values, self._worst.times, _STRIDE * step_sec(self._clip)
        )
        if result:
            yield result


def cell_changes(motion: Motion) -> Cells:
    """Levels by which each cell's tracked pixels grew brighter; NaN where too few were tracked."""
    tracked = motion.tracked.astype(np.float32)
    share = cv2.resize(tracked, (GRID, GRID), interpolation=cv2.INTER_AREA)
    light = cv2.resize(motion.residual * tracked, (GRID, GRID), interpolation=cv2.INTER_AREA)
    known = share >= _LEAST_TRACKED
    return np.where(known, light / np.where(known, share, 1), np.nan).astype(np.float64)


def _worst(window: Cells) -> float:
    """Of the cells that were known most of the time, the greatest median over time."""
    known = np.count_nonzero(~np.isnan(window), axis=0)
    seen = known > len(window) / 2
    if not seen.any():
        return float("nan")
    # What is not known is sorted to the end.
    ordered, known = np.sort(window[:, seen], axis=0), known[seen]
    below, above = (
        np.take_along_axis(ordered, at[None], axis=0) for at in ((known - 1) // 2, known // 2)
    )
    return float(np.max(below + above)) / 2
