"""Do light and colour wander off? What was tracked keeps its own, wherever the camera goes.

Comparing whole frames would call every pan from a dark corner to a window a drift. Here only what
is seen in two frames running is compared, and the differences are added up along the clip.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from shared.safety.check import ClipInfo
from shared.safety.limits import judged
from shared.safety.moment import Moment
from shared.safety.observer import step_sec
from shared.safety.report import CheckResult, Curve
from shared.safety.series import Series, Values, spans

_LEAST_TRACKED = 0.3
"""Share of the textured pixels that must be tracked; across a cut nothing is."""

_PERCENT = 100 / 255


class Drift:
    """Light and colour, each as the widest span between any two moments of the clip."""

    def start(self, clip: ClipInfo) -> None:
        self._clip = clip
        self._steps = [Series(), Series(), Series()]

    def see(self, moment: Moment) -> None:
        motion = moment.motion
        steps = (0.0, 0.0, 0.0)
        if motion is not None and motion.telling and motion.consistency >= _LEAST_TRACKED:
            light = cv2.mean(motion.residual, motion.tracked.astype(np.uint8))[0]
            steps = (light, *motion.tint)
        for series, step in zip(self._steps, steps, strict=True):
            series.add(moment.pts_sec, step * _PERCENT)

    def finish(self) -> Iterator[CheckResult]:
        light, *colours = (np.cumsum(series.values) for series in self._steps)
        if len(light) < 2:
            return
        times = self._steps[0].times
        yield self._judged("brightness_drift", light, times)
        yield self._judged("colour_drift", max(colours, key=np.ptp), times)

    def _judged(self, name: str, walk: Values, times: Values) -> CheckResult:
        low, high = sorted((int(np.argmin(walk)), int(np.argmax(walk))))
        between = np.zeros(len(walk), np.bool_)
        between[low : high + 1] = True
        return judged(
            name,
            float(np.ptp(walk)),
            intervals=spans(between, times, step_sec(self._clip)),
            curve=Curve(
                name=name, unit="% of full scale", times=times.tolist(), values=walk.tolist()
            ),
        )
