"""What a clip's checks measured over time: one small strip a measure, limits dashed, faults shaded.

The strips share their time axis with nothing but each other: words and numbers stand beside them as
text of the page, so that a strip can be stretched to the card's width.
"""

import math
from collections.abc import Iterable
from itertools import groupby

from shared.report.markup import Html, element, number
from shared.report.phrases import spell_value, words
from shared.safety.curves import Curves, Flag
from shared.safety.report import Curve, Verdict

WIDTH, HEIGHT = 480, 44
"""User units of a strip; about a pixel each on a wide card."""

MOST_STRIPS = 4
MOST_MOMENTS = 6
"""Lines of words about what is shaded; the rest is in the inspection report."""

ROOM = 1.12
"""Times the largest of value and nearest limit: the top of the axis."""

TITLES = {"light": "Light", "motion": "Motion", "flicker": "Flicker"}
TONES = {Verdict.WARN: "warn", Verdict.FAIL: "bad", Verdict.UNREADABLE: "bad"}
OF_LIGHT = frozenset(
    {
        "flash_general",
        "flash_red",
        "flash_extended",
        "brightness_swing",
        "scene_cuts",
        "stripes",
        "black",
    }
)
"""Checks that are shaded on the light, having no strip of their own; others are on the motion."""


def chart(stem: str, curves: Curves | None) -> Html | None:
    """The strips of one clip; None where nothing was measured."""
    if curves is None or not curves.duration_sec or not curves.curves:
        return None
    shown = _chosen(curves)
    names = {curve.name for curve in shown}
    strips = (_strip(curve, _flags_on(curve.name, curves.flags, names), curves) for curve in shown)
    return element(
        "section",
        element("div", *strips, class_="strips three" if len(shown) == 3 else "strips"),
        _moments(curves.flags),
        class_="chart",
        aria_label=f"Measures of {stem} over time",
    )


def _chosen(curves: Curves) -> list[Curve]:
    """Light and motion, then what failed, then what warned, then the rest."""
    first = {"light": -2, "motion": -1}
    order = {flag.name: place for place, flag in enumerate(curves.flags)}
    last = len(order)
    ranked = sorted(
        curves.curves, key=lambda curve: first.get(curve.name, order.get(curve.name, last))
    )
    return ranked[:MOST_STRIPS]


def _flags_on(name: str, flags: Iterable[Flag], names: set[str]) -> list[Flag]:
    """The flags that are shaded on the strip of that name."""
    homeless = [flag for flag in flags if flag.name not in names]
    if name == "light":
        return [flag for flag in homeless if flag.name in OF_LIGHT]
    if name == "motion":
        return [flag for flag in homeless if flag.name not in OF_LIGHT]
    return [flag for flag in flags if flag.name == name]


def _strip(curve: Curve, flags: list[Flag], curves: Curves) -> Html:
    low, high = min(curve.values), max(curve.values)
    bottom, top = _axis(curve, low, high)
    title = TITLES.get(curve.name, words(curve.name))
    limits = [
        (tone, limit)
        for tone, limit in (("warn", curve.warn), ("bad", curve.fail))
        if limit is not None and bottom <= limit <= top
    ]
    drawing = element(
        "svg",
        element("title", f"{title} over time"),
        element("desc", _described(curve, low, high, flags)),
        *(_shade(flag, curves.duration_sec) for flag in flags[::-1]),
        *(
            element(
                "line",
                class_=f"limit {tone}",
                x1=0,
                x2=WIDTH,
                y1=_y(limit, bottom, top),
                y2=_y(limit, bottom, top),
            )
            for tone, limit in limits
        ),
        element("path", class_="line", d=_path(curve, curves.duration_sec, bottom, top)),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        preserveAspectRatio="none",
        role="img",
    )
    beyond = _beyond(curve)
    return element(
        "figure",
        drawing,
        element(
            "figcaption",
            element("b", title),
            f" {_range(low, high, curve.unit)}",
            element("span", f" · {beyond}", class_="beyond") if beyond else None,
        ),
    )


def _axis(curve: Curve, low: float, high: float) -> tuple[float, float]:
    """Lowest and highest value of the strip; the nearest limit is always in sight."""
    if curve.name == "light":
        return 0.0, 100.0
    limit = curve.warn if curve.warn is not None else curve.fail
    reach = max(high, high if limit is None else limit)
    if not curve.low_is_bad:
        bottom = min(0.0, low)
        return bottom, max(reach * ROOM, bottom + 1e-9)
    floor = min(low, low if limit is None else limit)
    span = max(reach - floor, 1e-9)
    return floor - span * (ROOM - 1), reach + span * (ROOM - 1)


def _y(value: float, bottom: float, top: float) -> float:
    inside = min(max(value, bottom), top)
    # Half a line of room, so that neither edge cuts a stroke in two.
    return round(1 + (HEIGHT - 2) * (1 - (inside - bottom) / (top - bottom)), 1)


def _path(curve: Curve, duration_sec: float, bottom: float, top: float) -> str:
    """Corners in whole units across and tenths down: a strip has few pixels, a page many clips."""
    corners = [
        f"{round(WIDTH * min(time / duration_sec, 1))} {number(_y(value, bottom, top))}"
        for time, value in zip(curve.times, curve.values, strict=True)
    ]
    if len(corners) == 1:
        corners.append(f"{WIDTH}{corners[0][corners[0].index(' ') :]}")
    return "M" + "L".join(corner for corner, _ in groupby(corners))


def _shade(flag: Flag, duration_sec: float) -> Html:
    """The seconds to look at; a moment is as wide as can be seen."""
    rects = []
    for start, end in flag.intervals:
        left = WIDTH * min(max(start / duration_sec, 0.0), 1.0)
        width = max(WIDTH * min(end / duration_sec, 1.0) - left, 3.0)
        left = min(left, WIDTH - width)
        rects.append(element("rect", x=round(left, 1), y=0, width=round(width, 1), height=HEIGHT))
    return element("g", *rects, class_=f"shade {TONES.get(flag.verdict, 'warn')}")


def _range(low: float, high: float, unit: str) -> str:
    """`12 – 18 % of white`; the lesser one with no more decimals than the greater."""
    size = max(abs(low), abs(high))
    places = max(0, 1 - math.floor(math.log10(size))) if size else 0
    least, most = (f"{value:.{places}f}" for value in (low, high))
    return f"{most if least == most else f'{least} – {most}'} {unit}".rstrip()


def _beyond(curve: Curve) -> str:
    """`limits 0.2 and 0.5`: where it warns, and where it fails."""
    limits = sorted({limit for limit in (curve.warn, curve.fail) if limit is not None})
    if not limits:
        return ""
    told = " and ".join(f"{limit:g}" for limit in limits)
    word = "limit" if len(limits) == 1 else "limits"
    return f"lower {word} {told}" if curve.low_is_bad else f"{word} {told}"


def _described(curve: Curve, low: float, high: float, flags: Iterable[Flag]) -> str:
    """The strip in words."""
    least, most = curve.values.index(low), curve.values.index(high)
    lowest, highest = spell_value(low, curve.unit), spell_value(high, curve.unit)
    said = [
        f"From {lowest} at {curve.times[least]:.2f} s to {highest} at {curve.times[most]:.2f} s."
    ]
    beyond = _beyond(curve)
    if beyond:
        said.append(f"{beyond.capitalize()}.")
    said += [f"{words(flag.name)}: {flag.verdict} {_when(flag)}." for flag in flags]
    return " ".join(said)


def _moments(flags: tuple[Flag, ...]) -> Html | None:
    """What is shaded, in words."""
    if not flags:
        return None
    told = [
        element(
            "li",
            element("b", words(flag.name)),
            f" {_when(flag)}",
            element("span", f" {flag.verdict}", class_="unseen"),
            class_=f"dot {TONES.get(flag.verdict, 'warn')}",
        )
        for flag in flags[:MOST_MOMENTS]
    ]
    more = len(flags) - MOST_MOMENTS
    if more > 0:
        told.append(element("li", f"and {more} more"))
    return element("ul", *told, class_="moments", aria_label="Moments to look at")


def _when(flag: Flag) -> str:
    """`1.00–1.90 s, 2.40 s and 3 more times`."""
    shown = [
        f"{start:.2f} s" if end - start < 0.005 else f"{start:.2f}–{end:.2f} s"
        for start, end in flag.intervals[:3]
    ]
    more = len(flag.intervals) - len(shown)
    return ", ".join(shown) + (f" and {more} more times" if more > 0 else "")
