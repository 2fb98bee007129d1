"""Camera moves for manifests that name a move but not its rectangles.

How far a move goes is set by `intensity` alone, never by the clip's length, so what is asked is
what runs. The amounts are chosen gentle: at intensity 1 and 4 s, the shortest clip (seed B014),
every default move keeps the speed limit at any output aspect from 1:4 to 4:1, under any easing.

"Left" and "right" are the camera's: `pan_right` shows more of the right side as the clip runs.
"""

from shared.clip import MotionType
from shared.errors import InvalidInput
from shared.motion.rect import FULL, Rect

DEFAULT_INTENSITY = 0.5

FULL_ZOOM = 1.25
"""Scale between the ends of a zoom at intensity 1; its exponent is the intensity."""

FULL_PAN = 0.25
"""Way of a pan at intensity 1, as a share of the viewport along the pan (its width at most)."""

_LEAST_SHARE = 0.1
"""A move that the picture's edge cuts to less than this share of its way is refused, not faked."""

_OPPOSITE = {
    MotionType.ZOOM_IN: MotionType.ZOOM_OUT,
    MotionType.ZOOM_OUT: MotionType.ZOOM_IN,
    MotionType.PAN_LEFT: MotionType.PAN_RIGHT,
    MotionType.PAN_RIGHT: MotionType.PAN_LEFT,
    MotionType.PAN_UP: MotionType.PAN_DOWN,
    MotionType.PAN_DOWN: MotionType.PAN_UP,
    MotionType.STATIC: MotionType.STATIC,
}

_DIRECTION = {
    MotionType.PAN_LEFT: (-1, 0),
    MotionType.PAN_RIGHT: (1, 0),
    MotionType.PAN_UP: (0, -1),
    MotionType.PAN_DOWN: (0, 1),
}


def largest_crop(keyframe_aspect: float, output_aspect: float | None = None) -> Rect:
    """The largest centred crop of the output's aspect; the full frame where no aspect is asked."""
    ratio = (output_aspect or keyframe_aspect) / keyframe_aspect
    if abs(ratio - 1) < 1e-9:
        return FULL
    return _around((0.5, 0.5), min(1.0, ratio), min(1.0, 1 / ratio))


def default_rects(
    motion: MotionType,
    intensity: float | None,
    keyframe_aspect: float,
    output_aspect: float | None = None,
) -> tuple[Rect, Rect]:
    """Start and end rectangle of a move, as large and as central as the move allows.

    Parameters
    ----------
    intensity : 0 (no move) to 1; None means 0.5.
    keyframe_aspect, output_aspect : width over height in pixels; without an output aspect the
        keyframe's own is kept.

    Returns
    -------
    Two rectangles of the output's aspect, inside the picture; `static` has one twice (B017).

    Raises
    ------
    InvalidInput
        `custom` has no rectangles of its own.
    """
    amount = DEFAULT_INTENSITY if intensity is None else intensity
    crop = largest_crop(keyframe_aspect, output_aspect)
    if motion is MotionType.CUSTOM:
        raise InvalidInput(
            "motion.type custom says nothing about the way: give start_rect and end_rect."
        )
    if motion is MotionType.STATIC:
        return crop, crop
    if motion in (MotionType.ZOOM_IN, MotionType.ZOOM_OUT):
        wide, close = crop, _scaled(crop, FULL_ZOOM**-amount)
        return (wide, close) if motion is MotionType.ZOOM_IN else (close, wide)

    # A pan needs room to travel in: where the crop fills its axis, it is taken a little smaller.
    right, down = _DIRECTION[motion]
    way = _pan_way(crop, motion, amount, keyframe_aspect)
    length = (crop.width if right else crop.height) + way
    crop = _scaled(crop, min(1.0, 1 / length))
    half = _pan_way(crop, motion, amount, keyframe_aspect) / 2
    return (
        _moved(crop, -right * half, -down * half),
        _moved(crop, right * half, down * half),
    )


def complete_rects(
    motion: MotionType,
    intensity: float | None,
    start: Rect | None,
    end: Rect | None,
    keyframe_aspect: float,
    output_aspect: float | None = None,
) -> tuple[Rect, Rect]:
    """Fill in what the manifest left open; what it gave is returned untouched.

    A missing end is the start moved on by the default amount (less where the picture ends sooner);
    a missing start is the end moved back by it.

    Raises
    ------
    InvalidInput
        `custom` lacks a rectangle, or the given one leaves the named move no room.
    """
    if start is not None and end is not None:
        return start, end
    if start is not None:
        return start, _continued(motion, intensity, start, keyframe_aspect, "start_rect")
    if end is not None:
        if motion in _OPPOSITE:
            motion = _OPPOSITE[motion]
        return _continued(motion, intensity, end, keyframe_aspect, "end_rect"), end
    return default_rects(motion, intensity, keyframe_aspect, output_aspect)


def _continued(
    motion: MotionType, intensity: float | None, rect: Rect, keyframe_aspect: float, given: str
) -> Rect:
    """Where the default amount of `motion` leads from `rect`, held inside the picture."""
    other = "end_rect" if given == "start_rect" else "start_rect"
    if motion is MotionType.CUSTOM:
        raise InvalidInput(f"motion.type custom needs both rectangles: give {other} as well.")
    amount = DEFAULT_INTENSITY if intensity is None else intensity
    if motion is MotionType.STATIC or amount == 0:
        return rect
    if motion is MotionType.ZOOM_IN:
        return _scaled(rect, FULL_ZOOM**-amount)
    if motion is MotionType.ZOOM_OUT:
        wanted = _scaled(rect, FULL_ZOOM**amount)
        room = min(FULL_ZOOM**amount, 1 / rect.width, 1 / rect.height)
        moved = _inside(_scaled(rect, room))
    else:
        right, down = _DIRECTION[motion]
        way = _pan_way(rect, motion, amount, keyframe_aspect)
        wanted = _moved(rect, right * way, down * way)
        moved = _inside(wanted)
    if _distance(rect, moved) < _LEAST_SHARE * _distance(rect, wanted):
        raise InvalidInput(
            f"{given} {list(rect)} leaves no room for the move: "
            f"make it smaller, or move it away from the picture's edge, or give {other}."
        )
    return moved


def _distance(a: Rect, b: Rect) -> float:
    return max(abs(p - q) for p, q in zip(a, b, strict=True))


def _pan_way(rect: Rect, motion: MotionType, amount: float, keyframe_aspect: float) -> float:
    """Length of a pan in keyframe widths (or heights, for a vertical one)."""
    if _DIRECTION[motion][0]:
        return FULL_PAN * amount * rect.width
    # A tall viewport's height is many of its widths, and speed counts in widths.
    return FULL_PAN * amount * min(rect.height, rect.width * keyframe_aspect)


def _around(center: tuple[float, float], width: float, height: float) -> Rect:
    x, y = center
    return _inside(Rect(x - width / 2, y - height / 2, x + width / 2, y + height / 2))


def _scaled(rect: Rect, scale: float) -> Rect:
    (x, y), width, height = rect.center, rect.width * scale, rect.height * scale
    return Rect(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _moved(rect: Rect, right: float, down: float) -> Rect:
    return Rect(rect.x1 + right, rect.y1 + down, rect.x2 + right, rect.y2 + down)


def _inside(rect: Rect) -> Rect:
    """The same size, shifted by as little as brings it into the picture."""
    right = max(0.0, -rect.x1) - max(0.0, rect.x2 - 1)
    down = max(0.0, -rect.y1) - max(0.0, rect.y2 - 1)
    x1, y1, x2, y2 = (min(max(edge, 0.0), 1.0) for edge in _moved(rect, right, down))
    return Rect(x1, y1, x2, y2)
