"""Kandinsky 5 image to video."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
from transformers import Qwen2Tokenizer, Qwen2VLProcessor

from gpu_functions.generators.contract import GenerationRequest
from gpu_functions.generators.diffusers_generator import DiffusersGenerator
from gpu_functions.generators.words import common_arguments


class KandinskyGenerator(DiffusersGenerator):
    """After the last step it levels its first four latent frames against those that follow.

    With fewer than five there is nothing to level against, and what comes out are no numbers;
    hence the catalogue's `least_frames`.
    """

    pipeline_name = "Kandinsky5I2VPipeline"

    def arguments(self, request: GenerationRequest) -> dict[str, Any]:
        return common_arguments(request) | {"image": request.image}

    def open_pipeline(self, weights: Path, dtypes: Mapping[str, torch.dtype], **parts: Any) -> Any:
        words = Qwen2Tokenizer.from_pretrained(str(weights / "tokenizer"), local_files_only=True)
        return diffusers.Kandinsky5I2VPipeline.from_pretrained(
            str(weights),
            tokenizer=WordsOnly(words),
            dtype=dict(dtypes),
            local_files_only=True,
            **parts,
        )


class WordsOnly(Qwen2VLProcessor):
    """The processor without its eyes.

    They want torchvision, and the pipeline never shows them a picture.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def __call__(self, text: Any, images: None = None, videos: None = None, **options: Any) -> Any:
        return self.tokenizer(text, **options)
