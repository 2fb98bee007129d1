"""What a model can do: the inputs it takes and the clips it makes.

What is not written here a model is not known to take, and is refused before money is spent.
"""

from enum import StrEnum

from pydantic import Field, model_validator

from shared.clip import Document
from shared.frames import FrameRule as Counts

ANY = "*"
"""In a list of resolutions or aspects: whatever is asked."""

FROM_IMAGE = "image"
"""In a list of aspects: the clip has the image's own."""


class Need(StrEnum):
    """Does a model take an input?"""

    NO = "no"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Span(Document):
    """Every number from `low` to `high`, in steps where the model counts so."""

    low: float
    high: float
    step: float | None = Field(None, gt=0)
    default: float | None = None

    @model_validator(mode="after")
    def _goes_up(self) -> "Span":
        if self.low > self.high:
            raise ValueError("`low` is above `high`")
        return self

    def holds(self, number: float) -> bool:
        return self.low <= number <= self.high and number == self.nearest(number)

    def nearest(self, number: float) -> float:
        """The allowed number that is closest to this one."""
        inside = min(max(number, self.low), self.high)
        if self.step is None:
            return inside
        below = self.low + int((inside - self.low) / self.step) * self.step
        above = min(below + self.step, self.high)
        return below if inside - below <= above - inside else above


class FileLimits(Document):
    """What an image or a sound must be like; None where nothing is known of a limit."""

    max_mb: float | None = None
    formats: tuple[str, ...] = ()
    min_side_px: int | None = None
    aspect_low: float | None = None
    aspect_high: float | None = None
    min_sec: float | None = None
    max_sec: float | None = None


class FrameRule(Document):
    """The frame counts, sizes and rate that an open model was trained for.

    A count is allowed when it is `frame_step` × k + `frame_offset`, from `least_frames` to
    `most_frames`; without a step, `default_frames` alone is. Sides are multiples of
    `size_multiple`.

    Attributes
    ----------
    sizes : (width, height) that it was trained at, for each of its resolutions.
    """

    fps: float
    size_multiple: int
    frame_step: int | None = None
    frame_offset: int = 0
    default_frames: int | None = None
    least_frames: int = 1
    most_frames: int | None = None
    sizes: dict[str, tuple[int, int]] = Field(default_factory=dict)

    @property
    def counts(self) -> Counts:
        """The counts it can make."""
        if self.frame_step is None and self.default_frames is not None:
            return Counts(fixed=(self.default_frames,))
        return Counts(
            step=self.frame_step or 1,
            offset=self.frame_offset,
            least=self.least_frames,
            most=self.most_frames,
        )


class Capabilities(Document):
    """The inputs and outputs of one model.

    Attributes
    ----------
    guidance : its range; None when there is no such control.
    prompt_expansion : `no`, `optional`, or `required` where it cannot be switched off.
    durations_sec : a list or a span; None when unknown, or when the sound decides.
    durations_at : the lengths at a resolution that has others than the rest.
    duration_from_audio : the clip is as long as its sound (InfiniteTalk, C33).
    resolutions : by name; one alone means that there is no choice.
    extras : names of further parameters that the model takes (`VideoRequest.params`, X-40).
    makes_sound : the clip comes with sound of the model's own.
    """

    image: Need = Need.NO
    last_frame: Need = Need.NO
    audio: Need = Need.NO
    mask: Need = Need.NO
    prompt: Need = Need.NO
    negative_prompt: Need = Need.NO
    seed: Need = Need.NO
    guidance: Span | None = None
    prompt_expansion: Need = Need.NO
    durations_sec: tuple[float, ...] | Span | None = None
    durations_at: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    duration_from_audio: bool = False
    resolutions: tuple[str, ...] = ()
    default_resolution: str | None = None
    aspects: tuple[str, ...] = (FROM_IMAGE,)
    max_prompt_chars: int | None = None
    image_limits: FileLimits = FileLimits()
    audio_limits: FileLimits = FileLimits()
    extras: tuple[str, ...] = ()
    makes_sound: bool = False
    frames: FrameRule | None = None

    @model_validator(mode="after")
    def _default_is_offered(self) -> "Capabilities":
        default = self.default_resolution
        if default is not None and default not in self.resolutions:
            raise ValueError(f"the default resolution {default} is not among the resolutions")
        return self

    def durations(self, resolution: str | None = None) -> tuple[float, ...] | Span:
        """The lengths that it makes at a resolution; at its default when None."""
        wanted = resolution or self.default_resolution or ""
        return self.durations_at.get(wanted, self.durations_sec or ())

    def makes_duration(self, seconds: float, resolution: str | None = None) -> bool:
        """Can a clip have this length?"""
        offered = self.durations(resolution)
        return offered.holds(seconds) if isinstance(offered, Span) else seconds in offered

    def nearest_duration(self, seconds: float, resolution: str | None = None) -> float | None:
        """The length it makes that is closest to this one; the longer of two as close."""
        offered = self.durations(resolution)
        if isinstance(offered, Span):
            return offered.nearest(seconds)
        return min(offered, key=lambda each: (abs(each - seconds), -each), default=None)

    def covering_duration(self, seconds: float, resolution: str | None = None) -> float | None:
        """The shortest length that is at least this long: make it, then trim (a deviation)."""
        offered = self.durations(resolution)
        if not isinstance(offered, Span):
            return min((each for each in offered if each >= seconds), default=None)
        if seconds > offered.high:
            return None
        near = offered.nearest(seconds)
        return near if near >= seconds else min(near + (offered.step or 0), offered.high)
