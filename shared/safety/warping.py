"""Do things keep their shape? What models draw anew in each frame boils, tears or crawls.

The motion of real things changes little from one frame to the next, and followed there and back it
ends where it began. Shapes that are redrawn break both.
"""

from collections.abc import Iterator

import numpy as np

from shared.safety.check import ClipInfo
from shared.safety.limits import judged_series
from shared.safety.moment import Moment
from shared.safety.motion import Floats, Mask, Motion
from shared.safety.observer import step_sec, window_frames
from shared.safety.picture import Bytes, halved, ssim
from shared.safety.report import CheckResult
from shared.safety.series import Series, sustained

_MEASURES = ("warping", "flow_consistency", "texture", "neighbour_ssim")


class Warping:
    """Jitter of the flow, its consistency, and what the flow cannot explain: of the texture, and
    of the likeness of neighbouring pictures."""

    def start(self, clip: ClipInfo) -> None:
        self._clip = clip
        self._last: tuple[Floats, Mask] | None = None
        self._series = {name: Series() for name in _MEASURES}

    def see(self, moment: Moment) -> None:
        motion = moment.motion
        if motion is None or not motion.telling:
            self._last = None
            return
        # Every other pixel each way is plenty for a median.
        flow, textured = motion.flow[::2, ::2], motion.textured[::2, ::2]
        firm = textured & motion.tracked[::2, ::2]
        self._add("flow_consistency", moment, motion.consistency)
        self._add("neighbour_ssim", moment, _likeness(moment.small, motion))
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


def _likeness(small: Bytes, motion: Motion) -> float:
    """SSIM of a picture and the one before, moved along the flow; at half of the small size, where
    grain counts less than shapes."""
    came = np.clip(small - motion.residual, 0, 255).astype(np.uint8)
    return ssim(halved(small), halved(came))


def _jitter(flow: Floats, textured: Mask, last_flow: Floats, last_textured: Mask) -> float:
    """Pixels by which the typical textured pixel left its course, the common course apart."""
    both = textured & last_textured
    if not both.any():
        return float("nan")
    across, down = (flow[..., way][both] - last_flow[..., way][both] for way in (0, 1))
    across -= np.median(across)
    down -= np.median(down)
    # The root keeps the order, so that one of the median will do.
    return float(np.sqrt(np.median(across * across + down * down)))
