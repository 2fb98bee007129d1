"""Where the subject is: what stands out in colour, in detail and in surprise.

Three cues are averaged: colour distance from the nearest of the four rims, the spectral residual
(Hou and Zhang, CVPR 2007) and local detail, which in photographs follows the focus. No cue knows
what a face is; the answer is a coarse one, of at most 64 cells across.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.scoring.picture import Floats

Mask = NDArray[np.bool_]

RIM_SHARE = 0.06
"""Width of the rim as a share of the picture's side."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The subject of a picture.

    Attributes
    ----------
    mask : cells that belong to it; never empty.
    salience : 0–1 for each cell.
    coherence : share of all that stands out that lies in the subject, 0–1.
    """

    mask: Mask
    salience: Floats
    coherence: float


def find_subject(rgb_cells: Floats, detail_cells: Floats) -> Subject:
    """The subject, from the mean colour (h×w×3) and the local detail (h×w) of each cell."""
    colour = _opponent(rgb_cells)
    cues = (_rim_distance(colour), _spectral_residual(colour[..., 0]), detail_cells)
    salience = _smoothed(np.mean([_spread_out(cue) for cue in cues], axis=0, dtype=np.float32))
    standing_out = salience >= _otsu(salience)
    mask, coherence = _heaviest_part(standing_out, salience)
    return Subject(mask, salience, coherence)


def rim(shape: tuple[int, int]) -> Mask:
    """The outermost cells, at least one wide."""
    inside = np.ones(shape, np.bool_)
    for axis, side in enumerate(shape):
        wide = min(max(1, round(side * RIM_SHARE)), side)
        edge = np.zeros(side, np.bool_)
        edge[:wide] = edge[side - wide :] = True
        inside &= ~(edge[:, None] if axis == 0 else edge[None, :])
    return ~inside


def _opponent(rgb: Floats) -> Floats:
    """Lightness, red against green, yellow against blue."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    return np.stack(((red + green + blue) / 3, red - green, (red + green) / 2 - blue), axis=-1)


def _rim_distance(colour: Floats) -> Floats:
    """Distance of each cell's colour from that of the nearest rim: ground and sky are not it."""
    rows, columns = colour.shape[:2]
    deep, wide = max(1, round(rows * RIM_SHARE)), max(1, round(columns * RIM_SHARE))
    sides = (colour[:deep], colour[-deep:], colour[:, :wide], colour[:, -wide:])
    middles = [np.median(side.reshape(-1, 3), axis=0) for side in sides]
    distances = [np.linalg.norm(colour - middle, axis=-1) for middle in middles]
    return np.asarray(np.min(distances, axis=0), np.float32)


def _spectral_residual(lightness: Floats) -> Floats:
    """Parts of the picture that its own spectrum, smoothed, does not foretell."""
    spectrum = np.fft.fft2(lightness)
    log_amplitude = np.log(np.abs(spectrum) + 1e-3)
    residual = log_amplitude - _boxed(log_amplitude)
    back = np.fft.ifft2(np.exp(residual) * np.exp(1j * np.angle(spectrum)))
    return (np.abs(back) ** 2).astype(np.float32)


def _boxed(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Mean of 3×3, the array continued round the corner as a spectrum is."""
    for axis in (0, 1):
        values = (np.roll(values, 1, axis) + values + np.roll(values, -1, axis)) / 3
    return values


def _spread_out(cue: Floats) -> Floats:
    """To 0–1, between the 5th and the 98th of a hundred cells, after smoothing."""
    smooth = _smoothed(cue)
    low, high = np.percentile(smooth, (5, 98))
    return np.asarray(np.clip((smooth - low) / max(high - low, 1e-3), 0, 1), np.float32)


def _smoothed(values: Floats, rounds: int = 2) -> Floats:
    """Weights 1, 2, 1 both ways; beyond the edge the last cell goes on."""
    for _ in range(rounds):
        for axis in (0, 1):
            pad = [(1, 1) if each == axis else (0, 0) for each in (0, 1)]
            wide = np.pad(values, pad, mode="edge")
            first, middle, last = (
                wide.take(range(start, start + values.shape[axis]), axis) for start in range(3)
            )
            values = np.asarray((first + 2 * middle + last) / 4, np.float32)
    return values


def _otsu(values: Floats) -> float:
    """The threshold that parts the values into the two most different groups (Otsu, 1979)."""
    counts, edges = np.histogram(values, bins=64, range=(0.0, 1.0))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1 + int(np.nanargmax(np.nan_to_num(between)))])


def _heaviest_part(mask: Mask, salience: Floats) -> tuple[Mask, float]:
    """The connected part of the mask with most salience, and its share of all that stands out."""
    labels = np.zeros(mask.shape, np.int32)
    weights = [0.0]
    for row, column in np.argwhere(mask):
        if labels[row, column] == 0:
            weights.append(_flood(mask, labels, (int(row), int(column)), len(weights), salience))
    if len(weights) == 1:  # nothing stands out: the picture is its own subject
        return np.ones_like(mask), 1.0
    heaviest = int(np.argmax(weights))
    return labels == heaviest, weights[heaviest] / max(sum(weights), 1e-9)


def _flood(
    mask: Mask, labels: NDArray[np.int32], start: tuple[int, int], label: int, salience: Floats
) -> float:
    rows, columns = mask.shape
    labels[start] = label
    weight, queue = 0.0, deque([start])
    while queue:
        row, column = queue.popleft()
        weight += float(salience[row, column])
        for y, x in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= y < rows and 0 <= x < columns and mask[y, x] and labels[y, x] == 0:
                labels[y, x] = label
                queue.append((y, x))
    return weight
