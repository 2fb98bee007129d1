"""The clips that the fake providers deliver: a slow push-in on the picture they were given."""

import base64
import binascii
import io
import urllib.request
from functools import lru_cache
from urllib.parse import urlsplit

import av
import numpy as np
from PIL import Image, UnidentifiedImageError

RATE = 24
PUSH_IN = 0.06
MOST_IMAGE_BYTES = 64 * 1024 * 1024


@lru_cache(maxsize=32)
def make_clip(image: str, seconds: float, lines: int, *, tall: bool = False) -> bytes:
    """An H.264 MP4.

    Parameters
    ----------
    image : an address, a data URI or base64; a plain picture when it is empty or unreadable.
    seconds : rounded to whole frames at 24 a second.
    lines : the shorter side in pixels.
    tall : upright where there is no picture to follow.
    """
    picture = _open(image) or _plain(tall=tall)
    width, height = _size(picture, lines)
    frames = max(1, round(seconds * RATE))
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(frames):
            pixels = np.asarray(_zoomed(picture, index / frames, (width, height)))
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = index
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


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
