"""Pictures made small by averaging, so that no detail aliases into motion."""

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_SMALL = 320


def shrunk(picture: Bytes, long_side: int) -> Bytes:
    """The picture averaged down to `long_side` pixels at most; a smaller one as it is."""
    while max(picture.shape[:2]) >= 2 * long_side:
        # Exact halves first: OpenCV averages 2x2 pixels many times faster than odd areas.
        picture = halved(picture)
    longest = max(picture.shape[:2])
    if longest <= long_side:
        return picture
    height, width = (max(1, round(side * long_side / longest)) for side in picture.shape[:2])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def halved(picture: Bytes) -> Bytes:
    """Half the width and height; an odd last line is left out, so that the halves are exact."""
    height, width = (max(1, side // 2) for side in picture.shape[:2])
    even = picture[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def coarse(luma: Bytes) -> Bytes:
    """Half the size, at which motion is found; a picture that is small already stays."""
    return luma if max(luma.shape) < _SMALL else halved(luma)


def luma_of(bgr: Bytes) -> Bytes:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)


def ssim(one: Bytes, other: Bytes) -> float:
    """Mean structural similarity over 7x7 windows (Wang et al. 2004), -1 to 1."""
    a, b = one.astype(np.float32), other.astype(np.float32)

    def mean(picture: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(picture, (7, 7)), np.float32)

    ma, mb = mean(a), mean(b)
    va, vb, ab = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = ((2 * ma * mb + c1) * (2 * ab + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
    return float(likeness.mean())
