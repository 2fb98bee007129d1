"""Embeddings of many pictures in one `.npz`: `names` beside `embeddings` (N×512)."""

import io
from collections.abc import Mapping

import numpy as np

from shared.errors import InvalidInput
from shared.scoring.heads import Vectors, normalised


class EmbeddingsUnreadable(InvalidInput):
    """A file that holds no embeddings of CLIP ViT-B/32."""


def save_embeddings(embeddings: Mapping[str, Vectors]) -> bytes:
    """Path of each picture → its 512 numbers, as the bytes of an `.npz` file."""
    out = io.BytesIO()
    names = np.array(list(embeddings), dtype=np.str_)
    np.savez_compressed(
        out,
        allow_pickle=False,
        names=names,
        embeddings=np.stack(list(embeddings.values())).astype(np.float32),
    )
    return out.getvalue()


def load_embeddings(data: bytes, name: str = "embeddings.npz") -> dict[str, Vectors]:
    """Read what `save_embeddings` wrote, each of length 1; the file is not trusted.

    Raises
    ------
    EmbeddingsUnreadable : not such a file, or numbers of another model.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            names, vectors = file["names"], normalised(file["embeddings"])
        if names.ndim != 1 or names.dtype.kind != "U" or len(names) != len(vectors):
            raise ValueError(f"{names.size} names for {len(vectors)} embeddings")
    except Exception as error:  # numpy raises a dozen kinds for a broken file; all mean one
        raise EmbeddingsUnreadable(
            f"{name} holds no embeddings of CLIP ViT-B/32 ({error or type(error).__name__}). It "
            "needs `names` (text) and `embeddings` (a row of 512 numbers for each)."
        ) from error
    return {str(each): vector for each, vector in zip(names, vectors, strict=True)}
