"""The check that the inspector runs: flashes, red flashes, swings, cuts, stripes.

The first look sees every frame, and of large pictures every fourth row: cheap, and enough to know
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
from shared.safety.flash.area import Field, Profile
from shared.safety.flash.brightness import Cuts, Swings
from shared.safety.flash.hazard import Hazard, Mask
from shared.safety.flash.heatmap import write_heatmap
from shared.safety.flash.light import block_light, mean_light, relative_luminance
from shared.safety.flash.look import FIRST_LOOK_CAUTION, Look, RedLook, first_look_rows
from shared.safety.flash.stripes import Stripes
from shared.safety.frame import Frame
from shared.safety.report import CheckResult

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
            self._rows = first_look_rows(height, width)
        elif frame.bgr.shape[:2] != self._shape:
            # Another check fails a file that changes its size.
            return
        sample = frame.bgr if len(self._rows) == len(frame.bgr) else frame.bgr[self._rows]
        time, light = frame.pts_sec, relative_luminance(sample)
        self._swings.see(frame.index, time, mean_light(light))
        self._cuts.see(time, block_light(light, max(1, light.shape[1] // _BLOCKS_ACROSS)))
        self._stripes.see(time, frame.bgr)
        if self._first is None:
            fields = self._fields(len(self._rows))
            self._worst = frame.bgr
            self._first = Look(fields, light, sample, caution=FIRST_LOOK_CAUTION)
        else:
            before = self._first.general.scattered.pixels
            self._first.see(frame.index, time, light, sample)
            if self._first.general.scattered.pixels > before:
                self._worst = frame.bgr

    def _fields(self, rows: int) -> dict[Profile, Field]:
        height, width = self._shape
        return {each: Field.of(each, width, height, every=height // rows) for each in Profile}

    def finish(self) -> tuple[CheckResult, ...]:
        hazards = self._hazards() if self._first is not None else ()
        return (
            *(verdicts.of_hazards(*hazards, self._profile) if hazards else ()),
            verdicts.of_swings(self._swings),
            verdicts.of_cuts(self._cuts),
            verdicts.of_stripes(self._stripes),
        )

    def _hazards(self) -> tuple[Hazard, Hazard] | tuple[()]:
        """Flashes and red flashes; by the first look where it saw nothing near a limit."""
        first = self._first
        if first is None:
            return ()
        general, red = first.general, first.red
        worst = self._worst
        if general.near_a_limit or red.near_a_limit:
            closer = _Closer(self._fields(self._shape[0]), first, len(self._rows))
            for frame in self._clip.frames():
                if frame.bgr.shape[:2] == self._shape:
                    closer.see(frame)
            general, red, worst = closer.general, closer.red, closer.worst
        if self._heatmap is not None and (general.flagged or red.flagged):
            height, width = self._shape
            heat = cv2.resize(
                np.maximum(general.heat, red.heat), (width, height), interpolation=cv2.INTER_NEAREST
            )
            write_heatmap(self._heatmap, np.asarray(heat, np.uint8), worst)
        return general, red


class _Closer:
    """The closer look: every pixel, and only the kinds of flash that the first one saw."""

    def __init__(self, fields: dict[Profile, Field], first: Look, rows: int) -> None:
        self._fields = fields
        self._first = first
        whole = fields[Profile.BROADCAST]
        self._suspects = _suspects(first.red.heat, whole.width, whole.height, rows)
        self._look: Look | None = None
        self._red: RedLook | None = None
        self._worst_pixels = 0
        self.worst: NDArray[np.uint8] = np.zeros((1, 1, 3), np.uint8)

    def see(self, frame: Frame) -> None:
        index, time, bgr = frame.index, frame.pts_sec, frame.bgr
        if self._look is None:
            self._look = Look(self._fields, frame.light, None, caution=1.0)
            self.worst = bgr
            if self._first.red.near_a_limit:
                self._red = RedLook(self._fields, self._suspects, bgr)
            return
        self._look.see(index, time, frame.light, None)
        if self._red is not None:
            self._red.see(index, time, bgr)
        pixels = max(self.general.worst_pixels, self.red.worst_pixels)
        if pixels > self._worst_pixels:
            self._worst_pixels, self.worst = pixels, bgr

    @property
    def general(self) -> Hazard:
        return self._look.general if self._look is not None else self._first.general

    @property
    def red(self) -> Hazard:
        if self._red is not None:
            return self._red.red
        return self._look.red if self._look is not None else self._first.red


def _suspects(heat: Mask, width: int, height: int, rows: int) -> Mask:
    """The pixels of which the first look saw a neighbour swing between red and less red twice."""
    hot = cv2.dilate((heat >= 2).astype(np.uint8), np.ones((3, 3), np.uint8))
    every = height // rows
    tall = cv2.resize(hot, (width, rows * every), interpolation=cv2.INTER_NEAREST)
    remainder = cv2.copyMakeBorder(tall, 0, height - rows * every, 0, 0, cv2.BORDER_REPLICATE)
    return np.asarray(remainder, np.uint8)
