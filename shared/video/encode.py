"""One frame stream into one mp4 file, checked by reading it back."""

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

import av
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from shared.errors import EncodeFailed
from shared.video.codec_settings import NVENC, X265, StreamSettings, master_settings
from shared.video.colour import PIXEL_FORMAT, tag_bt709
from shared.video.finish_spec import FinishSpec
from shared.video.sound_track import SoundTrack

T = TypeVar("T")


class FileEncoder:
    """Encodes frames into a file, or into nothing for a first pass (`path` None).

    `sound` is a file whose sound goes along, and how many seconds of it.

    Every fault of the encoder or the muxer surfaces as `EncodeFailed`.
    """

    def __init__(
        self,
        path: Path | None,
        settings: StreamSettings,
        tags: dict[str, str],
        sound: tuple[Path, Fraction] | None = None,
    ) -> None:
        self.path = path
        self.settings = settings
        self.frame_count = 0
        self._sound: SoundTrack | None = None
        self._container = self._guard("open", lambda: self._open(tags, sound))

    def _open(self, tags: dict[str, str], sound: tuple[Path, Fraction] | None) -> OutputContainer:
        if self.path is None:
            container = av.open("first-pass", "w", format="null")
        else:
            container = av.open(str(self.path), "w", format="mp4", options=self._mux_options())
        container.metadata.update(tags)
        settings = self.settings
        stream = container.add_stream(settings.codec, rate=settings.rate, options=settings.options)
        self._stream = cast("VideoStream", stream)
        context = self._context
        context.width, context.height = settings.width, settings.height
        context.pix_fmt = settings.pixel_format
        context.time_base = 1 / settings.rate
        context.framerate = settings.rate
        context.gop_size = settings.keyframe_interval
        context.codec_tag = settings.tag
        if settings.bit_rate is not None:
            context.bit_rate = settings.bit_rate
        tag_bt709(context)
        if sound is not None:
            self._sound = SoundTrack(container, *sound)
        return container

    def _mux_options(self) -> dict[str, str]:
        # B-frames normally shift the first picture and an edit list shifts it back; players that
        # ignore edit lists then show a wrong length. Negative offsets need no edit list at all.
        return {
            "movflags": "+faststart+negative_cts_offsets",
            "use_editlist": "0",
            # Milliseconds, the default, cannot express 1001/30000 s.
            "movie_timescale": str(_movie_timescale(self.settings.rate)),
        }

    @property
    def _context(self) -> VideoCodecContext:
        return self._stream.codec_context

    def encode(self, frame: av.VideoFrame) -> None:
        self._guard("encode", lambda: self._encode(frame))
        self.frame_count += 1

    def _encode(self, frame: av.VideoFrame) -> None:
        if self._sound is not None:
            self._sound.advance_to(self.frame_count / self.settings.rate)
        self._container.mux(self._context.encode(frame))

    def finish(self) -> None:
        """Flush the encoder and close the file."""
        self._guard("finish", self._finish)

    def _finish(self) -> None:
        if self._sound is not None:
            self._sound.finish()
        self._container.mux(self._context.encode(None))
        self._container.close()

    def abandon(self) -> None:
        """Let go of the encoder; what lies on disk is not a clip."""
        with suppress(av.FFmpegError, OSError, ValueError):
            self._container.close()

    def _guard(self, action: str, work: Callable[[], T]) -> T:
        try:
            return work()
        except (av.FFmpegError, OSError, ValueError) as error:
            target = self.path.name if self.path else "the first pass"
            raise EncodeFailed(
                f"{self.settings.codec} could not {action} {target} "
                f"after {self.frame_count} frames: {error}",
                details={"codec": self.settings.codec, "frames": self.frame_count},
            ) from error


def _movie_timescale(rate: Fraction) -> int:
    """A whole number of ticks a frame, and enough of them a second for other tracks."""
    return rate.numerator * (1 if rate.numerator >= 1000 else 1000)


def check_written(path: Path, settings: StreamSettings, frame_count: int) -> None:
    """Read the file's headers back and compare them with what was asked for.

    Raises
    ------
    EncodeFailed
        Naming every property that differs.
    """
    try:
        found = _written_properties(path)
    except (av.FFmpegError, OSError, IndexError) as error:
        raise EncodeFailed(f"{path.name} cannot be read back: {error}") from error
    wanted = {
        "frames": frame_count,
        "duration": frame_count / settings.rate,
        "rate": settings.rate,
        "size": (settings.width, settings.height),
        "tag": settings.tag,
        "colour": (1, 1, 1, 1),
    }
    wrong = [
        f"{name} {found[name]} instead of {want}"
        for name, want in wanted.items()
        if found[name] != want
    ]
    if wrong:
        raise EncodeFailed(f"{path.name} was written with {', '.join(wrong)}.")


def _written_properties(path: Path) -> dict[str, object]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        return {
            "frames": stream.frames,
            "duration": (stream.duration or 0) * (stream.time_base or Fraction(0)),
            "rate": stream.average_rate,
            "size": (context.width, context.height),
            "tag": context.codec_tag,
            "colour": (
                context.color_primaries,
                context.color_trc,
                context.colorspace,
                context.color_range,
            ),
        }


@cache
def probe_encoders() -> frozenset[str]:
    """The master encoders that work on this machine, each proved by encoding one frame.

    Being listed proves nothing: PyAV lists NVENC everywhere, and an H100 or A100 has a GPU but no
    encoder block (X-15).
    """
    return frozenset(codec for codec in (X265, NVENC) if _encodes_one_frame(codec))


def _encodes_one_frame(codec: str) -> bool:
    spec = FinishSpec(256, 144, Fraction(30), frame_count=1, source_rate=Fraction(30))
    try:
        encoder = FileEncoder(None, master_settings(spec, encoder=codec), {})
        frame = av.VideoFrame(256, 144, PIXEL_FORMAT)
        frame.pts, frame.time_base = 0, Fraction(1, 30)
        encoder.encode(frame)
        encoder.finish()
    except EncodeFailed:
        return False
    return True
