"""The check that the inspector runs: flashes, red flashes, swings, cuts, stripes.

The first look sees every frame, and of large pictures some of the pixels: cheap, and enough to know
that nothing comes near a limit. If something does, the file is decoded once more and every pixel
counted, so that what is reported is exact.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.flash import verdicts
from shared.safety.flash.area import Profile
from shared.safety.flash.brightness import Cuts, Swings
from shared.safety.flash.grid import Grid
from shared.safety.flash.hazard import NEAR_TRANSITIONS, Hazard, at_least
from shared.safety.flash.heatmap import write_heatmap
from shared.safety.flash.light import block_light, luminance_of, mean_light
from shared.safety.flash.look import FIRST_LOOK_CAUTION, Look, RedLook
from shared.safety.flash.stripes import Stripes
from shared.safety.frame import Frame
from shared.safety.report import CheckResult, Curve

_BLOCKS_ACROSS = 40


class Watchable(Protocol):
    """What has pictures that can be decoded again: a clip, or any footage."""

    def frames(self) -> Iterator[Frame]: ...


class Flashes:
    """Everything about flashing light.

    Parameters
    ----------
    profile : the rule by which the clip fails; the other one warns.
    heatmap : where to write a PNG if anything is flagged.
    """

    def __init__(
        self, profile: Profile = Profile.BROADCAST, *, heatmap: Path | None = None
    ) -> None:
        self._profile = profile
        self._heatmap = heatmap
        self._swings, self._cuts, self._stripes = Swings(), Cuts(), Stripes()
        self._first: Look | None = None

    def start(self, clip: Watchable) -> None:
        self._clip = clip

    def frame(self, frame: Frame) -> None:
        if self._first is None:
            height, width = self._shape = frame.bgr.shape[:2]
            self._grid = Grid.of_first_look(height, width)
        elif frame.bgr.shape[:2] != self._shape:
            # Another check fails a file that changes its size.
            return
        planes = self._grid.planes(frame.bgr)
        light = np.empty(self._grid.shape, np.uint16)
        luminance_of(planes, light)
        time = frame.pts_sec
        self._swings.see(frame.index, time, mean_light(light))
        side = self._grid.width / _BLOCKS_ACROSS
        sides = (max(1, int(side / step)) for step in (self._grid.down, self._grid.across))
        self._cuts.see(time, block_light(light, *sides))
        self._stripes.see(time, frame)
        if self._first is None:
            self._worst = frame.bgr
            self._first = Look(self._grid, light, planes, caution=FIRST_LOOK_CAUTION)
        else:
            before = self._first.general.scattered.pixels
            self._first.see(frame.index, time, light, planes)
            if self._first.general.scattered.pixels > before:
                self._worst = frame.bgr

    def finish(self) -> tuple[CheckResult, ...]:
        hazards = self._hazards() if self._first is not None else ()
        return (
            *(verdicts.of_hazards(*hazards, self._profile) if hazards else ()),
            verdicts.of_swings(self._swings),
            verdicts.of_cuts(self._cuts),
            verdicts.of_stripes(self._stripes),
        )

    def curves(self) -> tuple[Curve, ...]:
        """Mean light of each frame."""
        return (self._swings.light.curve("light", "% of white", scale=100),)

    def _hazards(self) -> tuple[Hazard, Hazard] | tuple[()]:
        """Flashes and red flashes; by the first look where it saw nothing near a limit."""
        first = self._first
        if first is None:
            return ()
        general, red, worst = first.general, first.red, self._worst
        if general.near_a_limit or red.near_a_limit:
            closer = _Closer(Grid(*self._shape), first)
            self._show(closer)
            general, red, worst = closer.general, closer.red, closer.worst
        if first.red.near_a_limit:
            by_colour = _CloserRed(Grid(*self._shape), red)
            self._show(by_colour)
            red = by_colour.red
            if red.worst_pixels > general.worst_pixels:
                worst = by_colour.worst
        if self._heatmap is not None and (general.flagged or red.flagged):
            height, width = self._shape
            heat = cv2.resize(
                np.maximum(general.heat, red.heat), (width, height), interpolation=cv2.INTER_NEAREST
            )
            write_heatmap(self._heatmap, np.asarray(heat, np.uint8), worst)
        return general, red

    def _show(self, looker: "_Closer | _CloserRed") -> None:
        """Decode the clip once more."""
        for frame in self._clip.frames():
            if frame.bgr.shape[:2] == self._shape:
                looker.see(frame)


class _Closer:
    """The closer look at every pixel; at red ones only where the first look was alarmed by them."""

    def __init__(self, grid: Grid, first: Look) -> None:
        self._grid = grid
        self._first = first
        self._look: Look | None = None
        self._worst_pixels = 0
        self.worst: NDArray[np.uint8] = np.zeros((1, 1, 3), np.uint8)

    def see(self, frame: Frame) -> None:
        planes = cv2.split(frame.bgr) if self._first.red.near_a_limit else None
        if self._look is None:
            self._look = Look(self._grid, frame.light, planes, caution=1.0)
            self.worst = frame.bgr
            return
        self._look.see(frame.index, frame.pts_sec, frame.light, planes)
        if self.general.worst_pixels > self._worst_pixels:
            self._worst_pixels, self.worst = self.general.worst_pixels, frame.bgr

    @property
    def general(self) -> Hazard:
        return (self._look or self._first).general

    @property
    def red(self) -> Hazard:
        """By swings, of which each flash is one, not each one a flash."""
        return (self._look if self._look and self._first.red.near_a_limit else self._first).red


class _CloserRed:
    """The last look at red, by chromaticity, at the pixels whose swings are too many."""

    def __init__(self, grid: Grid, swings: Hazard) -> None:
        self._grid = grid
        self._swings = swings
        self._look: RedLook | None = None
        self._worst_pixels = 0
        self.worst: NDArray[np.uint8] = np.zeros((1, 1, 3), np.uint8)

    def see(self, frame: Frame) -> None:
        if self._look is None:
            pixels = at_least(self._swings.heat, NEAR_TRANSITIONS)
            self._look = RedLook(self._grid, pixels, frame.bgr)
            self.worst = frame.bgr
            return
        self._look.see(frame.index, frame.pts_sec, frame.bgr)
        if self.red.worst_pixels > self._worst_pixels:
            self._worst_pixels, self.worst = self.red.worst_pixels, frame.bgr

    @property
    def red(self) -> Hazard:
        return self._look.red if self._look else self._swings
