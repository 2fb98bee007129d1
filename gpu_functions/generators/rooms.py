"""Where a clip's frames lie; see `contract.Room`."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gpu_functions.generators.contract import Shape


def in_memory(shape: Shape, pieces: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """This process's own memory."""
    clip, at = np.empty(shape, np.uint8), 0
    for piece in pieces:
        clip[at : at + len(piece)] = piece
        at += len(piece)
    return clip
