"""Regular stripes: more than five light and dark pairs over a quarter of the picture.

Ofcom and ITU-R BT.1702 limit them whatever their direction, where the light ones are brighter than
50 cd/m² (0.25 of a 200 cd/m² screen) and they stay for more than half a second.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.flash.area import AREA_LIMIT_PERCENT
from shared.safety.flash.hazard import extend
from shared.safety.flash.light import WHITE, relative_luminance
from shared.safety.frame import Frame

MOST_PAIRS = 5
LIGHT_STRIPE = 0.25
CONTRAST = 0.10
LASTING_SEC = 0.5

_EVERY_SEC = 0.32
_PURITY = 0.5
"""Share of the local variance that one frequency must explain, or it is no regular pattern."""

_FEWEST_CYCLES = 3
"""A quarter of the picture is half as wide, so six pairs in it are more than this in the whole."""

Plane = NDArray[np.float32]


class Stripes:
    """Looks for stripes three times a second.

    In the small picture those of five pixels of a 1920 picture can still be told apart.
    """

    def __init__(self) -> None:
        self._last = -np.inf
        self._since: float | None = None
        self.most_pairs = 0.0
        self.intervals: list[tuple[float, float]] = []

    def see(self, time: float, frame: Frame) -> None:
        if time - self._last < _EVERY_SEC:
            return
        self._last = time
        pairs = stripe_pairs(relative_luminance(frame.small) * np.float32(1 / WHITE))
        if pairs <= MOST_PAIRS:
            self._since = None
            return
        self._since = time if self._since is None else self._since
        if time - self._since > LASTING_SEC:
            self.most_pairs = max(self.most_pairs, pairs)
            extend(self.intervals, self._since, time)


def stripe_pairs(light: Plane) -> float:
    """How many pairs of stripes lie side by side in the largest striped region; 0 without one.

    Parameters
    ----------
    light : relative luminance, 0–1.
    """
    varied = light - light.mean()
    if varied.std() < CONTRAST / 8:
        return 0.0
    down, across = _main_frequency(varied)
    region = _striped(light, varied, down, across)
    if region is None:
        return 0.0
    rows, columns = np.nonzero(region)
    phase = rows * down + columns * across
    low, high = np.percentile(phase, (1, 99))
    return float(high - low)


def _main_frequency(varied: Plane) -> tuple[float, float]:
    """The frequency that stands out most, in cycles a pixel down and across."""
    height, width = varied.shape
    window, weight = _window_and_weight(height, width)
    # Leakage of anything slower than stripes would drown them.
    smooth = _blur(varied, max(height, width) / _FEWEST_CYCLES)
    spectrum = np.fft.rfft2((varied - smooth) * window)
    power = (spectrum.real**2 + spectrum.imag**2) * weight
    row, column = np.unravel_index(int(power.argmax()), power.shape)
    return float(np.fft.fftfreq(height)[row]), float(np.fft.rfftfreq(width)[column])


@lru_cache(maxsize=2)
def _window_and_weight(height: int, width: int) -> tuple[Plane, Plane]:
    """What a picture is multiplied with before the transform, and its power after it."""
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    down, across = np.fft.fftfreq(height), np.fft.rfftfreq(width)
    cycles = np.hypot(down[:, None] * height, across[None] * width)
    # Ordinary pictures are strong in slow detail; more weight would favour the stripes' overtones.
    return window, np.where(cycles < _FEWEST_CYCLES, 0, cycles).astype(np.float32)


def _striped(light: Plane, varied: Plane, down: float, across: float) -> NDArray[np.bool_] | None:
    """The largest connected region that this frequency rules, if it is large enough."""
    height, width = light.shape
    period = 1 / float(np.hypot(down, across))
    # Two periods: long enough to average them out, short enough to follow the region's outline.
    around = 2 * period
    rows, columns = np.arange(height)[:, None] * down, np.arange(width)[None] * across
    angle = (2 * np.pi * (rows + columns)).astype(np.float32)
    local = varied - _blur(varied, around)
    cosine, sine = cv2.polarToCart(np.ones_like(angle), angle)
    part, other = _blur(local * cosine, around), _blur(local * sine, around)
    squared = 4 * (part * part + other * other)
    mask = (
        (squared >= (CONTRAST / 2) ** 2)
        & (squared >= 2 * _PURITY * _blur(local * local, around))
        & (_blur(light, around) + np.sqrt(squared) >= LIGHT_STRIPE)
    )
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if len(stats) < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    if 100 * stats[largest, cv2.CC_STAT_AREA] <= AREA_LIMIT_PERCENT * mask.size:
        return None
    return np.asarray(labels == largest)


def _blur(plane: Plane, around: float) -> Plane:
    side = 2 * round(around / 2) + 1
    return np.asarray(cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)
