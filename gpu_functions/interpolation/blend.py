"""The plainest way: one frame fades into the next. Ghosts where anything moves, but never fails."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gpu_functions.interpolation.tools import Frame


def blend(first: "Frame", second: "Frame", times: tuple[float, ...]) -> "list[Frame]":
    """See `tools.Between`."""
    low, high = first.astype(np.float32), second.astype(np.float32)
    return [np.rint(low * (1 - at) + high * at).astype(np.uint8) for at in times]
