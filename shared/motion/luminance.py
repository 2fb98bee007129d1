"""How bright each frame of a camera move will be, before any frame is rendered.

The mean linear luminance of a crop is the integral of the keyframe's luminance over it, divided by
its area: four look-ups in one integral image, so a thousand frames cost what one does. A camera
that leaps from a dark room to a bright window is caught before any rendering is paid (B020, X-14).
"""

import numpy as np
from numpy.typing import NDArray

from shared.motion.path import CameraPath

_WEIGHTS = (0.2126, 0.7152, 0.0722)


def linear_luminance(rgb: NDArray[np.uint8], max_side: int = 1024) -> NDArray[np.float32]:
    """Relative luminance of an sRGB picture in linear light, reduced by averaging.

    Parameters
    ----------
    rgb : H×W×3 sRGB.
    max_side : most cells across and down; a larger picture is averaged down in linear light, which
        moves the mean of a crop by no more than what half a cell at its edge holds.

    Returns
    -------
    Array of luminance in 0–1, 1 being sRGB white (WCAG 2.2, relative luminance).
    """
    height, width = rgb.shape[:2]
    rows = _cell_starts(height, max_side)
    columns = _cell_starts(width, max_side)
    column_sizes = np.diff(np.append(columns, width))
    levels = _srgb_to_linear()
    weighted = [(weight * levels).astype(np.float32) for weight in _WEIGHTS]

    reduced = np.empty((len(rows), len(columns)), np.float32)
    for row, (top, bottom) in enumerate(zip(rows, [*rows[1:], height], strict=True)):
        # One band at a time: a 100-megapixel keyframe in float would not fit a small function.
        band = rgb[top:bottom]
        luminance = sum(weighted[c][band[..., c]] for c in range(3))
        column_means = np.mean(luminance, axis=0)
        reduced[row] = np.add.reduceat(column_means, columns) / column_sizes
    return reduced


def luminance_profile(
    luma_linear: NDArray[np.floating], path: CameraPath, frame_count: int
) -> list[float]:
    """Mean linear luminance of every frame of the move.

    Parameters
    ----------
    luma_linear : H×W luminance of the whole keyframe, see `linear_luminance`.
    path : a camera path; where it leaves the picture, the part inside is measured.

    Returns
    -------
    `frame_count` values in 0–1. Crop edges between pixels are weighted exactly.
    """
    height, width = luma_linear.shape
    integral = np.zeros((height + 1, width + 1))
    np.cumsum(np.cumsum(luma_linear, axis=0, dtype=np.float64), axis=1, out=integral[1:, 1:])

    edges = np.clip(np.array(path.rects(frame_count)), 0.0, 1.0)
    x1, x2 = edges[:, 0] * width, edges[:, 2] * width
    y1, y2 = edges[:, 1] * height, edges[:, 3] * height
    total = (
        _at(integral, y2, x2)
        - _at(integral, y1, x2)
        - _at(integral, y2, x1)
        + _at(integral, y1, x1)
    )
    area = np.maximum((x2 - x1) * (y2 - y1), 1e-9)
    return [float(value) for value in np.clip(total / area, 0.0, None)]


def _at(
    integral: NDArray[np.float64], y: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The integral image between its corners; bilinear is exact for square pixels of one value."""
    row = np.minimum(y.astype(np.intp), integral.shape[0] - 2)
    column = np.minimum(x.astype(np.intp), integral.shape[1] - 2)
    down, right = y - row, x - column
    upper = integral[row, column] * (1 - right) + integral[row, column + 1] * right
    lower = integral[row + 1, column] * (1 - right) + integral[row + 1, column + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)


def _cell_starts(length: int, cells: int) -> NDArray[np.intp]:
    count = min(length, cells)
    return (np.arange(count) * length // count).astype(np.intp)


def _srgb_to_linear() -> NDArray[np.float64]:
    """Linear light for each 8-bit sRGB level (IEC 61966-2-1, knee 0.04045)."""
    level = np.arange(256) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
