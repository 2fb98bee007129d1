"""The picture coder (VAE): its bits, the order of its memory, its norms in one pass, compiling.

Wan's coder stays in float32 where a recipe says nothing; half the bits cost less than a code value
of a frame (see `docs/gpu-speed.md`) and save time and memory.
"""

from collections.abc import Sequence
from types import MethodType
from typing import Any

import torch
from torch.nn import functional

from gpu_functions.speed.lever import cannot_compile

DTYPES = {name: getattr(torch, name) for name in ("bfloat16", "float16", "float32")}
WAN, WAN_BLOCK, WAN_UPSAMPLE = "AutoencoderKLWan", "WanResidualBlock", "WanUpsample"
COMPILED = ("LTXVideoResnetBlock3d",)
"""Blocks of coders that compile whole; Wan's hand frames on from call to call, and do not."""


def vae_dtype(pipeline: Any, setting: str, device: str, denoisers: Sequence[str]) -> str | None:
    """The coder in other bits than the recipe's own: Wan's, whose pipeline asks it for its bits."""
    if setting not in DTYPES:
        return f"`{setting}` is none of {', '.join(DTYPES)}"
    coder, wanted = pipeline.vae, DTYPES[setting]
    if coder.dtype != wanted and type(coder).__name__ != WAN:
        return f"{type(coder).__name__} is given what is of the denoiser's bits"
    coder.to(wanted)
    return None


def vae_channels_last(
    pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]
) -> str | None:
    """Weights of convolutions with a pixel's channels side by side, as the GPU's units read."""
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    for values in pipeline.vae.parameters():
        if values.dim() in formats:
            values.data = values.data.contiguous(memory_format=formats[values.dim()])
    return None


def vae_norms(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    """Wan: each norm and the SiLU after it compiled to one, instead of five passes over memory.

    Doubling a picture copies its pixels, and so needs no way over float32.
    """
    if why := cannot_compile(device):
        return why
    blocks = [each for each in pipeline.vae.modules() if type(each).__name__ == WAN_BLOCK]
    if not blocks:
        return f"{type(pipeline.vae).__name__} has no norms like Wan's"
    fuse_norms(blocks, torch.compile(norm_and_silu, dynamic=True))
    double_in_place(pipeline.vae)
    return None


def vae_compile(pipeline: Any, setting: bool, device: str, denoisers: Sequence[str]) -> str | None:
    """Compile the decoder's repeated blocks, each size for itself."""
    if why := cannot_compile(device):
        return why
    blocks = [each for each in pipeline.vae.decoder.modules() if type(each).__name__ in COMPILED]
    if not blocks:
        return f"{type(pipeline.vae).__name__} has no blocks that compile"
    for block in blocks:
        block.compile(fullgraph=True, dynamic=False)
    return None


def double_in_place(vae: torch.nn.Module) -> None:
    """Let Wan's upsampling work in the dtype that it is given."""
    for layer in vae.modules():
        if type(layer).__name__ == WAN_UPSAMPLE:
            layer.forward = MethodType(torch.nn.Upsample.forward, layer)


def fuse_norms(blocks: Sequence[Any], together: Any = None) -> None:
    """Let each block's two norms do the SiLU behind them too."""
    for block in blocks:
        block.norm1 = NormAndSilu(block.norm1, together or norm_and_silu)
        block.norm2 = NormAndSilu(block.norm2, together or norm_and_silu)
        block.nonlinearity = torch.nn.Identity()


class NormAndSilu(torch.nn.Module):
    """Wan's norm over the channels, and SiLU."""

    def __init__(self, norm: Any, together: Any) -> None:
        super().__init__()
        self.gamma, self._scale, self._together = norm.gamma, norm.scale, together

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self._together(x, self.gamma, self._scale)
        return made


def norm_and_silu(x: torch.Tensor, gamma: torch.Tensor, scale: float) -> torch.Tensor:
    """SiLU(x / ‖x‖ · scale · gamma), the norm over dimension 1 and in float32."""
    normed = functional.normalize(x.float(), dim=1) * scale * gamma.float()
    return functional.silu(normed).to(x.dtype)
