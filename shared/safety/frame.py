"""One decoded frame, and the pictures that are derived from it once for all checks."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.safety.flash.light import relative_luminance
from shared.safety.picture import Bytes, shrunk

SMALL_SIDE = 480
"""Pixels along the longer side of the small picture; smaller ones stay as they are."""

_BT709_LUMA_OF_BGR = np.array([[0.0722, 0.7152, 0.2126]], dtype=np.float32)


@dataclass
class Frame:
    """One decoded frame, shared by all checks: derived pictures are made once, on demand.

    `bgr` is (height, width, 3) uint8, full-range, converted by the matrix the file is tagged with.
    """

    index: int
    pts_sec: float
    bgr: NDArray[np.uint8]

    @cached_property
    def luma(self) -> NDArray[np.uint8]:
        """BT.709 luma, (height, width) uint8, full range."""
        return np.asarray(cv2.transform(self.bgr, _BT709_LUMA_OF_BGR), dtype=np.uint8)

    @cached_property
    def small(self) -> Bytes:
        """The picture averaged down to 480 pixels along its longer side."""
        return shrunk(self.bgr, SMALL_SIDE)

    @cached_property
    def light(self) -> NDArray[np.uint16]:
        """Relative luminance in linear light, (height, width), 60 000 being white."""
        return relative_luminance(self.bgr)
