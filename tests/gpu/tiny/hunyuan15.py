"""HunyuanVideo 1.5 image to video, small."""

from typing import Any

from diffusers import (
    AutoencoderKLHunyuanVideo15,
    ClassifierFreeGuidance,
    FlowMatchEulerDiscreteScheduler,
    HunyuanVideo15ImageToVideoPipeline,
    HunyuanVideo15Transformer3DModel,
)
from transformers import (
    Qwen2_5_VLTextConfig,
    Qwen2_5_VLTextModel,
    SiglipImageProcessorPil,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from tests.gpu.tiny.words import byt5_encoder, byt5_tokenizer, qwen_text_sizes, qwen_tokenizer

WIDTH = 16
LATENT = 4
TARGET_SIDE = 64
"""The pipeline picks a size of about this many pixels squared, by the picture's shape."""


def build(_model_id: str) -> Any:
    transformer = HunyuanVideo15Transformer3DModel(
        in_channels=2 * LATENT + 1,
        out_channels=LATENT,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=2,
        num_refiner_layers=1,
        mlp_ratio=2.0,
        text_embed_dim=WIDTH,
        text_embed_2_dim=WIDTH,
        image_embed_dim=WIDTH,
        rope_axes_dim=(2, 2, 4),
        target_size=TARGET_SIDE,
    )
    vae = AutoencoderKLHunyuanVideo15(
        latent_channels=LATENT, block_out_channels=(8, 8, 8, 8, 8), layers_per_block=1
    )
    vision = SiglipVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
    )
    return HunyuanVideo15ImageToVideoPipeline(
        transformer=transformer,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder=Qwen2_5_VLTextModel(Qwen2_5_VLTextConfig(**qwen_text_sizes(WIDTH))).eval(),
        tokenizer=qwen_tokenizer(),
        text_encoder_2=byt5_encoder(WIDTH),
        tokenizer_2=byt5_tokenizer(),
        guider=ClassifierFreeGuidance(guidance_scale=6.0),
        image_encoder=SiglipVisionModel(vision).eval(),
        feature_extractor=SiglipImageProcessorPil(size={"height": 32, "width": 32}),
    )
