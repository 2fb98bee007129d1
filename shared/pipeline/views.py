"""The pictures that a model is given: the view of the keyframe that it starts from, and others.

A mask is cut exactly as its keyframe; a last frame fills the clip's shape around its middle.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.motion.defaults import largest_crop
from shared.motion.rect import Rect
from shared.pipeline.camera import Camera
from shared.pipeline.materials import Materials


def pictures(materials: Materials, camera: Camera, size: tuple[int, int]) -> dict[str, bytes]:
    """PNG files by the field of the request.

    Parameters
    ----------
    camera : which views of the keyframe the model is given.
    size : the clip's width and height in pixels.
    """
    made: dict[str, bytes] = {}
    if materials.has_keyframe:
        made["image"] = view(materials.picture.rgb, camera.shown, size)
    if materials.mask is not None:
        made["mask"] = view(materials.mask.rgb, camera.shown, size, mode="L")
    if camera.last is not None:
        made["last_frame"] = view(materials.picture.rgb, camera.last, size)
    if materials.last_frame is not None:
        width, height = materials.last_frame.size
        middle = largest_crop(width / height, size[0] / size[1])
        made["last_frame"] = view(materials.last_frame.rgb, middle, size)
    return made


def view(rgb: NDArray[np.uint8], rect: Rect, size: tuple[int, int], *, mode: str = "RGB") -> bytes:
    """A rectangle of a picture at a size, as PNG; `mode` L makes it grey."""
    height, width = rgb.shape[:2]
    box = (rect.x1 * width, rect.y1 * height, rect.x2 * width, rect.y2 * height)
    shown = Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS, box=box).convert(mode)
    out = io.BytesIO()
    shown.save(out, "PNG")
    return out.getvalue()
