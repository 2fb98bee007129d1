"""Are pictures shown again that should have moved on?

The test is relative: a picture that changes less than a fifth of what its neighbours change was
repeated. Held against a fixed limit, most still lifes would be called frozen.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from shared.safety.check import ClipInfo
from shared.safety.limits import judged
from shared.safety.moment import Moment
from shared.safety.observer import step_sec
from shared.safety.picture import Bytes
from shared.safety.report import CheckResult
from shared.safety.series import Series, Values, spans

_ALIKE = 0.2
"""Of what the neighbours change; an encoder goes on refining a picture that stands."""

_MOVING = 0.4
"""Levels that the neighbours must change by, on average, for a repeat to be noticed."""

_NEIGHBOURS = 3
"""Changes looked at on either side."""

_LONGEST_RUN = 0.5
"""Seconds; what stands longer is a rest, which `frozen` looks at."""


class Repeats:
    """Pictures that stick (three and more in a row), and single ones shown twice."""

    def start(self, clip: ClipInfo) -> None:
        self._clip = clip
        self._last: Bytes | None = None
        self._changes = Series()

    def see(self, moment: Moment) -> None:
        if self._last is not None:
            change = cv2.mean(cv2.absdiff(moment.luma, self._last))[0]
            self._changes.add(moment.pts_sec, change)
        self._last = moment.luma

    def finish(self) -> Iterator[CheckResult]:
        changes, times, step = self._changes.values, self._changes.times, step_sec(self._clip)
        if len(changes) < 2 * _NEIGHBOURS + 1:
            return
        runs = repeated_runs(changes, round(_LONGEST_RUN / step))
        stuck = [run for run in runs if len(run) >= 3]
        single = [run for run in runs if len(run) < 3]
        longest = max((len(run) for run in stuck), default=0)
        yield judged("stutter", longest, intervals=_where(stuck, times, step))
        share = 100 * sum(map(len, single)) / len(changes)
        yield judged("duplicates", share, intervals=_where(single, times, step))


def repeated_runs(changes: Values, longest: int) -> list[range]:
    """Runs of changes that are next to nothing beside those before and after.

    Parameters
    ----------
    changes : mean absolute difference of each frame to the one before, in levels.
    longest : changes in the longest run looked for.
    """
    runs: list[range] = []
    at = 1
    while at < len(changes) - 1:
        run = _run_from(changes, at, longest)
        if run:
            runs.append(run)
        at = run.stop if run else at + 1
    return runs


def _run_from(changes: Values, start: int, longest: int) -> range:
    """The run of repeats that begins at `start`; empty where none does."""
    pace = float(np.median(changes[max(0, start - _NEIGHBOURS) : start]))
    if pace < _MOVING:
        return range(0)
    stop = start
    while stop < len(changes) and stop - start <= longest and changes[stop] < _ALIKE * pace:
        stop += 1
    after = changes[stop : stop + _NEIGHBOURS]
    if stop == start or not len(after):
        return range(0)
    # Motion on both sides: an encoder's refresh is a single leap amid stillness.
    pace = min(pace, float(np.median(after)))
    still = float(np.max(changes[start:stop]))
    return range(start, stop) if pace >= _MOVING and still < _ALIKE * pace else range(0)


def _where(runs: list[range], times: Values, step: float) -> tuple[tuple[float, float], ...]:
    flagged = np.zeros(len(times), np.bool_)
    for run in runs:
        flagged[run.start : run.stop] = True
    return spans(flagged, times, step)
