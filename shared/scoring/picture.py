"""A picture as it is looked at: reduced to the size that matters in a clip, and cut into cells.

Sharpness and noise are judged at most 1024 pixels across, since nobody sees the grain of a
40-megapixel photograph in a 1080p clip. Only what compression left behind sits on the file's own
pixels (`native_tiles`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]

LOOK_SIDE = 1024
GRID_SIDE = 64
BLOCK = 8
"""Pixels of a JPEG block."""

_LUMA = np.array((0.2126, 0.7152, 0.0722), np.float32)  # BT.709, on coded values
_BAND_ROWS = 512
_TILES, _TILE_SIDE = 6, 20 * BLOCK


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What is measured.

    Attributes
    ----------
    rgb, luma : h×w×3 and h×w, 0–255, at most 1024 pixels across.
    cell : pixels of a cell's side; a picture has at most about 64 cells across.
    """

    rgb: Floats
    luma: Floats
    cell: int

    def per_cell(self, values: Floats) -> Floats:
        """Mean of `values` (h×w) in each cell, rows first; the last cells may be smaller."""
        return _cell_means(values, self.cell)


def take_look(rgb: Rgb) -> Look:
    """Reduce a picture of any size to what is measured.

    Parameters
    ----------
    rgb : H×W×3, upright, opaque, sRGB; 1×1 and more.

    Raises
    ------
    ValueError : the array is no such picture.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise ValueError(f"not an 8-bit RGB picture: {rgb.dtype} {rgb.shape}")
    longest = max(rgb.shape[:2])
    factor = max(1, longest // LOOK_SIDE)
    reduced = _averaged(rgb, factor) if factor > 1 else rgb
    longest = max(reduced.shape[:2])
    if longest > LOOK_SIDE:
        small = _resampled(reduced, LOOK_SIDE / longest)
    else:
        small = reduced.astype(np.float32, copy=False)
    cell = max(1, round(max(small.shape[:2]) / GRID_SIDE))
    return Look(small, small @ _LUMA, cell)


def native_tiles(rgb: Rgb) -> Iterator[Floats]:
    """Luma of tiles spread over the picture, each beginning on the 8×8 grid of the file."""
    height, width = rgb.shape[:2]
    for top in _starts(height):
        for left in _starts(width):
            yield rgb[top : top + _TILE_SIDE, left : left + _TILE_SIDE].astype(np.float32) @ _LUMA


def _starts(length: int) -> list[int]:
    if length <= _TILE_SIDE * _TILES:
        return list(range(0, length, _TILE_SIDE))
    last = length - _TILE_SIDE
    return [round(last * i / (_TILES - 1) / BLOCK) * BLOCK for i in range(_TILES)]


def _averaged(rgb: Rgb, factor: int) -> Floats:
    """Means of `factor`×`factor` pixels, in bands: floats of the whole picture would not fit."""
    height, width = (max(1, side // factor) for side in rgb.shape[:2])
    out = np.empty((height, width, 3), np.float32)
    down, across = (min(factor, side) for side in rgb.shape[:2])  # of a line one pixel thick: 1
    step = max(1, _BAND_ROWS // factor)
    for top in range(0, height, step):
        rows = min(step, height - top)
        band = rgb[top * factor : (top + rows) * factor]
        total = np.zeros((rows, width, 3), np.uint32)
        for y in range(down):
            for x in range(across):
                total += band[y::factor, x::factor][:rows, :width]
        out[top : top + rows] = total
    out /= down * across
    return out


def _resampled(picture: Rgb | Floats, scale: float) -> Floats:
    """Bilinear, which at scales from ½ to 1 averages well enough."""
    values: NDArray[np.generic] = picture
    for axis in (0, 1):
        length = values.shape[axis]
        count = max(1, round(length * scale))
        at = np.clip((np.arange(count) + 0.5) * length / count - 0.5, 0, length - 1)
        low = at.astype(np.intp)
        high = np.minimum(low + 1, length - 1)
        weight = (at - low).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        first, second = (values.take(at, axis).astype(np.float32) for at in (low, high))
        second -= first
        second *= weight
        second += first
        values = second
    return np.asarray(values, np.float32)


def _cell_means(values: Floats, cell: int) -> Floats:
    if cell == 1:
        return values
    for axis in (0, 1):
        values = np.moveaxis(_line_means(np.moveaxis(values, axis, 0), cell), 0, axis)
    return values


def _line_means(values: Floats, cell: int) -> Floats:
    """Means of each `cell` lines; of the last ones as many as there are."""
    whole = len(values) // cell
    out = np.zeros((-(-len(values) // cell), *values.shape[1:]), np.float32)
    for line in range(cell):
        out[:whole] += values[line : whole * cell : cell]
    out[:whole] /= cell
    if whole < len(out):
        out[whole] = values[whole * cell :].mean(axis=0)
    return out
