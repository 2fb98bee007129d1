"""HunyuanVideo 13B image to video, small."""

from typing import Any

from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    HunyuanVideoImageToVideoPipeline,
    HunyuanVideoTransformer3DModel,
)
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
)

from tests.gpu.tiny.kandinsky import LATENT, hunyuan_vae
from tests.gpu.tiny.vision import clip_image_processor
from tests.gpu.tiny.words import LLAMA_SIZE, clip_text, clip_tokenizer, llama_tokenizer

WIDTH = 16
PATCH = 336 // 24
"""LLaVA sees 24 × 24 patches; the pipeline counts on their number, 576."""


def build(_model_id: str) -> Any:
    transformer = HunyuanVideoTransformer3DModel(
        in_channels=LATENT,
        out_channels=LATENT,
        num_attention_heads=2,
        attention_head_dim=10,
        num_layers=1,
        num_single_layers=1,
        num_refiner_layers=1,
        patch_size=2,
        patch_size_t=1,
        guidance_embeds=False,
        text_embed_dim=WIDTH,
        pooled_projection_dim=WIDTH,
        rope_axes_dim=(2, 4, 4),
        image_condition_type="token_replace",
    )
    return HunyuanVideoImageToVideoPipeline(
        transformer=transformer,
        vae=hunyuan_vae(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder=_llava(),
        tokenizer=llama_tokenizer(),
        text_encoder_2=clip_text(WIDTH),
        tokenizer_2=clip_tokenizer(),
        image_processor=clip_image_processor(336),
    )


def _llava() -> Any:
    config = LlavaConfig(
        text_config=LlamaConfig(
            vocab_size=LLAMA_SIZE,
            hidden_size=WIDTH,
            intermediate_size=WIDTH,
            num_hidden_layers=3,
            num_attention_heads=2,
            pad_token_id=LLAMA_SIZE - 1,
        ),
        vision_config=CLIPVisionConfig(
            hidden_size=8,
            intermediate_size=8,
            projection_dim=8,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=336,
            patch_size=PATCH,
        ),
        pad_token_id=LLAMA_SIZE - 1,
        image_token_index=LLAMA_SIZE - 2,
        vision_feature_layer=-1,
    )
    return LlavaForConditionalGeneration(config).eval()
