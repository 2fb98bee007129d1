"""The way of the camera from one rectangle to another.

Both rectangles and every one between lie on the straight line

    rect(u) = start + q · (end − start),        q = (rˢ − 1) / (r − 1),   r = w₁ / w₀,   s = ease(u)

One number, q, moves all four edges. Three things follow that the tests hold us to:

- the width is w₀ · rˢ: a zoom looks even, for the eye judges size by ratio;
- the point that keeps its place on the screen keeps it all the way: a zoom's centre never wanders;
- every rectangle is a blend of the two ends with 0 ≤ q ≤ 1, so if both ends lie inside the picture
  the whole path does, and if both have one aspect the whole path has it.

For equal widths q is s, the limit of the formula as r → 1.
"""

import math
from dataclasses import dataclass

from shared.clip import Easing
from shared.errors import MotionUnsafe
from shared.motion.easing import ease
from shared.motion.rect import Rect


@dataclass(frozen=True, slots=True)
class CameraPath:
    """A camera move over a keyframe, free of time: `u` runs from 0 (start) to 1 (end).

    Parameters
    ----------
    start, end : normalised rectangles (seed B010); they may leave the picture, `limits` says so.
    easing : how the speed is spread over the move (seed B038).

    Raises
    ------
    MotionUnsafe
        A rectangle has no width or height, or holds a number that is not finite.
    """

    start: Rect
    end: Rect
    easing: Easing = Easing.EASE_IN_OUT

    def __post_init__(self) -> None:
        for name, rect in (("start_rect", self.start), ("end_rect", self.end)):
            if not is_area(rect):
                raise MotionUnsafe(
                    f"{name} {list(rect)} is not an area: x2 must be greater than x1, y2 than y1."
                )

    @property
    def log_zoom(self) -> float:
        """ln(w₁/w₀): below 0 when the camera closes in, above when it draws back."""
        return math.log(self.end.width / self.start.width)

    def at_progress(self, s: float) -> Rect:
        """The rectangle when the share `s` (0–1) of the way is done; exact at both ends."""
        if s <= 0 or self.start == self.end:
            return self.start
        if s >= 1:
            return self.end
        growth = self.log_zoom
        # expm1 keeps its digits where r ≈ 1, so the path is continuous there.
        q = math.expm1(s * growth) / math.expm1(growth) if growth else s
        x1, y1, x2, y2 = (_between(a, b, q) for a, b in zip(self.start, self.end, strict=True))
        return Rect(x1, y1, x2, y2)

    def rect_at(self, u: float) -> Rect:
        """The rectangle when the share `u` (0–1) of the time has passed; at rest outside."""
        return self.at_progress(ease(self.easing, u))

    def rects(self, frame_count: int) -> list[Rect]:
        """One rectangle a frame: the first is `start`, the last is `end`, evenly spaced in time.

        Raises
        ------
        ValueError
            `frame_count` is below 1.
        """
        if frame_count < 1:
            raise ValueError(f"a clip has at least one frame, not {frame_count}")
        if frame_count == 1:
            return [self.start]
        return [self.rect_at(i / (frame_count - 1)) for i in range(frame_count)]


def is_area(rect: Rect) -> bool:
    """Is it a real rectangle: four finite numbers, with width and height above zero?"""
    return all(map(math.isfinite, rect)) and rect.width > 0 and rect.height > 0


def _between(a: float, b: float, q: float) -> float:
    # Rounding may step past an end by its last digit, and no frame may leave the picture.
    return min(max(a + q * (b - a), min(a, b)), max(a, b))
