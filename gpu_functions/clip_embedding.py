"""Embeddings of pictures by CLIP ViT-B/32, the only way in for the trained heads.

The pictures are made ready as the model's authors do it: the shorter side 224 pixels, bicubic, the
middle 224×224, their mean and deviation taken out.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import CLIPVisionModelWithProjection

from shared.errors import DropreelError
from shared.scoring.heads import EMBEDDING, Vectors, normalised
from shared.video.keyframe import decode_keyframe

SIDE = 224
MEAN = np.array((0.48145466, 0.4578275, 0.40821073), np.float32)
DEVIATION = np.array((0.26862954, 0.26130258, 0.27577711), np.float32)
BATCH = 32


class ClipUnavailable(DropreelError):
    """The model is not at hand, or is another one."""


class ClipEmbedder:
    """The vision half of a CLIP ViT-B/32.

    Parameters
    ----------
    model : a folder with its files, or its name on the Hugging Face Hub.

    Raises
    ------
    ClipUnavailable : it cannot be loaded, or gives other than 512 numbers.
    """

    def __init__(self, model: str) -> None:
        try:
            self._model: Any = CLIPVisionModelWithProjection.from_pretrained(model)
        except (OSError, ValueError) as error:
            raise ClipUnavailable(
                f"CLIP cannot be loaded from `{model}`: {str(error).splitlines()[0]} "
                "Give a folder that holds it with --clip, or embeddings with --embeddings."
            ) from error
        if self._model.config.projection_dim != EMBEDDING:
            raise ClipUnavailable(
                f"`{model}` gives {self._model.config.projection_dim} numbers a picture; the heads "
                f"need the {EMBEDDING} of ViT-B/32."
            )
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = self._model.eval().to(self._device)

    def embed(self, pictures: Sequence[NDArray[np.uint8]]) -> Vectors:
        """Embeddings (N×512, of length 1) of RGB pictures (H×W×3)."""
        ready = torch.from_numpy(np.stack([prepared(each) for each in pictures]))
        with torch.inference_mode():
            out = self._model(pixel_values=ready.to(self._device)).image_embeds
        return normalised(out.float().cpu().numpy())

    def embed_files(self, folder: Path, paths: Sequence[str]) -> dict[str, Vectors]:
        """Embeddings of the folder's pictures; those that cannot be read are left out."""
        found: dict[str, Vectors] = {}
        for start in range(0, len(paths), BATCH):
            readable: dict[str, NDArray[np.uint8]] = {}
            for path in paths[start : start + BATCH]:
                try:
                    readable[path] = decode_keyframe((folder / path).read_bytes(), path).rgb
                except (DropreelError, OSError):
                    continue  # whoever asks for its scores is told why
            if readable:
                found |= zip(readable, self.embed(list(readable.values())), strict=True)
        return found


def prepared(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture as the model wants it: 3×224×224."""
    image = Image.fromarray(rgb)
    scale = SIDE / min(image.size)
    width, height = (max(SIDE, round(side * scale)) for side in image.size)
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    middle = image.crop((left, top, left + SIDE, top + SIDE))
    values = (np.asarray(middle, np.float32) / 255 - MEAN) / DEVIATION
    return np.ascontiguousarray(values.transpose(2, 0, 1), np.float32)
