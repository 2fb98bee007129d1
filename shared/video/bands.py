"""Lanczos resampling of one axis as a chain of small dense matrices.

An output sample is a weighted sum of a few neighbouring input samples, so a whole axis is a banded
matrix. Cut into blocks of `BLOCK` outputs, the band is a row of small dense matrices, and dense
products are what BLAS does at the full width of the processor: some three times faster than walking
the taps one by one, although most of the numbers multiplied are zeros.

Weights are whole multiples of 1 / `WEIGHT_ONE` and those of one output add up to exactly one. A
flat area stays flat, and sums of weighted samples stay exact in single precision (see `resample`).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BLOCK = 16
"""Outputs per block: one full vector of the widest processors. More would multiply more zeros."""

WEIGHT_ONE = 4096
"""Denominator of the weights. Rounded to 12 bits, they move a sample by some 0.02 levels of 255."""

MAX_GAIN = 1.6
"""Sum of the absolute weights of one output, at most (half way between two samples)."""

_LOBES = 3  # the usual compromise between sharpness, ringing and aliasing


@dataclass(frozen=True, slots=True)
class Bands:
    """One axis, ready to multiply.

    Attributes
    ----------
    count : output samples.
    group : blocks per group. Within a group the first samples are evenly spaced, so that one call
        can multiply all its blocks.
    stride : input samples from one block of a group to the next.
    first : (blocks,) first input sample that a block reads. A block may begin before the axis, or
        end past it; its weights are zero there.
    weights : (blocks, BLOCK, span) float32. Rows past `count` are zero.
    """

    count: int
    group: int
    stride: int
    first: npt.NDArray[np.intp]
    weights: npt.NDArray[np.float32]

    @property
    def span(self) -> int:
        """Input samples that each block reads."""
        return int(self.weights.shape[2])

    @property
    def reach(self) -> tuple[int, int]:
        """First input sample that any block reads, and one past the last."""
        return int(self.first.min()), int(self.first.max()) + self.span


def lanczos_bands(start: float, step: float, count: int, size: int, group: int) -> Bands:
    """Sample an axis at `start`, `start + step`, `start + 2 · step`, …

    A step above 1 shrinks, and the kernel widens with it: detail too fine for the output is
    averaged, not aliased. Past either end of the axis its last sample goes on.

    Parameters
    ----------
    start, step : positions in samples; 0 is the centre of the first one. `step` is positive.
    count : output samples.
    size : input samples.
    group : see `Bands`.
    """
    stretch = max(step, 1.0)
    centres = (start + step * np.arange(count))[:, None]
    taps = np.arange(int(2 * _LOBES * stretch) + 1)
    places = np.ceil(centres - _LOBES * stretch) + taps
    weights = _whole(_weights((places - centres) / stretch))
    within = np.clip(places, 0, size - 1).astype(np.intp)
    return _blocks(within, weights, int(BLOCK * step), group)


def _weights(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weights of taps at `x` (outputs, taps), with sum 1 and centre of gravity 0 for each output.

    The kernel is sinc(x) · sinc(x / 3), with one sine for two: sin 3t = (3 − 4 sin² t) · sin t.
    Sampled, it leans to one side or the other, and what moves slowly would creep to and fro by 1/60
    of a pixel. So the little that is out of balance is moved across, under the window.
    """
    window = np.where(np.abs(x) < _LOBES, np.sinc(x / _LOBES), 0.0)
    sine = window * x * (math.pi / _LOBES)
    kernel = window * window * (1 - sine * sine * (4 / 3))
    kernel /= kernel.sum(axis=1, keepdims=True)
    lever = window * x
    area, moment, inertia = (part.sum(axis=1, keepdims=True) for part in (window, lever, lever * x))
    lean = (kernel * x).sum(axis=1, keepdims=True) / (area * inertia - moment * moment)
    balanced: npt.NDArray[np.float64] = kernel + lean * (moment * window - area * lever)
    return balanced


def _whole(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weights in units of 1 / WEIGHT_ONE. The running sum is rounded, so that totals stay exact."""
    return np.diff(np.rint(np.cumsum(weights, axis=1) * WEIGHT_ONE), axis=1, prepend=0.0)


def _blocks(
    places: npt.NDArray[np.intp], weights: npt.NDArray[np.float64], stride: int, group: int
) -> Bands:
    """Lay the taps of each output (one row each) into the dense matrix of its block."""
    count = len(places)
    blocks = -(-count // BLOCK)
    block = np.arange(blocks)
    first_needed = places[::BLOCK, 0]
    last_needed = places[np.minimum((block + 1) * BLOCK, count) - 1, -1]
    # The latest walk in even strides that comes too late to no block of its group.
    walked = block % group * stride
    origin = np.minimum.reduceat(first_needed - walked, block[::group])
    first = origin[block // group] + walked
    span = int((last_needed - first).max()) + 1
    output = np.arange(count)[:, None]
    cell = output * span + places - first[output // BLOCK]
    # Taps held back at the edge share a cell, hence a sum rather than an assignment.
    dense = np.bincount(cell.ravel(), weights.ravel(), minlength=blocks * BLOCK * span)
    matrices = (dense / WEIGHT_ONE).astype(np.float32).reshape(blocks, BLOCK, span)
    return Bands(count, group, stride, first, matrices)
