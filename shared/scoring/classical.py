"""The classical scores: a weighted geometric mean of what the features are worth.

Geometric, because nothing makes up for a picture that is out of focus. Every feature then moves a
score by a factor, so that the three that moved it most can be named.
"""

import math
from collections.abc import Callable

from shared.scoring.document import KeyframeScores, Method, Reason
from shared.scoring.features import Features
from shared.scoring.rubric import RUBRIC, USUAL, Criterion

SHOWN = 3
STRICTNESS = 1.5
"""Power of the mean: spreads decent from poor, without changing any order."""

Weight = Callable[[Criterion], float]


def classical_scores(features: Features) -> KeyframeScores:
    """Both scores of a picture with these features, and what moved them."""
    values = features.to_dict()
    aesthetic, why_aesthetic = _score(values, lambda row: row.aesthetic)
    viability, why_viability = _score(values, lambda row: row.viability)
    return KeyframeScores(
        aesthetic_score=round(aesthetic, 4),
        video_viability_score=round(viability, 4),
        method=Method.CLASSICAL,
        why_aesthetic=why_aesthetic,
        why_viability=why_viability,
        features={name: float(f"{value:.4g}") for name, value in values.items()},
    )


def _score(values: dict[str, float], weight: Weight) -> tuple[float, tuple[Reason, ...]]:
    rows = [row for row in RUBRIC if weight(row) > 0]
    total = sum(weight(row) for row in rows)
    moves = {
        row.name: STRICTNESS * weight(row) / total * math.log(row.worth(values[row.name]) / USUAL)
        for row in rows
    }
    score = USUAL**STRICTNESS * math.exp(sum(moves.values()))
    strongest = sorted(rows, key=lambda row: -abs(moves[row.name]))[:SHOWN]
    return score, tuple(_reason(row, values, score, moves[row.name]) for row in strongest)


def _reason(row: Criterion, values: dict[str, float], score: float, move: float) -> Reason:
    value = values[row.name]
    return Reason(
        feature=row.name,
        value=float(f"{value:.4g}"),
        effect=round(score - score * math.exp(-move), 4),
        words=row.words(value),
        remedy=row.remedy if move < 0 else "",
    )
