"""What the finishing pass is asked for, and what it hands back."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from shared.clip import CodecProfile, Interpolation, RateControl, Stabilise

GOP_SECONDS = 2
"""Distance between keyframes: the social platforms take two seconds, and it still seeks well."""

_REFERENCE_BITRATE_KBPS = 8_000
_REFERENCE_PIXEL_RATE = 1920 * 1080 * 30
"""YouTube's advice for 1080p30 uploads, the yardstick when a profile names no bitrate."""


@dataclass(frozen=True, slots=True)
class FinishSpec:
    """Everything the finishing pass needs to know about one clip.

    Parameters
    ----------
    width, height : delivered pixels, even.
    rate : delivered frames per second, exact (`30000/1001` stays a fraction).
    frame_count : delivered frames.
    source_rate : frames per second of the frames handed in.
    interpolation : how frames are made when `source_rate` is not `rate`; with `none` the nearest
        source frame is shown.
    stabilise : camera shake removal.
    codec : master and proxy settings.
    comment, title : go into the mp4 tags, `comment` being the recipe that made the clip.
    nvenc : use the GPU's H.265 encoder if this machine proves to have one (B065, X-15).
    sound : a file whose sound is delivered with the frames; None for a silent clip.
    """

    width: int
    height: int
    rate: Fraction
    frame_count: int
    source_rate: Fraction
    interpolation: Interpolation = Interpolation.NONE
    stabilise: Stabilise = Stabilise.NONE
    codec: CodecProfile = field(default_factory=CodecProfile)
    comment: str = ""
    title: str = ""
    nvenc: bool = False
    sound: Path | None = None

    def __post_init__(self) -> None:
        if self.width < 16 or self.height < 16 or self.width % 2 or self.height % 2:
            raise ValueError(
                f"4:2:0 video needs even sides of at least 16 pixels, "
                f"not {self.width}x{self.height}"
            )
        if self.rate <= 0 or self.source_rate <= 0 or self.frame_count < 1:
            raise ValueError("rates and the frame count must be positive")

    @property
    def duration(self) -> Fraction:
        """Delivered seconds, exact."""
        return self.frame_count / self.rate

    @property
    def keyframe_interval(self) -> int:
        return max(1, round(GOP_SECONDS * self.rate))

    @property
    def two_pass(self) -> bool:
        return self.codec.rate_control is RateControl.AVERAGE

    @property
    def target_kbps(self) -> int:
        """The bitrate of the `capped` and `average` modes: the profile's, or one by pixel rate."""
        if self.codec.bitrate_kbps is not None:
            return self.codec.bitrate_kbps
        pixel_rate = float(self.width * self.height * self.rate)
        return max(50, round(_REFERENCE_BITRATE_KBPS * pixel_rate / _REFERENCE_PIXEL_RATE))

    @property
    def proxy_size(self) -> tuple[int, int]:
        """Width and height of the proxy: same shape, no higher than asked, even, never upscaled."""
        height = min(self.height, self.codec.proxy_height // 2 * 2)
        width = max(2, 2 * round(self.width * height / self.height / 2))
        return width, height

    @property
    def poster_index(self) -> int:
        """A third in: past the slow start of the move, before its end gives the picture away."""
        return self.frame_count // 3


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """One file of the result, as it lies on disk."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FinishResult:
    """The delivered files and how they came to be.

    Attributes
    ----------
    duration : seconds, exactly `frame_count / rate`.
    encoder : the encoder that wrote the master, for example `libx265`.
    bitrate_kbps : of the master file.
    held_frames : delivered frames later than the last source frame; they repeat it.
    trimmed_frames : delivered-rate frames the source had beyond the promised count, as far as seen.
    seconds : wall time by stage; `master` and `proxy` overlap with everything else.
    lut_sha256 : hash of the LUT as it was handed in.
    warnings : sentences for the person who reads the report.
    """

    master: FinishedFile
    proxy: FinishedFile
    poster: FinishedFile
    thumbnail: FinishedFile
    proxy_size: tuple[int, int]
    frame_count: int
    duration: Fraction
    encoder: str
    bitrate_kbps: float
    poster_index: int
    held_frames: int
    trimmed_frames: int
    seconds: dict[str, float]
    lut_sha256: str | None
    warnings: tuple[str, ...]
