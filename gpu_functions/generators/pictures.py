"""From a model's numbers to pictures; numbers that are no pictures go no further."""

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray

from gpu_functions.generators.contract import FramesUnusable, Room
from gpu_functions.generators.leaving import landed

FRAMES_AT_ONCE = 16
DISTINCT_LEVELS = 2
"""A clip that spans fewer code values than this, in all its pixels, shows nothing."""


def put_down(
    pieces: Iterable[torch.Tensor], count: int, room: Room, *, model: str
) -> NDArray[np.uint8]:
    """A clip as it is decoded, in its room: (count, height, width, 3) uint8.

    While a piece is decoded, the one before is turned to bytes, copied out and put down.

    Parameters
    ----------
    pieces : (n, 3, height, width) from 0 to 1, on any device; made when they are asked for.

    Raises
    ------
    FramesUnusable : NaN, infinite or constant, or not as many as they should be. A cast would make
        black of them and say nothing.
    """
    seen = _Seen(model)
    arriving = landed(_turned(pieces, model))
    first = next(arriving, None)
    if first is None:
        raise FramesUnusable(f"{model} made no frames.")
    _, height, width, colours = first[0].shape
    clip = room((count, height, width, colours), seen.counted(chain([first], arriving), count))
    seen.refuse_one_colour()
    return clip


class _Seen:
    """What was seen of a clip: enough to say whether it is one."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._low, self._high = torch.full((3,), 255), torch.zeros(3)

    def counted(
        self, arriving: Iterable[tuple[torch.Tensor, ...]], count: int
    ) -> Iterator[NDArray[np.uint8]]:
        """Just so many frames, and no numbers that are none."""
        made = 0
        for frames, low, high, bad in arriving:
            _refuse(int(bad), frames.numel(), f"{self._model} decoded frames")
            self._low = torch.minimum(self._low, low)
            self._high = torch.maximum(self._high, high)
            made += len(frames)
            if made <= count:
                yield frames.numpy()
        if made != count:
            raise FramesUnusable(f"{self._model} made {made} frames where {count} were asked for.")

    def refuse_one_colour(self) -> None:
        if bool((self._high - self._low < DISTINCT_LEVELS).all()):
            colour = self._low.int().tolist()
            raise FramesUnusable(f"Every pixel that {self._model} made is {colour}.")


def as_bytes(video: torch.Tensor) -> NDArray[np.uint8]:
    """(n, 3, height, width) from 0 to 1 → (n, height, width, 3), with no questions asked."""
    # A few frames at a time: a whole clip in float32 beside itself is what a full GPU cannot take.
    count, colours, height, width = video.shape
    made = np.empty((count, height, width, colours), np.uint8)
    for at in range(0, count, FRAMES_AT_ONCE):
        few = _pixels(_levels(video[at : at + FRAMES_AT_ONCE]))
        made[at : at + FRAMES_AT_ONCE] = few.cpu().numpy()
    return made


def check_finite(values: torch.Tensor, what: str) -> None:
    """Refuse NaN and infinity.

    Raises
    ------
    FramesUnusable
    """
    if not bool(torch.isfinite(values).all()):
        bad = values.numel() - int(torch.isfinite(values).sum())
        _refuse(bad, values.numel(), what)


def _refuse(bad: int, of: int, what: str) -> None:
    if bad:
        raise FramesUnusable(
            f"{what} hold {bad} of {of} values that are no numbers.",
            details={"bad_values": bad, "values": of},
        )


def _turned(pieces: Iterable[torch.Tensor], model: str) -> Iterator[tuple[torch.Tensor, ...]]:
    """Frames as bytes, the least and the most of each colour, and how many numbers are none."""
    for piece in pieces:
        if piece.ndim != 4 or piece.shape[1] != 3:
            raise FramesUnusable(f"{model} gave {tuple(piece.shape)}, not frames of three colours.")
        for few in piece.split(FRAMES_AT_ONCE):
            levels = _levels(few)
            bad = few.isfinite().logical_not().sum()
            yield _pixels(levels), levels.amin((0, 2, 3)), levels.amax((0, 2, 3)), bad


def _levels(frames: torch.Tensor) -> torch.Tensor:
    return frames.float().clamp(0, 1).mul(255).round().to(torch.uint8)


def _pixels(levels: torch.Tensor) -> torch.Tensor:
    # in order of memory before it leaves the GPU: a processor turns pixels slowly
    return levels.permute(0, 2, 3, 1).contiguous()
