"""The size of the delivered picture, in pixels.

"720p" names the short side, whichever way up the picture is: a portrait 720p clip is 720 wide.
Both sides are even, as 4:2:0 video asks.
"""

import re

from shared.errors import InvalidInput

STANDARD_SIDES = (144, 240, 360, 480, 540, 576, 720, 1080, 1440, 2160)
AUTO_SIDES = (1080, 720, 480)
"""What `auto` chooses from, largest first. A keyframe too small for the last is enlarged."""

WIDEST_ASPECT = 4.0

_ALIASES = {"hd": 720, "fullhd": 1080, "full_hd": 1080, "2k": 1440, "4k": 2160, "uhd": 2160}
_WITHOUT_SOURCE = 720
_ASPECT_SLACK = 1.005
"""The aspect tolerance of a crop (B021): as much may a side miss a standard size by."""


def parse_aspect(text: str) -> float:
    """Width over height of an aspect as creators write it: `9:16`, `16/9`, `1.85`.

    Raises
    ------
    InvalidInput
        Not an aspect, or outside 1:4 to 4:1.
    """
    shape = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:[:/x]\s*(\d+(?:\.\d+)?)\s*)?", text.lower())
    if not shape or not float(shape[1]) or not float(shape[2] or 1):
        raise InvalidInput(f"{text!r} is not an aspect: write it as 16:9, 9:16 or 1:1.")
    return _checked(float(shape[1]) / float(shape[2] or 1))


def output_size(
    resolution: str, aspect: float, source_px: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Width and height of the delivered picture.

    Parameters
    ----------
    resolution : a standard short side (`720p`, `1080`, `4k`), or `auto`: the largest of 1080p,
        720p and 480p that the source fills without being enlarged, at least 480p.
    aspect : width over height; 16/9 for landscape, 9/16 for portrait.
    source_px : width and height in keyframe pixels of the tightest view; `auto` without it, where
        there is no keyframe, is 720p.

    Returns
    -------
    (width, height), both even; the short side exactly as named.

    Raises
    ------
    InvalidInput
        An unknown resolution, or an aspect outside 1:4 to 4:1.
    """
    _checked(aspect)
    word = resolution.strip().lower()
    short = _auto_side(aspect, source_px) if word == "auto" else _named_side(word, resolution)
    long = 2 * round(short * max(aspect, 1 / aspect) / 2)
    return (long, short) if aspect >= 1 else (short, long)


def _named_side(word: str, asked: str) -> int:
    side = _ALIASES.get(word)
    if side is None and (number := re.fullmatch(r"(\d+)p?", word)):
        side = int(number[1])
    if side not in STANDARD_SIDES:
        known = ", ".join(f"{known}p" for known in STANDARD_SIDES)
        raise InvalidInput(f"resolution {asked!r} is not known: choose auto, {known} or 4k.")
    return side


def _auto_side(aspect: float, source_px: tuple[int, int] | None) -> int:
    if source_px is None:
        return _WITHOUT_SOURCE
    width, height = source_px
    # The view may be a hair off the aspect: the side that is scarcer decides.
    short = min(height, width / aspect) if aspect >= 1 else min(width, height * aspect)
    fitting = (side for side in AUTO_SIDES if side <= short * _ASPECT_SLACK)
    return next(fitting, AUTO_SIDES[-1])


def _checked(aspect: float) -> float:
    if not 1 / WIDEST_ASPECT <= aspect <= WIDEST_ASPECT:
        raise InvalidInput(f"an output aspect of {aspect:.3g} is outside 1:4 to 4:1.")
    return aspect
