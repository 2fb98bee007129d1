"""Over how much of the picture: the field that counts, and the largest area within any such field.

Areas are counts of whole pixels. Nothing is reduced before it is counted, so 24.9 % and 25.1 % are
as different as one pixel less and one pixel more.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.flash.grid import Grid

AREA_LIMIT_PERCENT = 25.0
_REFERENCE_LONG_SIDE = 1920
_FIELD = (341, 256)
"""Ten degrees of a viewer's field, in CSS pixels (WCAG 2.3.1, understanding document)."""


class Profile(StrEnum):
    """Whose rule: a quarter of the screen, or of any ten degrees on a 1920x1080 screen."""

    BROADCAST = "broadcast"
    WCAG = "wcag"


@dataclass(frozen=True, slots=True)
class Field:
    """A rectangle, anywhere in the picture, a quarter of which must not flash.

    `width` and `height` are in pixels that are looked at.
    """

    width: int
    height: int
    name: str

    @classmethod
    def of(cls, profile: Profile, grid: Grid) -> "Field":
        """The field of a picture; one of another size is seen on the same screen."""
        rows, columns = grid.shape
        if profile is Profile.BROADCAST:
            return cls(columns, rows, "the frame")
        scale = max(grid.width, grid.height) / _REFERENCE_LONG_SIDE
        across, down = (max(1, round(side * scale)) for side in _FIELD)
        return cls(
            min(max(1, across // grid.across), columns),
            min(max(1, down // grid.down), rows),
            f"a field of {across}x{down} px",
        )

    @property
    def limit(self) -> int:
        """The most pixels that may flash: a quarter, rounded down."""
        return self.width * self.height // 4

    def percent(self, pixels: int) -> float:
        return 100.0 * pixels / (self.width * self.height)

    def most(self, mask: NDArray[np.uint8]) -> int:
        """The most pixels that are set within one field.

        Parameters
        ----------
        mask : the whole picture, 0 or 1 a pixel.
        """
        total = cv2.countNonZero(mask)
        if mask.shape == (self.height, self.width):
            return int(total)
        sums = cv2.integral(mask)
        down, across = self.height, self.width
        columns = sums[:, across:] - sums[:, :-across]
        return int((columns[down:] - columns[:-down]).max())
