"""Any video file, not only a clip of ours: nothing was promised, so what is shown is judged."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import cv2

from shared.safety.decode import decode, one_thread_each
from shared.safety.flash.area import Profile
from shared.safety.flash.check import Flashes
from shared.safety.frame import Frame
from shared.safety.inspector import MAX_PIXELS
from shared.safety.report import CheckResult, Curve, InspectionReport, Verdict

MISSING_END_SEC = 0.5
"""A file whose last picture ends this much before the length that it states was cut off."""

_MOST_WHERE = 100


@dataclass(frozen=True, slots=True)
class Footage:
    """What a file's container says, as far as the inspection needs it.

    Attributes
    ----------
    path : the file to decode; the original, or a copy that is tagged with what it left unsaid.
    times : seconds at which pictures are to be shown, ascending, the first being 0.
    damaged : seconds of pictures whose data is malformed.
    duration_sec : the length that the file states; None if it states none.
    tracks : how many tracks of pictures there are; one is looked at.
    """

    path: Path
    width: int
    height: int
    times: tuple[float, ...]
    damaged: tuple[float, ...] = ()
    duration_sec: float | None = None
    tracks: int = 1

    def frames(self) -> Iterator[Frame]:
        """The pictures as a viewer sees them, upright."""
        return decode(self.path, len(self.times) + 1, upright=True)


class FootageCheck(Protocol):
    """A `Check` that needs no promise."""

    def start(self, clip: Footage) -> None: ...
    def frame(self, frame: Frame) -> None: ...
    def finish(self) -> Sequence[CheckResult]: ...


def inspect_footage(
    footage: Footage,
    profile: Profile = Profile.BROADCAST,
    *,
    heatmap: Path | None = None,
    curves: list[Curve] | None = None,
) -> InspectionReport:
    """Decode a video once and judge it; what cannot be decoded is a verdict.

    Parameters
    ----------
    profile : whose flash rule decides.
    heatmap : where to write a picture of what was flagged.
    curves : gets what was measured over time, a curve a measure.
    """
    started = time.perf_counter()
    if footage.width * footage.height > MAX_PIXELS:
        return unreadable(f"{footage.width}x{footage.height} pixels a frame are more than we open.")
    flashes = Flashes(profile, heatmap=heatmap)
    checks: tuple[FootageCheck, ...] = (Readable(), flashes)
    for check in checks:
        check.start(footage)
    count = 0
    try:
        with one_thread_each():
            for frame in footage.frames():
                for check in checks:
                    check.frame(frame)
                count += 1
    except (cv2.error, MemoryError) as error:
        return unreadable(f"Frame {count} cannot be looked at: {str(error).strip()}")
    results = tuple(result for check in checks for result in check.finish())
    if curves is not None and count:
        curves += [*flashes.curves(), *(each.curve for each in results if each.curve is not None)]
    return InspectionReport.of(results, frame_count=count, seconds=time.perf_counter() - started)


def unreadable(message: str) -> InspectionReport:
    """The report on what cannot be judged."""
    refused = CheckResult(name="readable", verdict=Verdict.UNREADABLE, message=message)
    return InspectionReport.of((refused,), frame_count=0, seconds=0)


class Readable:
    """Is everything there that the file lists, in one size?"""

    def start(self, clip: Footage) -> None:
        self._footage = clip
        self._times: list[float] = []
        self._sizes: dict[tuple[int, int], float] = {}

    def frame(self, frame: Frame) -> None:
        height, width = frame.bgr.shape[:2]
        self._sizes.setdefault((width, height), frame.pts_sec)
        self._times.append(frame.pts_sec)

    def finish(self) -> tuple[CheckResult, ...]:
        listed, decoded = len(self._footage.times), len(self._times)
        problem, where = self._problem()
        verdict, message = Verdict.FAIL, problem
        if not decoded:
            verdict, message = Verdict.UNREADABLE, "Not one picture can be decoded."
        elif not problem:
            doubt, where = self._doubt()
            verdict = Verdict.WARN if doubt else Verdict.PASS
            message = doubt or "Every picture that the file lists can be seen."
        return (
            CheckResult(
                name="readable",
                verdict=verdict,
                value=decoded,
                limit=listed,
                unit="frames",
                message=message,
                intervals=tuple((round(time, 3), round(time, 3)) for time in where[:_MOST_WHERE]),
            ),
        )

    def _problem(self) -> tuple[str, list[float]]:
        """What is wrong, if anything, and the seconds to look at."""
        footage, times = self._footage, self._times
        if len(self._sizes) > 1:
            words = ", then ".join(f"{width}x{height}" for width, height in self._sizes)
            return f"The picture changes its size: {words}.", list(self._sizes.values())[1:]
        if len(times) < len(footage.times):
            missing = self._missing()
            at = f", the first at {missing[0]:.2f} s" if missing else ""
            lost = len(footage.times) - len(times)
            return f"{lost} of {len(footage.times)} pictures cannot be decoded{at}.", missing
        if footage.damaged:
            first = footage.damaged[0]
            return (
                f"The data of {len(footage.damaged)} pictures is damaged, first at {first:.2f} s.",
                list(footage.damaged),
            )
        end = times[-1] if times else 0.0
        stated = footage.duration_sec
        if stated is not None and stated - end > MISSING_END_SEC + self._longest_gap():
            return f"The file is cut off: it states {stated:.2f} s and ends at {end:.2f} s.", [end]
        return "", []

    def _doubt(self) -> tuple[str, list[float]]:
        """What need not be a fault, and must not pass in silence."""
        times, tracks = self._footage.times, self._footage.tracks
        if tracks > 1:
            return f"The file holds {tracks} videos; only the first was looked at.", []
        if len(self._times) == 1:
            return "There is one picture only; nothing in it can flash.", []
        steps = sorted(after - before for before, after in pairwise(times))
        usual = steps[len(steps) // 2]
        # Where nearly all steps are the same, the rate is constant and a long one is a hole.
        if steps[len(steps) * 9 // 10] > 1.5 * usual:
            return "", []
        holes = [before for before, after in pairwise(times) if after - before > 3 * usual]
        if not holes:
            return "", []
        return f"Pictures seem to be missing after {holes[0]:.2f} s: it is damaged there.", holes

    def _missing(self) -> list[float]:
        """Listed seconds near which nothing was decoded."""
        seen = {round(time * 100) for time in self._times}
        near = {hundredth + step for hundredth in seen for step in (-1, 0, 1)}
        return [time for time in self._footage.times if round(time * 100) not in near]

    def _longest_gap(self) -> float:
        times = self._footage.times
        return max((after - before for before, after in pairwise(times)), default=0.0)
