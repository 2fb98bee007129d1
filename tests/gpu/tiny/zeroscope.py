"""Zeroscope, small."""

from typing import Any

from diffusers import AutoencoderKL, DDIMScheduler, TextToVideoSDPipeline, UNet3DConditionModel

from tests.gpu.tiny.words import clip_text, clip_tokenizer


def sd_vae() -> Any:
    """Eight pixels to one, as in Stable Diffusion."""
    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=2,
    )


def sd_scheduler() -> Any:
    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
    )


def build(_model_id: str) -> Any:
    unet = UNet3DConditionModel(
        block_out_channels=(8, 8),
        layers_per_block=1,
        sample_size=32,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=2,
    )
    return TextToVideoSDPipeline(
        unet=unet,
        vae=sd_vae(),
        scheduler=sd_scheduler(),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
    )
