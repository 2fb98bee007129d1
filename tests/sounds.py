"""Small sounds for tests: a click on every second, in the formats that people drop."""

import io
import wave
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream

RATE = 16_000


def clicks(seconds: float, *, rate: int = RATE, every_sec: float = 1.0) -> bytes:
    """A WAV file: a short tone at 0 s, 1 s, 2 s, … over silence."""
    samples = np.zeros(round(seconds * rate), dtype=np.int16)
    tone = (12_000 * np.sin(2 * np.pi * 880 * np.arange(rate // 20) / rate)).astype(np.int16)
    at = 0.0
    while at < seconds:
        start = round(at * rate)
        end = min(start + len(tone), len(samples))
        samples[start:end] = tone[: end - start]
        at += every_sec
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def converted(wav: bytes, container: str, codec: str) -> bytes:
    """The sound in another format, for example `mp3` by `libmp3lame`."""
    out = io.BytesIO()
    with av.open(io.BytesIO(wav), "r") as source, av.open(out, "w", format=container) as made:
        stream = cast("AudioStream", made.add_stream(codec, rate=48_000))
        for frame in source.decode(source.streams.audio[0]):
            frame.pts = None
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return out.getvalue()


def loud_moments(data: bytes, *, above: float = 0.1) -> list[float]:
    """When a sound begins to be loud, in seconds, to a hundredth."""
    begun, quiet_until = [], -1.0
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="flt", layout="mono", rate=8000)
        pieces = [
            piece.to_ndarray()[0]
            for frame in [*container.decode(stream), None]
            for piece in resampler.resample(frame)
        ]
    level = np.abs(np.concatenate(pieces))
    for at in np.flatnonzero(level > above) / 8000:
        if at > quiet_until:
            begun.append(round(float(at), 2))
        quiet_until = at + 0.3
    return begun


def sound_length(data: bytes) -> Fraction:
    """Seconds of decoded sound."""
    with av.open(io.BytesIO(data), "r") as container:
        frames = list(container.decode(container.streams.audio[0]))
    return Fraction(sum(frame.samples for frame in frames), frames[0].sample_rate)
