"""How fast the picture moves on the viewer's screen.

A point fixed on the keyframe moves on the screen as the camera moves. Within a frame the fastest
such point sits in a corner, at

    v = hypot(max(|x₁'|, |x₂'|),  max(|y₁'|, |y₂'|) / A) / w        viewport widths a second

with A the keyframe's width over its height in pixels. (For a move along one axis this is
|c'|/w + |w'|/(2w), with c the centre: pan and zoom edge add up.) On a `CameraPath` all edges are
linear in the width and the width is exponential in s, so v is the same at every s: one number, the
path's *travel*, times ds/dt. Peak and mean are therefore exact, not sampled.
"""

import math
from dataclasses import dataclass

from shared.motion.easing import ease_speed, peak_factor
from shared.motion.path import CameraPath

SPEED_LIMIT = 0.20
"""Viewport widths a second, at the peak (seed B019, X-13)."""


@dataclass(frozen=True, slots=True)
class MotionSpeed:
    """The speed of one move played in one duration.

    `peak` and `mean` are in viewport widths a second; `zoom_rate` is the peak of |d ln w / dt|, per
    second. A zoom of rate z moves some corner at z/2 or faster, so a path within the speed limit
    has a zoom rate within twice that limit, and needs no second check.
    """

    peak: float
    mean: float
    factor: float
    zoom_rate: float


def screen_travel(path: CameraPath, keyframe_aspect: float) -> float:
    """Way of the fastest corner over the whole move, in viewport widths.

    Parameters
    ----------
    keyframe_aspect : width over height of the keyframe in pixels, to count heights in widths.
    """
    start, end = path.start, path.end
    across = max(abs(end.x1 - start.x1), abs(end.x2 - start.x2))
    down = max(abs(end.y1 - start.y1), abs(end.y2 - start.y2)) / keyframe_aspect
    return math.hypot(across, down) / _logarithmic_mean(start.width, end.width)


def speed_at(path: CameraPath, u: float, duration_sec: float, keyframe_aspect: float) -> float:
    """Screen speed in viewport widths a second when the share `u` of the time has passed."""
    return screen_travel(path, keyframe_aspect) * ease_speed(path.easing, u) / duration_sec


def motion_speed(path: CameraPath, duration_sec: float, keyframe_aspect: float) -> MotionSpeed:
    """Peak and mean screen speed, the easing's factor between them, and the peak zoom rate.

    Raises
    ------
    ValueError
        `duration_sec` or `keyframe_aspect` is not above zero.
    """
    if not (duration_sec > 0 and keyframe_aspect > 0):
        raise ValueError(f"duration {duration_sec} s and aspect {keyframe_aspect} must be above 0")
    factor = peak_factor(path.easing)
    mean = screen_travel(path, keyframe_aspect) / duration_sec
    return MotionSpeed(
        peak=factor * mean,
        mean=mean,
        factor=factor,
        zoom_rate=factor * abs(path.log_zoom) / duration_sec,
    )


def minimum_duration(path: CameraPath, keyframe_aspect: float, limit: float = SPEED_LIMIT) -> float:
    """The shortest duration, in seconds, whose peak speed keeps `limit`; 0 at a standstill."""
    return peak_factor(path.easing) * screen_travel(path, keyframe_aspect) / limit


def _logarithmic_mean(a: float, b: float) -> float:
    """(b − a) / ln(b / a), or `a` where they are equal: the width a zoom's speed is felt at."""
    ratio = (b - a) / a
    # log1p keeps its digits near equality; a ratio below 1e-12 has none left to keep.
    return (b - a) / math.log1p(ratio) if abs(ratio) > 1e-12 else a
