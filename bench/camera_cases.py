"""What the camera benchmark films, and who films it."""

from typing import NamedTuple

FRAMES = 150
ZOOM, ANCHOR = 1.12, (0.7, 0.35)  # zooms in to 112 %, and pans: the anchor is not the centre

Box = tuple[float, float, float, float]


class Case(NamedTuple):
    """A keyframe size and a frame size."""

    source: tuple[int, int]
    out: tuple[int, int]
    prescaled_frames: int  # that zoompan after a 4× scale is given the time for


CASES = {
    "1080p to 720p": Case((1920, 1080), (1280, 720), 150),
    "4K to 1080p": Case((3840, 2160), (1920, 1080), 40),
}

CONTENDERS = {
    "zoompan": "FFmpeg zoompan",
    "prescaled": "FFmpeg zoompan after 4× scale",
    "pillow_only": "Pillow RGB, not converted",
    "pillow": "Pillow RGB, converted",
    "ours_1": "Dropreel, 1 thread",
    "ours": "Dropreel",
    "ideal": "dots drawn in place, in 8 bits",
}
UNTIMED = {"ideal"}
UNTRACKED = {"pillow_only", "ours_1"}


def frames_of(contender: str, case: Case) -> int:
    return case.prescaled_frames if contender == "prescaled" else FRAMES


def boxes(case: Case, frames: int = FRAMES) -> list[Box]:
    """The first `frames` rectangles of the path."""
    width, height = case.source
    path = []
    for number in range(frames):
        zoom = ZOOM ** (number / (FRAMES - 1))
        shown = width / zoom, height / zoom
        x, y = (width - shown[0]) * ANCHOR[0], (height - shown[1]) * ANCHOR[1]
        path.append((x, y, x + shown[0], y + shown[1]))
    return path
