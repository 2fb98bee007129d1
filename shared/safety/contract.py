"""Is the file what was promised: size, rate, length, codec, packaging, colour, sound?"""

from collections.abc import Callable

from shared.safety.check import ClipInfo, Frame
from shared.safety.report import CheckResult, Verdict

_BT709_LIMITED = (1, 1, 1, False)


class Contract:
    """One result a property, so that a report names exactly what was broken."""

    def start(self, clip: ClipInfo) -> None:
        self._clip = clip
        self._sizes: set[tuple[int, int]] = set()

    def frame(self, frame: Frame) -> None:
        height, width = frame.bgr.shape[:2]
        self._sizes.add((width, height))

    def finish(self) -> tuple[CheckResult, ...]:
        return (_size(self._clip, self._sizes), *(question(self._clip) for question in _QUESTIONS))


def _result(name: str, kept: bool, value: object, limit: object, unit: str = "") -> CheckResult:
    return CheckResult(
        name=name,
        verdict=Verdict.PASS if kept else Verdict.FAIL,
        value=value if isinstance(value, (int, float)) else str(value),
        limit=limit if isinstance(limit, (int, float)) else str(limit),
        unit=unit,
        message="As promised." if kept else f"{value} {unit}".rstrip() + f" where {limit} belongs.",
    )


def _size(clip: ClipInfo, decoded: set[tuple[int, int]]) -> CheckResult:
    """Both of what the container says and of what comes out of the decoder."""
    video, expected = clip.video, clip.expected
    sizes = sorted(decoded | {(video.width, video.height)})
    found = ", ".join(f"{width}x{height}" for width, height in sizes)
    want = f"{expected.width}x{expected.height}"
    return _result("size", found == want, found, want, "px")


def _frame_count(clip: ClipInfo) -> CheckResult:
    found, want = clip.video.sample_count, clip.expected.frame_count
    return _result("frame_count", found == want, found, want, "frames")


def _frame_rate(clip: ClipInfo) -> CheckResult:
    found, want = clip.video.rate, clip.expected.rate
    return _result("frame_rate", found == want, found or "variable", want, "fps")


def _duration(clip: ClipInfo) -> CheckResult:
    found, want = clip.video.duration, clip.expected.duration
    return _result("duration", found == want, float(found), float(want), "s")


def _codec_tag(clip: ClipInfo) -> CheckResult:
    found, want = clip.video.tag, clip.expected.tag
    return _result("codec_tag", found == want, found, want)


def _faststart(clip: ClipInfo) -> CheckResult:
    found = "before" if clip.file.faststart else "after"
    return _result("faststart", clip.file.faststart, f"index {found} media", "index before media")


def _colour(clip: ClipInfo) -> CheckResult:
    found = clip.video.colour
    return _result("colour", found == _BT709_LIMITED, _colour_words(found), "bt709 1/1/1 limited")


def _colour_words(colour: tuple[int, int, int, bool] | None) -> str:
    if colour is None:
        return "untagged"
    if colour == _BT709_LIMITED:
        return "bt709 1/1/1 limited"
    primaries, transfer, matrix, full = colour
    return f"{primaries}/{transfer}/{matrix} {'full' if full else 'limited'}"


def _audio_tracks(clip: ClipInfo) -> CheckResult:
    want = 1 if clip.expected.audio else 0
    found = clip.file.count("soun")
    return _result("audio", found == want, found, want, "tracks")


def _video_tracks(clip: ClipInfo) -> CheckResult:
    found = clip.file.count("vide")
    return _result("video", found == 1, found, 1, "tracks")


def _edit_list(clip: ClipInfo) -> CheckResult:
    found = clip.video.edits
    return _result("edit_list", found == 0, found, 0, "edits")


def _orientation(clip: ClipInfo) -> CheckResult:
    upright = clip.video.upright
    return _result("orientation", upright, "upright" if upright else "turned", "upright")


_QUESTIONS: tuple[Callable[[ClipInfo], CheckResult], ...] = (
    _frame_count,
    _frame_rate,
    _duration,
    _codec_tag,
    _faststart,
    _colour,
    _video_tracks,
    _audio_tracks,
    _edit_list,
    _orientation,
)
