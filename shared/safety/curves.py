"""What the checks measured over time, small enough for a chart: `curves.json` beside the report.

A spike of one frame is what a chart of these is looked at for, so that each stretch of frames is
told by its least and its greatest value, not by its mean.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from pydantic import Field

from shared.clip import Document
from shared.safety.report import Curve, InspectionReport, Verdict

MOST_POINTS = 240
"""Of a curve; a card has not many more pixels across."""

ALWAYS = ("light", "motion", "flicker")
"""Curves that every clip keeps; of other checks only those that did not pass."""


class Flag(Document):
    """A check that did not pass, and the seconds to look at, each from and to."""

    name: str
    verdict: Verdict
    intervals: tuple[tuple[float, float], ...]


class Curves(Document):
    """The curves of one clip, and where its checks complained."""

    schema_version: str = "1"
    duration_sec: float
    curves: tuple[Curve, ...] = ()
    flags: tuple[Flag, ...] = Field((), description="the worst first")


def curves_of(measured: Iterable[Curve], report: InspectionReport, duration_sec: float) -> Curves:
    """What is kept of all curves, thinned.

    Parameters
    ----------
    measured : every curve of the inspection; those of a check bear its name.
    duration_sec : how long the clip is to be shown; the end of the time axis.
    """
    wrong = {check.name for check in report.checks if not check.passed}
    flagged = (check for check in report.checks if check.intervals and not check.passed)
    worst_first = sorted(flagged, key=lambda check: -check.verdict.severity)
    return Curves(
        duration_sec=round(duration_sec, 3),
        curves=tuple(
            thinned(curve)
            for curve in measured
            if curve.name in wrong.union(ALWAYS) and any(map(math.isfinite, curve.values))
        ),
        flags=tuple(
            Flag(name=check.name, verdict=check.verdict, intervals=check.intervals)
            for check in worst_first
        ),
    )


def thinned(curve: Curve, points: int = MOST_POINTS) -> Curve:
    """The curve with `points` points at most: extremes and ends stay, values are rounded.

    What is not a number is left out.
    """
    known = [at for at, value in enumerate(curve.values) if math.isfinite(value)]
    if len(known) > points:
        known = sorted({known[0], known[-1], *_extremes(curve.values, known, points - 2)})
    return curve.model_copy(
        update={
            "times": tuple(round(curve.times[at], 3) for at in known),
            "values": tuple(float(f"{curve.values[at]:.4g}") for at in known),
        }
    )


def _extremes(values: Sequence[float], known: Sequence[int], points: int) -> Iterator[int]:
    """Places of the least and the greatest value of each of `points` / 2 equal stretches."""
    stretches = max(1, points // 2)
    for number in range(stretches):
        start, stop = (len(known) * each // stretches for each in (number, number + 1))
        stretch = known[start:stop]
        yield min(stretch, key=values.__getitem__)
        yield max(stretch, key=values.__getitem__)
