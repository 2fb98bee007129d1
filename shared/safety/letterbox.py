"""Are there bars at the edges that the keyframe did not have?

A bar is a run of lines along an edge, of one colour from end to end and from the first frame to the
last, where the picture begins all along the next line. A thing before a plain backdrop begins at a
part of a line only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.safety.check import ClipInfo
from shared.safety.limits import judged
from shared.safety.moment import Moment
from shared.safety.picture import Bytes, luma_of
from shared.safety.report import CheckResult

_FLAT = 10
"""Levels between the darkest and the brightest pixel of a bar, over the whole clip."""

_EDGE, _TYPICAL_EDGE = 14, 3
"""Levels by which the next line differs from the bar: where it does most, and at its median."""

_STRIDE = 8
"""Frames from one look at the medians to the next; they are dear, and bars stand."""

Levels = NDArray[np.uint8]


@dataclass
class Lines:
    """Darkest, brightest and typical level of each row, or column, of the clip so far."""

    darkest: Levels
    brightest: Levels
    typical: Levels

    @classmethod
    def of(cls, luma: Bytes, axis: int) -> "Lines":
        return cls(luma.min(axis=axis), luma.max(axis=axis), _medians(luma, axis))

    def widen(self, luma: Bytes, axis: int) -> None:
        np.minimum(self.darkest, luma.min(axis=axis), out=self.darkest)
        np.maximum(self.brightest, luma.max(axis=axis), out=self.brightest)

    def bar_share(self) -> float:
        """Share of the lines that are bars, at both ends together."""
        darkest, brightest, typical = (
            line.astype(np.int16) for line in (self.darkest, self.brightest, self.typical)
        )
        if brightest.max() - darkest.min() <= _FLAT:
            return 0.0  # a picture of one colour has no bars
        first = _bar(darkest, brightest, typical)
        last = _bar(darkest[::-1], brightest[::-1], typical[::-1])
        return (first + last) / len(darkest)


class Letterbox:
    """Share of the picture that bars take away."""

    def start(self, clip: ClipInfo) -> None:
        self._reference = clip.expected.reference
        self._rows: Lines | None = None
        self._columns: Lines | None = None

    def see(self, moment: Moment) -> None:
        luma = moment.luma
        if self._rows is None or self._columns is None:
            self._rows, self._columns = Lines.of(luma, 1), Lines.of(luma, 0)
        elif luma.shape == (len(self._rows.darkest), len(self._columns.darkest)):
            for lines, axis in ((self._rows, 1), (self._columns, 0)):
                lines.widen(luma, axis)
                if moment.index % _STRIDE == 0:
                    lines.typical = _medians(luma, axis)

    def finish(self) -> Iterator[CheckResult]:
        if self._rows is None or self._columns is None:
            return
        had = bars_of(luma_of(self._reference.first_view)) if self._reference else 0.0
        share = _share(self._rows, self._columns)
        yield judged("letterbox", max(0.0, 100 * (share - had)))


def bars_of(luma: Bytes) -> float:
    """Share of one picture that bars take away."""
    return _share(Lines.of(luma, 1), Lines.of(luma, 0))


def _share(rows: Lines, columns: Lines) -> float:
    return 1 - (1 - rows.bar_share()) * (1 - columns.bar_share())


def _bar(
    darkest: NDArray[np.int16], brightest: NDArray[np.int16], typical: NDArray[np.int16]
) -> int:
    """Lines of the bar at the beginning; 0 where there is none, or where no picture begins."""
    low = np.minimum.accumulate(darkest)
    high = np.maximum.accumulate(brightest)
    count = int(np.count_nonzero(high - low <= _FLAT))
    if count in (0, len(darkest)):
        return 0
    # The line at the edge may be half bar, half picture.
    inside = slice(count, min(count + 2, len(darkest)))
    most = max(brightest[inside].max() - high[count - 1], low[count - 1] - darkest[inside].min())
    usual = int(np.abs(typical[inside] - typical[count // 2]).max())
    return count if most >= _EDGE and usual >= _TYPICAL_EDGE else 0


def _medians(luma: Bytes, axis: int) -> Levels:
    # Of every other pixel: a partition is dear.
    thinned = luma[:, ::2] if axis == 1 else luma[::2]
    return np.asarray(np.median(thinned, axis=axis), np.uint8)
