"""A rectangle on a keyframe."""

from typing import NamedTuple


class Rect(NamedTuple):
    """Normalised crop rectangle: x1, y1, x2, y2 in 0–1, top-left origin (seed B010)."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def center(self) -> tuple[float, float]:
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    def pixel_aspect(self, size: tuple[int, int]) -> float:
        """Width over height in pixels of a keyframe of `size` (width, height)."""
        return (self.width * size[0]) / (self.height * size[1])


FULL = Rect(0.0, 0.0, 1.0, 1.0)
