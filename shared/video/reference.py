"""The keyframe's own pixels, kept small for the inspector, which cannot decode a keyframe itself.

Only the part that the camera ever shows, only as fine as the inspector looks, and graded as the
clip is: what lies there can be held against the delivered frames as it is.
"""

import io
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.motion.path import CameraPath
from shared.motion.views import seen_part
from shared.video.filters import FilterChain
from shared.video.finish_spec import FinishSpec
from shared.video.lut import Lut
from shared.video.poster import to_picture

VIEW_SIDE = 720
"""Pixels along the longer side of the tightest view: half as many again as the inspector sees."""

_LEAST_SIDE = 16
"""Of the picture; smaller ones no filter takes."""


def reference_png(rgb: NDArray[np.uint8], path: CameraPath, lut: Lut | None = None) -> bytes:
    """The seen part of a keyframe as PNG (`shared.motion.views.seen_part` says which).

    Parameters
    ----------
    rgb : (height, width, 3) sRGB, the whole keyframe.
    lut : the clip's look.
    """
    height, width = rgb.shape[:2]
    left, top, right, bottom = seen_part(path, (width, height))
    part = Image.fromarray(rgb[top:bottom, left:right])
    tightest = min(max(rect.width * width, rect.height * height) for rect in (path.start, path.end))
    factor = max(1.0, tightest / VIEW_SIDE)
    size = _even(part.width / factor), _even(part.height / factor)
    if part.size != size:
        part = part.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if lut is not None:
        part = _graded(part, lut)
    out = io.BytesIO()
    part.save(out, "PNG", compress_level=3)
    return out.getvalue()


def _even(side: float) -> int:
    return max(_LEAST_SIDE, 2 * round(side / 2))


def _graded(picture: Image.Image, lut: Lut) -> Image.Image:
    """The picture through the very filter that grades the clip."""
    once = Fraction(1)
    spec = FinishSpec(picture.width, picture.height, once, frame_count=1, source_rate=once)
    with tempfile.TemporaryDirectory() as workspace:
        chain = FilterChain(spec, lut, Path(workspace))
        (frame,) = chain.deliver([av.VideoFrame.from_ndarray(np.asarray(picture), "rgb24")])
        return to_picture(frame)
