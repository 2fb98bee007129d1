"""Saturated-red flashes: transitions between a saturated red and a colour far from it.

WCAG 2.2 (note to "general flash and red flash thresholds", after ISO 9241-391): one of the two
states has R/(R+G+B) ≥ 0.8 in linear light, and their CIE 1976 u′v′ chromaticities differ by more
than 0.2. Two saturated reds are never that far apart, so exactly one state of each transition is
one.

Chromaticity is dear, and red is rare. `RedSwings` counts, cheaply and for every pixel, what every
transition must do: come from a saturated red to a colour with clearly less red in it, or back. Only
where even that is too often are the chromaticities looked at, by `RedTurns` in a second decode.
"""

import numpy as np
from numpy.typing import NDArray

from shared.safety.flash.light import (
    Planes,
    chromaticity,
    is_saturated_red,
    may_swing,
    redness,
)

CHROMATICITY_STEP = 0.2


class RedSwings:
    """Swings between saturated red and less red: each transition is one, not each one a transition.

    Parameters
    ----------
    shape : height, width.
    strips : rows that are looked at together.
    """

    def __init__(self, shape: tuple[int, ...], strips: list[slice]) -> None:
        self._strips = strips
        self._in_red = np.zeros(shape, np.bool_)
        self._has_red = [False] * len(strips)
        self._events = np.zeros(shape, np.uint8)
        self._touched: list[int] = []
        self._first = True

    def see(self, planes: Planes) -> tuple[NDArray[np.uint8], list[int]]:
        """The swings of this frame, 0 or 255 a pixel, and the numbers of the strips with any.

        The array is overwritten by the next call.
        """
        for number in self._touched:
            self._events[self._strips[number]] = 0
        self._touched = [
            number
            for number, rows in enumerate(self._strips)
            if self._see_strip(number, [plane[rows] for plane in planes])
        ]
        self._first = False
        return self._events, self._touched

    def _see_strip(self, number: int, planes: Planes) -> bool:
        rows = self._strips[number]
        in_red = self._in_red[rows]
        places = np.flatnonzero(may_swing(planes, in_red if self._has_red[number] else None))
        if not len(places):
            return False
        in_red = in_red.reshape(-1)
        found = redness(*(np.asarray(plane, np.uint8).reshape(-1)[places] for plane in planes))
        was_red = in_red[places]
        swung = places[np.where(was_red, found.far, found.saturated)]
        if not len(swung):
            return False
        in_red[swung] ^= True
        self._has_red[number] = bool(in_red.any())
        if self._first:
            return False
        self._events[rows].reshape(-1)[swung] = 255
        return True


class RedTurns:
    """Transitions by chromaticity, for a fixed set of pixels.

    The counterpart of `Turns` in two dimensions: as luminance has a peak, a colour has the farthest
    it went from the state before. A slow change of many steps is one transition here, too.

    Parameters
    ----------
    first : the colours of the pixels at the start, (n, 3) B, G, R codes.
    """

    def __init__(self, first: NDArray[np.uint8]) -> None:
        self._in_red = is_saturated_red(first)
        self._farthest = _colours(first)
        # There is no state before the first: take the one it will be held against.
        white, red = _colours(np.array([[255, 255, 255], [0, 0, 255]], np.uint8))
        self._before = np.where(self._in_red[:, None], white, red)

    def see(self, colours: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Which pixels make a transition in this frame."""
        now, red = _colours(colours), is_saturated_red(colours)
        turned = (red != self._in_red) & (_distance(now, self._farthest) > CHROMATICITY_STEP)
        moved = (red == self._in_red) & (
            _distance(now, self._before) > _distance(self._farthest, self._before)
        )
        self._before[turned] = self._farthest[turned]
        self._in_red[turned] = red[turned]
        moved |= turned
        self._farthest[moved] = now[moved]
        return np.asarray(turned, np.bool_)


def _colours(bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.stack(chromaticity(bgr), axis=-1)


def _distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.hypot(*(one - other).T), np.float32)
