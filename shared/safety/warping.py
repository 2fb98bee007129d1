"""Do things keep their shape? What models draw anew in each frame boils, tears or crawls.

The motion of real things changes little from one frame to the next, and followed there and back it
ends where it began. Shapes that are redrawn break both.
"""

from collections.abc import Iterator

import numpy as np

from shared.safety.check import ClipInfo
from shared.safety.limits import judged_series
from shared.safety.moment import Moment
from shared.safety.motion import Floats, Mask
from shared.safety.observer import step_sec, window_frames
from shared.safety.report import CheckResult
from shared.safety.series import Series, sustained


class Warping:
    """Jitter of the flow, its consistency, and what the flow cannot explain of the texture."""

    def start(self, clip: ClipInfo) -> None:
        self._clip = clip
        self._last: tuple[Floats, Mask] | None = None
        self._series = {name: Series() for name in ("warping", "flow_consistency", "texture")}

    def see(self, moment: Moment) -> None:
        motion = moment.motion
        if motion is None or not motion.telling:
            self._last = None
            return
        # Every other pixel each way is plenty for a median.
        flow, textured = motion.flow[::2, ::2], motion.textured[::2, ::2]
        firm = textured & motion.tracked[::2, ::2]
        self._add("flow_consistency", moment, motion.consistency)
        if firm.any():
            off = np.abs(motion.residual[::2, ::2][firm])
            self._add("texture", moment, float(np.median(off)) * 100 / 255)
        if self._last is not None:
            jitter = _jitter(flow, textured, *self._last)
            self._add("warping", moment, 100 * jitter / moment.small.shape[1])
        self._last = flow, textured

    def _add(self, name: str, moment: Moment, value: float) -> None:
        self._series[name].add(moment.pts_sec, value)

    def finish(self) -> Iterator[CheckResult]:
        for name, series in self._series.items():
            lasting = sustained(series.values, window_frames(self._clip))
            result = judged_series(name, lasting, series.times, step_sec(self._clip))
            if result:
                yield result


def _jitter(flow: Floats, textured: Mask, last_flow: Floats, last_textured: Mask) -> float:
    """Pixels by which the typical textured pixel left its course, the common course apart."""
    both = textured & last_textured
    if not both.any():
        return float("nan")
    turn = flow[both] - last_flow[both]
    turn -= np.median(turn, axis=0)
    return float(np.median(np.hypot(turn[:, 0], turn[:, 1])))
