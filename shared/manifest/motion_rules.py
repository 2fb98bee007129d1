"""Camera moves that contradict themselves, found before any pixel is read."""

from collections.abc import Iterator

from shared.clip import MotionType
from shared.errors import Problem
from shared.manifest.places import shown
from shared.motion.rect import Rect

# Two rectangles typed or drawn by hand count as equal below this; a pixel of 4K is 0.00026 wide.
TOLERANCE = 1e-4

Sides = tuple[float, float, float, float]

_PANS = {MotionType.PAN_LEFT, MotionType.PAN_RIGHT, MotionType.PAN_UP, MotionType.PAN_DOWN}


def motion_problems(
    kind: MotionType | None, start: Sides | None, end: Sides | None, place: str
) -> list[Problem]:
    """What is contradictory in a move of type `kind` from `start` to `end`.

    Anything still open is left to the planner. `place` is the path of the motion block.
    """
    if kind is None or start is None or end is None:
        return []
    return [
        Problem(f"{place}.end_rect", message, hint, code="motion_contradiction")
        for message, hint in _contradictions(kind, Rect(*start), Rect(*end))
    ]


def _contradictions(kind: MotionType, start: Rect, end: Rect) -> Iterator[tuple[str, str]]:
    between = f"from {shown(tuple(start))} to {shown(tuple(end))}"
    growth = end.width * end.height - start.width * start.height
    if kind is MotionType.STATIC and not _close(start, end):
        yield (
            f"`static` does not move, but the rectangles go {between}.",
            "Make them equal, or say how the camera moves, for example `custom`.",
        )
    if kind is MotionType.ZOOM_IN and growth > TOLERANCE:
        yield (
            f"`zoom_in` ends on a larger rectangle, {between}.",
            "Swap the two, or write `zoom_out`.",
        )
    if kind is MotionType.ZOOM_OUT and growth < -TOLERANCE:
        yield (
            f"`zoom_out` ends on a smaller rectangle, {between}.",
            "Swap the two, or write `zoom_in`.",
        )
    if kind in _PANS and not _same_size(start, end):
        yield (
            f"`{kind.value}` keeps its size, but the rectangles differ in size, {between}.",
            "Make them the same size, or use `custom`.",
        )


def _close(start: Rect, end: Rect) -> bool:
    return all(abs(a - b) <= TOLERANCE for a, b in zip(start, end, strict=True))


def _same_size(start: Rect, end: Rect) -> bool:
    return abs(start.width - end.width) <= TOLERANCE and abs(start.height - end.height) <= TOLERANCE
