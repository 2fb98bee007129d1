"""How loud a clip's sound is, and whether it leaps, clips or stops, by EBU R128.

FFmpeg's `ebur128` measures it on the encoded file, as it will be heard. OpenCV cannot read sound,
so FinishClip does this and the inspector takes it in. No sound is no fault.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.filter import Graph
from numpy.typing import NDArray

from shared.errors import EncodeFailed
from shared.safety.limits import judged, limits
from shared.safety.report import CheckResult
from shared.safety.series import Values, spans

_RATE = 48_000
"""Samples a second that everything is brought to before it is measured."""

_TICK_SEC = 0.1
"""`ebur128` hands on 100 ms at a time, with the loudness of the last 400 (EBU Tech 3341)."""

_MOMENT_TICKS = 4
_SILENCE_LUFS = -70.0
"""The absolute gate of ITU-R BS.1770: what is below is not there."""

_AUDIBLE_LUFS = -50.0
_QUIET_DBFS = -60.0
"""Highest sample of a tick in which a listener hears nothing."""

_FULL_SCALE = 0.99
_CLIPPED_RUN = 3
"""Samples in a row at full scale: a wave that was cut off, not one that just touched."""


@dataclass
class Loudness:
    """What was measured; lists have one entry each 100 ms.

    Attributes
    ----------
    duration_sec : of the sound.
    integrated_lufs : programme loudness; -70 for silence.
    true_peak_dbtp : of the wave between the samples.
    momentary_lufs : loudness of the last 400 ms.
    peaks_dbfs : highest sample.
    clipped_runs : times at which the wave was cut off.
    """

    duration_sec: float = 0.0
    integrated_lufs: float = _SILENCE_LUFS
    true_peak_dbtp: float = -math.inf
    momentary_lufs: list[float] = field(default_factory=list)
    peaks_dbfs: list[float] = field(default_factory=list)
    clipped_runs: list[int] = field(default_factory=list)


def sound_checks(path: Path) -> tuple[CheckResult, ...]:
    """Measure and judge the sound of a finished file; nothing where it has none.

    Raises
    ------
    EncodeFailed
        The file cannot be read back.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                return ()
            video = container.streams.video[0]
            picture_sec = float((video.duration or 0) * (video.time_base or 0))
        return judge(measure(path), picture_sec)
    except (av.FFmpegError, OSError, IndexError) as error:
        raise EncodeFailed(f"The sound of {path.name} cannot be read back: {error}") from error


def measure(path: Path) -> Loudness:
    """Walk the first sound track once.

    Raises
    ------
    av.FFmpegError : it cannot be decoded.
    """
    found = Loudness()
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        graph = _meter(stream)
        for frame in container.decode(stream):
            found.duration_sec += frame.samples / frame.sample_rate
            graph.push(frame)
            _take(graph, found)
        graph.push(None)
        _take(graph, found)
    return found


def _meter(stream: AudioStream) -> Graph:
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(template=stream),
        graph.add("aresample", str(_RATE)),
        graph.add("aformat", "sample_fmts=flt:channel_layouts=stereo"),
        graph.add("ebur128", "metadata=1:peak=true"),
        graph.add("abuffersink"),
    ).configure()
    return graph


def _take(graph: Graph, found: Loudness) -> None:
    for frame in _ticks(graph):
        # The samples come back as measured, so that they are looked at in the same walk.
        samples = np.abs(frame.to_ndarray().reshape(-1, 2)).max(axis=1)
        found.peaks_dbfs.append(_decibels(float(samples.max(initial=0.0))))
        found.clipped_runs.append(_runs_at_full_scale(samples))
        told = frame.metadata
        if "lavfi.r128.M" not in told:  # what is left over at the end is no whole tick
            continue
        found.momentary_lufs.append(max(_SILENCE_LUFS, float(told["lavfi.r128.M"])))
        found.integrated_lufs = float(told["lavfi.r128.I"])
        found.true_peak_dbtp = _decibels(float(told["lavfi.r128.true_peak"]))


def _ticks(graph: Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        if isinstance(frame, av.AudioFrame):
            yield frame


def judge(sound: Loudness, picture_sec: float) -> tuple[CheckResult, ...]:
    """Hold a sound against its limits, and its length against the picture's."""
    leaps = sudden_rises(np.asarray(sound.momentary_lufs))
    clipped = np.asarray(sound.clipped_runs)
    gaps = silent_stretches(np.asarray(sound.peaks_dbfs))
    return (
        judged("loudness", sound.integrated_lufs),
        judged("true_peak", max(sound.true_peak_dbtp, -99.0)),
        judged(
            "volume_spikes",
            float(leaps.max(initial=0.0)),
            intervals=spans(leaps > limits()["volume_spikes"].warn, _times(leaps), _TICK_SEC),
        ),
        judged(
            "sound_clipping",
            int(clipped.sum()),
            intervals=spans(clipped > 0, _times(clipped), _TICK_SEC),
        ),
        judged("silence_gaps", max((b - a for a, b in gaps), default=0.0), intervals=gaps),
        judged("sound_length", abs(sound.duration_sec - picture_sec)),
    )


def sudden_rises(momentary: Values) -> Values:
    """Loudness units by which each tick stands above both the usual and what was just before.

    A sound that begins after a pause rises too, but not above the usual; the usual is the median
    of what can be heard, which a bang cannot move as it moves the programme loudness.
    """
    audible = momentary[momentary > _AUDIBLE_LUFS]
    if not len(audible):
        return np.zeros(len(momentary))
    before = np.concatenate((np.full(_MOMENT_TICKS, _SILENCE_LUFS), momentary))[: len(momentary)]
    rises = momentary - np.maximum(before, float(np.median(audible)))
    return np.asarray(np.maximum(0.0, rises), np.float64)


def silent_stretches(peaks: Values) -> tuple[tuple[float, float], ...]:
    """Seconds of silence inside the sound; what fades in or out at its ends is no gap.

    Silence from end to end is one gap.
    """
    quiet = peaks < _QUIET_DBFS
    found = spans(quiet, _times(quiet), _TICK_SEC)
    if quiet.all():
        return found
    end = round(len(quiet) * _TICK_SEC, 3)
    return tuple(gap for gap in found if gap[0] > 0 and gap[1] < end)


def _times(ticks: NDArray[Any]) -> Values:
    return np.arange(len(ticks), dtype=np.float64) * _TICK_SEC


def _runs_at_full_scale(samples: NDArray[np.floating]) -> int:
    full = np.concatenate(([False], samples >= _FULL_SCALE, [False]))
    edges = np.flatnonzero(np.diff(full.astype(np.int8)))
    return int(np.count_nonzero(edges[1::2] - edges[::2] >= _CLIPPED_RUN))


def _decibels(value: float) -> float:
    return 20 * math.log10(value) if value > 0 else -math.inf
