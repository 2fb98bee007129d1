"""What light a decoded picture gives off: relative luminance, saturated red, chromaticity.

Everything counts in linear light, as WCAG 2.2 defines relative luminance: sRGB's curve and BT.709's
primaries, which the two share.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = cv2.typing.MatLike

WHITE = 60_000
"""Relative luminance 1.0 as an integer: a tenth of it, the standards' step, is a whole number."""

_ROWS = 64
"""Rows at a time, so that what is being worked on stays in the cache."""

_LUMINANCE_OF_BGR = (0.0722, 0.7152, 0.2126)

RED_FLOOR = 0.02
"""Linear red below which no colour counts as saturated: 1 cd/m² on a 200 cd/m² screen. Without it
the last bit of a black picture would be saturated red."""

RED_SHARE = 0.8
"""R/(R+G+B) of a saturated red, linear (WCAG 2.2, note to "general flash and red flash")."""

FAR_SHARE = 0.72
"""A colour with more than this share of red is within 0.2 u′v′ of every saturated red."""

_GLARE = 0.0005
"""White light that every screen adds; it gives black the chromaticity of white."""

# Rows X, Y, Z; columns B, G, R (IEC 61966-2-1).
_XYZ_OF_BGR = np.array(
    [[0.1805, 0.3576, 0.4124], [0.0722, 0.7152, 0.2126], [0.9505, 0.1192, 0.0193]], np.float32
)


def linear(code: NDArray[np.floating]) -> NDArray[np.float64]:
    """sRGB signal to linear light, both 0–1; the knee as WCAG 2.2 has it."""
    signal = np.asarray(code, np.float64)
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


LINEAR_OF_CODE = linear(np.arange(256) / 255)
_LINEAR32 = LINEAR_OF_CODE.astype(np.float32)
_PARTS = [
    np.rint(LINEAR_OF_CODE * weight * WHITE).astype(np.uint16)[None] for weight in _LUMINANCE_OF_BGR
]
# Small enough that what is computed from it fits into 16 bits.
_COARSE_WHITE = 8000
_COARSE = np.rint(LINEAR_OF_CODE * _COARSE_WHITE).astype(np.uint16)[None]
_COARSE_GLARE = round(_GLARE * _COARSE_WHITE)

# For each red code, the smallest green or blue code with which it cannot be saturated any more.
_TOO_MUCH_BESIDE_RED = np.where(
    LINEAR_OF_CODE < RED_FLOOR,
    0,
    np.searchsorted(LINEAR_OF_CODE, LINEAR_OF_CODE * (1 / RED_SHARE - 1) + 1e-9, side="right"),
).astype(np.uint8)[None]
_FIRST_RED_CODE = int(np.searchsorted(LINEAR_OF_CODE, RED_FLOOR))

# For each red code, the smallest green or blue code with which it can be far from a saturated red,
# by the arithmetic of `redness`: both others may be that much.
_FAR_BESIDE_RED = np.searchsorted(
    2 * _COARSE[0].astype(np.int64),
    (_COARSE[0].astype(np.int64) + _COARSE_GLARE) * 7 / 18 - 2 * _COARSE_GLARE,
).astype(np.uint8)[None]

Planes = Sequence[Plane]
"""Blue, green and red of a picture, (height, width) uint8 each."""


def relative_luminance(bgr: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Relative luminance of every pixel, (height, width) uint16, 0 to `WHITE`."""
    light = np.empty(bgr.shape[:2], np.uint16)
    for top in range(0, len(bgr), _ROWS):
        rows = slice(top, top + _ROWS)
        luminance_of(cv2.split(bgr[rows]), light[rows])
    return light


def luminance_of(planes: Planes, light: NDArray[np.uint16]) -> None:
    """Relative luminance of a split picture, into `light`."""
    blue, green, red = (_look_up(plane, table) for plane, table in zip(planes, _PARTS, strict=True))
    blue += green
    np.add(blue, red, out=light)


def may_swing(planes: Planes, in_red: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Which pixels of a split picture may be saturated or, where they were, far from it. Fast.

    All others are not, so that most of a picture need not be looked at by `redness`.

    Parameters
    ----------
    in_red : which pixels were saturated; None where none was.
    """
    blue, green, red = planes
    # On the codes themselves: neither of the others alone may be too much, or one must be enough.
    beside = np.asarray(cv2.max(blue, green), np.uint8)
    may_be_red = beside < cv2.LUT(red, _TOO_MUCH_BESIDE_RED)
    if in_red is None:
        return may_be_red
    return np.where(in_red, beside >= cv2.LUT(red, _FAR_BESIDE_RED), may_be_red)


class Redness(NamedTuple):
    """Which colours are a saturated red, and which are too far from one to be confused."""

    saturated: NDArray[np.bool_]
    far: NDArray[np.bool_]


def redness(blue: NDArray[np.uint8], green: NDArray[np.uint8], red: NDArray[np.uint8]) -> Redness:
    """Judge colours, by their codes."""
    others = _COARSE[0][blue]
    others += _COARSE[0][green]
    # More than this beside red is far from a saturated red anyway, and must not overflow.
    np.minimum(others, np.uint16(3600), out=others)
    reds = _COARSE[0][red]
    # Rounding must not lose one: what is exact is `is_saturated_red`.
    saturated = reds + np.uint16(3) >= others * np.uint16(4)
    saturated &= red >= _FIRST_RED_CODE
    # 0.72 of all light is 18 to 7.
    far = (reds + np.uint16(_COARSE_GLARE)) * np.uint16(7) <= (
        others + np.uint16(2 * _COARSE_GLARE)
    ) * np.uint16(18)
    return Redness(saturated, far)


def is_saturated_red(bgr: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The rule itself, for colours, an (n, 3) array of B, G, R codes."""
    light = LINEAR_OF_CODE[bgr]
    red = light[:, 2]
    return np.asarray((red >= RED_SHARE * light.sum(axis=1) - 1e-12) & (red >= RED_FLOOR), np.bool_)


def _look_up(plane: Plane, table: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return np.asarray(cv2.LUT(plane, table), np.uint16)


def chromaticity(bgr: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """CIE 1976 u′ and v′ of colours, an (n, 3) array of B, G, R codes."""
    x, y, z = _XYZ_OF_BGR @ (_LINEAR32[bgr] + np.float32(_GLARE)).T
    total = x + 15 * y + 3 * z
    return 4 * x / total, 9 * y / total


def mean_light(light: NDArray[np.uint16]) -> float:
    """Mean relative luminance of a picture, 0–1."""
    return float(cv2.mean(light)[0]) / WHITE


def block_light(light: NDArray[np.uint16], down: int, across: int) -> NDArray[np.uint16]:
    """Mean luminance of whole blocks, `down` times `across` pixels each; a remainder at the edge is
    left out."""
    height, width = max(1, light.shape[0] // down), max(1, light.shape[1] // across)
    whole = min(down, light.shape[0]) * height, min(across, light.shape[1]) * width
    reduced = cv2.resize(
        light[: whole[0], : whole[1]], (width, height), interpolation=cv2.INTER_AREA
    )
    return np.asarray(reduced, np.uint16)
