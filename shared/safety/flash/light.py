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

# For each red code, the largest green or blue code with which it can still be saturated.
_MOST_BESIDE_RED = np.where(
    LINEAR_OF_CODE < RED_FLOOR,
    0,
    np.searchsorted(LINEAR_OF_CODE, LINEAR_OF_CODE * (1 / RED_SHARE - 1) + 1e-9, side="right") - 1,
).astype(np.uint8)[None]
_FIRST_RED_CODE = int(np.searchsorted(LINEAR_OF_CODE, RED_FLOOR))


def relative_luminance(bgr: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Relative luminance of every pixel, (height, width) uint16, 0 to `WHITE`."""
    light = np.empty(bgr.shape[:2], np.uint16)
    for top in range(0, len(bgr), _ROWS):
        rows = slice(top, top + _ROWS)
        blue, green, red = (
            _look_up(plane, table)
            for plane, table in zip(cv2.split(bgr[rows]), _PARTS, strict=True)
        )
        blue += green
        np.add(blue, red, out=light[rows])
    return light


class Redness(NamedTuple):
    """Where a picture is a saturated red, and where it is too far from one to be confused."""

    saturated: NDArray[np.bool_]
    far: NDArray[np.bool_]


def redness(bgr: NDArray[np.uint8], *, always: bool) -> Redness | None:
    """Which pixels are a saturated red; unless `always`, None where none is, which is fast.

    Parameters
    ----------
    bgr : a picture or some rows of one.
    """
    blue, green, red = (np.asarray(plane, np.uint8) for plane in cv2.split(bgr))
    # Necessary, on the codes themselves: neither of the others alone may be too much.
    possible = np.maximum(blue, green) <= cv2.LUT(red, _MOST_BESIDE_RED)
    possible &= red >= _FIRST_RED_CODE
    if not always and not possible.any():
        return None
    others = _look_up(blue, _COARSE)
    others += _look_up(green, _COARSE)
    # More than this beside red is far from a saturated red anyway, and must not overflow.
    np.minimum(others, np.uint16(3600), out=others)
    reds = _look_up(red, _COARSE)
    # Rounding must not lose one: what is exact is `is_saturated_red`.
    possible &= reds + np.uint16(3) >= others * np.uint16(4)
    # 0.72 of all light is 18 to 7.
    far = (reds + np.uint16(_COARSE_GLARE)) * np.uint16(7) <= (
        others + np.uint16(2 * _COARSE_GLARE)
    ) * np.uint16(18)
    return Redness(possible, far)


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


def block_light(light: NDArray[np.uint16], side: int) -> NDArray[np.uint16]:
    """Mean luminance of whole blocks of `side` pixels; a remainder at the edge is left out."""
    height, width = (max(1, length // side) for length in light.shape)
    whole: Sequence[int] = (min(side, light.shape[0]) * height, min(side, light.shape[1]) * width)
    reduced = cv2.resize(
        light[: whole[0], : whole[1]], (width, height), interpolation=cv2.INTER_AREA
    )
    return np.asarray(reduced, np.uint16)
