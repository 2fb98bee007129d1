"""What looks at moments: a check of the small picture and its motion."""

from collections.abc import Iterable
from typing import Protocol

from shared.safety.check import ClipInfo
from shared.safety.moment import Moment
from shared.safety.report import CheckResult

WINDOW_SEC = 0.5
"""What lasts this long is seen as a fault; what is shorter is an event."""


class Observer(Protocol):
    """One question about how the clip moves. Instances are used once."""

    def start(self, clip: ClipInfo) -> None:
        """Called before the first frame."""

    def see(self, moment: Moment) -> None:
        """Called with every moment in order."""

    def finish(self) -> Iterable[CheckResult]:
        """Called after the last; yields nothing where the clip gives nothing to measure."""


def window_frames(clip: ClipInfo) -> int:
    """Frames in `WINDOW_SEC`, odd, and 3 at least."""
    return max(3, round(WINDOW_SEC * float(clip.rate)) // 2 * 2 + 1)


def step_sec(clip: ClipInfo) -> float:
    """Seconds that one frame stands."""
    return float(1 / clip.rate)
