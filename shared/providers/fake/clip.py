"""The clips that the fake providers deliver: a slow push-in on the picture they were given."""

import base64
import binascii
import io
import urllib.request
from functools import lru_cache
from urllib.parse import urlsplit

import av
import numpy as np
from av.container import OutputContainer
from PIL import Image, UnidentifiedImageError

RATE = 24
PUSH_IN = 0.06
MOST_IMAGE_BYTES = 64 * 1024 * 1024


@lru_cache(maxsize=32)
def make_clip(
    image: str, seconds: float, lines: int, *, tall: bool = False, sound: str = ""
) -> bytes:
    """An H.264 MP4, with the sound that the vendor was given, if any.

    Parameters
    ----------
    image : an address, a data URI or base64; a plain picture when it is empty or unreadable.
    seconds : rounded to whole frames at 24 a second; 0 is as long as the sound.
    lines : the shorter side in pixels.
    tall : upright where there is no picture to follow.
    sound : an address, a data URI or base64; nothing when it is empty or unreadable.
    """
    track = _heard(sound)
    seconds = seconds or track[1] or 5.0
    picture = _open(image) or _plain(tall=tall)
    width, height = _size(picture, lines)
    frames = max(1, round(seconds * RATE))
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if track[0]:
            _add_sound(out, track[0], seconds)
        for index in range(frames):
            pixels = np.asarray(_zoomed(picture, index / frames, (width, height)))
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = index
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def _heard(sound: str) -> tuple[bytes, float]:
    """The bytes of a sound and its length in seconds."""
    try:
        data = _read(sound) if sound else b""
        if not data:
            return b"", 0.0
        with av.open(io.BytesIO(data), "r") as container:
            frames = container.decode(container.streams.audio[0])
            return data, sum(frame.samples / frame.sample_rate for frame in frames)
    except (OSError, ValueError, IndexError):
        return b"", 0.0


def _add_sound(out: OutputContainer, data: bytes, seconds: float) -> None:
    stream = out.add_stream("aac", rate=48_000)
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode(container.streams.audio[0]):
            if (frame.time or 0.0) < seconds:
                frame.pts = None
                out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def _zoomed(picture: Image.Image, place: float, size: tuple[int, int]) -> Image.Image:
    cut = PUSH_IN * place / 2
    width, height = picture.size
    box = (cut * width, cut * height, (1 - cut) * width, (1 - cut) * height)
    return picture.resize(size, Image.Resampling.BILINEAR, box=box)


def _size(picture: Image.Image, lines: int) -> tuple[int, int]:
    """Even sides, the shorter one `lines` long."""
    scale = lines / min(picture.size)
    width, height = (max(2, 2 * round(side * scale / 2)) for side in picture.size)
    return width, height


def _plain(*, tall: bool) -> Image.Image:
    shades = Image.linear_gradient("L").rotate(90)
    picture = Image.merge("RGB", (shades, shades.rotate(90), shades.rotate(180)))
    return picture.resize((360, 640) if tall else (640, 360))


def _open(image: str) -> Image.Image | None:
    try:
        data = _read(image)
        if not data:
            return None
        with Image.open(io.BytesIO(data)) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return None


def _read(image: str) -> bytes:
    if urlsplit(image).scheme in {"http", "https"}:
        with urllib.request.urlopen(image, timeout=10) as reply:  # noqa: S310 - checked above
            data: bytes = reply.read(MOST_IMAGE_BYTES)
            return data
    text = image.partition("base64,")[2] if image.startswith("data:") else image
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
