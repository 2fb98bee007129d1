"""The finishing pass: rendered frames in; master, proxy, poster and thumbnail out.

The frames are walked once. Each goes through the filters and is then handed, as the same picture in
memory, to the H.265 master, the H.264 proxy and the poster; nothing is decoded again. Only the
`average` rate control walks them twice, because its first pass must see the whole clip.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.video.reformatter import Interpolation as Scaling
from av.video.reformatter import VideoReformatter

from shared.errors import EncodeFailed
from shared.video.codec_settings import NVENC, X265, master_settings, proxy_settings
from shared.video.colour import PIXEL_FORMAT
from shared.video.encode import FileEncoder, check_written, probe_encoders
from shared.video.encode_thread import EncoderThread
from shared.video.filters import FilterChain
from shared.video.finish_spec import FinishedFile, FinishResult, FinishSpec
from shared.video.lut import Lut, parse_cube
from shared.video.poster import write_poster

MASTER = "master.mp4"
PROXY = "proxy.mp4"
POSTER = "poster.jpg"
THUMBNAIL = "thumbnail.jpg"

FrameSource = Iterable[av.VideoFrame] | Callable[[], Iterable[av.VideoFrame]]


def finish_clip(
    frames: FrameSource, *, spec: FinishSpec, out_dir: Path, lut: bytes | None = None
) -> FinishResult:
    """Encode one clip and everything that is made from its frames.

    Parameters
    ----------
    frames : yuv420p BT.709 limited frames at `spec.source_rate`, or a callable that starts them
        anew; two-pass rate control needs the callable. A frame may be handed over again, but its
        pixels must not change afterwards.
    spec : what to deliver.
    out_dir : gets `master.mp4`, `proxy.mp4`, `poster.jpg` and `thumbnail.jpg`: all four, or none.
    lut : a `.cube` file to grade with.

    Raises
    ------
    EncodeFailed
        With the stage and the cause; `out_dir` is left as it was.
    InvalidInput
        When the LUT cannot be used.
    """
    started = time.perf_counter()
    table = parse_cube(lut) if lut is not None else None
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_dir, prefix=".finishing-") as workspace:
        finishing = _Finishing(spec, table, Path(workspace))
        finishing.run(frames)
        finishing.check()
        files = {
            name: _publish(Path(workspace) / name, out_dir / name)
            for name in (MASTER, PROXY, POSTER, THUMBNAIL)
        }
    finishing.seconds["total"] = time.perf_counter() - started
    return FinishResult(
        master=files[MASTER],
        proxy=files[PROXY],
        poster=files[POSTER],
        thumbnail=files[THUMBNAIL],
        proxy_size=spec.proxy_size,
        frame_count=spec.frame_count,
        duration=spec.duration,
        encoder=finishing.encoder,
        bitrate_kbps=files[MASTER].size * 8 / 1000 / float(spec.duration),
        poster_index=spec.poster_index,
        held_frames=finishing.chain.held_frames,
        trimmed_frames=finishing.chain.trimmed_frames,
        seconds={stage: round(value, 3) for stage, value in finishing.seconds.items()},
        lut_sha256=table.sha256 if table else None,
        warnings=tuple(finishing.warnings + finishing.chain.warnings),
    )


class _Finishing:
    """One clip on its way through the encoders, in a directory of its own."""

    def __init__(self, spec: FinishSpec, lut: Lut | None, workspace: Path) -> None:
        self.spec = spec
        self.workspace = workspace
        self.seconds: dict[str, float] = {}
        self.warnings: list[str] = []
        self.encoder = self._choose_encoder()
        self._lut = lut
        self.chain = self._new_chain()

    def _new_chain(self) -> FilterChain:
        return FilterChain(self.spec, self._lut, self.workspace)

    def _choose_encoder(self) -> str:
        if not self.spec.nvenc:
            return X265
        if NVENC in probe_encoders():
            return NVENC
        self.warnings.append("No NVENC on this machine: the master was encoded by libx265.")
        return X265

    def run(self, frames: FrameSource) -> None:
        if not self.spec.two_pass or self.encoder == NVENC:
            source = frames() if callable(frames) else frames
            self._walk(source, [self._master(), self._proxy()], want_poster=True)
            return
        if not callable(frames):
            raise EncodeFailed("Two passes need the frames twice: hand over a callable.")
        self._walk(frames(), [self._master(pass_number=1), self._proxy()], want_poster=True)
        self.chain = self._new_chain()
        self._walk(frames(), [self._master(pass_number=2)])

    def _walk(
        self, frames: Iterable[av.VideoFrame], encoders: list["_Stage"], want_poster: bool = False
    ) -> None:
        """Take every delivered frame to every encoder; close them all, or abandon them all."""
        poster: av.VideoFrame | None = None
        began = time.perf_counter()
        with ExitStack() as stack:
            threads = []
            for stage in encoders:
                thread = EncoderThread(stage.encoder, stage.prepare)
                stack.callback(thread.abandon)
                threads.append(thread)
            for index, frame in enumerate(self.chain.deliver(frames)):
                for thread in threads:
                    thread.put(frame)
                if want_poster and index == self.spec.poster_index:
                    poster = frame
            self._add_seconds("frames", time.perf_counter() - began)
            # The encoders still have frames in hand: the poster costs no waiting.
            if poster is not None:
                began = time.perf_counter()
                write_poster(poster, self.workspace / POSTER, self.workspace / THUMBNAIL)
                self._add_seconds("poster", time.perf_counter() - began)
            for stage, thread in zip(encoders, threads, strict=True):
                thread.finish()
                self._add_seconds(stage.name, thread.busy_sec)

    def _master(self, pass_number: int = 0) -> "_Stage":
        settings = master_settings(
            self.spec,
            encoder=self.encoder,
            pass_number=pass_number,
            stats=self.workspace / "x265.stats",
        )
        path = None if pass_number == 1 else self.workspace / MASTER
        sound = None if pass_number == 1 else self._sound()
        return _Stage("master", FileEncoder(path, settings, self._tags(), sound))

    def _proxy(self) -> "_Stage":
        path, settings = self.workspace / PROXY, proxy_settings(self.spec)
        encoder = FileEncoder(path, settings, self._tags(), self._sound())
        return _Stage("proxy", encoder, _Shrink(self.spec.proxy_size))

    def _sound(self) -> tuple[Path, Fraction] | None:
        return (self.spec.sound, self.spec.duration) if self.spec.sound else None

    def _tags(self) -> dict[str, str]:
        tags = {"title": self.spec.title, "comment": self.spec.comment}
        return {name: value for name, value in tags.items() if value}

    def check(self) -> None:
        began = time.perf_counter()
        count = self.spec.frame_count
        check_written(
            self.workspace / MASTER, master_settings(self.spec, encoder=self.encoder), count
        )
        check_written(self.workspace / PROXY, proxy_settings(self.spec), count)
        self._add_seconds("check", time.perf_counter() - began)

    def _add_seconds(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


class _Shrink:
    """Scales a frame to the proxy's size.

    Area averaging is the cheapest scaler at half size (1 ms for 1080p) and does not shimmer.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        if (frame.width, frame.height) == self._size:
            return frame
        small = self._reformatter.reformat(
            frame, *self._size, PIXEL_FORMAT, interpolation=Scaling.AREA, threads=1
        )
        small.pts, small.time_base = frame.pts, frame.time_base
        return small


@dataclass(frozen=True, slots=True)
class _Stage:
    """An encoder, its name in `FinishResult.seconds`, and what it needs done to a frame first."""

    name: str
    encoder: FileEncoder
    prepare: Callable[[av.VideoFrame], av.VideoFrame] = lambda frame: frame


def _publish(written: Path, final: Path) -> FinishedFile:
    """Move a finished file to its place, atomically, and take its fingerprint."""
    with written.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    written.replace(final)
    return FinishedFile(path=final, size=final.stat().st_size, sha256=digest)
