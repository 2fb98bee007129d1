"""From a model's frames to the delivered ones: exactly as many, at the delivered rate."""

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from shared.gpu_jobs.document import Target

if TYPE_CHECKING:
    from numpy.typing import NDArray


def retime(
    frames: "NDArray[np.uint8]", fps: Fraction, target: Target
) -> "tuple[NDArray[np.uint8], str]":
    """Frames at their native rate → the target's frames, and the method that was used."""
    del fps
    count = len(frames)
    if count == target.frame_count:
        return frames, "none"
    times = np.linspace(0, count - 1, target.frame_count)
    made = np.empty((target.frame_count, *frames.shape[1:]), np.uint8)
    for place, at in enumerate(times):
        low = min(int(at), count - 1)
        high, share = min(low + 1, count - 1), at - low
        mixed = frames[low] * (1 - share) + frames[high] * share
        made[place] = np.rint(mixed).astype(np.uint8)
    return made, "blend"
