"""Exact resampling of one plane by matrix products, rows first and then columns.

Samples are whole numbers of 1/8 level around mid-grey, weights whole numbers of 1/4096. Every
partial sum then fits the 24 bits of a single-precision number, nothing is rounded inside a product,
and the order in which a BLAS adds cannot matter: the same bits come out of every processor, library
and number of threads. Between the two passes samples are rounded once, to 1/8 level.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from shared.video.bands import BLOCK, Bands

Plane = npt.NDArray[np.int16]
"""(height, width) samples in 1/`UNITS` of a level of 8-bit video, mid-grey at zero."""

Floats = npt.NDArray[np.float32]

UNITS = 8
MID_GREY = 128
PEAK = MID_GREY * UNITS
"""Magnitude that a plane may hold."""

ROW_GROUP = 6
"""Blocks of rows worked on between the passes: their floats stay in the processor's cache."""

COLUMN_GROUP = 12
"""Blocks of columns per call. Fewer would mean more calls, and threads that wait for their turn."""

_SMALL_PRODUCT = 2**18  # multiplications from which OpenBLAS starts threads of its own, beside ours


def resample(
    plane: Plane, rows: Bands, columns: Bands, limits: tuple[int, int], out: npt.NDArray[np.uint8]
) -> None:
    """Resample a plane to 8 bits, into `out` (rows.count, columns.count).

    Overshoot of the filter beyond `limits` (lowest and highest level) is cut.
    """
    low, high = ((limit - MID_GREY) * UNITS for limit in limits)
    for top, strip in _strips(plane, rows, columns):
        np.clip(strip, low, high, out=strip)
        np.multiply(strip, 1 / UNITS, out=strip)
        np.add(strip, MID_GREY + 0.5, out=strip)
        # All values are positive now, so that the truncating cast rounds to the nearest.
        np.copyto(out[top : top + len(strip)], strip, casting="unsafe")


def reduce(plane: Plane, rows: Bands, columns: Bands) -> Plane:
    """Resample a plane into another plane."""
    out = np.empty((rows.count, columns.count), np.int16)
    for top, strip in _strips(plane, rows, columns):
        np.clip(np.rint(strip, out=strip), -PEAK, PEAK, out=strip)
        np.copyto(out[top : top + len(strip)], strip, casting="unsafe")
    return out


def _strips(plane: Plane, rows: Bands, columns: Bands) -> Iterator[tuple[int, Floats]]:
    """Strips of resampled rows, each with the number of its first; the next one overwrites it."""
    left, right = columns.reach
    deep = rows.group * BLOCK
    tile = min(256, max(BLOCK, _SMALL_PRODUCT // (BLOCK * rows.span) // BLOCK * BLOCK))
    tiles = -(-(right - left) // tile)
    # Zeros, not rubbish: a sample outside the plane has weight zero, but zero times NaN is NaN.
    source = np.zeros(((rows.group - 1) * rows.stride + rows.span, tiles * tile), np.float32)
    between = np.zeros((deep, tiles * tile), np.float32)
    out = np.empty((deep, len(columns.first) * BLOCK), np.float32)

    windows = _row_windows(source, rows, tile)
    filtered = between.reshape(rows.group, BLOCK, tiles, tile).transpose(0, 2, 1, 3)
    across = list(_column_products(between, columns, left, out))
    for block in range(0, len(rows.first), rows.group):
        top = block * BLOCK
        _load(source, plane, int(rows.first[block]), left)
        weights = rows.weights[block : block + rows.group, None]
        np.matmul(weights, windows[: len(weights)], out=filtered[: len(weights)])
        np.rint(between, out=between)
        for window, matrices, target in across:
            np.matmul(window, matrices, out=target)
        yield top, out[: rows.count - top, : columns.count]


def _row_windows(source: Floats, rows: Bands, tile: int) -> npt.NDArray[Any]:
    """View of the loaded rows as (block, tile, span, columns of a tile); blocks overlap."""
    down, along = source.strides
    return as_strided(
        source,
        (rows.group, source.shape[1] // tile, rows.span, tile),
        (rows.stride * down, tile * along, down, along),
    )


def _column_products(
    between: Floats, columns: Bands, left: int, out: Floats
) -> Iterator[tuple[npt.NDArray[Any], Floats, Floats]]:
    """For each group of columns: what to multiply, by what, and where the product goes."""
    deep = len(between)
    down, along = between.strides
    for head in range(0, len(columns.first), columns.group):
        matrices = columns.weights[head : head + columns.group].transpose(0, 2, 1)
        blocks = len(matrices)
        window = as_strided(
            between[:, columns.first[head] - left :],
            (blocks, deep, columns.span),
            (columns.stride * along, down, along),
        )
        target = out[:, head * BLOCK : (head + blocks) * BLOCK].reshape(deep, blocks, BLOCK)
        yield window, matrices, target.transpose(1, 0, 2)


def _load(window: Floats, plane: Plane, top: int, left: int) -> None:
    """Fill the window, whose corner is at (top, left), with as much of the plane as lies in it."""
    y, x = max(top, 0), max(left, 0)
    part = plane[y : top + window.shape[0], x : left + window.shape[1]]
    height, width = part.shape
    window[y - top : y - top + height, x - left : x - left + width] = part
