"""From rendered frames to delivered frames: look, stabilisation and frame rate, counted exactly.

Only what is asked for is in the graph, and with nothing asked for there is no graph at all.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import repeat
from pathlib import Path

import av
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.reformatter import VideoReformatter

from shared.clip import Interpolation, Stabilise
from shared.errors import EncodeFailed
from shared.video.colour import PIXEL_FORMAT, to_bt709
from shared.video.encode_thread import QUEUE_DEPTH
from shared.video.finish_spec import FinishSpec
from shared.video.frame_memory import copy_frame
from shared.video.lut import Lut

_FLUSH_FRAMES = 3
"""Repeats of the last frame that make the rate filters release the frames they hold back.

`minterpolate` looks two frames ahead; without these it swallows the last 2 to 4 delivered frames.
"""

_LUT_PRECISION = "gbrp16le"
"""8-bit RGB between two 8-bit YUV stages would cost up to three code values and bring bands."""

_SWS_FLAGS = "bicubic+accurate_rnd+full_chroma_int"

_DESHAKE_WARNING = (
    "Stabilisation works against a planned camera path: deshake takes any steady move for shake "
    "and damps it. Leave it off unless the source itself trembles."
)


class FilterChain:
    """Turns the source's frames into exactly `spec.frame_count` delivered ones.

    Attributes
    ----------
    held_frames, trimmed_frames : see `FinishResult`; final once `deliver` is exhausted.
    warnings : sentences for the report; final once `deliver` is exhausted.
    """

    def __init__(self, spec: FinishSpec, lut: Lut | None, workspace: Path) -> None:
        self._spec = spec
        self._lut = lut
        self._workspace = workspace
        self._source_count = 0
        self._surplus = False
        self.held_frames = 0
        self.trimmed_frames = 0
        self.warnings: list[str] = []

    def deliver(self, source: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """Yield the delivered frames, numbered from zero in `1 / rate`.

        Raises
        ------
        EncodeFailed
            When the source has another size than the clip, or too few frames for it.
        """
        spec = self._spec
        frames = self._conform(source)
        filters = self._filters()
        if filters:
            # One-to-one filters hold nothing back: repeats would come out as extra frames.
            repeats = _FLUSH_FRAMES if spec.source_rate != spec.rate else 0
            frames = _through(self._graph(filters), frames, 1 / spec.source_rate, repeats)
        count = 0
        for frame in _distinct(frames):
            if count == spec.frame_count:
                self._surplus = True
                break
            yield _numbered(frame, count, 1 / spec.rate)
            count += 1
        self._account(count)

    def _conform(self, source: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """Every source frame in the one size and colour, numbered in `1 / source_rate`."""
        spec, reformatter = self._spec, VideoReformatter()
        for index, frame in enumerate(source):
            if (frame.width, frame.height) != (spec.width, spec.height):
                raise EncodeFailed(
                    f"Source frame {index} is {frame.width}x{frame.height}; "
                    f"the clip is planned as {spec.width}x{spec.height}."
                )
            self._source_count = index + 1
            yield to_bt709(frame, reformatter)

    def _filters(self) -> list[tuple[str, dict[str, str]]]:
        """Name and options of each filter, in the order the frames meet them."""
        spec = self._spec
        chain: list[tuple[str, dict[str, str]]] = []
        if self._lut is not None:
            chain += self._lut_filters(self._lut)
        if spec.stabilise is Stabilise.DESHAKE:
            chain.append(("deshake", {}))
        if spec.source_rate != spec.rate:
            fps = f"{spec.rate.numerator}/{spec.rate.denominator}"
            if spec.interpolation is Interpolation.MINTERPOLATE:
                chain.append(("minterpolate", {"fps": fps, "mi_mode": "mci"}))
            else:
                chain.append(("fps", {"fps": fps}))
        return chain

    def _lut_filters(self, lut: Lut) -> list[tuple[str, dict[str, str]]]:
        cube = self._workspace / "look.cube"
        lut.write(cube)
        interpolation = "tetrahedral" if lut.dimensions == 3 else "linear"
        return [
            ("scale", {"in_color_matrix": "bt709", "in_range": "tv", "out_range": "pc",
                       "flags": _SWS_FLAGS}),
            ("format", {"pix_fmts": _LUT_PRECISION}),
            (f"lut{lut.dimensions}d", {"file": str(cube), "interp": interpolation}),
            ("scale", {"out_color_matrix": "bt709", "out_range": "tv", "flags": _SWS_FLAGS}),
            ("format", {"pix_fmts": PIXEL_FORMAT}),
            ("setparams", {"color_primaries": "bt709", "color_trc": "bt709",
                           "colorspace": "bt709", "range": "tv"}),
        ]  # fmt: skip

    def _graph(self, filters: list[tuple[str, dict[str, str]]]) -> Graph:
        spec = self._spec
        graph = Graph()
        source = {
            "width": str(spec.width),
            "height": str(spec.height),
            "pix_fmt": PIXEL_FORMAT,
            "time_base": _ratio(1 / spec.source_rate),
            "frame_rate": _ratio(spec.source_rate),
            "pixel_aspect": "1/1",
            "colorspace": "bt709",
            "range": "tv",
        }
        nodes: list[FilterContext] = [graph.add("buffer", **source)]
        nodes += [graph.add(name, **options) for name, options in filters]
        nodes.append(graph.add("buffersink"))
        graph.link_nodes(*nodes).configure()
        return graph

    def _account(self, delivered: int) -> None:
        """Hold the count against the promise, and say what had to be bent to keep it."""
        spec = self._spec
        covered = self._source_count * spec.rate / spec.source_rate
        # Less than one delivered frame short is rounding, not a missing frame.
        if delivered < spec.frame_count or covered <= spec.frame_count - 1:
            raise EncodeFailed(
                f"The source gave {self._source_count} frames at {spec.source_rate} fps, "
                f"too few for {spec.frame_count} at {spec.rate} fps.",
                details={"source_frames": self._source_count, "delivered_frames": delivered},
            )
        if spec.source_rate != spec.rate:
            last_source_index = Fraction(self._source_count - 1) * spec.rate / spec.source_rate
            self.held_frames = max(0, spec.frame_count - 1 - int(last_source_index))
            if spec.interpolation is Interpolation.NONE:
                self.warnings.append(
                    f"{spec.source_rate} fps was brought to {spec.rate} fps by repeating or "
                    f"dropping whole frames; interpolation 'minterpolate' moves smoothly."
                )
        elif self._surplus:
            # Only the first frame too many was looked at: the rest was never rendered.
            self.trimmed_frames = 1
            self.warnings.append(
                f"The source had more than the {spec.frame_count} frames promised; "
                f"the rest was left out."
            )
        if spec.stabilise is Stabilise.DESHAKE:
            self.warnings.append(_DESHAKE_WARNING)


def _numbered(frame: av.VideoFrame, index: int, time_base: Fraction) -> av.VideoFrame:
    frame.pts = index
    frame.time_base = time_base
    return frame


def _distinct(frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """The frames, with a copy where an object comes again while it may still be queued.

    A static camera may well hand over one frame 150 times; numbering it anew would renumber it
    under the hands of an encoder that has not read it yet.
    """
    in_flight: deque[av.VideoFrame] = deque(maxlen=2 * QUEUE_DEPTH)
    for frame in frames:
        if any(frame is other for other in in_flight):
            yield copy_frame(frame)
        else:
            in_flight.append(frame)
            yield frame


def _through(
    graph: Graph, frames: Iterable[av.VideoFrame], time_base: Fraction, repeats: int
) -> Iterator[av.VideoFrame]:
    """Frames out of the graph, each as soon as it is ready; the last is pushed `repeats` more."""
    for index, frame in enumerate(_with_repeats(frames, repeats)):
        graph.vpush(_numbered(frame, index, time_base))
        yield from _ready(graph)
    graph.vpush(None)
    yield from _ready(graph)


def _with_repeats(frames: Iterable[av.VideoFrame], repeats: int) -> Iterator[av.VideoFrame]:
    last: av.VideoFrame | None = None
    for last in frames:
        yield last
    if last is not None:
        yield from repeat(last, repeats)


def _ready(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield frame


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
