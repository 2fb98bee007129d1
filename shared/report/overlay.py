"""The keyframe with its camera move drawn on it: green where it starts, blue where it ends.

Picture and rectangles are one SVG whose user units are keyframe pixels, so that they can never
drift apart, whatever the size of the card or the rounding of the thumbnail.
"""

from shared.clip import MotionPlan
from shared.motion.rect import Rect
from shared.report.markup import Html, element, join, number
from shared.report.phrases import words

Size = tuple[int, int]

LABEL_PX = 11.0
"""Letter height on a card whose stage is `STAGE_PX`; user units are keyframe pixels."""
STAGE_PX = (290.0, 163.0)
STILL = 0.06
"""Centres nearer than this share of the picture get no arrow."""


def keyframe_figure(
    label: str, picture: str | None, size: Size | None, motion: MotionPlan | None
) -> Html:
    """The keyframe's picture (an address or data URI) with the motion over it.

    Without a size the rectangles cannot be placed, so only the picture is shown; without a picture
    the rectangles stand on a blank of the keyframe's shape.
    """
    width, height = size or (160, 90)
    shown = [element("rect", class_="blank", width=width, height=height)]
    if picture:
        shown.append(
            element(
                "image",
                href=picture,
                width=width,
                height=height,
                # a thumbnail's size is rounded; the keyframe's is the true shape
                preserveAspectRatio="none" if size else "xMidYMid meet",
            )
        )
    if motion and size:
        shown.append(_motion(motion, size))
    return element(
        "svg",
        *shown,
        class_="keyframe",
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_label=_spoken(label, picture, motion if size else None),
    )


def _motion(motion: MotionPlan, size: Size) -> Html:
    unit = max(size[0] / STAGE_PX[0], size[1] / STAGE_PX[1])
    return element(
        "g",
        _outline("start", motion.start_rect, size),
        _outline("end", motion.end_rect, size),
        _arrow(motion, size, unit),
        _tag("start", "Start", motion.start_rect, size, unit),
        _tag("end", "End", motion.end_rect, size, unit),
        class_="motion",
    )


def _outline(kind: str, rect: Rect, size: Size) -> Html:
    box = {
        "x": rect.x1 * size[0],
        "y": rect.y1 * size[1],
        "width": rect.width * size[0],
        "height": rect.height * size[1],
    }
    return join(
        element("rect", class_="halo", **box), element("rect", class_=f"crop {kind}", **box)
    )


def _arrow(motion: MotionPlan, size: Size, unit: float) -> Html | None:
    """From centre to centre, where the camera travels; a pure zoom needs none."""
    (x1, y1), (x2, y2) = motion.start_rect.center, motion.end_rect.center
    if abs(x2 - x1) < STILL and abs(y2 - y1) < STILL:
        return None
    start, end = (x1 * size[0], y1 * size[1]), (x2 * size[0], y2 * size[1])
    shaft = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    return join(
        element("line", class_="halo", **shaft),
        element("line", class_="path", **shaft),
        element("circle", class_="from", cx=start[0], cy=start[1], r=3 * unit),
        element("path", class_="to", d=_arrow_head(start, end, 7 * unit)),
    )


def _arrow_head(start: tuple[float, float], end: tuple[float, float], length: float) -> str:
    dx, dy = end[0] - start[0], end[1] - start[1]
    span = (dx * dx + dy * dy) ** 0.5
    ux, uy = dx / span, dy / span
    back = (end[0] - ux * length, end[1] - uy * length)
    half = length * 0.5
    corners = (
        end,
        (back[0] - uy * half, back[1] + ux * half),
        (back[0] + uy * half, back[1] - ux * half),
    )
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in corners) + "Z"


def _tag(kind: str, text: str, rect: Rect, size: Size, unit: float) -> Html:
    """The name of a rectangle, in its own corner: start top left, end bottom right."""
    height = LABEL_PX * 1.5 * unit
    width = (len(text) * LABEL_PX * 0.6 + 8) * unit
    x = rect.x1 * size[0] if kind == "start" else rect.x2 * size[0] - width
    y = rect.y1 * size[1] if kind == "start" else rect.y2 * size[1] - height
    x = min(max(x, 0.0), max(size[0] - width, 0.0))
    y = min(max(y, 0.0), max(size[1] - height, 0.0))
    return element(
        "g",
        element("rect", x=x, y=y, width=width, height=height),
        element(
            "text",
            text,
            x=x + width / 2,
            y=y + height * 0.74,
            font_size=LABEL_PX * unit,
            text_anchor="middle",
        ),
        class_=f"tag {kind}",
    )


def _spoken(label: str, picture: str | None, motion: MotionPlan | None) -> str:
    subject = f"Keyframe {label}" if picture else f"Keyframe {label}, no picture here"
    if not motion:
        return subject
    move = words(motion.type.value).lower()
    start, end = _spoken_rect(motion.start_rect), _spoken_rect(motion.end_rect)
    return f"{subject}. Camera move {move}: starts on {start}, ends on {end}."


def _spoken_rect(rect: Rect) -> str:
    x1, y1, x2, y2 = (f"{value * 100:.0f}" for value in rect)
    return f"{x1} to {x2} % across and {y1} to {y2} % down"
