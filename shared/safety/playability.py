"""Does the file play to its last frame?"""

import hashlib
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from shared.safety.bitstream import damaged_samples
from shared.safety.check import ClipInfo, Frame
from shared.safety.report import CheckResult, Verdict

FROZEN_SEC = 0.5
"""A moving clip that repeats one picture longer than this deserves a look."""

_PROBE_STRIDE = 4
"""Every fourth row is enough to tell a repeated picture; mostly the one in the middle is."""


class Playability:
    """Completeness of the data, the decode itself, frame times and frozen pictures."""

    def start(self, clip: ClipInfo) -> None:
        self._clip = clip
        self._decoded = 0
        self._misplaced: list[float] = []
        self._previous: NDArray[np.uint8] | None = None
        self._run_start = 0.0
        self._runs: list[tuple[float, float]] = []

    def frame(self, frame: Frame) -> None:
        # Half a frame is far above OpenCV's rounding and below any real shift.
        if abs(frame.pts_sec * self._clip.rate - frame.index) > 0.5:
            self._misplaced.append(frame.pts_sec)
        self._watch_for_freeze(frame)
        self._decoded += 1

    def finish(self) -> tuple[CheckResult, ...]:
        return (
            self._data(),
            *self._fingerprint(),
            self._decode(),
            self._frame_times(),
            self._freeze(),
        )

    def _data(self) -> CheckResult:
        video = self._clip.video
        damaged = damaged_samples(self._clip.path, video)
        step = 1 / self._clip.rate
        where = tuple(_interval(index * step, step) for index in damaged[:100])
        return CheckResult(
            name="data",
            verdict=Verdict.FAIL if damaged else Verdict.PASS,
            value=len(damaged),
            limit=0,
            unit="samples",
            message=(
                f"{len(damaged)} of {video.sample_count} samples are missing or malformed, the "
                f"first being number {damaged[0]}."
                if damaged
                else "Every sample lies in the file and parses."
            ),
            intervals=where,
        )

    def _fingerprint(self) -> tuple[CheckResult, ...]:
        expected = self._clip.expected.sha256
        if expected is None:
            return ()
        with self._clip.path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        same = found == expected
        return (
            CheckResult(
                name="fingerprint",
                verdict=Verdict.PASS if same else Verdict.FAIL,
                value=found,
                limit=expected,
                unit="sha256",
                message="The file is the one that was written."
                if same
                else "The file is not the one that was written: it was changed or damaged since.",
            ),
        )

    def _decode(self) -> CheckResult:
        listed, rate = self._clip.video.sample_count, self._clip.rate
        count = min(listed, self._clip.frame_limit)
        complete = self._decoded == count
        return CheckResult(
            name="decode",
            verdict=Verdict.PASS if complete else Verdict.FAIL,
            value=self._decoded,
            limit=count,
            unit="frames",
            message="Decodes to the last frame."
            if complete
            else f"The file lists {listed} frames; {self._decoded} could be decoded.",
            intervals=()
            if complete
            else (_interval(self._decoded / rate, max(0, count - self._decoded) / rate),),
        )

    def _frame_times(self) -> CheckResult:
        misplaced = self._misplaced
        step = 1 / self._clip.rate
        return CheckResult(
            name="frame_times",
            verdict=Verdict.FAIL if misplaced else Verdict.PASS,
            value=len(misplaced),
            limit=0,
            unit="frames",
            message=f"{len(misplaced)} frames are not shown at their time."
            if misplaced
            else "Every frame is shown at its time.",
            intervals=tuple(_interval(Fraction(pts), step) for pts in misplaced[:100]),
        )

    def _watch_for_freeze(self, frame: Frame) -> None:
        if self._previous is None or not _same(frame.bgr, self._previous):
            self._close_run(frame.pts_sec)
            self._run_start = frame.pts_sec
        self._previous = frame.bgr

    def _close_run(self, until: float) -> None:
        if until - self._run_start > FROZEN_SEC:
            self._runs.append((round(self._run_start, 3), round(until, 3)))

    def _freeze(self) -> CheckResult:
        self._close_run(float(self._decoded / self._clip.rate))
        longest = max((end - start for start, end in self._runs), default=0.0)
        length = float(self._clip.expected.duration)
        frozen = longest >= 0.95 * length
        verdict = Verdict.PASS
        if self._runs and self._clip.expected.moving:
            verdict = Verdict.FAIL if frozen else Verdict.WARN
        return CheckResult(
            name="frozen",
            verdict=verdict,
            value=round(longest, 3),
            limit=FROZEN_SEC,
            unit="s",
            message=f"One picture stands for {longest:.2f} s."
            if self._runs
            else "No picture is repeated for long.",
            intervals=tuple(self._runs),
        )


def _same(picture: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    if picture.shape != other.shape:
        return False
    middle = len(picture) // 2
    return np.array_equal(picture[middle], other[middle]) and np.array_equal(
        picture[::_PROBE_STRIDE], other[::_PROBE_STRIDE]
    )


def _interval(start: Fraction, length: Fraction) -> tuple[float, float]:
    return round(float(start), 3), round(float(start + length), 3)
