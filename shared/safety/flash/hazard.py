"""One kind of flash, followed through the clip: how often, over how much of the picture, when."""

import dataclasses
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.flash.area import Field, Profile
from shared.safety.flash.recent import Recent
from shared.safety.series import Series

MOST_TRANSITIONS = 6
"""Three flashes, each a pair, in any one second (WCAG 2.3.1, Ofcom, ITU-R BT.1702)."""

NEAR_TRANSITIONS = 4
"""Two flashes a second: harmless for a moment, not for long."""

EXTENDED_SEC, EXTENDED_SHARE = 5.0, 0.8
"""Flashing near the limit in more than four of any five seconds (Harding's extended flash)."""

Mask = NDArray[np.uint8]
Filter = Callable[[Mask, int], Mask]
"""Given counts and a least number: 1 for the pixels that reach it and flash as one, else 0."""


@dataclass
class Finding:
    """What was seen in one kind of field: the largest area, and the frames over the limit."""

    field: Field
    limit: float
    pixels: int = 0
    at_frame: int = 0
    frames: list[int] = dataclasses.field(default_factory=list)
    intervals: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    areas: Series = dataclasses.field(default_factory=Series)
    """Of each frame, in percent of the field."""

    def take(self, frame: int, time: float, pixels: int) -> None:
        self.areas.add(time, self.field.percent(pixels))
        if pixels > self.pixels:
            self.pixels, self.at_frame = pixels, frame
        if pixels > self.limit:
            self.frames.append(frame)
            extend(self.intervals, max(0.0, time - 1.0), time)

    @property
    def over(self) -> bool:
        return bool(self.frames)

    @property
    def percent(self) -> float:
        return self.field.percent(self.pixels)


def extend(intervals: list[tuple[float, float]], start: float, end: float) -> None:
    """Add a stretch of time to ordered ones, joined to the last where they meet."""
    if intervals and start <= intervals[-1][1]:
        intervals[-1] = (intervals[-1][0], max(end, intervals[-1][1]))
    else:
        intervals.append((start, end))


class Hazard:
    """Measures the areas in which one kind of flash comes too often.

    Parameters
    ----------
    fields : for each profile.
    shape : rows and columns that are looked at.
    caution : share of the limits that is already too much.
    """

    def __init__(
        self, fields: dict[Profile, Field], shape: tuple[int, int], caution: float
    ) -> None:
        self.findings = {each: Finding(this, caution * this.limit) for each, this in fields.items()}
        whole = fields[Profile.BROADCAST]
        self._quarter = caution * whole.limit
        self.scattered = Finding(whole, whole.limit)
        """The same without asking whether neighbours flash as one."""
        self.heat: Mask = np.zeros(shape, np.uint8)
        """The most transitions of each pixel in any second."""
        self.most_transitions = 0
        """Of a quarter of the frame, in any second."""
        self.extended: list[tuple[float, float]] = []
        self.longest_near = 0.0
        """The largest share of five seconds that was near the limit, 0–1."""
        self._near: deque[tuple[float, float]] = deque()
        self._last_time: float | None = None

    @property
    def near_a_limit(self) -> bool:
        """Does the verdict hang on a closer look?"""
        return bool(self.extended) or any(each.over for each in self.findings.values())

    @property
    def flagged(self) -> bool:
        """Is there anything to show in a picture?"""
        return self.near_a_limit or self.scattered.over

    @property
    def worst_pixels(self) -> int:
        return max(self.findings[Profile.BROADCAST].pixels, self.scattered.pixels)

    def see(self, frame: int, time: float, recent: Recent, as_one: Filter) -> None:
        """Look at the counts as they are after a frame."""
        counts = recent.counts
        near = False
        if recent.busiest >= NEAR_TRANSITIONS:
            np.maximum(self.heat, counts, out=self.heat)
            near = self._over_a_quarter(counts, NEAR_TRANSITIONS, as_one)
        if near:
            self._count_transitions(counts)
        if recent.busiest > MOST_TRANSITIONS:
            self._measure(frame, time, counts, as_one)
        else:
            for finding in self.findings.values():
                finding.take(frame, time, 0)
        self._watch_for_long(time, near)

    def _measure(self, frame: int, time: float, counts: Mask, as_one: Filter) -> None:
        mask = at_least(counts, MOST_TRANSITIONS + 1)
        total = int(cv2.countNonZero(mask))
        if total > self.scattered.limit:
            self.scattered.take(frame, time, total)
        if total > min(each.limit for each in self.findings.values()):
            mask = as_one(counts, MOST_TRANSITIONS + 1)
            total = int(cv2.countNonZero(mask))
        for finding in self.findings.values():
            # No field holds more than the whole; below the limit that is good enough.
            exact = total > finding.limit
            finding.take(frame, time, finding.field.most(mask) if exact else total)

    def _over_a_quarter(self, counts: Mask, least: int, as_one: Filter) -> bool:
        mask = at_least(counts, least)
        if cv2.countNonZero(mask) <= self._quarter:
            return False
        return bool(cv2.countNonZero(as_one(counts, least)) > self._quarter)

    def _count_transitions(self, counts: Mask) -> None:
        """The largest number that a quarter of the frame reaches."""
        histogram = cv2.calcHist([counts], [0], None, [256], [0, 256]).ravel()
        reached = np.cumsum(histogram[::-1])[::-1] > self._quarter
        self.most_transitions = max(self.most_transitions, int(np.flatnonzero(reached).max()))

    def _watch_for_long(self, time: float, near: bool) -> None:
        """Add up the time near the limit within the last five seconds."""
        before, self._last_time = self._last_time, time
        if near and before is not None:
            self._near.append((time, time - before))
        while self._near and time - self._near[0][0] >= EXTENDED_SEC:
            self._near.popleft()
        share = sum(lasted for _, lasted in self._near) / EXTENDED_SEC
        self.longest_near = max(self.longest_near, min(1.0, share))
        if share > EXTENDED_SHARE:
            extend(self.extended, max(0.0, time - EXTENDED_SEC), time)


def at_least(counts: Mask, least: int) -> Mask:
    """1 where a pixel has `least` transitions or more, else 0."""
    return np.asarray(cv2.threshold(counts, least - 1, 1, cv2.THRESH_BINARY)[1], np.uint8)
