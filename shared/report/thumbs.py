"""Small JPEGs of keyframes, for the report page and the contact sheet."""

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rgb = npt.NDArray[np.uint8]

QUALITY = 80
TALLEST = 3
"""A thumbnail is at most this many times as high as its width asks for."""


def keyframe_thumb(picture: "bytes | Rgb", width: int = 320) -> bytes:
    """A JPEG of the keyframe, `width` pixels wide at most; never larger than the keyframe.

    Parameters
    ----------
    picture : encoded image bytes (turned upright as their EXIF says), or uint8 RGB of shape
        (height, width, 3).
    width : pixels.

    Raises
    ------
    OSError : the bytes are not an image that Pillow can read.
    """
    image = open_upright(picture, width) if isinstance(picture, bytes) else Image.fromarray(picture)
    small = flat_rgb(image)
    small.thumbnail((width, width * TALLEST), Image.Resampling.LANCZOS, reducing_gap=3.0)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return out.getvalue()


def open_upright(data: bytes, width: int) -> Image.Image:
    """Decode, upright; a JPEG is decoded at no more than the size that is needed."""
    image: Image.Image = Image.open(io.BytesIO(data))
    image.draft("RGB", (width * 2, width * 2))
    return ImageOps.exif_transpose(image)


def flat_rgb(image: Image.Image) -> Image.Image:
    """Eight-bit RGB; transparency over black, as it is filmed; sixteen bits scaled, not clipped."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda level: level / 257).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "black"), image).convert("RGB")
    return image.convert("RGB")
