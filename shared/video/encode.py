"""One frame stream into one mp4 file, and the settings that make it a master or a proxy."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

import av
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from shared.clip import RateControl
from shared.errors import EncodeFailed
from shared.video.colour import PIXEL_FORMAT, tag_bt709
from shared.video.finish_spec import FinishSpec

NVENC = "hevc_nvenc"
X265 = "libx265"
X264 = "libx264"

T = TypeVar("T")

PROXY_CRF = 23
PROXY_PRESET = "veryfast"
"""For review only: a fifteenth of the master's work at half size (docs/benchmarks/finish.md)."""


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How one file is encoded. `tag` is the sample entry that Apple players look at."""

    codec: str
    width: int
    height: int
    rate: Fraction
    keyframe_interval: int
    tag: str
    options: dict[str, str]
    bit_rate: int | None = None


def master_settings(
    spec: FinishSpec, *, encoder: str = X265, pass_number: int = 0, stats: Path | None = None
) -> StreamSettings:
    """H.265 as the profile asks for it; `pass_number` 1 or 2 with a `stats` file for two passes."""
    options = _nvenc_options(spec) if encoder == NVENC else _x265_options(spec, pass_number, stats)
    average = spec.codec.rate_control is RateControl.AVERAGE
    return StreamSettings(
        codec=encoder,
        width=spec.width,
        height=spec.height,
        rate=spec.rate,
        keyframe_interval=spec.keyframe_interval,
        tag="hvc1",
        options=options,
        bit_rate=spec.target_kbps * 1000 if average else None,
    )


def proxy_settings(spec: FinishSpec) -> StreamSettings:
    """Small H.264 that every browser plays."""
    width, height = spec.proxy_size
    return StreamSettings(
        codec=X264,
        width=width,
        height=height,
        rate=spec.rate,
        keyframe_interval=spec.keyframe_interval,
        tag="avc1",
        options={
            "preset": PROXY_PRESET,
            "crf": str(PROXY_CRF),
            "profile": "high",
            # One thread: same bytes on every machine, and the master keeps the cores.
            "threads": "1",
        },
    )


def _x265_options(spec: FinishSpec, pass_number: int, stats: Path | None) -> dict[str, str]:
    # frame-threads=1: x265 otherwise picks it by core count, and the bytes with it; under VBV
    # more than one even differs from run to run. Rows of a frame still run in parallel.
    # info=0: the settings x265 writes into the stream name the CPU.
    parameters = {
        "log-level": "error",
        "frame-threads": "1",
        "open-gop": "0",
        "keyint": str(spec.keyframe_interval),
        "info": "0",
    }
    options = {"preset": spec.codec.preset}
    if spec.codec.rate_control is not RateControl.AVERAGE:
        options["crf"] = str(spec.codec.crf)
    if spec.codec.rate_control is RateControl.CAPPED:
        parameters["vbv-maxrate"] = str(spec.target_kbps)
        parameters["vbv-bufsize"] = str(2 * spec.target_kbps)
    if pass_number:
        parameters["pass"] = str(pass_number)
        parameters["slow-firstpass"] = "0"
        parameters["stats"] = _escape(str(stats))
    options["x265-params"] = ":".join(f"{key}={value}" for key, value in parameters.items())
    return options


def _nvenc_options(spec: FinishSpec) -> dict[str, str]:
    options = {"preset": "p5", "tune": "hq", "rc": "vbr", "spatial-aq": "1", "rc-lookahead": "32"}
    if spec.codec.rate_control is not RateControl.AVERAGE:
        options |= {"cq": str(spec.codec.crf), "b": "0"}
    if spec.codec.rate_control is RateControl.CAPPED:
        options |= {"maxrate": f"{spec.target_kbps}k", "bufsize": f"{2 * spec.target_kbps}k"}
    return options


def _escape(value: str) -> str:
    """For FFmpeg's key=value:key=value lists."""
    return "".join(f"\\{c}" if c in "\\':=" else c for c in value)


class FileEncoder:
    """Encodes frames into a file, or into nothing for a first pass (`path` None).

    Every fault of the encoder or the muxer surfaces as `EncodeFailed`.
    """

    def __init__(self, path: Path | None, settings: StreamSettings, tags: dict[str, str]) -> None:
        self.path = path
        self.settings = settings
        self.frame_count = 0
        self._container = self._guard("open", lambda: self._open(tags))

    def _open(self, tags: dict[str, str]) -> OutputContainer:
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
        context.pix_fmt = PIXEL_FORMAT
        context.time_base = 1 / settings.rate
        context.framerate = settings.rate
        context.gop_size = settings.keyframe_interval
        context.codec_tag = settings.tag
        if settings.bit_rate is not None:
            context.bit_rate = settings.bit_rate
        tag_bt709(context)
        return container

    def _mux_options(self) -> dict[str, str]:
        # B-frames normally shift the first picture and an edit list shifts it back; players that
        # ignore edit lists then show a wrong length. Negative offsets need no edit list at all.
        return {
            "movflags": "+faststart+negative_cts_offsets",
            "use_editlist": "0",
            # Milliseconds, the default, cannot express 1001/30000 s.
            "movie_timescale": str(self.settings.rate.numerator * 1000),
        }

    @property
    def _context(self) -> VideoCodecContext:
        return self._stream.codec_context

    def encode(self, frame: av.VideoFrame) -> None:
        self._guard("encode", lambda: self._container.mux(self._context.encode(frame)))
        self.frame_count += 1

    def finish(self) -> None:
        """Flush the encoder and close the file."""
        self._guard("finish", self._finish)

    def _finish(self) -> None:
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


def check_written(path: Path, settings: StreamSettings, frame_count: int) -> None:
    """Read the file's headers back and compare them with what was asked for.

    Raises
    ------
    EncodeFailed
        Naming every property that differs.
    """
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        length = (stream.duration or 0) * (stream.time_base or Fraction(0))
        found = {
            "frames": (stream.frames, frame_count),
            "duration": (length, frame_count / settings.rate),
            "rate": (stream.average_rate, settings.rate),
            "size": ((context.width, context.height), (settings.width, settings.height)),
            "tag": (context.codec_tag, settings.tag),
            "colour": (
                (context.color_primaries, context.color_trc, context.colorspace,
                 context.color_range),
                (1, 1, 1, 1),
            ),
        }  # fmt: skip
    wrong = [
        f"{name} {got} instead of {want}" for name, (got, want) in found.items() if got != want
    ]
    if wrong:
        raise EncodeFailed(f"{path.name} was written with {', '.join(wrong)}.")


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
