"""From a model's numbers to pictures; numbers that are no pictures go no further."""

import numpy as np
import torch
from numpy.typing import NDArray

from gpu_functions.generators.contract import FramesUnusable

FRAMES_AT_ONCE = 16
DISTINCT_LEVELS = 2
"""A clip that spans fewer code values than this, in all its pixels, shows nothing."""


def to_frames(video: torch.Tensor, *, model: str) -> NDArray[np.uint8]:
    """(n, 3, height, width) from 0 to 1, on any device → (n, height, width, 3) uint8.

    Raises
    ------
    FramesUnusable : NaN, infinite or constant. A cast would make black of them and say nothing.
    """
    if video.ndim != 4 or video.shape[1] != 3:
        raise FramesUnusable(f"{model} gave {tuple(video.shape)}, not frames of three colours.")
    check_finite(video, f"{model} decoded frames")
    frames = as_bytes(video)
    if int(frames.max()) - int(frames.min()) < DISTINCT_LEVELS and _constant(frames):
        raise FramesUnusable(f"Every pixel that {model} made is {frames[0, 0, 0].tolist()}.")
    return frames


def as_bytes(video: torch.Tensor) -> NDArray[np.uint8]:
    """(n, 3, height, width) from 0 to 1 → (n, height, width, 3), with no questions asked."""
    # A few frames at a time: a whole clip in float32 beside itself is what a full GPU cannot take.
    count, colours, height, width = video.shape
    made = np.empty((count, height, width, colours), np.uint8)
    for at in range(0, count, FRAMES_AT_ONCE):
        made[at : at + FRAMES_AT_ONCE] = _to_bytes(video[at : at + FRAMES_AT_ONCE])
    return made


def check_finite(values: torch.Tensor, what: str) -> None:
    """Refuse NaN and infinity.

    Raises
    ------
    FramesUnusable
    """
    if not bool(torch.isfinite(values).all()):
        bad = values.numel() - int(torch.isfinite(values).sum())
        raise FramesUnusable(
            f"{what} hold {bad} of {values.numel()} values that are no numbers.",
            details={"bad_values": bad, "values": values.numel()},
        )


def _to_bytes(frames: torch.Tensor) -> NDArray[np.uint8]:
    scaled = frames.float().clamp(0, 1).mul(255).round().to(torch.uint8)
    # in order of memory before it leaves the GPU: a processor turns pixels slowly
    pictures: NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return pictures


def _constant(frames: NDArray[np.uint8]) -> bool:
    low, high = frames.min(axis=(0, 1, 2)).astype(int), frames.max(axis=(0, 1, 2)).astype(int)
    return bool((high - low < DISTINCT_LEVELS).all())
