"""Are there bars at the edges that the keyframe did not have?

A bar is a run of lines along an edge, of one colour from end to end and from the first frame to the
last, with a straight edge to the picture.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from shared.safety.check import ClipInfo
from shared.safety.limits import judged
from shared.safety.moment import Moment
from shared.safety.picture import Bytes, luma_of
from shared.safety.report import CheckResult

_FLAT = 10
"""Levels between the darkest and the brightest pixel of a bar, over the whole clip."""

_EDGE = 14
"""Levels by which the picture differs from the bar, at its edge, for it to be an edge."""

Lines = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Darkest and brightest of each row or column."""


class Letterbox:
    """Share of the picture that bars take away."""

    def start(self, clip: ClipInfo) -> None:
        self._reference = clip.expected.reference
        self._rows: Lines | None = None
        self._columns: Lines | None = None

    def see(self, moment: Moment) -> None:
        rows, columns = _extremes(moment.luma, 1), _extremes(moment.luma, 0)
        if self._rows is None or self._columns is None:
            self._rows, self._columns = rows, columns
        elif len(rows[0]) == len(self._rows[0]) and len(columns[0]) == len(self._columns[0]):
            self._rows = _widened(self._rows, rows)
            self._columns = _widened(self._columns, columns)

    def finish(self) -> Iterator[CheckResult]:
        if self._rows is None or self._columns is None:
            return
        share = 1 - (1 - bar_share(self._rows)) * (1 - bar_share(self._columns))
        had = bars_of(luma_of(self._reference.first_view)) if self._reference else 0.0
        yield judged("letterbox", max(0.0, 100 * (share - had)))


def bars_of(luma: Bytes) -> float:
    """Share of one picture that bars take away."""
    rows, columns = bar_share(_extremes(luma, 1)), bar_share(_extremes(luma, 0))
    return 1 - (1 - rows) * (1 - columns)


def bar_share(lines: Lines) -> float:
    """Share of the lines that are bars, at both ends together."""
    darkest, brightest = (line.astype(np.int16) for line in lines)
    if brightest.max() - darkest.min() <= _FLAT:
        return 0.0  # a picture of one colour has no bars
    count = _bar(darkest, brightest) + _bar(darkest[::-1], brightest[::-1])
    return count / len(darkest)


def _bar(darkest: NDArray[np.int16], brightest: NDArray[np.int16]) -> int:
    """Lines of the bar at the beginning; 0 where there is none, or none that ends in an edge."""
    low = np.minimum.accumulate(darkest)
    high = np.maximum.accumulate(brightest)
    count = int(np.count_nonzero(high - low <= _FLAT))
    if count in (0, len(darkest)):
        return 0
    inside = slice(count, min(count + 2, len(darkest)))
    differs = max(brightest[inside].max() - high[count - 1], low[count - 1] - darkest[inside].min())
    return count if differs >= _EDGE else 0


def _extremes(luma: Bytes, axis: int) -> Lines:
    return luma.min(axis=axis), luma.max(axis=axis)


def _widened(so_far: Lines, new: Lines) -> Lines:
    return np.minimum(so_far[0], new[0]), np.maximum(so_far[1], new[1])
