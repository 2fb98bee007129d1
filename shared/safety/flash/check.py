"""The check that the inspector runs: flashes, red flashes, swings, cuts, stripes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.safety.flash import verdicts
from shared.safety.flash.area import Profile
from shared.safety.flash.brightness import Cuts, Swings
from shared.safety.flash.hazard import NEAR_TRANSITIONS, Hazard, Mask, at_least
from shared.safety.flash.heatmap import write_heatmap
from shared.safety.flash.light import WHITE, mean_light
from shared.safety.flash.recent import Recent
from shared.safety.flash.red import RedSwings, RedTurns
from shared.safety.flash.stripes import Stripes
from shared.safety.flash.together import Together
from shared.safety.flash.turns import Turns, strips
from shared.safety.frame import Frame
from shared.safety.report import CheckResult

STEP = WHITE // 10
"""A transition: 10 % of the maximum relative luminance, 20 cd/m² of 200."""

CEILING = 9 * WHITE // 10 - 1
"""The darker state must be below 0.80. Since it is a tenth below the brighter one, that is to say:
what is brighter than 0.90 counts as 0.90, less the smallest unit."""


class Watchable(Protocol):
    """What has pictures that can be decoded again: a clip, or any footage."""

    def frames(self) -> Iterator[Frame]: ...


class Flashes:
    """Everything about flashing light, from every pixel of every frame.

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
        self._picture: _Picture | None = None

    def start(self, clip: Watchable) -> None:
        self._clip = clip

    def frame(self, frame: Frame) -> None:
        time, light = frame.pts_sec, frame.light
        self._swings.see(frame.index, time, mean_light(light))
        self._cuts.see(time, frame.light_blocks)
        self._stripes.see(time, light)
        if self._picture is None:
            self._picture = _Picture(frame)
        elif self._picture.shape == light.shape:
            self._picture.see(frame)

    def finish(self) -> tuple[CheckResult, ...]:
        picture = self._picture
        if picture is not None and picture.red.flagged:
            picture.red = _look_closely_at_red(self._clip, picture)
        results = (
            *(verdicts.of_hazards(picture.general, picture.red, self._profile) if picture else ()),
            verdicts.of_swings(self._swings),
            verdicts.of_cuts(self._cuts),
            verdicts.of_stripes(self._stripes),
        )
        flagged = picture is not None and (picture.general.flagged or picture.red.flagged)
        if picture is not None and flagged and self._heatmap is not None:
            heat = np.maximum(picture.general.heat, picture.red.heat)
            write_heatmap(self._heatmap, heat, picture.worst)
        return results


class _Picture:
    """What is followed pixel by pixel, made to the size of the first frame."""

    def __init__(self, first: Frame) -> None:
        light = np.minimum(first.light, np.uint16(CEILING))
        height, width = self.shape = (int(light.shape[0]), int(light.shape[1]))
        self._turns = Turns(light, STEP)
        bands = self._turns.strips
        self._recent = Recent(light.shape, bands)
        self._together = Together(self.shape)
        self._red_swings = RedSwings(light.shape, bands)
        self._red_swings.see(first.bgr)
        self._recent_red = Recent(light.shape, bands)
        self.general, self.red = Hazard(width, height), Hazard(width, height)
        self.worst = first.bgr
        self._worst_pixels = 0

    def see(self, frame: Frame) -> None:
        time = frame.pts_sec
        light = np.minimum(frame.light, np.uint16(CEILING))
        events, touched = self._turns.see(light)
        self._recent.add(time, events, touched)
        self._together.see(time, self._turns.dark, events)
        self.general.see(frame.index, time, self._recent, self._together.only)
        self._recent_red.add(time, *self._red_swings.see(frame.bgr))
        self.red.see(frame.index, time, self._recent_red, _every_pixel)
        self._remember(frame.bgr)

    def _remember(self, bgr: NDArray[np.uint8]) -> None:
        """Keep the frame in which most was flashing, for the heat map."""
        pixels = max(self.general.worst_pixels, self.red.worst_pixels)
        if pixels > self._worst_pixels:
            self._worst_pixels, self.worst = pixels, bgr


def _look_closely_at_red(clip: Watchable, picture: _Picture) -> Hazard:
    """Where red swings too often: is it far enough, by chromaticity?"""
    height, width = picture.shape
    pixels = np.flatnonzero(picture.red.heat >= NEAR_TRANSITIONS)
    hazard, bands = Hazard(width, height), strips(picture.shape)
    recent = Recent(picture.shape, bands)
    turns: RedTurns | None = None
    for frame in clip.frames():
        if frame.bgr.shape[:2] != picture.shape:
            continue
        colours = frame.bgr.reshape(-1, 3)[pixels]
        if turns is None:
            turns = RedTurns(colours)
            continue
        events = np.zeros(picture.shape, np.uint8)
        events.reshape(-1)[pixels[turns.see(colours)]] = 255
        touched = [number for number, rows in enumerate(bands) if events[rows].any()]
        recent.add(frame.pts_sec, events, touched)
        hazard.see(frame.index, frame.pts_sec, recent, _every_pixel)
    return hazard


def _every_pixel(counts: Mask, least: int) -> Mask:
    return at_least(counts, least)
