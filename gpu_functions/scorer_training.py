"""Train the two heads of the keyframe scorer: small, seeded, on a CPU in seconds.

Each head learns its labels by cross-entropy (they are 0–1, so soft labels are labels too), and the
aesthetic head besides to put the better picture of a group above the other by a margin, as the
blueprint's ranker did. A fifth of the groups is held out for the report; of the others a fifth
tells when to stop.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from shared.scoring.agreement import auc, calibration, spearman
from shared.scoring.heads import LAYERS, Heads, Vectors
from shared.scoring.training_data import TrainingData, held_out

EPOCHS, PATIENCE = 300, 40
LEARNING_RATE, WEIGHT_DECAY = 1e-3, 1e-2
DROPOUT = 0.3
MARGIN, RANK_WEIGHT = 0.5, 0.2
RIDGE = 1.0
STRANGENESS = 0.1
"""Beyond the least cosine of the training pictures by this much, a picture is of another kind."""


class TwoHeads(nn.Module):
    """512 → 256 → 64 → 1 and, beside it, 512 → 128 → 1; dropout after the first layer (B005)."""

    def __init__(self) -> None:
        super().__init__()
        self.aesthetic = nn.Sequential(
            nn.Linear(512, 256),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(256, 64),
            nn.ReLU(),
            nn.Linear(64, 1),
        )
        self.viability = nn.Sequential(
            nn.Linear(512, 128), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(128, 1)
        )

    def forward(self, embeddings: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of both heads for N×512 embeddings of length 1."""
        return self.aesthetic(embeddings)[:, 0], self.viability(embeddings)[:, 0]


def train_heads(data: TrainingData, *, seed: int = 1) -> Heads:
    """Train both heads; `about` of the result is the report.

    The same data and seed give the same weights on the same machine.
    """
    testing = held_out(data, seed)
    rest, test = data.part(~testing), data.part(testing)
    watching = held_out(rest, seed + 1)
    learn, watch = rest.part(~watching), rest.part(watching)
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(seed)
        model = TwoHeads()
        epochs = _fit(model, learn, watch)
    heads = exported(model, learn.embeddings)
    about = {
        "seed": seed,
        "epochs": epochs,
        "pictures": len(data.embeddings),
        "groups": len(np.unique(data.groups)),
        "held_out": int(testing.sum()),
        **_report(heads, rest, test),
    }
    return Heads(heads.layers, heads.centre, heads.nearness, about)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The matrices are small: more threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def exported(model: TwoHeads, embeddings: Vectors) -> Heads:
    """The model's weights for numpy, with where the pictures that it knows lie."""
    layers = {
        name: tuple(
            (layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())
            for layer in getattr(model, name)
            if isinstance(layer, nn.Linear)
        )
        for name in LAYERS
    }
    centre = embeddings.mean(axis=0)
    centre = np.asarray(centre / max(float(np.linalg.norm(centre)), 1e-9), np.float32)
    nearness = float((embeddings @ centre).min()) - STRANGENESS
    return Heads(layers, centre, nearness)


def _fit(model: TwoHeads, learn: TrainingData, watch: TrainingData) -> int:
    """Train until the loss on `watch` rises; the best weights stay, and their epoch is told."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    pairs = _pairs(learn)
    best, at, state = float("inf"), 0, copy.deepcopy(model.state_dict())
    for epoch in range(1, EPOCHS + 1):
        model.train()
        optimiser.zero_grad()
        loss = _loss(model, learn, pairs)
        loss.backward()
        optimiser.step()
        model.eval()
        with torch.inference_mode():
            now = float(_loss(model, watch, None))
        if now < best - 1e-4:
            best, at, state = now, epoch, copy.deepcopy(model.state_dict())
        if epoch - at >= PATIENCE:
            break
    model.load_state_dict(state)
    model.eval()
    return at


def _loss(model: TwoHeads, data: TrainingData, pairs: NDArray[np.int64] | None) -> torch.Tensor:
    aesthetic, viability = model(torch.from_numpy(data.embeddings))
    loss = _cross_entropy(aesthetic, data.aesthetic) + _cross_entropy(viability, data.viable)
    if pairs is not None and len(pairs):
        better, worse = aesthetic[pairs[:, 0]], aesthetic[pairs[:, 1]]
        loss = loss + RANK_WEIGHT * torch.relu(MARGIN - (better - worse)).mean()
    return loss


def _cross_entropy(logits: torch.Tensor, labels: NDArray[np.float32]) -> torch.Tensor:
    known = np.isfinite(labels)
    if not known.any():
        return logits.sum() * 0
    return nn.functional.binary_cross_entropy_with_logits(
        logits[torch.from_numpy(known)], torch.from_numpy(labels[known])
    )


def _pairs(data: TrainingData) -> NDArray[np.int64]:
    """(better, worse) rows of one group, by the aesthetic label."""
    rows = [
        (first, second)
        for group in np.unique(data.groups)
        for members in [np.flatnonzero(data.groups == group)]
        for first in members
        for second in members
        if data.aesthetic[first] > data.aesthetic[second]
    ]
    return np.array(rows, np.int64).reshape(-1, 2)


def _report(heads: Heads, rest: TrainingData, test: TrainingData) -> dict[str, Any]:
    """How well the heads agree with the held-out labels, beside a plain ridge regression."""
    aesthetic, viability = heads.score(test.embeddings)
    rated, judged = np.isfinite(test.aesthetic), np.isfinite(test.viable)
    truth = test.viable[judged] >= 0.5
    error, bins = calibration(viability[judged], test.viable[judged])
    plain = {
        "aesthetic": _ridge(rest.embeddings, rest.aesthetic, test.embeddings),
        "viability": _ridge(rest.embeddings, rest.viable, test.embeddings),
    }
    agreement = {
        "aesthetic": {
            "spearman": spearman(aesthetic[rated], test.aesthetic[rated]),
            "ridge_spearman": spearman(plain["aesthetic"][rated], test.aesthetic[rated]),
        },
        "viability": {
            "auc": auc(viability[judged], truth),
            "ridge_auc": auc(plain["viability"][judged], truth),
            "spearman": spearman(viability[judged], test.viable[judged]),
            "calibration_error": error,
        },
    }
    return {
        "agreement": {
            head: {name: round(value, 4) for name, value in rows.items()}
            for head, rows in agreement.items()
        },
        "calibration_bins": [
            {"count": each.count, "score": round(each.score, 4), "label": round(each.label, 4)}
            for each in bins
        ],
    }


def _ridge(known: Vectors, labels: NDArray[np.float32], asked: Vectors) -> NDArray[np.float64]:
    """The baseline to beat: linear in the embedding, in closed form."""
    rows = np.isfinite(labels)
    inside, mean = known[rows].astype(np.float64), float(labels[rows].mean())
    square = inside.T @ inside + RIDGE * np.eye(inside.shape[1])
    weights = np.linalg.solve(square, inside.T @ (labels[rows] - mean))
    return np.asarray(asked @ weights + mean, np.float64)
