"""Small pictures of every kind that creators drop, good and bad."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from tests.pipeline.house import picture

SIZE = (320, 180)


def saved(image: Image.Image, kind: str, **how: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def plain() -> Image.Image:
    return Image.open(io.BytesIO(picture(*SIZE))).convert("RGB")


def deep_grey() -> Image.Image:
    return Image.fromarray(
        np.linspace(12_000, 50_000, SIZE[0] * SIZE[1]).astype(np.uint16).reshape(SIZE[::-1])
    )


def turned() -> bytes:
    """A portrait picture that lies on its side, as phones save it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(plain(), "JPEG", exif=exif)


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it has 30,000 × 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def animated(kind: str) -> bytes:
    frames = [plain().rotate(angle) for angle in (0, 10)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


GOOD: dict[str, bytes] = {
    "plain.png": picture(*SIZE),
    "deep.png": saved(deep_grey(), "PNG"),
    "cmyk.jpg": saved(plain().convert("CMYK"), "JPEG"),
    "turned.jpg": turned(),
    "grey.png": saved(plain().convert("L"), "PNG"),
    "palette.png": saved(plain().quantize(32), "PNG"),
    "alpha.png": saved(plain().convert("RGBA"), "PNG"),
    "moving.gif": animated("GIF"),
    "moving-too.webp": animated("WEBP"),
    "photo.avif": saved(plain(), "AVIF"),
    "jpeg-inside.png": saved(plain(), "JPEG"),
    "ein Bild.png": picture(*SIZE, seed=2),
    "日本語.png": picture(*SIZE, seed=3),
    "100%.png": picture(*SIZE, seed=4),
    "UPPER.PNG": picture(*SIZE, seed=5),
}

BAD: dict[str, tuple[bytes, str]] = {
    "empty.png": (b"", "empty file (0 bytes)"),
    "cut.jpg": (saved(plain(), "JPEG")[:-2000], "cut.jpg"),
    "text.png": (b"I am a picture, believe me.", "text, whatever its name says"),
    "bomb.png": (bomb(), "megapixels"),
    "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "HEIC"),
    "page.jpg": (b"<!doctype html><title>404</title>", "a web page"),
    "tiny.png": (picture(8, 8), "8×8"),
    "wide.png": (picture(400, 20), "longer than 10:1"),
}
"""Name → bytes, and words that its refusal must hold."""
