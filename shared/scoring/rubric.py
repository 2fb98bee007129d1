"""When a feature is good, how much it counts, and how to say it: the classical formula as a table.

Every number here is assumed: set by hand on a dozen photographs and their blurred, noisy and
compressed copies, not learned from labels. `dropreel train-scorer` replaces the formula.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

USUAL = 0.8
"""What a feature of a decent photograph is worth; effects are counted from here."""

Ramp = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One row of the formula.

    Attributes
    ----------
    ramp : (measurement, worth 0–1) points, joined by straight lines.
    aesthetic, viability : weights in the two scores.
    good, low, high : what to say when it helps, when it is too little, when it is too much.
    remedy : what to do when it hurts.
    spell : the measurement as a person reads it.
    """

    name: str
    ramp: Ramp
    aesthetic: float
    viability: float
    good: str
    low: str
    high: str
    remedy: str
    spell: Callable[[float], str]

    def worth(self, value: float) -> float:
        """What the measurement is worth, 0 to 1."""
        at, worth = zip(*self.ramp, strict=True)
        return float(np.interp(value, at, worth))

    def words(self, value: float) -> str:
        """What the measurement means: `the subject is soft (sharpness 0.41)`."""
        if self.worth(value) >= USUAL:
            said = self.good
        else:
            best = max(self.ramp, key=lambda point: point[1])[0]
            said = self.low if value < best else self.high
        return f"{said} ({self.spell(value)})"


def _percent(what: str) -> Callable[[float], str]:
    return lambda value: f"{value * 100:.0f} % {what}"


def _plain(what: str) -> Callable[[float], str]:
    return lambda value: f"{what} {value:.2g}"


_SHARP: Ramp = (
    *((0.15, 0.002), (0.25, 0.015), (0.35, 0.05), (0.55, 0.18)),
    *((0.75, 0.45), (1.0, 0.8), (1.4, 0.93), (2.2, 1.0)),
)

RUBRIC = (
    Criterion(
        name="sharpness",
        ramp=_SHARP,
        aesthetic=0.16,
        viability=0.08,
        good="the picture is crisp",
        low="the picture is soft",
        high="the picture is crisp",
        remedy="Use a sharper original; enlarging adds no detail.",
        spell=_plain("sharpness"),
    ),
    Criterion(
        name="subject_sharpness",
        ramp=_SHARP,
        aesthetic=0.14,
        viability=0.18,
        good="the subject is in focus",
        low="the subject is soft",
        high="the subject is in focus",
        remedy="Use a picture in which the subject is in focus.",
        spell=_plain("sharpness"),
    ),
    Criterion(
        name="noise",
        ramp=((2, 1.0), (4, 0.88), (6, 0.65), (10, 0.25), (16, 0.06), (25, 0.02)),
        aesthetic=0.14,
        viability=0.16,
        good="hardly any noise",
        low="hardly any noise",
        high="noise that would flicker",
        remedy="Denoise it, or export it again from a cleaner original.",
        spell=lambda value: f"σ {value:.1f} of 255",
    ),
    Criterion(
        name="blockiness",
        ramp=((0.8, 1.0), (2, 0.75), (4, 0.35), (7, 0.08), (10, 0.02)),
        aesthetic=0.12,
        viability=0.12,
        good="no traces of compression",
        low="no traces of compression",
        high="blocks of compression",
        remedy="Export it as PNG, or as JPEG of quality 90 or more.",
        spell=lambda value: f"steps of {value:.1f} levels",
    ),
    Criterion(
        name="clipped",
        ramp=((0.02, 1.0), (0.1, 0.88), (0.3, 0.5), (0.6, 0.2), (1, 0.02)),
        aesthetic=0.12,
        viability=0.06,
        good="tones kept to both ends",
        low="tones kept to both ends",
        high="tones burnt out or drowned",
        remedy="Export it with less contrast, or lift shadows and lower highlights.",
        spell=_percent("pure black or white"),
    ),
    Criterion(
        name="contrast",
        ramp=((8, 0.02), (40, 0.5), (90, 0.9), (130, 1.0)),
        aesthetic=0.12,
        viability=0.04,
        good="strong contrast",
        low="little contrast",
        high="strong contrast",
        remedy="Raise its contrast.",
        spell=lambda value: f"{value:.0f} of 255 levels",
    ),
    Criterion(
        name="colourfulness",
        ramp=((0, 0.6), (15, 0.75), (35, 1.0), (100, 1.0), (150, 0.7)),
        aesthetic=0.08,
        viability=0.0,
        good="rich colours",
        low="little colour",
        high="glaring colours",
        remedy="Grade its colours.",
        spell=_plain("colourfulness"),
    ),
    Criterion(
        name="flat_background",
        ramp=((0, 0.4), (0.25, 0.75), (0.6, 1.0)),
        aesthetic=0.0,
        viability=0.09,
        good="a calm background",
        low="a busy background",
        high="a calm background",
        remedy="Choose a picture with a plainer background, or one thrown out of focus.",
        spell=_percent("of it plain"),
    ),
    Criterion(
        name="subject_size",
        ramp=((0, 0.1), (0.04, 0.5), (0.1, 0.85), (0.2, 1.0), (0.55, 1.0), (0.75, 0.6), (1, 0.25)),
        aesthetic=0.03,
        viability=0.08,
        good="a subject of good size",
        low="a small subject",
        high="a subject that fills the frame",
        remedy="Crop it so that the subject takes a fifth to a half of it.",
        spell=_percent("of the picture"),
    ),
    Criterion(
        name="subject_coherence",
        ramp=((0.1, 0.2), (0.3, 0.5), (0.6, 0.85), (0.9, 1.0)),
        aesthetic=0.03,
        viability=0.07,
        good="one clear subject",
        low="many things that compete",
        high="one clear subject",
        remedy="Choose a picture with one clear subject.",
        spell=_percent("of what stands out"),
    ),
    Criterion(
        name="border_touch",
        ramp=((0.1, 1.0), (0.25, 0.8), (0.45, 0.4), (0.7, 0.12), (1, 0.05)),
        aesthetic=0.03,
        viability=0.07,
        good="room around the subject",
        low="room around the subject",
        high="a subject cut by the edge",
        remedy="Use a wider picture, with room around the subject.",
        spell=_percent("of the edge"),
    ),
    Criterion(
        name="off_centre",
        ramp=((0, 0.9), (0.1, 1.0), (0.4, 1.0), (0.6, 0.7), (1, 0.2)),
        aesthetic=0.03,
        viability=0.02,
        good="a well placed subject",
        low="a subject in the very middle",
        high="a subject far from the middle",
        remedy="Crop it so that the subject comes nearer to the middle.",
        spell=_percent("of the way to a corner"),
    ),
    Criterion(
        name="depth_cue",
        ramp=((-0.5, 0.4), (0, 0.55), (0.7, 0.85), (1.5, 1.0)),
        aesthetic=0.0,
        viability=0.03,
        good="a subject set off from its background",
        low="little that parts near from far",
        high="a subject set off from its background",
        remedy="Choose a picture with a blurred or plain background.",
        spell=lambda value: f"{value:+.1f} octaves of detail",
    ),
)
