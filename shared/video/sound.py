"""A dropped sound, as a model may be given it: really a sound, whole, and how long it lasts.

The format is known by content, and only the one demuxer that the content asks for is let near it.
The length is counted from decoded samples: what headers claim of MP3 is often a guess.
"""

import hashlib
import io
from dataclasses import dataclass

import av

from shared.errors import DropreelError, InvalidInput, Problem
from shared.manifest.names import SOUND_EXTENSIONS

_MIB = 1024 * 1024
_SNIFFED = 12
_MARKS = (
    (0, b"RIFF", ("wav", "audio/wav")),
    (0, b"fLaC", ("flac", "audio/flac")),
    (0, b"OggS", ("ogg", "audio/ogg")),
    (4, b"ftyp", ("mp4", "audio/mp4")),
    (0, b"ID3", ("mp3", "audio/mpeg")),
)
"""Where in a file which bytes stand, and the demuxer and content type that they mean."""


@dataclass(frozen=True, slots=True)
class SoundLimits:
    """What is accepted: bytes of the file, seconds of sound."""

    max_bytes: int = 64 * _MIB
    min_sec: float = 0.2
    max_sec: float = 1800.0


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound that decodes to its end.

    Attributes
    ----------
    content_type : by content, for example `audio/wav`.
    duration_sec : decoded samples over the sample rate, to the millisecond.
    sha256 : hex digest of the file's bytes.
    """

    content_type: str
    codec: str
    duration_sec: float
    sample_rate: int
    channels: int
    size_bytes: int
    sha256: str


_DEFAULT_LIMITS = SoundLimits()


def read_sound(data: bytes, name: str, limits: SoundLimits = _DEFAULT_LIMITS) -> Sound:
    """Decode a sound, or say why it is none.

    Raises
    ------
    InvalidInput : too large, no sound that we know, damaged, too short or too long.
    """
    if len(data) > limits.max_bytes:
        size, most = len(data) / _MIB, limits.max_bytes / _MIB
        message = f"has {size:.1f} MiB; at most {most:.0f} MiB are taken."
        raise _refusal(name, message, "Save it as MP3, or cut it.", "too_many_bytes")
    kind = _sniff(data[:_SNIFFED])
    if kind is None:
        hint = f"Accepted: {' '.join(SOUND_EXTENSIONS)}."
        raise _refusal(name, "is no sound by its content.", hint, "not_a_sound")
    demuxer, content_type = kind
    try:
        sound = _decode(data, demuxer, content_type, limits)
    except (av.FFmpegError, ValueError) as error:
        hint = "Save it again, for example as WAV."
        raise _refusal(name, f"is damaged: {_short(error)}", hint, "damaged_sound") from error
    if sound is None:
        raise _refusal(name, "holds no sound.", "Save it again, as WAV.", "not_a_sound")
    if sound.duration_sec > limits.max_sec:
        message = f"lasts more than {limits.max_sec:g} s."
        raise _refusal(name, message, "Cut it into several clips.", "sound_too_long")
    if sound.duration_sec < limits.min_sec:
        message = f"lasts {sound.duration_sec:g} s; the least is {limits.min_sec:g} s."
        raise _refusal(name, message, "Lengthen it.", "sound_too_short")
    return sound


def _sniff(head: bytes) -> tuple[str, str] | None:
    """FFmpeg's demuxer and the content type, by the file's first bytes."""
    for place, mark, kind in _MARKS:
        if head[place : place + len(mark)] == mark and (kind[0] != "wav" or head[8:] == b"WAVE"):
            return kind
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        # MPEG audio says its layer in two bits; none is AAC's own frame (ADTS).
        return ("aac", "audio/aac") if head[1] & 0x06 == 0 else ("mp3", "audio/mpeg")
    return None


def _decode(data: bytes, demuxer: str, content_type: str, limits: SoundLimits) -> Sound | None:
    samples = rate = channels = 0
    codec = ""
    with av.open(io.BytesIO(data), "r", format=demuxer) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        for frame in container.decode(stream):
            rate, channels = frame.sample_rate, frame.layout.nb_channels
            codec = stream.codec_context.name
            samples += frame.samples
            if samples > (limits.max_sec + 1) * rate:
                break
    if not rate or not samples:
        return None
    return Sound(
        content_type=content_type,
        codec=codec,
        duration_sec=round(samples / rate, 3),
        sample_rate=rate,
        channels=channels,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _short(error: Exception) -> str:
    return str(error).partition(":")[0].partition("]")[2].strip() or type(error).__name__


def _refusal(name: str, message: str, hint: str, code: str) -> DropreelError:
    return InvalidInput.because([Problem(name, message, hint, code)])
