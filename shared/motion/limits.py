"""Is this camera move fit to be rendered? Every check of the seed that needs no frame (B018–B021).

    in_bounds       the camera stays inside the picture, whole way
    aspect_stable   both rectangles have the output's shape, so nothing stretches
    speed_limit     peak screen speed ≤ 0.20 viewport widths a second
    luminance_jump  brightness changes ≤ 30 % from one frame to the next

Each returns problems, never raises: the creator gets all of them at once, each with the number, the
limit and a value that would pass.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from shared.errors import Problem
from shared.motion.path import CameraPath
from shared.motion.rect import Rect
from shared.motion.speed import SPEED_LIMIT, minimum_duration, motion_speed

ASPECT_TOLERANCE = 0.005
LUMINANCE_LIMIT = 0.30
LUMINANCE_FLOOR = 0.05
"""Changes between frames darker than this linear luminance count against it, not against black."""

_ROUNDING = 1e-9


def check_motion(
    path: CameraPath,
    *,
    duration_sec: float,
    keyframe_size: tuple[int, int],
    output_aspect: float,
    frame_count: int,
    luminance: Sequence[float] = (),
    speed_limit: float = SPEED_LIMIT,
    where: str = "motion",
) -> list[Problem]:
    """Every reason not to render this move; empty if it is safe.

    Parameters
    ----------
    duration_sec : length of the clip in seconds.
    keyframe_size : width and height in pixels, as decoded.
    output_aspect : width over height of the delivered picture.
    frame_count : delivered frames; bounds are checked at each.
    luminance : mean linear luminance of each frame (`luminance_profile`); empty skips the check.
    speed_limit : viewport widths a second; a project may ask for less.
    where : path of the motion block in its document, to start every problem's path with.
    """
    size, aspect = keyframe_size, output_aspect
    return [
        *check_bounds(path, frame_count, where, mend=lambda rect: _mended(rect, size, aspect)),
        *check_aspect(path, size, aspect, where),
        *check_speed(path, duration_sec, size[0] / size[1], speed_limit, where),
        *check_luminance(luminance, where),
    ]


def check_bounds(
    path: CameraPath,
    frame_count: int,
    where: str = "motion",
    mend: Callable[[Rect], Rect] | None = None,
) -> list[Problem]:
    """The whole path inside the picture (B018).

    Every edge moves on a straight line between the ends, so the ends decide; the frames are walked
    all the same, to say when the camera leaves and to hold if the path ever learns to bend. `mend`
    makes the rectangle that the hint offers; by itself it is the nearest of the same shape inside.
    """
    outside = [n for n, rect in enumerate(path.rects(frame_count)) if _overhang(rect)]
    problems = []
    for name, rect in (("start_rect", path.start), ("end_rect", path.end)):
        overhang = _overhang(rect)
        if not overhang:
            continue
        sides = ", ".join(f"{side} by {100 * by:.3g} %" for side, by in overhang.items())
        problems.append(
            Problem(
                path=f"{where}.{name}",
                message=f"leaves the picture ({sides} of its size); "
                f"frames {outside[0]}–{outside[-1]} of {frame_count} would show nothing there.",
                hint=f"Try {_shown((mend or pulled_in)(rect))}.",
                code="out_of_bounds",
            )
        )
    if outside and not problems:
        problems.append(
            Problem(
                path=where,
                message=f"the camera leaves the picture between its ends, at frame {outside[0]}.",
                code="out_of_bounds",
            )
        )
    return problems


def check_aspect(
    path: CameraPath,
    keyframe_size: tuple[int, int],
    output_aspect: float,
    where: str = "motion",
) -> list[Problem]:
    """Both ends, and so every frame, have the output's aspect to 0.5 % (B021)."""
    problems = []
    for name, rect in (("start_rect", path.start), ("end_rect", path.end)):
        aspect = rect.pixel_aspect(keyframe_size)
        if abs(aspect / output_aspect - 1) <= ASPECT_TOLERANCE:
            continue
        mended = _mended(rect, keyframe_size, output_aspect)
        problems.append(
            Problem(
                path=f"{where}.{name}",
                message=f"has aspect {aspect:.4f} in pixels, the output {output_aspect:.4f}: "
                f"the picture would be stretched by {100 * abs(aspect / output_aspect - 1):.1f} % "
                f"(limit {100 * ASPECT_TOLERANCE:.1f} %).",
                hint=f"Try {_shown(mended)}.",
                code="aspect_unstable",
            )
        )
    return problems


def check_speed(
    path: CameraPath,
    duration_sec: float,
    keyframe_aspect: float,
    limit: float = SPEED_LIMIT,
    where: str = "motion",
) -> list[Problem]:
    """Peak screen speed within `limit` viewport widths a second (B019, X-13)."""
    speed = motion_speed(path, duration_sec, keyframe_aspect)
    if speed.peak <= limit * (1 + _ROUNDING):
        return []
    enough = math.ceil(minimum_duration(path, keyframe_aspect, limit) * 10 - 1e-6) / 10
    # Equal shares of the way cost equal screen travel, so this stop is the furthest that passes.
    nearer = path.at_progress(0.995 * limit / speed.peak)
    return [
        Problem(
            path=where,
            message=f"the camera moves at up to {speed.peak:.3f} viewport widths a second "
            f"(mean {speed.mean:.3f}, {path.easing.value} peaks at {speed.factor:.3g} times the "
            f"mean); the limit is {limit:.2f}.",
            hint=f"Make it {enough:.1f} s or longer, or stop at end_rect {_shown(nearer)}.",
            code="too_fast",
        )
    ]


def check_luminance(luminance: Sequence[float], where: str = "motion") -> list[Problem]:
    """No frame differs from the one before by more than 30 % of the brighter (B020)."""
    changes = [
        (abs(now - before) / max(LUMINANCE_FLOOR, now, before), frame)
        for frame, (before, now) in enumerate(pairwise(luminance), 1)
    ]
    too_large = [change for change in changes if change[0] > LUMINANCE_LIMIT * (1 + _ROUNDING)]
    if not too_large:
        return []
    change, frame = max(too_large)
    return [
        Problem(
            path=where,
            message=f"brightness changes by {100 * change:.0f} % at frame {frame} "
            f"(mean linear luminance {luminance[frame - 1]:.3f} to {luminance[frame]:.3f}); "
            f"the limit is {100 * LUMINANCE_LIMIT:.0f} % a frame, "
            f"passed {len(too_large)} times in this move.",
            hint="Move more slowly, or choose rectangles of more alike brightness.",
            code="luminance_jump",
        )
    ]


def with_aspect(rect: Rect, keyframe_size: tuple[int, int], output_aspect: float) -> Rect:
    """The rectangle of the output's aspect around the same centre, nearest in area, that fits."""
    x, y = rect.center
    x, y = min(max(x, 0.01), 0.99), min(max(y, 0.01), 0.99)
    stretch = math.sqrt(output_aspect / rect.pixel_aspect(keyframe_size))
    half_width, half_height = rect.width * stretch / 2, rect.height / stretch / 2
    fit = min(1.0, x / half_width, (1 - x) / half_width, y / half_height, (1 - y) / half_height)
    half_width, half_height = half_width * fit, half_height * fit
    return Rect(x - half_width, y - half_height, x + half_width, y + half_height)


def _overhang(rect: Rect) -> dict[str, float]:
    """How far each side lies outside the picture, in shares of the picture."""
    by = {"left": -rect.x1, "top": -rect.y1, "right": rect.x2 - 1, "bottom": rect.y2 - 1}
    return {side: distance for side, distance in by.items() if distance > _ROUNDING}


def _mended(rect: Rect, keyframe_size: tuple[int, int], output_aspect: float) -> Rect:
    """Inside and of the output's aspect at once, so that following one hint never earns another."""
    return with_aspect(pulled_in(rect), keyframe_size, output_aspect)


def pulled_in(rect: Rect) -> Rect:
    """The same rectangle, shrunk if it is too large, shifted into the picture."""
    scale = min(1.0, 1 / rect.width, 1 / rect.height)
    width, height = rect.width * scale, rect.height * scale
    x1 = min(max(rect.center[0] - width / 2, 0.0), 1 - width)
    y1 = min(max(rect.center[1] - height / 2, 0.0), 1 - height)
    return Rect(x1, y1, x1 + width, y1 + height)


def _shown(rect: Rect) -> str:
    return "[" + ", ".join(f"{min(max(edge, 0.0), 1.0):.5g}" for edge in rect) + "]"
