"""A picture as three planes of BT.709 video, finer than 8 bits.

A keyframe is converted to Y'CbCr once, before the camera moves over it, and not once per frame.
"""

from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shared.video.resample import MID_GREY, UNITS, Plane

LUMA_LIMITS = (16, 235)
CHROMA_LIMITS = (16, 240)
"""Lowest and highest level of limited range (ITU-R BT.709-6, item 4.6)."""

_RED, _BLUE = 0.2126, 0.0722  # ITU-R BT.709-6, item 3.2
_STRIP = 16  # rows converted at a time: their floats stay in the processor's cache


class Planes(NamedTuple):
    """Luma, blue difference, red difference; each (height, width)."""

    y: Plane
    cb: Plane
    cr: Plane


def bt709_planes(rgb: npt.NDArray[np.uint8], pool: Executor) -> Planes:
    """Convert full-range R'G'B' (height, width, 3) to limited-range Y'CbCr, all three at full size.

    sRGB and BT.709 share their primaries and their white. Their transfer curves differ a little;
    as in every video tool, the encoded values are taken as they are.
    """
    height, width, _ = rgb.shape
    planes = np.empty((3, height, width), np.int16)
    matrix, offset = _matrix()

    def convert(top: int) -> None:
        strip = rgb[top : top + _STRIP]
        channels = np.empty((3, strip.size // 3), np.float32)
        np.copyto(channels, strip.reshape(-1, 3).T)
        levels = matrix @ channels
        levels += offset
        np.rint(levels, out=levels)
        planes[:, top : top + _STRIP] = levels.reshape(3, -1, width)

    for _ in pool.map(convert, range(0, height, _STRIP)):
        pass
    return Planes(*planes)


def _matrix() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    luma = np.array([_RED, 1 - _RED - _BLUE, _BLUE])
    blue = (np.array([0, 0, 1]) - luma) / (2 * (1 - _BLUE))
    red = (np.array([1, 0, 0]) - luma) / (2 * (1 - _RED))
    ranges = [high - low for low, high in (LUMA_LIMITS, CHROMA_LIMITS, CHROMA_LIMITS)]
    matrix = np.stack([luma, blue, red]) * np.array(ranges)[:, None] * (UNITS / 255)
    # Multiples of 2⁻¹³ keep every sum exact in single precision, as in `resample`.
    whole = np.rint(matrix * 2**13) / 2**13
    offset = np.array([[(LUMA_LIMITS[0] - MID_GREY) * UNITS], [0], [0]])
    return whole.astype(np.float32), offset.astype(np.float32)
