"""LTX-2 with its sound, small."""

from typing import Any

from diffusers import (
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    FlowMatchEulerDiscreteScheduler,
    LTX2ImageToVideoPipeline,
    LTX2VideoTransformer3DModel,
)
from diffusers.pipelines.ltx2.connectors import LTX2TextConnectors
from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder
from transformers import Gemma3Config, Gemma3ForConditionalGeneration

from tests.gpu.tiny.words import GEMMA_SIZE, gemma_tokenizer

WIDTH, TEXT_LAYERS = 16, 2
LATENT, SOUND_LATENT, MEL_BINS = 8, 2, 8


def build(_model_id: str) -> Any:
    return LTX2ImageToVideoPipeline(
        transformer=_transformer(),
        vae=_vae(),
        audio_vae=_sound_vae(),
        vocoder=_vocoder(),
        connectors=_connectors(),
        text_encoder=_gemma(),
        tokenizer=gemma_tokenizer(),
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )


def _transformer() -> Any:
    return LTX2VideoTransformer3DModel(
        in_channels=LATENT,
        out_channels=LATENT,
        num_attention_heads=2,
        attention_head_dim=8,
        cross_attention_dim=16,
        audio_in_channels=SOUND_LATENT * MEL_BINS // 4,
        audio_out_channels=SOUND_LATENT * MEL_BINS // 4,
        audio_num_attention_heads=2,
        audio_attention_head_dim=4,
        audio_cross_attention_dim=8,
        num_layers=2,
        caption_channels=WIDTH,
        rope_double_precision=False,
    )


def _connectors() -> Any:
    return LTX2TextConnectors(
        caption_channels=WIDTH,
        text_proj_in_factor=TEXT_LAYERS + 1,
        video_connector_num_attention_heads=2,
        video_connector_attention_head_dim=8,
        video_connector_num_layers=1,
        video_connector_num_learnable_registers=None,
        audio_connector_num_attention_heads=2,
        audio_connector_attention_head_dim=8,
        audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None,
        connector_rope_base_seq_len=32,
        rope_double_precision=False,
    )


def _vae() -> Any:
    return AutoencoderKLLTX2Video(
        latent_channels=LATENT,
        block_out_channels=(8, 16, 32, 64),
        decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1),
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )


def _sound_vae() -> Any:
    return AutoencoderKLLTX2Audio(
        base_channels=4,
        ch_mult=(1, 1, 1),
        num_res_blocks=1,
        resolution=32,
        latent_channels=SOUND_LATENT,
        mel_bins=MEL_BINS,
    )


def _vocoder() -> Any:
    return LTX2Vocoder(
        in_channels=2 * MEL_BINS,
        hidden_channels=32,
        upsample_kernel_sizes=[4, 4],
        upsample_factors=[2, 2],
        resnet_kernel_sizes=[3],
        resnet_dilations=[[1, 3, 5]],
    )


def _gemma() -> Any:
    config = Gemma3Config(
        text_config={
            "vocab_size": GEMMA_SIZE,
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_hidden_layers": TEXT_LAYERS,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 8,
            "sliding_window": 16,
        },
        vision_config={
            "hidden_size": 8,
            "intermediate_size": 8,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 16,
        },
        mm_tokens_per_image=4,
        image_token_index=GEMMA_SIZE - 1,
    )
    return Gemma3ForConditionalGeneration(config).eval()
