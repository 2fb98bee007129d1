"""A picture of where it flashes, laid over the frame in which most of it did."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.flash.hazard import MOST_TRANSITIONS, NEAR_TRANSITIONS

_LONG_SIDE = 1280
_DIM = 0.35

# Transitions in one second, and the colour (B, G, R) from there on: harmless, near, too many.
_SCALE = (
    (NEAR_TRANSITIONS, (0, 190, 255)),
    (MOST_TRANSITIONS + 1, (0, 60, 255)),
    (2 * (MOST_TRANSITIONS + 1), (255, 0, 255)),
)


def write_heatmap(path: Path, heat: NDArray[np.uint8], background: NDArray[np.uint8]) -> None:
    """Write a PNG.

    Parameters
    ----------
    heat : (height, width), the most transitions of each pixel in any second.
    background : the picture to lay it over, any size.
    """
    scale = min(1.0, _LONG_SIDE / max(heat.shape))
    size = (max(1, round(heat.shape[1] * scale)), max(1, round(heat.shape[0] * scale)))
    grey = cv2.cvtColor(cv2.resize(background, size), cv2.COLOR_BGR2GRAY)
    picture = cv2.cvtColor(cv2.convertScaleAbs(grey, alpha=_DIM), cv2.COLOR_GRAY2BGR)
    reduced = cv2.resize(heat, size, interpolation=cv2.INTER_NEAREST)
    for (least, colour), (most, _) in pairwise((*_SCALE, (256, None))):
        hot = (reduced >= least) & (reduced < most)
        # Mostly the colour of the legend, whatever lies below it.
        picture[hot] = picture[hot] // 4 + np.array(colour, np.uint8) // 4 * 3
    _legend(picture)
    # `imwrite` knows no names outside the system's code page.
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())


def _legend(picture: cv2.typing.MatLike) -> None:
    unit = max(6, picture.shape[0] // 40)
    for row, (least, colour) in enumerate(_SCALE):
        top = unit + row * 2 * unit
        cv2.rectangle(picture, (unit, top), (2 * unit, top + unit), colour, cv2.FILLED)
        cv2.putText(
            picture,
            f"{least}+ in 1 s",
            (3 * unit, top + unit),
            cv2.FONT_HERSHEY_SIMPLEX,
            unit / 22,
            (255, 255, 255),
            1,
            cv2.LINE_AA,
        )
