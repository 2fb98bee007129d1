"""Made-up flashing, as frames and as files, and the rule written down a second time, plainly."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from shared.safety.check import Frame
from shared.safety.flash.area import Profile
from shared.safety.flash.check import Flashes
from shared.safety.flash.light import LINEAR_OF_CODE
from shared.safety.report import CheckResult

WIDTH, HEIGHT = 320, 180
THIRTY = Fraction(30)
RATES = tuple(map(Fraction, ("24000/1001", "24", "25", "30000/1001", "30", "50", "60")))

Picture = NDArray[np.uint8]
Results = dict[str, CheckResult]


def grey(luminance: float) -> int:
    """The code of a grey, nearest to a relative luminance."""
    return int(np.abs(LINEAR_OF_CODE - luminance).argmin())


def still(
    colour: int | tuple[int, int, int] = 0, width: int = WIDTH, height: int = HEIGHT
) -> Picture:
    """A picture of one colour; three numbers are R, G, B."""
    bgr = colour if isinstance(colour, int) else colour[::-1]
    return np.full((height, width, 3), bgr, np.uint8)


def phase(index: int, rate: Fraction, hertz: float) -> bool:
    """Is a flash of this frequency on, in its second half, at this frame? It begins with off."""
    return int(2 * hertz * index / rate + 1e-9) % 2 == 1


def blinking(
    on: Picture, off: Picture, hertz: float, rate: Fraction, seconds: float = 2.0
) -> Iterator[Picture]:
    """Two pictures in turns."""
    for index in range(round(seconds * rate)):
        yield on if phase(index, rate, hertz) else off


@dataclass
class _Again:
    """Stands for the clip where a check looks a second time."""

    pictures: Sequence[Picture]
    times: Sequence[float]

    def frames(self) -> Iterator[Frame]:
        for index, (time, picture) in enumerate(zip(self.times, self.pictures, strict=True)):
            yield Frame(index, time, picture)


@dataclass
class Look:
    """The results of the flash check, by name."""

    results: Results = field(default_factory=dict)

    def __getitem__(self, name: str) -> CheckResult:
        return self.results[name]

    @property
    def flagged(self) -> dict[str, str]:
        return {
            name: str(each.verdict) for name, each in self.results.items() if each.verdict != "pass"
        }


def look(
    pictures: Iterable[Picture],
    rate: Fraction = Fraction(30),
    profile: Profile = Profile.BROADCAST,
    *,
    times: Sequence[float] | None = None,
    heatmap: Path | None = None,
) -> Look:
    """Run the flash check over frames that were never encoded."""
    frames = list(pictures)
    shown = [float(index / rate) for index in range(len(frames))] if times is None else times
    again: Any = _Again(frames, shown)
    check = Flashes(profile, heatmap=heatmap)
    check.start(again)
    for frame in again.frames():
        check.frame(frame)
    return Look({result.name: result for result in check.finish()})


def number(result: CheckResult) -> float:
    """The result's value, which is a number."""
    assert isinstance(result.value, (int, float))
    return result.value


def transitions(luminance: Sequence[float], step: float = 0.1, darkest: float = 0.8) -> list[int]:
    """The rule for one pixel, in the words of the standard: at which indices a transition is."""
    found: list[int] = []
    high = low = luminance[0]
    direction = 0
    for index, now in enumerate(luminance):
        high, low = max(high, now), min(low, now)
        fell = direction >= 0 and high - now >= step and now < darkest
        rose = direction <= 0 and now - low >= step and low < darkest
        if fell or rose:
            direction = -1 if fell else 1
            high = low = now
            found.append(index)
    return found


def too_often(times: Sequence[float]) -> bool:
    """Are there seven within less than a second?"""
    return any(later - first < 1 - 0.0015 for first, later in zip(times, times[6:], strict=False))


def encode(
    path: Path,
    pictures: Iterable[Picture],
    rate: Fraction = Fraction(30),
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    crf: int = 18,
    matrix: str = "709",
    full: bool = False,
    tagged: bool = True,
    transfer: int = 1,
    times: Callable[[int], Fraction] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a real file. `times` gives each frame's second; without it the rate does."""
    base = Fraction(1, 90_000) if times else 1 / rate
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            codec, rate=rate, options={"crf": str(crf), "preset": "ultrafast", **(options or {})}
        )
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt = pixels
        stream.codec_context.time_base = base
        if tagged:
            stream.codec_context.colorspace = {"709": 1, "601": 6}[matrix]
            stream.codec_context.color_primaries = 1
            stream.codec_context.color_trc = transfer
            stream.codec_context.color_range = 2 if full else 1
        for index, picture in enumerate(pictures):
            if not index:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "bgr24").reformat(
                format=pixels,
                dst_colorspace=Colorspace.ITU709 if matrix == "709" else Colorspace.ITU601,
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            )
            frame.pts = round(times(index) / base) if times else index
            frame.time_base = base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
