"""Are there frames with nothing on them?"""

from collections.abc import Iterator

import numpy as np

from shared.safety.check import ClipInfo
from shared.safety.limits import judged
from shared.safety.moment import Moment
from shared.safety.observer import step_sec
from shared.safety.picture import Bytes, luma_of
from shared.safety.report import CheckResult
from shared.safety.series import Series, spans

_DARK = 24
"""Levels; a night sky has stars brighter than that."""

_ALMOST_ALL = 0.999


class Black:
    """Frames that are black where the keyframe is not."""

    def start(self, clip: ClipInfo) -> None:
        self._step = step_sec(clip)
        self._reference = clip.expected.reference
        self._black = Series()

    def see(self, moment: Moment) -> None:
        unasked = is_black(moment.luma) and not self._meant(moment)
        self._black.add(moment.pts_sec, float(unasked))

    def _meant(self, moment: Moment) -> bool:
        """Is the keyframe black there, too?"""
        if self._reference is None:
            return False
        height, width = moment.luma.shape
        return is_black(luma_of(self._reference.predicted(moment.index, (width, height))))

    def finish(self) -> Iterator[CheckResult]:
        black = self._black.values > 0
        count = int(np.count_nonzero(black))
        yield judged("black", count, intervals=spans(black, self._black.times, self._step))


def is_black(luma: Bytes) -> bool:
    """Is the picture dark all over, but for a speck?"""
    return int(np.count_nonzero(luma <= _DARK)) >= _ALMOST_ALL * luma.size
