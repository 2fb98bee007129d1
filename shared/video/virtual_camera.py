"""A camera over frames that a model made: each is filmed once, at its own moment of the path.

The same renderer as for stills, so the move is as even as theirs; only the picture under it lives.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from av import VideoFrame

from shared.motion.rect import Rect
from shared.video.camera import prepare_still, render_frames
from shared.video.decode import decode_frames
from shared.video.poster import to_picture

FULL_CHROMA = "yuv444p"


def follow_path(
    path: Path, rect_at: Callable[[int], Rect], size: tuple[int, int]
) -> Iterator[VideoFrame]:
    """The file's frames, each cut to its rectangle and drawn at `size`.

    Parameters
    ----------
    rect_at : the rectangle of a frame by its number, in shares of the picture.
    size : width and height of the frames; even.

    Raises
    ------
    EncodeFailed : the file is no video, or is damaged.
    RenderFailed : a rectangle is empty.
    """
    for index, frame in enumerate(decode_frames(path, pixel_format=FULL_CHROMA)):
        rgb = np.asarray(to_picture(frame))
        x1, y1, x2, y2 = rect_at(index)
        box = (x1 * frame.width, y1 * frame.height, x2 * frame.width, y2 * frame.height)
        yield from render_frames(prepare_still(rgb, [box], size), [box], size)
