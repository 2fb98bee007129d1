"""Kandinsky 5 image to video, small."""

import json
from pathlib import Path
from typing import Any

from diffusers import (
    AutoencoderKLHunyuanVideo,
    FlowMatchEulerDiscreteScheduler,
    Kandinsky5I2VPipeline,
    Kandinsky5Transformer3DModel,
)
from transformers import (
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
)

from tests.gpu.tiny.words import clip_text, clip_tokenizer, qwen_text_sizes, qwen_tokenizer

WIDTH = 16
LATENT = 4


def hunyuan_vae() -> Any:
    """The picture coder of HunyuanVideo, which Kandinsky took over."""
    return AutoencoderKLHunyuanVideo(
        latent_channels=LATENT,
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        norm_num_groups=4,
    )


def build(_model_id: str) -> Any:
    transformer = Kandinsky5Transformer3DModel(
        in_visual_dim=LATENT,
        out_visual_dim=LATENT,
        in_text_dim=WIDTH,
        in_text_dim2=WIDTH,
        time_dim=WIDTH,
        model_dim=WIDTH,
        ff_dim=2 * WIDTH,
        num_text_blocks=1,
        num_visual_blocks=1,
        axes_dims=(2, 2, 4),
        visual_cond=True,
    )
    config = Qwen2_5_VLConfig(
        text_config=qwen_text_sizes(WIDTH),
        vision_config={
            "depth": 1,
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_heads": 2,
            "out_hidden_size": WIDTH,
        },
    )
    return Kandinsky5I2VPipeline(
        transformer=transformer,
        vae=hunyuan_vae(),
        text_encoder=Qwen2_5_VLForConditionalGeneration(config).eval(),
        tokenizer=qwen_tokenizer(),
        text_encoder_2=clip_text(WIDTH),
        tokenizer_2=clip_tokenizer(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
    )


def after_save(folder: Path) -> None:
    """As in the real folder, where the tokenizer is half of a processor; that needs torchvision."""
    index = folder / "model_index.json"
    parts = json.loads(index.read_bytes())
    parts["tokenizer"] = ["transformers", "Qwen2VLProcessor"]
    index.write_text(json.dumps(parts), encoding="utf-8")
