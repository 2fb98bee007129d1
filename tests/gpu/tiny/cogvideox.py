"""CogVideoX 1.5 image to video, small."""

from typing import Any

from diffusers import (
    AutoencoderKLCogVideoX,
    CogVideoXDDIMScheduler,
    CogVideoXImageToVideoPipeline,
    CogVideoXTransformer3DModel,
)

from tests.gpu.tiny.words import t5_encoder, t5_tokenizer

LATENT = 4


def build(_model_id: str) -> Any:
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=2 * LATENT,
        out_channels=LATENT,
        time_embed_dim=2,
        ofs_embed_dim=2,
        text_embed_dim=32,
        num_layers=1,
        patch_size=2,
        patch_size_t=2,
        max_text_seq_length=226,
        use_rotary_positional_embeddings=True,
        patch_bias=False,
    )
    vae = AutoencoderKLCogVideoX(
        block_out_channels=(8, 8, 8, 8),
        latent_channels=LATENT,
        layers_per_block=1,
        norm_num_groups=2,
        temporal_compression_ratio=4,
    )
    return CogVideoXImageToVideoPipeline(
        transformer=transformer,
        vae=vae,
        scheduler=CogVideoXDDIMScheduler(),
        text_encoder=t5_encoder(),
        tokenizer=t5_tokenizer(),
    )
