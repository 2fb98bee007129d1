"""What a check is: it is told about the clip, sees every frame once, and gives its results.

To add one, write a module with a class of this shape and name it in `inspector.default_checks`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from shared.safety.decode import decode
from shared.safety.frame import Frame
from shared.safety.mp4 import Mp4
from shared.safety.reference import Reference
from shared.safety.report import CheckResult
from shared.safety.track import Track

__all__ = ["MAX_SURPLUS_FRAMES", "Check", "ClipInfo", "Expectation", "Frame"]

MAX_SURPLUS_FRAMES = 60
"""How far past the promised count a file is still decoded: enough to call it too long."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the file was promised to be.

    Parameters
    ----------
    rate : frames per second, exact.
    tag : sample entry of the video track.
    audio : is a sound track expected?
    sha256 : fingerprint taken when the file was written. Decoders conceal damaged pictures; with
        the fingerprint no damage goes unseen.
    moving : does the picture change from start to end?
    reference : the pixels it was made from, where they are known.
    """

    width: int
    height: int
    rate: Fraction
    frame_count: int
    tag: str = "hvc1"
    audio: bool = False
    sha256: str | None = None
    moving: bool = False
    reference: Reference | None = None

    @property
    def duration(self) -> Fraction:
        return self.frame_count / self.rate


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """What a check is told before the first frame."""

    path: Path
    file: Mp4
    expected: Expectation

    @property
    def video(self) -> Track:
        return self.file.video

    @property
    def rate(self) -> Fraction:
        """What the file plays at; whether that is what was promised is one check's business."""
        return self.video.rate or self.expected.rate

    @property
    def frame_limit(self) -> int:
        """Where the decode stops, however many frames the file has."""
        return self.expected.frame_count + MAX_SURPLUS_FRAMES

    def frames(self) -> Iterator[Frame]:
        """Decode the file; checks are given every frame, and do this only to look again."""
        return decode(self.path, self.frame_limit)


class Check(Protocol):
    """One question about the clip. Instances are used once."""

    def start(self, clip: ClipInfo) -> None:
        """Called before the first frame, with what the file says and what was promised."""

    def frame(self, frame: Frame) -> None:
        """Called with every frame in presentation order; must not change the pixels.

        Other checks are shown the same frame at the same time, on other threads.
        """

    def finish(self) -> Sequence[CheckResult]:
        """Called after the last frame, however early that came."""
