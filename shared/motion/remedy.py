"""What would make a camera move pass: the nearest rectangles of the right shape, and time enough.

The hints of `limits` mend one fault each; a creator who follows them one by one may earn the next.
This is one answer to all of them, held against the same limits before it is given.
"""

import math

from shared.motion.limits import (
    check_aspect,
    check_bounds,
    check_motion,
    pulled_in,
    with_aspect,
)
from shared.motion.path import CameraPath
from shared.motion.rect import Rect
from shared.motion.speed import SPEED_LIMIT, minimum_duration

DIGITS = 6  # a pixel of 8K is 0.00013 wide


def passing_move(
    path: CameraPath,
    *,
    duration_sec: float,
    keyframe_size: tuple[int, int],
    output_aspect: float,
    frame_count: int,
    speed_limit: float = SPEED_LIMIT,
) -> dict[str, float | list[float]]:
    """Fields of a `motion` block that make the move pass; parameters as for `check_motion`.

    Rectangles inside and in shape are kept, and so is a duration that is long enough; the camera
    takes longer rather than going less far. Brightness is not looked at: what to do about a jump is
    for a person to say.

    Returns
    -------
    Both rectangles if one had to change, the duration if it had to; empty when nothing had to, or
    when that does not help.
    """
    faulty = {
        problem.path.rpartition(".")[2]
        for problem in (
            *check_bounds(path, frame_count),
            *check_aspect(path, keyframe_size, output_aspect),
        )
    }

    def mended(name: str, rect: Rect) -> Rect:
        if name not in faulty:
            return rect
        inside = with_aspect(pulled_in(rect), keyframe_size, output_aspect)
        return Rect(*(round(min(max(edge, 0.0), 1.0), DIGITS) for edge in inside))

    better = CameraPath(mended("start_rect", path.start), mended("end_rect", path.end), path.easing)
    keyframe_aspect = keyframe_size[0] / keyframe_size[1]
    enough = math.ceil(minimum_duration(better, keyframe_aspect, speed_limit) * 10 - 1e-6) / 10
    left = check_motion(
        better,
        duration_sec=max(enough, duration_sec),
        keyframe_size=keyframe_size,
        output_aspect=output_aspect,
        frame_count=frame_count,
        speed_limit=speed_limit,
    )
    if left:
        return {}
    fields: dict[str, float | list[float]] = {}
    if better != path:
        fields |= {"start_rect": list(better.start), "end_rect": list(better.end)}
    if enough > duration_sec * (1 + 1e-9):
        fields["duration_sec"] = enough
    return fields
