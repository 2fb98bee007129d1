"""A look at the pictures: the fast first one at some rows, the closer one at every pixel."""

import numpy as np
from numpy.typing import NDArray

from shared.safety.flash.area import Field, Profile
from shared.safety.flash.grid import Grid
from shared.safety.flash.hazard import Hazard, Mask, at_least
from shared.safety.flash.light import WHITE, Planes
from shared.safety.flash.recent import Recent
from shared.safety.flash.red import RedSwings, RedTurns
from shared.safety.flash.together import Together
from shared.safety.flash.turns import Turns, strips

STEP = WHITE // 10
"""A transition: 10 % of the maximum relative luminance, 20 cd/m² of 200."""

CEILING = 9 * WHITE // 10 - 1
"""The darker state must be below 0.80. Since it is a tenth below the brighter one, that is to say:
what is brighter than 0.90 counts as 0.90, less the smallest unit."""

FIRST_LOOK_CAUTION = 0.7
"""The first look asks for a closer one from this share of a limit on."""


class Look:
    """Follows flashes and red swings through a series of pictures of one size.

    Parameters
    ----------
    grid : the pixels that are seen.
    light : of the first picture.
    planes : the first picture, split; None where red is not looked for.
    """

    def __init__(
        self,
        grid: Grid,
        light: NDArray[np.uint16],
        planes: Planes | None,
        *,
        caution: float,
    ) -> None:
        shape, fields = grid.shape, fields_of(grid)
        self._turns = Turns(np.minimum(light, np.uint16(CEILING)), STEP)
        bands = self._turns.strips
        self._recent = Recent(shape, bands)
        self._together = Together(grid)
        self.general = Hazard(fields, shape, caution)
        self.red = Hazard(fields, shape, caution)
        self._swings = RedSwings(shape, bands)
        self._recent_red = Recent(shape, bands)
        if planes is not None:
            self._swings.see(planes)

    def see(
        self, index: int, time: float, light: NDArray[np.uint16], planes: Planes | None
    ) -> None:
        """The next picture."""
        events, touched = self._turns.see(np.minimum(light, np.uint16(CEILING)))
        self._recent.add(time, events, touched)
        self._together.see(time, self._turns.dark, events)
        self.general.see(index, time, self._recent, self._together.only)
        if planes is not None:
            self._recent_red.add(time, *self._swings.see(planes))
            self.red.see(index, time, self._recent_red, every_pixel)


def fields_of(grid: Grid) -> dict[Profile, Field]:
    """The field of each profile, in pixels that are seen."""
    return {each: Field.of(each, grid) for each in Profile}


class RedLook:
    """Follows saturated-red flashes by chromaticity, for some of the pixels.

    Parameters
    ----------
    pixels : 1 where to look.
    bgr : the first picture.
    """

    def __init__(self, grid: Grid, pixels: Mask, bgr: NDArray[np.uint8]) -> None:
        self._shape = grid.shape
        self._pixels = np.flatnonzero(pixels)
        self._strips = strips(self._shape)
        self._recent = Recent(self._shape, self._strips)
        self._turns = RedTurns(bgr.reshape(-1, 3)[self._pixels])
        self.red = Hazard(fields_of(grid), self._shape, 1.0)

    def see(self, index: int, time: float, bgr: NDArray[np.uint8]) -> None:
        """The next picture."""
        turned = self._turns.see(bgr.reshape(-1, 3)[self._pixels])
        events = np.zeros(self._shape, np.uint8)
        events.reshape(-1)[self._pixels[turned]] = 255
        touched = [number for number, rows in enumerate(self._strips) if events[rows].any()]
        self._recent.add(time, events, touched)
        self.red.see(index, time, self._recent, every_pixel)


def every_pixel(counts: Mask, least: int) -> Mask:
    """A filter that takes nothing away: red is no matter of texture."""
    return at_least(counts, least)
