"""From the keyframe's bytes to what the model is conditioned on: strategy `start_crop` (X-05).

The keyframe comes as the first view of the camera's path, cut and scaled on our side.
"""

import io

from PIL import Image

from shared.errors import InvalidInput

MOST_PIXELS = 8192 * 8192


def conditioning_picture(data: bytes, size: tuple[int, int]) -> Image.Image:
    """The picture at the size that the model generates at, RGB.

    Raises
    ------
    InvalidInput : it is no picture, or an absurd one.
    """
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise InvalidInput(f"the keyframe claims {picture.width}×{picture.height} pixels")
            found = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidInput(f"the job's keyframe cannot be read: {error}") from error
    if found.size == size:
        return found
    return found.resize(size, Image.Resampling.LANCZOS)


def unpacked(data: bytes, size: tuple[int, int]) -> bytes:
    """The same as a file that is read in no time: a PNG of a film's size takes 0.1 s.

    Raises
    ------
    InvalidInput : as `conditioning_picture`.
    """
    out = io.BytesIO()
    conditioning_picture(data, size).save(out, "PPM")
    return out.getvalue()
