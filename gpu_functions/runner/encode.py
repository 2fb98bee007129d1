"""The near-lossless intermediate: what leaves the GPU, to be finished elsewhere.

H.264 with full colour resolution and hardly any quantisation. It is decoded once, scaled to the
clip's size and encoded again, so what it loses would be lost twice.
"""

import wave
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.video.reformatter import VideoReformatter

from shared.errors import EncodeFailed
from shared.video.codec_settings import X264, StreamSettings
from shared.video.colour import to_bt709
from shared.video.encode import FileEncoder, check_written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PIXELS = "yuv444p"
CRF = 6
PRESET = "veryfast"


def encode_intermediate(
    frames: "NDArray[np.uint8]",
    rate: Fraction,
    path: Path,
    sound: "tuple[NDArray[np.float32], int] | None" = None,
) -> None:
    """Write frames as a video.

    Parameters
    ----------
    frames : (n, height, width, 3), full-range sRGB.
    rate : frames a second.
    path : appears when the file is whole, and not before.
    sound : (channels, samples) from -1 to 1 and samples a second, of a model that makes its own;
        cut or filled with silence to the length of the picture.

    Raises
    ------
    EncodeFailed : also when the disk is full; nothing is left behind.
    """
    count, height, width, _ = frames.shape
    settings = StreamSettings(
        codec=X264,
        width=width,
        height=height,
        rate=rate,
        keyframe_interval=max(1, round(rate)),
        tag="avc1",
        options={"preset": PRESET, "crf": str(CRF)},
        pixel_format=PIXELS,
    )
    unfinished, spoken = path.with_suffix(".unfinished.mp4"), path.with_suffix(".wav")
    try:
        if sound is not None:
            _write_wave(*sound, spoken)
        _write(frames, settings, unfinished, (spoken, count / rate) if sound is not None else None)
        check_written(unfinished, settings, count)
        unfinished.replace(path)
    except OSError as error:
        raise EncodeFailed(f"{path.name} cannot be kept: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
        spoken.unlink(missing_ok=True)


def _write_wave(samples: "NDArray[np.float32]", rate: int, path: Path) -> None:
    """16 bits a sample, which is more than the sound of a video model holds."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(samples))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples.T * 32767).astype("<i2").tobytes())


def _write(
    frames: "NDArray[np.uint8]",
    settings: StreamSettings,
    path: Path,
    sound: tuple[Path, Fraction] | None,
) -> None:
    encoder = FileEncoder(path, settings, {}, sound)
    reformatter = VideoReformatter()
    try:
        for place, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame = to_bt709(frame, reformatter, pixel_format=PIXELS)
            frame.pts, frame.time_base = place, 1 / settings.rate
            encoder.encode(frame)
        encoder.finish()
    except EncodeFailed:
        encoder.abandon()
        raise
