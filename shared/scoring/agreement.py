"""How well scores agree with labels: rank correlation, AUC, calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating] | Sequence[float]

BINS = 5


@dataclass(frozen=True, slots=True)
class Bin:
    """Pictures of similar score: how many, the mean score, and the mean label."""

    count: int
    score: float
    label: float


def spearman(scores: Numbers, labels: Numbers) -> float:
    """Rank correlation, −1 to 1; ties share their mean rank. 0 where one side never changes."""
    first, second = _ranks(scores), _ranks(labels)
    if len(first) < 2 or first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def auc(scores: Numbers, positive: Sequence[bool] | NDArray[np.bool_]) -> float:
    """Chance that a positive scores above a negative; ties count half.

    Raises
    ------
    ValueError : there is only one kind.
    """
    is_positive = np.asarray(positive, np.bool_)
    count = int(is_positive.sum())
    if count in (0, len(is_positive)):
        raise ValueError("there is only one kind of label")
    ranks = _ranks(scores)
    total = float(ranks[is_positive].sum()) + count  # ranks count from 0
    return (total - count * (count + 1) / 2) / (count * (len(is_positive) - count))


def calibration(scores: Numbers, labels: Numbers) -> tuple[float, list[Bin]]:
    """Expected calibration error over five bins of equal width, and the bins that hold anything."""
    said, true = np.asarray(scores, float), np.asarray(labels, float)
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    bins = [
        Bin(int(here.sum()), float(said[here].mean()), float(true[here].mean()))
        for here in (place == number for number in range(BINS))
        if here.any()
    ]
    error = sum(each.count * abs(each.score - each.label) for each in bins) / max(len(said), 1)
    return float(error), bins


def _ranks(values: Numbers) -> NDArray[np.float64]:
    array = np.asarray(values, float)
    _, inverse, counts = np.unique(array, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts + 1) / 2)[inverse], np.float64)
