"""The sound of a clip: taken from a file as it is, cut or filled with silence to the clip's length.

Nothing is mixed and no level is changed. It is read in step with the picture, so a long clip's
sound never lies in memory as a whole.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av import AudioFrame, AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer

CODEC = "aac"
RATE = 48_000
LAYOUT = "stereo"
FORMAT = "fltp"
BIT_RATE = 192_000
SILENCE = 1024
"""Samples of a frame of silence: one AAC frame."""


def has_sound(path: Path) -> bool:
    """Does the file hold sound that decodes?"""
    try:
        with av.open(str(path), "r") as container:
            if not container.streams.audio:
                return False
            return next(container.decode(container.streams.audio[0]), None) is not None
    except (av.FFmpegError, OSError):
        return False


class SoundTrack:
    """A sound on its way into a container, beside the picture.

    Parameters
    ----------
    container : open for writing, nothing written to it yet.
    source : a file whose first sound is taken.
    duration : seconds of the clip, exact.
    """

    def __init__(self, container: OutputContainer, source: Path, duration: Fraction) -> None:
        self._container = container
        self._stream = cast("AudioStream", container.add_stream(CODEC, rate=RATE))
        self._stream.codec_context.layout = LAYOUT
        self._stream.codec_context.format = FORMAT
        self._stream.codec_context.bit_rate = BIT_RATE
        self._frames = exact_length(resampled(source), round(duration * RATE))
        self._written = 0

    def advance_to(self, seconds: Fraction) -> None:
        """Write the sound up to a moment of the picture."""
        while self._written < seconds * RATE:
            frame = next(self._frames, None)
            if frame is None:
                return
            self._written += frame.samples
            self._mux(frame)

    def finish(self) -> None:
        """Write the rest."""
        for frame in self._frames:
            self._mux(frame)
        self._mux(None)

    def _mux(self, frame: AudioFrame | None) -> None:
        # What the encoder puts before the start (its priming) needs an edit list, which the picture
        # does without: it is left out, and the first frame of sound fades in over 20 ms.
        packets = self._stream.encode(frame)
        self._container.mux([each for each in packets if each.pts is None or each.pts >= 0])


def resampled(source: Path) -> Iterator[AudioFrame]:
    """The first sound of a file at our rate, silence where it begins late."""
    resampler = AudioResampler(format=FORMAT, layout=LAYOUT, rate=RATE)
    with av.open(str(source), "r") as container:
        started = False
        for frame in container.decode(container.streams.audio[0]):
            if not started:
                started = True
                yield from silence(round((frame.time or 0.0) * RATE))
            yield from resampler.resample(frame)
        yield from resampler.resample(None)


def exact_length(frames: Iterator[AudioFrame], samples: int) -> Iterator[AudioFrame]:
    """The frames, numbered anew, cut at so many samples or followed by silence until then."""
    done = 0
    for frame in frames:
        piece = frame if frame.samples <= samples - done else _cut(frame, samples - done)
        if piece is None:
            return
        yield _placed(piece, done)
        done += piece.samples
    for frame in silence(samples - done):
        yield _placed(frame, done)
        done += frame.samples


def silence(samples: int) -> Iterator[AudioFrame]:
    """So many samples of nothing."""
    while samples > 0:
        length = min(SILENCE, samples)
        frame = AudioFrame(format=FORMAT, layout=LAYOUT, samples=length)
        frame.sample_rate = RATE
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        yield frame
        samples -= length


def _cut(frame: AudioFrame, samples: int) -> AudioFrame | None:
    if samples <= 0:
        return None
    short = AudioFrame.from_ndarray(frame.to_ndarray()[:, :samples].copy(), FORMAT, LAYOUT)
    short.sample_rate = RATE
    return short


def _placed(frame: AudioFrame, at: int) -> AudioFrame:
    frame.pts, frame.time_base = at, Fraction(1, RATE)
    return frame
