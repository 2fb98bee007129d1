"""Labels and embeddings as arrays, or why nothing can be learned from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.errors import InvalidInput, Problem
from shared.scoring.heads import Vectors
from shared.scoring.labels import Label

MIN_LABELS = 40
"""For each head; below it the held-out fifth says nothing. Some 500 are what to aim for (B006)."""
MIN_GROUPS = 5
"""Of viable pictures, and of others: one goes into the test, four are learned from."""


class LabelsUnusable(InvalidInput):
    """Labels from which nothing can be learned, with every reason."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """Rows to learn from.

    Attributes
    ----------
    embeddings : N×512, of length 1.
    aesthetic, viable : N labels 0–1, NaN where there is none.
    groups : N numbers; equal ones belong together.
    """

    embeddings: Vectors
    aesthetic: NDArray[np.float32]
    viable: NDArray[np.float32]
    groups: NDArray[np.int64]

    def part(self, rows: NDArray[np.bool_]) -> "TrainingData":
        return TrainingData(
            self.embeddings[rows], self.aesthetic[rows], self.viable[rows], self.groups[rows]
        )


def training_data(labels: Sequence[Label], embeddings: Mapping[str, Vectors]) -> TrainingData:
    """Join labels and embeddings; rows without any label are left out.

    Raises
    ------
    LabelsUnusable : too few, one-sided, without embeddings, or embeddings that are all the same.
    """
    check_labels(labels)
    said = [each for each in labels if each.said]
    missing = [each.image_path for each in said if each.image_path not in embeddings]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise LabelsUnusable(f"no embedding of {', '.join(missing[:5])}{more}. Make them anew.")
    data = _arrays(said, np.array([embeddings[each.image_path] for each in said], np.float32))
    if float(np.ptp(data.embeddings, axis=0).max()) < 1e-4:
        raise LabelsUnusable(
            "all embeddings are the same, so they say nothing about the pictures. Make them anew."
        )
    return data


def check_labels(labels: Sequence[Label]) -> None:
    """Refuse labels from which nothing can be learned, before embeddings are made for them.

    Raises
    ------
    LabelsUnusable : too few for a head, or one-sided.
    """
    said = [each for each in labels if each.said]
    data = _arrays(said, np.zeros((len(said), 1), np.float32))
    problems = [*_too_few(data), *_one_sided(data)]
    if problems:
        raise LabelsUnusable.because(problems)


def _arrays(said: Sequence[Label], embeddings: Vectors) -> TrainingData:
    numbers: dict[str, int] = {}
    for each in said:
        numbers.setdefault(each.group, len(numbers))
    return TrainingData(
        embeddings,
        np.array([_or_nan(each.aesthetic) for each in said], np.float32),
        np.array([_or_nan(each.viable) for each in said], np.float32),
        np.array([numbers[each.group] for each in said], np.int64),
    )


def held_out(data: TrainingData, seed: int, share: float = 0.2) -> NDArray[np.bool_]:
    """Rows to test on: whole groups, some with viable pictures and some without."""
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for groups in _groups_of_both(data):
        count = max(1, round(len(groups) * share))
        chosen += rng.permutation(groups)[:count].tolist()
    return np.isin(data.groups, chosen)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _too_few(data: TrainingData) -> list[Problem]:
    counts = {"aesthetic": data.aesthetic, "video_viable": data.viable}
    return [
        Problem(
            "",
            f"{int(np.isfinite(values).sum())} pictures have a label in `{column}`; "
            f"{MIN_LABELS} are the least, and some 500 what to aim for.",
            "Label more.",
            "too_few",
        )
        for column, values in counts.items()
        if np.isfinite(values).sum() < MIN_LABELS
    ]


def _one_sided(data: TrainingData) -> list[Problem]:
    problems = []
    aesthetic = data.aesthetic[np.isfinite(data.aesthetic)]
    if aesthetic.size and float(np.ptp(aesthetic)) < 0.05:
        message = "every label in `aesthetic` is the same, so there is nothing to tell apart."
        problems.append(Problem("", message, "Use the whole scale, 0 to 10.", "one_sided"))
    if not np.isfinite(data.viable).any():
        return problems
    for groups, kind in zip(_groups_of_both(data), ("viable", "not viable"), strict=True):
        if len(groups) < MIN_GROUPS:
            message = f"{len(groups)} groups of pictures are {kind}; {MIN_GROUPS} are the least."
            hint = "Label pictures of both kinds, from different groups."
            problems.append(Problem("", message, hint, "one_sided"))
    return problems


def _groups_of_both(data: TrainingData) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Groups with at least one viable picture, and groups with none of those labelled."""
    labelled = np.isfinite(data.viable)
    viable = np.unique(data.groups[labelled & (data.viable >= 0.5)])
    other = np.setdiff1d(np.unique(data.groups[labelled]), viable)
    return viable, other
