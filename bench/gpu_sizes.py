"""The models at their real size, with random weights: how long they take does not depend on them.

Only what runs on the GPU for most of the time is built: denoisers and picture coders. Text and
image encoders are replaced by random readings of the real shape.

Sizes are those of the published configurations; where ours is a relative, `note` says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import diffusers
import torch
from diffusers.pipelines.ltx2 import connectors, vocoder

Config = Mapping[str, Any]

T5 = (1, 256, 4096)
CLIP_SD = ((1, 77, 768), (1, 77, 768))


@dataclass(frozen=True)
class Real:
    """One model at its real size.

    Attributes
    ----------
    parts : class in diffusers (or the class itself) and configuration, by component.
    readings : shapes of what `encode_prompt` returns; a mask is two numbers, a pooled reading too.
    looks : shape of what the image encoder returns, by the name of the pipeline's method.
    billions : parameters of the denoisers as published, to hold `parts` against.
    """

    parts: Mapping[str, tuple[Any, Config]]
    readings: Sequence[tuple[int, ...]] = ()
    looks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    billions: float = 0.0
    settings: Config = field(default_factory=dict)
    note: str = ""


UNET_SD15: Config = {
    "block_out_channels": (320, 640, 1280, 1280),
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
    "sample_size": 64,
}
VAE_SD: Config = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
}
VAE_WAN_5B: Config = {
    "base_dim": 160,
    "decoder_base_dim": 256,
    "z_dim": 48,
    "in_channels": 12,
    "out_channels": 12,
    "is_residual": True,
    "patch_size": 2,
    "latents_mean": [0.0] * 48,
    "latents_std": [1.0] * 48,
    "scale_factor_spatial": 16,
}
VAE_LTX_13B: Config = {
    "block_out_channels": (128, 256, 512, 1024, 2048),
    "down_block_types": ("LTXVideo095DownBlock3D",) * 4,
    "decoder_block_out_channels": (256, 512, 1024),
    "layers_per_block": (4, 6, 6, 2, 2),
    "decoder_layers_per_block": (5, 5, 5, 5),
    "spatio_temporal_scaling": (True,) * 4,
    "decoder_spatio_temporal_scaling": (True,) * 3,
    "decoder_inject_noise": (False,) * 4,
    "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
    "upsample_residual": (True,) * 3,
    "upsample_factor": (2, 2, 2),
    "timestep_conditioning": True,
    "spatial_compression_ratio": 32,
    "temporal_compression_ratio": 8,
}
LTX2_RATIOS: Config = {"spatial_compression_ratio": 32, "temporal_compression_ratio": 8}
"""Left to itself, diffusers works out twice as much from the defaults."""

WAN_14B: Config = {"in_channels": 36}
WAN_READING = ((1, 512, 4096), (1, 512, 4096))
MASK = (1, 256)

WAN_A14B = Real(
    parts={
        "transformer": ("WanTransformer3DModel", WAN_14B),
        "transformer_2": ("WanTransformer3DModel", WAN_14B),
        "vae": ("AutoencoderKLWan", {}),
    },
    readings=WAN_READING,
    billions=28.6,
)

LTX_2B = Real(
    parts={
        "transformer": ("LTXVideoTransformer3DModel", {}),
        "vae": ("AutoencoderKLLTXVideo", VAE_LTX_13B),
    },
    readings=(T5, MASK, T5, MASK),
    billions=1.9,
)

REAL: Mapping[str, Real] = {
    "ltx-video-2b": LTX_2B,
    "wan2.2-i2v-a14b": WAN_A14B,
    "wan2.2-i2v-a14b-4step": WAN_A14B,
    "wan2.1-i2v-14b": Real(
        parts={
            "transformer": (
                "WanTransformer3DModel",
                {**WAN_14B, "image_dim": 1280, "added_kv_proj_dim": 5120},
            ),
            "vae": ("AutoencoderKLWan", {}),
        },
        readings=WAN_READING,
        looks={"encode_image": (1, 257, 1280)},
        billions=16.4,
    ),
    "wan2.2-ti2v-5b": Real(
        parts={
            "transformer": (
                "WanTransformer3DModel",
                {
                    "in_channels": 48,
                    "out_channels": 48,
                    "num_attention_heads": 24,
                    "ffn_dim": 14336,
                    "num_layers": 30,
                },
            ),
            "vae": ("AutoencoderKLWan", VAE_WAN_5B),
        },
        readings=WAN_READING,
        billions=5.0,
    ),
    "ltx-video-0.9.8-13b": Real(
        parts={
            "transformer": (
                "LTXVideoTransformer3DModel",
                {"attention_head_dim": 128, "num_layers": 48, "cross_attention_dim": 4096},
            ),
            "vae": ("AutoencoderKLLTXVideo", VAE_LTX_13B),
        },
        readings=(T5, MASK, T5, MASK),
        billions=13.0,
    ),
    "ltx-2.5": Real(
        parts={
            "transformer": ("LTX2VideoTransformer3DModel", {}),
            "vae": ("AutoencoderKLLTX2Video", LTX2_RATIOS),
            "audio_vae": ("AutoencoderKLLTX2Audio", {}),
            "connectors": (connectors.LTX2TextConnectors, {}),
            "vocoder": (vocoder.LTX2Vocoder, {}),
        },
        readings=((1, 1024, 3840 * 49), (1, 1024), (1, 1024, 3840 * 49), (1, 1024)),
        billions=19.0,
        note="at LTX-2's 19B; 2.5 has 22B",
    ),
    "hunyuanvideo-1.5-i2v": Real(
        parts={
            "transformer": ("HunyuanVideo15Transformer3DModel", {}),
            "vae": ("AutoencoderKLHunyuanVideo15", {}),
        },
        readings=((1, 1000, 3584), (1, 1000), (1, 256, 1472), (1, 256)),
        looks={"encode_image": (1, 729, 1152)},
        billions=8.3,
    ),
    "hunyuanvideo-i2v": Real(
        parts={
            "transformer": (
                "HunyuanVideoTransformer3DModel",
                {"guidance_embeds": False, "image_condition_type": "token_replace"},
            ),
            "vae": ("AutoencoderKLHunyuanVideo", {}),
        },
        readings=((1, 400, 4096), (1, 768), (1, 400)),
        billions=12.8,
    ),
    "stable-video-diffusion-xt-1.1": Real(
        parts={
            "unet": ("UNetSpatioTemporalConditionModel", {"num_attention_heads": (5, 10, 20, 20)}),
            "vae": (
                "AutoencoderKLTemporalDecoder",
                {key: VAE_SD[key] for key in VAE_SD if key != "up_block_types"},
            ),
        },
        looks={"_encode_image": (2, 1, 1024)},
        billions=1.5,
    ),
    "cogvideox1.5-5b-i2v": Real(
        parts={
            "transformer": (
                "CogVideoXTransformer3DModel",
                {
                    "num_attention_heads": 48,
                    "num_layers": 42,
                    "in_channels": 32,
                    "patch_size_t": 2,
                    "patch_bias": False,
                    "ofs_embed_dim": 512,
                    "use_rotary_positional_embeddings": True,
                    "sample_width": 300,
                    "sample_height": 300,
                    "sample_frames": 81,
                },
            ),
            "vae": ("AutoencoderKLCogVideoX", {}),
        },
        readings=((1, 226, 4096), (1, 226, 4096)),
        billions=5.6,
    ),
    "kandinsky-5-i2v-pro": Real(
        parts={
            "transformer": (
                "Kandinsky5Transformer3DModel",
                {
                    "in_visual_dim": 16,
                    "out_visual_dim": 16,
                    "time_dim": 1024,
                    "model_dim": 4096,
                    "ff_dim": 16384,
                    "num_text_blocks": 4,
                    "num_visual_blocks": 60,
                    "axes_dims": (32, 48, 48),
                    "visual_cond": True,
                },
            ),
            "vae": ("AutoencoderKLHunyuanVideo", {}),
        },
        readings=((1, 256, 3584), (1, 768), (2,)),
        billions=19.0,
    ),
    "animatediff": Real(
        parts={
            "unet": ("UNet2DConditionModel", UNET_SD15),
            "motion_adapter": ("MotionAdapter", {"use_motion_mid_block": False}),
            "controlnet": ("SparseControlNetModel", {}),
            "vae": ("AutoencoderKL", VAE_SD),
        },
        readings=CLIP_SD,
        billions=1.8,
    ),
    "mochi-1": Real(
        parts={
            "transformer": ("MochiTransformer3DModel", {}),
            "vae": ("AutoencoderKLMochi", {}),
        },
        readings=(T5, MASK, T5, MASK),
        billions=10.0,
    ),
    "zeroscope-v2-576w": Real(
        parts={
            "unet": ("UNet3DConditionModel", {"attention_head_dim": 64}),
            "vae": ("AutoencoderKL", VAE_SD),
        },
        readings=((1, 77, 1024), (1, 77, 1024)),
        billions=1.4,
    ),
}

TEXT_ENCODERS: Mapping[str, Config] = {
    "UMT5EncoderModel": {"vocab_size": 256384, "num_layers": 24, "words": 512},
    "T5EncoderModel": {"vocab_size": 32128, "num_layers": 24, "words": 256},
}
"""Both of XXL size; `words` is how many tokens a prompt is brought to."""

XXL: Config = {
    "d_model": 4096,
    "d_kv": 64,
    "d_ff": 10240,
    "num_heads": 64,
    "feed_forward_proj": "gated-gelu",
}


def build_part(kind: Any, config: Config, device: str, dtype: torch.dtype) -> Any:
    """One component on its device, its weights drawn there; nothing is read from anywhere.

    What diffusers keeps in float32 when it loads a model (norms, times, places) is in float32 here
    too: it costs time, and would be missing from a comparison.
    """
    made = getattr(diffusers, kind) if isinstance(kind, str) else kind
    with torch.device(device), _matrices_in(dtype):
        part = made(**config)
    kept = getattr(part, "_keep_in_fp32_modules", None) or ()
    for name, values in [*part.named_parameters(), *part.named_buffers()]:
        whole = any(each in name.split(".") for each in kept)
        if values.is_floating_point():
            values.data = values.data.to(torch.float32 if whole else dtype)
    return part.eval().requires_grad_(requires_grad=False)


@contextmanager
def _matrices_in(dtype: torch.dtype) -> Iterator[None]:
    """Linear layers are made in `dtype` at once: 14 billion weights in float32 fill a GPU."""
    plain = torch.nn.Linear.__init__

    def made(self: torch.nn.Linear, *arguments: Any, **named: Any) -> None:
        plain(self, *arguments, **{"dtype": dtype, **named})

    torch.nn.Linear.__init__ = made
    try:
        yield
    finally:
        torch.nn.Linear.__init__ = plain


def reading(shape: tuple[int, ...], device: str, dtype: torch.dtype) -> torch.Tensor:
    """A random reading: words (1, n, width), pooled words or a mask (1, n), or lengths (2,)."""
    pooled = 700
    if len(shape) == 1:
        return torch.tensor([0, T5[1]], dtype=torch.int32, device=device)
    if len(shape) == 2 and shape[1] < pooled:
        return torch.ones(shape, dtype=torch.int64, device=device)
    return torch.randn(shape, device=device).to(dtype) * 0.1
