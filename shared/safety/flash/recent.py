"""How many transitions each pixel made within one second."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

SECOND = 1.0 - 0.0015
"""Transitions this far apart are in different seconds: the second is half-open, so that exactly
3 Hz has 6 transitions in it, and containers that store whole milliseconds may be off by one."""

_MOST_FRAMES = 250
"""Counts are bytes."""


class Recent:
    """Counts, for every pixel, the events of the last second by the frames' timestamps.

    The frames with events are kept as one bit a pixel, so memory depends on the size and rate of
    the picture, not on its length.
    """

    def __init__(self, shape: tuple[int, int], strips: list[slice]) -> None:
        self.counts: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        self._strips = strips
        self._kept: list[deque[tuple[float, NDArray[np.uint8]]]] = [deque() for _ in strips]

    def add(self, time: float, events: NDArray[np.uint8], touched: list[int]) -> None:
        """Count the events of the frame at `time`, and forget those of a second before."""
        for number, kept in enumerate(self._kept):
            while kept and (time - kept[0][0] >= SECOND or len(kept) >= _MOST_FRAMES):
                self._forget(number, kept.popleft()[1])
        for number in touched:
            rows = events[self._strips[number]]
            kept = self._kept[number]
            kept.append((time, np.packbits(rows)))
            counts = self.counts[self._strips[number]]
            np.add(counts, rows & 1, out=counts)

    def _forget(self, number: int, packed: NDArray[np.uint8]) -> None:
        counts = self.counts[self._strips[number]]
        bits = np.unpackbits(packed, count=counts.size).reshape(counts.shape)
        np.subtract(counts, bits, out=counts)

    @property
    def busiest(self) -> int:
        """No pixel has more events than this in the last second; cheap."""
        return max(map(len, self._kept))
