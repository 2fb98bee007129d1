"""What a clip should show: the keyframe's own pixels, and where on them each frame lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from shared.safety.picture import Bytes, halved, shrunk

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the picture."""

_COARSEST = 1.4
"""Pixels of the picture for one of the prediction; beyond that a smaller copy is filmed."""

FIRST_VIEW_SIDE = 480


@dataclass(frozen=True)
class Reference:
    """The pixels that the clip was made from.

    Parameters
    ----------
    picture : (height, width, 3) blue, green, red: the part of the keyframe that the clip shows.
    boxes : the view of each frame on it, or of the first alone.
    every_frame : can every frame be predicted? Not where a model was given the first one.
    """

    picture: Bytes
    boxes: Sequence[Box]
    every_frame: bool

    def predicted(self, index: int, size: tuple[int, int]) -> Bytes:
        """The picture that frame `index` should be; past the end, the last one again.

        Parameters
        ----------
        size : width and height wanted.
        """
        x1, y1, x2, y2 = self.boxes[min(index, len(self.boxes) - 1)]
        width, height = size
        level = 0
        while (
            level + 1 < len(self._copies)
            and max((x2 - x1) / width, (y2 - y1) / height) > _COARSEST * 2**level
        ):
            level += 1
        copy = self._copies[level]
        # Whole halvings: odd lines are left out, so that the scale is exactly a power of two.
        scale = 2**level
        across, down = (x2 - x1) / scale / width, (y2 - y1) / scale / height
        # Places of pixel centres, where the first pixel spans 0 to 1.
        matrix = np.array(
            [
                [across, 0, x1 / scale + across / 2 - 0.5],
                [0, down, y1 / scale + down / 2 - 0.5],
            ]
        )
        return np.asarray(
            cv2.warpAffine(
                copy,
                matrix,
                size,
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )

    @cached_property
    def _copies(self) -> list[Bytes]:
        """The picture, and each time half of it."""
        copies = [self.picture]
        while min(copies[-1].shape[:2]) >= 64:
            copies.append(halved(copies[-1]))
        return copies

    @cached_property
    def first_view(self) -> Bytes:
        """What the first frame should show, small."""
        return shrunk(self.predicted(0, self._size_of_first()), FIRST_VIEW_SIDE)

    def _size_of_first(self) -> tuple[int, int]:
        x1, y1, x2, y2 = self.boxes[0]
        return max(1, round(x2 - x1)), max(1, round(y2 - y1))
