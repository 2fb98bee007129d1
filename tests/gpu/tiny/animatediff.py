"""AnimateDiff with SparseCtrl, small."""

from typing import Any

from diffusers import (
    AnimateDiffSparseControlNetPipeline,
    MotionAdapter,
    SparseControlNetModel,
    UNet2DConditionModel,
)

from tests.gpu.tiny.words import clip_text, clip_tokenizer
from tests.gpu.tiny.zeroscope import sd_scheduler, sd_vae

WIDTHS = (8, 8)


def parts() -> tuple[Any, Any, Any]:
    """UNet of the base model, motion adapter, SparseCtrl: three repositories in the real world."""
    unet = UNet2DConditionModel(
        block_out_channels=WIDTHS,
        layers_per_block=1,
        sample_size=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        norm_num_groups=2,
    )
    controlnet = SparseControlNetModel(
        block_out_channels=WIDTHS,
        layers_per_block=1,
        conditioning_channels=4,
        down_block_types=("CrossAttnDownBlockMotion", "DownBlockMotion"),
        cross_attention_dim=32,
        conditioning_embedding_out_channels=(8, 8),
        norm_num_groups=1,
        use_simplified_condition_embedding=True,
    )
    adapter = MotionAdapter(
        block_out_channels=WIDTHS,
        motion_layers_per_block=1,
        motion_norm_num_groups=2,
        motion_num_attention_heads=4,
    )
    return unet, adapter, controlnet


def build(_model_id: str) -> Any:
    unet, adapter, controlnet = parts()
    return AnimateDiffSparseControlNetPipeline(
        vae=sd_vae(),
        unet=unet,
        motion_adapter=adapter,
        controlnet=controlnet,
        scheduler=sd_scheduler(),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
    )
