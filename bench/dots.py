"""Where a renderer really puts things: a still of dots, and where they are found again."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""(points, 2) of x, y in pixels; the centre of the first pixel is 0.5, 0.5."""

Box = tuple[float, float, float, float]
Size = tuple[int, int]

BACKGROUND, PEAK = 30.0, 220.0
_REACH = 4.5  # standard deviations; past them a dot adds less than a hundredth of a level


def dot_grid(size: Size, side: int = 7) -> Points:
    """`side` × `side` dots over the picture, clear of the border and of whole pixels."""
    steps = np.linspace(0.2, 0.8, side)
    x, y = np.meshgrid(steps * size[0] + 0.37, steps * size[1] + 0.19)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def draw_dots(size: Size, points: Points, sigma: float) -> npt.NDArray[np.uint8]:
    """A grey picture (height, width) of Gaussian dots, each pixel rounded to the nearest level."""
    width, height = size
    picture = np.full((height, width), BACKGROUND)
    reach = int(np.ceil(_REACH * sigma)) + 1
    for x, y in points:
        columns = np.arange(max(int(x) - reach, 0), min(int(x) + reach, width))
        rows = np.arange(max(int(y) - reach, 0), min(int(y) + reach, height))
        across = np.exp(-(((columns + 0.5 - x) / sigma) ** 2) / 2)
        down = np.exp(-(((rows + 0.5 - y) / sigma) ** 2) / 2)
        picture[np.ix_(rows, columns)] += (PEAK - BACKGROUND) * np.outer(down, across)
    rounded: npt.NDArray[np.uint8] = np.rint(picture).astype(np.uint8)
    return rounded


def project(points: Points, box: Box, size: Size) -> Points:
    """Where points of the still belong on a frame of `size` that shows `box`."""
    x1, y1, x2, y2 = box
    scale = np.array([size[0] / (x2 - x1), size[1] / (y2 - y1)])
    projected: Points = (points - [x1, y1]) * scale
    return projected


def find_dots(luma: npt.NDArray[np.uint8], expected: Points, sigma: float) -> Points:
    """Centre of each dot, looked for around where it is expected.

    Intensities are squared before they weigh: the bright core of a dot says more about its place
    than the rounding noise of a wide dim rim.
    """
    reach = int(np.ceil(_REACH * sigma)) + 1
    found = np.empty_like(expected)
    for index, (x, y) in enumerate(expected):
        left, top = int(x) - reach, int(y) - reach
        window = luma[top : top + 2 * reach + 1, left : left + 2 * reach + 1].astype(float)
        light = np.square(window - np.median(window))
        total = light.sum()
        columns = np.arange(left, left + light.shape[1]) + 0.5
        rows = np.arange(top, top + light.shape[0]) + 0.5
        found[index] = (light.sum(0) @ columns / total, light.sum(1) @ rows / total)
    return found


def position_error(found: Sequence[Points], expected: Sequence[Points]) -> float:
    """Mean distance between found and expected places, in pixels."""
    return float(np.linalg.norm(np.array(found) - np.array(expected), axis=2).mean())


def shake(found: Sequence[Points], expected: Sequence[Points]) -> float:
    """Mean acceleration that the path does not have, in pixels per frame²."""
    off = np.array(found) - np.array(expected)
    return float(np.linalg.norm(off[2:] - 2 * off[1:-1] + off[:-2], axis=2).mean())
