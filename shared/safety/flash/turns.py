"""Peaks and valleys of every pixel: where its light has turned.

A *transition* leads from a peak to the next valley or back (WCAG 2.2: "the change between adjacent
peaks and valleys"), however many frames it takes. A slow ramp of many small steps is one
transition; a wobble smaller than the step is none. It is counted in the frame in which it has
become as large as the step.

This is exact for every pixel of every frame. It is also cheap: a pixel that falls is looked at
upside down, so rising and falling need the same few operations, and no branch.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

_PIXELS_AT_A_TIME = 128 * 1024
_ALL = np.uint16(0xFFFF)


def strips(shape: tuple[int, int]) -> list[slice]:
    """The rows of a picture in bands that fit into a core's cache."""
    height, width = shape
    rows = max(1, _PIXELS_AT_A_TIME // width)
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


class Turns:
    """Follows a picture of 16-bit values, and says which pixels have just made a transition.

    Parameters
    ----------
    first : the first picture.
    step : how far a value must come from its last peak or valley.
    """

    def __init__(self, first: NDArray[np.uint16], step: int) -> None:
        self._step = step
        self.strips = strips((first.shape[0], first.shape[1]))
        # Where the last transition fell, values are read with their bits turned over, so that "the
        # highest since" stands for the valley as well.
        self._flip = np.zeros_like(first)
        self._highest = first.copy()
        # Before its first transition a pixel may turn out to rise or to fall.
        self._lowest = first.copy()
        self._new = np.full_like(first, _ALL)
        self._has_new = [True] * len(self.strips)
        self._events = np.zeros(first.shape, np.uint8)
        self._touched: list[int] = []

    @property
    def dark(self) -> NDArray[np.uint16]:
        """All ones where a pixel's last transition fell; 0 where it rose or there was none."""
        return self._flip

    def see(self, light: NDArray[np.uint16]) -> tuple[NDArray[np.uint8], list[int]]:
        """The transitions of this frame, 0 or 255 a pixel, and the numbers of the strips with any.

        The array is overwritten by the next call.
        """
        for number in self._touched:
            self._events[self.strips[number]] = 0
        self._touched = [
            number for number in range(len(self.strips)) if self._see_strip(number, light)
        ]
        return self._events, self._touched

    def _see_strip(self, number: int, light: NDArray[np.uint16]) -> bool:
        rows = self.strips[number]
        now, flip, highest = light[rows], self._flip[rows], self._highest[rows]
        seen = now ^ flip
        np.maximum(highest, seen, out=highest)
        away = np.subtract(highest, seen, out=seen)
        rising = self._rising(rows, now) if self._has_new[number] else None
        if rising is None and int(away.max()) < self._step:
            return False
        turned = _mask(away, self._step)
        flip ^= turned
        # A pixel that has turned forgets its old extreme; the others' stands.
        highest &= ~turned
        np.maximum(highest, now ^ flip, out=highest)
        if rising is not None:
            turned |= rising
        if self._has_new[number]:
            new = self._new[rows]
            new &= ~turned
            self._has_new[number] = bool(new.any())
        # The low byte of all ones is 255.
        np.copyto(self._events[rows], turned, casting="unsafe")
        return True

    def _rising(self, rows: slice, now: NDArray[np.uint16]) -> NDArray[np.uint16] | None:
        lowest = self._lowest[rows]
        np.minimum(lowest, now, out=lowest)
        above = now - lowest
        above &= self._new[rows]
        return _mask(above, self._step) if int(above.max()) >= self._step else None


def _mask(values: NDArray[np.uint16], least: int) -> NDArray[np.uint16]:
    """All ones where a value is `least` or more, else 0."""
    return np.asarray(cv2.threshold(values, least - 1, 0xFFFF, cv2.THRESH_BINARY)[1], np.uint16)
