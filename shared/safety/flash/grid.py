"""Which pixels of a picture are looked at: all of them, or some of each row and column."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from shared.safety.flash.light import Planes
from shared.safety.picture import Bytes

_LARGE = 400_000
_MOST_APART = 16
_FEWEST_ROWS = 128
"""Of a field of the profile `wcag` that is 30 rows or more."""


@dataclass(frozen=True)
class Grid:
    """One of each `down` rows, and on it one of each `across` pixels.

    Which one moves on from row to row and from place to place, so that no pattern that repeats
    every so many rows, or every half or twice as many, can hide between them.
    """

    height: int
    width: int
    down: int = 1
    across: int = 1

    @classmethod
    def of_first_look(cls, height: int, width: int) -> "Grid":
        """All of a small picture; of a large one 128 rows or more, and of those every other pixel.

        Every other pixel has a colour of its own in hardly any film (4:2:0).
        """
        down = 1
        while (
            height * width > _LARGE and down < _MOST_APART and height // (2 * down) >= _FEWEST_ROWS
        ):
            down *= 2
        return cls(height, width, down, 1 if down == 1 else 2)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns that are looked at."""
        return max(1, self.height // self.down), max(1, self.width // self.across)

    def planes(self, bgr: Bytes) -> Planes:
        """What is looked at of a picture, split."""
        if self.down == self.across == 1:
            return cv2.split(bgr)
        return cv2.split(cv2.remap(bgr, self._places, np.empty(0), cv2.INTER_NEAREST))

    @cached_property
    def _places(self) -> cv2.typing.MatLike:
        """Column and row of each pixel that is looked at, as `remap` wants them."""
        rows, columns = np.indices(self.shape, dtype=np.float32)
        down = rows * self.down + rows % self.down
        across = columns * self.across + rows // self.across % self.across
        fixed = cv2.convertMaps(across, down, cv2.CV_16SC2, nninterpolation=True)
        return fixed[0]
