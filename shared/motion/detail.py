"""Has the keyframe enough pixels for its closest view? Allowed either way, but worth a word."""

from shared.motion.path import CameraPath
from shared.motion.rect import Rect

CRISP = 1.25
"""Keyframe pixels for an output pixel from which resampling costs no visible detail."""


def tightest(path: CameraPath) -> Rect:
    """The smallest view of the move; its size changes one way only, so it is one of the ends."""
    return min(path.start, path.end, key=lambda rect: rect.width * rect.height)


def tightest_px(path: CameraPath, keyframe_size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the smallest view in whole keyframe pixels."""
    rect = tightest(path)
    return round(rect.width * keyframe_size[0]), round(rect.height * keyframe_size[1])


def detail_warnings(
    path: CameraPath, keyframe_size: tuple[int, int], output_size: tuple[int, int]
) -> list[str]:
    """What to tell the creator where the keyframe has too few pixels for its closest view.

    Below 1.25 keyframe pixels for an output pixel the picture softens, below 1 it is enlarged.
    """
    rect = tightest(path)
    width, height = rect.width * keyframe_size[0], rect.height * keyframe_size[1]
    density = min(width / output_size[0], height / output_size[1])
    output = f"{output_size[0]}×{output_size[1]}"
    # A delivered size is rounded to even pixels; a tenth of a per cent is that rounding.
    if density >= CRISP * 0.999:
        return []
    if density >= 0.999:
        sentence = (
            f"The closest view has {density:.2f} keyframe pixels for each pixel of {output}: "
            f"fine detail may look soft. From {CRISP} on it stays crisp."
        )
    else:
        sentence = (
            f"The closest view is {width:.0f}×{height:.0f} pixels of the keyframe, enlarged "
            f"{1 / density:.2f} times to {output}: it will look soft. Use a larger keyframe, "
            "a wider view or a smaller resolution."
        )
    return [sentence]
