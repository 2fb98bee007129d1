"""Labels and embeddings in which viability and looks can be learned."""

import numpy as np

from shared.scoring.heads import EMBEDDING, Vectors, normalised
from shared.scoring.labels import Label


def labelled(count: int, seed: int = 1) -> tuple[list[Label], dict[str, Vectors]]:
    """Pictures in groups of three, their labels told by two directions of the embedding.

    Like CLIP's, the embeddings have a large part in common. Every other group holds no viable
    picture.
    """
    rng = np.random.default_rng(seed)
    common, looks, moves = rng.normal(size=(3, EMBEDDING)) / np.sqrt(EMBEDDING)
    pleasing, viable = rng.normal(size=(2, count))
    groups = np.arange(count) // 3
    viable = np.where(groups % 2 == 0, -np.abs(viable), viable)
    raw = rng.normal(size=(count, EMBEDDING)) * 0.5 / np.sqrt(EMBEDDING)
    raw += 3 * common + np.outer(pleasing, looks) + np.outer(viable, moves)
    vectors = normalised(raw.astype(np.float32))
    labels = [
        Label(
            f"p{index}.png",
            f"g{groups[index]}",
            float(np.clip(0.5 + 0.2 * pleasing[index], 0, 1)),
            float(viable[index] > 0),
        )
        for index in range(count)
    ]
    return labels, {label.image_path: vectors[index] for index, label in enumerate(labels)}
