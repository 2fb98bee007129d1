"""A number a frame, kept for the whole clip, and the stretches in which it was too much.

Four bytes a frame are all that a check remembers of the past: an hour of film is half a megabyte.
"""

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.safety.report import Curve

Values = NDArray[np.float64]

MAX_INTERVALS = 20
"""Stretches that a report names; with more than these the whole clip deserves a look."""


class Series:
    """One value a frame with its time, in order."""

    def __init__(self) -> None:
        self._times = array("d")
        self._values = array("f")

    def add(self, pts_sec: float, value: float) -> None:
        self._times.append(pts_sec)
        self._values.append(value)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def times(self) -> Values:
        return np.asarray(self._times, np.float64)

    @property
    def values(self) -> Values:
        return np.asarray(self._values, np.float64)

    def curve(
        self, name: str, unit: str, *, scale: float = 1.0, fail: float | None = None
    ) -> Curve:
        """The values, `scale` times as large, for a chart."""
        values = (self.values * scale).tolist()
        return Curve(name=name, unit=unit, times=self.times.tolist(), values=values, fail=fail)


def sustained(values: Values, window: int) -> Values:
    """The median of each `window` neighbours: what lasts, without what happens once.

    Returns
    -------
    As many values as went in, each centred on its own; windows are cut short at both ends. NaN
    where a window holds nothing but NaN.
    """
    if not len(values):
        return values
    half = max(1, window) // 2
    padded = np.pad(values, half, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    known = ~np.isnan(windows).all(axis=-1)
    medians = np.full(len(values), np.nan)
    medians[known] = np.nanmedian(windows[known], axis=-1)
    return medians


def spans(
    flagged: Sequence[bool] | NDArray[np.bool_], times: Values, step: float
) -> tuple[tuple[float, float], ...]:
    """The stretches of flagged frames, in seconds from and to, `step` being a frame's length."""
    found: list[tuple[float, float]] = []
    for flag, time in zip(flagged, times, strict=True):
        if not flag:
            continue
        if found and time - found[-1][1] < 0.5 * step:
            found[-1] = (found[-1][0], time + step)
        else:
            found.append((time, time + step))
    return tuple((round(a, 3), round(b, 3)) for a, b in found[:MAX_INTERVALS])
