"""How fast the picture moves: the flow of a model's clip, the camera's path where that is known."""

import math

import cv2
import numpy as np

from shared.motion.speed import SPEED_LIMIT
from shared.safety.check import ClipInfo
from shared.safety.moment import Moment
from shared.safety.motion import Motion
from shared.safety.reference import Box
from shared.safety.report import Curve
from shared.safety.series import Series

UNIT = "% of width/s"


class Pace:
    """A speed a frame. It judges nothing: the planner held the path against its limit already."""

    def start(self, clip: ClipInfo) -> None:
        reference = clip.expected.reference
        self._boxes = reference.boxes if reference and reference.every_frame else None
        self._percent_a_second = 100 * float(clip.rate)
        self._speeds = Series()

    def see(self, moment: Moment) -> None:
        if self._boxes is not None:
            if 0 < moment.index < len(self._boxes):
                before, after = self._boxes[moment.index - 1 : moment.index + 1]
                self._add(moment, step_of_view(before, after))
        elif moment.motion is not None:
            self._add(moment, step_of_flow(moment.motion))

    def _add(self, moment: Moment, widths: float) -> None:
        self._speeds.add(moment.pts_sec, widths * self._percent_a_second)

    def curve(self) -> Curve:
        """Widths of the picture that things move in a second, in percent."""
        limit = None if self._boxes is None else 100 * SPEED_LIMIT
        return self._speeds.curve("motion", UNIT, fail=limit)


def step_of_view(before: Box, after: Box) -> float:
    """Widths of the view that its fastest corner moves; the measure of `shared.motion.speed`."""
    across, down = (
        max(abs(after[near] - before[near]), abs(after[far] - before[far]))
        for near, far in ((0, 2), (1, 3))
    )
    return math.hypot(across, down) / (after[2] - after[0])


def step_of_flow(motion: Motion) -> float:
    """Widths of the picture that tracked things move, on average; 0 where nothing was tracked."""
    length = cv2.magnitude(*cv2.split(motion.flow))
    mean = cv2.mean(length, motion.tracked.astype(np.uint8))[0]
    return float(mean / motion.flow.shape[1])
