"""What looks at pictures, small."""

from typing import Any

from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    CLIPVisionModel,
    CLIPVisionModelWithProjection,
)

SIDE = 224
"""Pixels a side that CLIP looks at, as in the real pipelines; a patch is a seventh of it."""


def clip_vision(*, width: int, projection: bool) -> Any:
    config = CLIPVisionConfig(
        hidden_size=width,
        projection_dim=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=SIDE // 7,
    )
    model = CLIPVisionModelWithProjection if projection else CLIPVisionModel
    return model(config).eval()


def clip_image_processor(side: int = SIDE) -> Any:
    return CLIPImageProcessorPil(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    )
