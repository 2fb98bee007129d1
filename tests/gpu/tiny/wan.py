"""Wan 2.1 14B, 2.2 A14B and 2.2 5B, small."""

from typing import Any

from diffusers import (
    AutoencoderKLWan,
    UniPCMultistepScheduler,
    WanImageToVideoPipeline,
    WanTransformer3DModel,
)

from tests.gpu.tiny.vision import clip_image_processor, clip_vision
from tests.gpu.tiny.words import t5_tokenizer, umt5_encoder

CLIP_WIDTH = 4


def build(model_id: str) -> Any:
    if model_id == "wan2.2-ti2v-5b":
        parts = {"transformer": _transformer(48, 48), "vae": _vae_16x(), "expand_timesteps": True}
    elif model_id.startswith("wan2.2-i2v-a14b"):
        experts = {name: _transformer(36, 16) for name in ("transformer", "transformer_2")}
        parts = {**experts, "vae": _vae_8x(), "boundary_ratio": 0.9}
    else:
        parts = {
            "transformer": _transformer(36, 16, image_dim=CLIP_WIDTH),
            "vae": _vae_8x(),
            "image_encoder": clip_vision(width=CLIP_WIDTH, projection=False),
            "image_processor": clip_image_processor(),
        }
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    )
    return WanImageToVideoPipeline(
        tokenizer=t5_tokenizer(), text_encoder=umt5_encoder(), scheduler=scheduler, **parts
    )


def _transformer(channels_in: int, channels_out: int, **more: Any) -> Any:
    return WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=channels_in,
        out_channels=channels_out,
        text_dim=32,
        freq_dim=256,
        ffn_dim=32,
        num_layers=2,
        rope_max_seq_len=64,
        **more,
    )


def _vae_8x() -> Any:
    return AutoencoderKLWan(
        base_dim=3,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
    )


def _vae_16x() -> Any:
    return AutoencoderKLWan(
        base_dim=3,
        z_dim=48,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        in_channels=12,
        out_channels=12,
        is_residual=True,
        patch_size=2,
        latents_mean=[0.0] * 48,
        latents_std=[1.0] * 48,
        scale_factor_spatial=16,
    )
