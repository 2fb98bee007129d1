"""Frames in time and pixels in space: how many, how fast, how large.

A clip has round(duration × fps) frames (X-09). A generative model makes its own number of frames at
its own rate, by its own rule (4k+1, 8k+1, one fixed count); `frame_plan` chooses the smallest count
that covers the clip and says at which moments between them the delivered frames lie.
"""

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from shared.errors import InvalidInput

HIGHEST_RATE = 240

_NTSC_RATES = {n: Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)}
"""23.976, 29.97, 47.952, 59.94, 119.88: written in decimals, meant as n/1.001."""


def frame_rate(fps: float | str | Fraction) -> Fraction:
    """The exact rate that a creator's number means.

    Parameters
    ----------
    fps : frames a second: `30`, `23.976`, `"29.97"`, `"30000/1001"`.

    Returns
    -------
    24000/1001 for 23.976 or 23.98, and so on; other decimals as written, to a denominator of 1001.

    Raises
    ------
    InvalidInput
        Not a number, or not above 0 and at most 240.
    """
    try:
        rate = Fraction(str(fps).strip())
    except (ValueError, ZeroDivisionError):
        raise InvalidInput(f"{fps!r} is not a frame rate: write 24, 30, 60 or 29.97.") from None
    if not 0 < rate <= HIGHEST_RATE:
        raise InvalidInput(
            f"{fps!r} frames a second: the rate must be above 0, at most {HIGHEST_RATE}."
        )
    for ntsc in _NTSC_RATES.values():
        if abs(rate - ntsc) < Fraction(1, 200):
            return ntsc
    return rate.limit_denominator(1001)


def frame_count(duration_sec: float, rate: Fraction) -> int:
    """Delivered frames of a clip: duration × rate, halves rounded up, at least one (X-09).

    Raises
    ------
    InvalidInput
        The duration is not a number above 0.
    """
    if not (math.isfinite(duration_sec) and duration_sec > 0):
        raise InvalidInput(f"duration_sec is {duration_sec}: it must be above 0.")
    # Through its text, for 4.35 means 435/100 and not the float beside it.
    return max(1, _round_half_up(Fraction(str(duration_sec)) * rate))


@dataclass(frozen=True, slots=True)
class FrameRule:
    """The frame counts that a model can make: offset + k·step from `least` to `most`, or a list."""

    step: int = 1
    offset: int = 0
    least: int = 1
    most: int | None = None
    fixed: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str, most: int | None = None) -> "FrameRule":
        """Read `any`, `4k+1`, `17n+5` or a list such as `14,25`.

        Raises
        ------
        ValueError
            The text is none of these: a mistake in the catalogue, not the creator's.
        """
        text = text.replace(" ", "").lower()
        if text == "any":
            return cls(most=most)
        if series := re.fullmatch(r"(\d+)[kn]\+(\d+)", text):
            return cls(step=int(series[1]), offset=int(series[2]), most=most)
        if re.fullmatch(r"\d+(,\d+)*", text):
            return cls(fixed=tuple(sorted(int(count) for count in text.split(","))))
        raise ValueError(f"{text!r} is not a frame rule: any, 4k+1 or 14,25")

    def covering(self, count: int) -> int:
        """The smallest legal number of frames that is `count` or more, else the largest legal."""
        if self.fixed:
            return next((legal for legal in self.fixed if legal >= count), self.fixed[-1])
        return min(self._legal_from(max(count, self.least)), self._largest())

    def _legal_from(self, count: int) -> int:
        return self.offset + max(0, -(-(count - self.offset) // self.step)) * self.step

    def _largest(self) -> int:
        if self.most is None:
            return 2**31
        return self.offset + (self.most - self.offset) // self.step * self.step


@dataclass(frozen=True, slots=True)
class FramePlan:
    """From a model's frames to the delivered ones.

    Attributes
    ----------
    base_count : frames the model makes.
    used_count : of these, from the first on, the ones the clip spans; the rest is trimmed.
    frame_count : frames delivered.
    stretch : how many times slower than generated the motion plays. Above 1 the model could not
        cover the clip; a hair below 1 the last delivered frame fell between two base frames.
    """

    base_count: int
    used_count: int
    frame_count: int
    native_rate: Fraction
    rate: Fraction
    stretch: float

    @property
    def needs_interpolation(self) -> bool:
        """Does any delivered frame lie between two base frames?"""
        return self.used_count != self.frame_count

    def sample_times(self) -> list[float]:
        """Where each delivered frame lies among the base frames: t_i = i·(N−1)/(M−1) (X-09)."""
        if self.frame_count == 1:
            return [0.0]
        span, steps = self.used_count - 1, self.frame_count - 1
        return [i * span / steps for i in range(self.frame_count)]


def frame_plan(
    duration_sec: float,
    target_fps: float | str | Fraction,
    native_fps: float | str | Fraction,
    rule: FrameRule | str = "any",
) -> FramePlan:
    """How many frames to generate, and how to reach the delivered ones from them.

    Parameters
    ----------
    duration_sec : length of the delivered clip in seconds.
    target_fps, native_fps : delivered rate, and the rate the model was trained at.
    rule : the model's legal counts, see `FrameRule.parse`.

    Raises
    ------
    InvalidInput
        A duration or rate that means nothing.
    """
    rate, native = frame_rate(target_fps), frame_rate(native_fps)
    delivered = frame_count(duration_sec, rate)
    span = Fraction(delivered - 1) / rate
    needed = math.ceil(span * native) + 1
    legal = FrameRule.parse(rule) if isinstance(rule, str) else rule
    base = legal.covering(needed)
    used = min(base, needed)
    stretch = float(span * native / (used - 1)) if used > 1 else 1.0
    return FramePlan(base, used, delivered, native, rate, stretch)


def _round_half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))
