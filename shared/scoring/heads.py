"""Two small heads over a CLIP embedding, read from `.npz` and run with numpy: no torch needed.

Aesthetic: 512 → 256 → 64 → 1; viability, beside it: 512 → 128 → 1 (seed B005); ReLU between, a
sigmoid at the end of each. `dropreel train-scorer` makes the file.
"""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.errors import InvalidInput

Vectors = NDArray[np.float32]

EMBEDDING = 512
"""Numbers in an embedding of CLIP ViT-B/32."""

LAYERS: dict[str, tuple[tuple[int, int], ...]] = {
    "aesthetic": ((256, 512), (64, 256), (1, 64)),
    "viability": ((128, 512), (1, 128)),
}
"""Weights of each head, output × input as torch keeps them."""

FORMAT = "dropreel-heads-1"


class HeadsUnreadable(InvalidInput):
    """A file that holds no two heads."""


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """Both heads.

    Attributes
    ----------
    layers : head → (weight, bias) of each layer.
    centre : mean direction of the embeddings that they were trained on.
    nearness : the least cosine to `centre` at which the heads may speak.
    about : what the training reported.
    """

    layers: Mapping[str, tuple[tuple[Vectors, Vectors], ...]]
    centre: Vectors
    nearness: float = -1.0
    about: Mapping[str, Any] = field(default_factory=dict)

    def score(self, embeddings: Vectors) -> tuple[Vectors, Vectors]:
        """Aesthetic and viability scores, 0–1, of embeddings (N×512, any length)."""
        unit = normalised(embeddings)
        aesthetic, viability = (_run(self.layers[name], unit) for name in LAYERS)
        return aesthetic, viability

    def knows(self, embedding: Vectors) -> bool:
        """Is the picture of a kind that the heads were trained on?"""
        return float(normalised(embedding[None])[0] @ self.centre) >= self.nearness


def normalised(embeddings: Vectors) -> Vectors:
    """Embeddings of length 1.

    Raises
    ------
    ValueError : not N×512 finite numbers, or one of length 0.
    """
    array = np.asarray(embeddings, np.float32)
    if array.ndim != 2 or array.shape[1] != EMBEDDING:
        raise ValueError(f"embeddings have {EMBEDDING} numbers each; these are {array.shape}")
    lengths = np.linalg.norm(array, axis=1, keepdims=True)
    if not np.isfinite(array).all() or (lengths == 0).any():
        raise ValueError("an embedding is not finite, or all zeros")
    return np.asarray(array / lengths, np.float32)


def save_heads(heads: Heads) -> bytes:
    """The heads as the bytes of an `.npz` file."""
    arrays = {
        f"{name}.{number}.{part}": array
        for name, layers in heads.layers.items()
        for number, pair in enumerate(layers)
        for part, array in zip(("weight", "bias"), pair, strict=True)
    }
    head = json.dumps({"format": FORMAT, "nearness": heads.nearness, "about": dict(heads.about)})
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, centre=heads.centre, head=np.array(head), **arrays)
    return out.getvalue()


def load_heads(data: bytes, name: str = "heads.npz") -> Heads:
    """Read what `save_heads` wrote; the file is not trusted.

    Raises
    ------
    HeadsUnreadable : not such a file, or weights of another shape, or not finite.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        head = json.loads(str(arrays.pop("head")))
        if head["format"] != FORMAT:
            raise ValueError(f"its format is {head['format']!r}")
        centre = _checked(arrays, "centre", (EMBEDDING,))
        layers = {each: tuple(_pairs(arrays, each)) for each in LAYERS}
        return Heads(layers, centre, float(head["nearness"]), dict(head["about"]))
    except Exception as error:  # numpy raises a dozen kinds for a broken file; all mean one
        raise HeadsUnreadable(
            f"{name} holds no heads of this scorer ({error or type(error).__name__}). "
            "Make one with `dropreel train-scorer`."
        ) from error


def _pairs(arrays: Mapping[str, Any], name: str) -> Iterator[tuple[Vectors, Vectors]]:
    for number, shape in enumerate(LAYERS[name]):
        yield (
            _checked(arrays, f"{name}.{number}.weight", shape),
            _checked(arrays, f"{name}.{number}.bias", shape[:1]),
        )


def _checked(arrays: Mapping[str, Any], key: str, shape: tuple[int, ...]) -> Vectors:
    array = np.asarray(arrays[key], np.float32)
    if array.shape != shape:
        raise ValueError(f"{key} has the shape {array.shape}, not {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{key} holds a number that is not finite")
    return array


def _run(layers: tuple[tuple[Vectors, Vectors], ...], values: Vectors) -> Vectors:
    for weight, bias in layers[:-1]:
        values = np.maximum(values @ weight.T + bias, 0)
    weight, bias = layers[-1]
    logits = (values @ weight.T + bias)[:, 0]
    # exp of a negative number only, so that nothing overflows
    small = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1 / (1 + small), small / (1 + small)), np.float32)
